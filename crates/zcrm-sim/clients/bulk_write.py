"""Writes leads in bulk with Zoho's SDK for Python against the simulator: upload, insert and upsert with
mappings, the state, the result, parents with children, and refusals. `cargo xtask foreign-sdk python` runs it.

    python bulk_write.py INFO_FILE     the file that `zcrm-sim --info-file` writes
"""

import csv
import io
import os
import tempfile
import zipfile

from zoho_sdk import INFO, control, expect, start
from zohocrmsdk.src.com.zoho.crm.api import HeaderMap
from zohocrmsdk.src.com.zoho.crm.api.bulk_write import (
    APIException,
    BulkWriteOperations,
    BulkWriteResponse,
    DefaultValue,
    FieldMapping,
    FileBodyWrapper,
    RequestWrapper,
    Resource,
    SuccessResponse,
)
from zohocrmsdk.src.com.zoho.crm.api.bulk_write.bulk_write_operations import UploadFileHeader
from zohocrmsdk.src.com.zoho.crm.api.modules import MinifiedModule
from zohocrmsdk.src.com.zoho.crm.api.util import Choice, StreamWrapper

LEADS = [
    ["Surname", "Mail", "Town", "Opted out"],
    ["Boyle", "boyle@example.com", "Chennai", "true"],
    ["Hooke, Robert", "hooke@example.com", 'the "old" town', "false"],
    ["", "wren@example.com", "London", "false"],
    ["Moxon", "moxon", "London", "false"],
]


def upload(bulk, folder, files, organisation=None):
    """Uploads a ZIP file with CSV files, and returns the response."""
    path = os.path.join(folder, "rows.zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, rows in files.items():
            text = io.StringIO()
            csv.writer(text).writerows(rows)
            archive.writestr(name, text.getvalue())
    body, headers = FileBodyWrapper(), HeaderMap()
    body.set_file(StreamWrapper(file_path=path))
    headers.add(UploadFileHeader.feature, "bulk-write")
    headers.add(UploadFileHeader.x_crm_org, organisation or INFO["organisation"])
    return bulk.upload_file(body, headers)


def uploaded(bulk, folder, files):
    """Uploads a ZIP file with CSV files, and returns its id."""
    found = expect(upload(bulk, folder, files), 200, SuccessResponse)
    assert found.get_code().get_value() == "FILE_UPLOAD_SUCCESS", found.get_code().get_value()
    assert found.get_message().get_value() == "file uploaded."
    return str(found.get_details()["file_id"])


def mapping(name, index=None, default=None, find_by=None, parent=None):
    """Returns the mapping of a column to a field."""
    one = FieldMapping()
    one.set_api_name(name)
    if index is not None:
        one.set_index(index)
    if default is not None:
        value = DefaultValue()
        value.set_value(default)
        one.set_default_value(value)
    if find_by is not None:
        one.set_find_by(find_by)
    if parent is not None:
        one.set_parent_column_index(parent)
    return one


def resource(api_name, file_id, mappings, name, find_by=None):
    """Returns the rows of a module."""
    one, module = Resource(), MinifiedModule()
    module.set_api_name(api_name)
    one.set_type(Choice("data"))
    one.set_module(module)
    one.set_file_id(file_id)
    one.set_file_names([name])
    one.set_field_mappings(mappings)
    if find_by is not None:
        one.set_find_by(find_by)
    return one


def create(bulk, operation, resources):
    """Creates a job and returns the response."""
    body = RequestWrapper()
    body.set_operation(Choice(operation))
    body.set_character_encoding("UTF-8")
    body.set_ignore_empty(True)
    body.set_resource(resources)
    return bulk.create_bulk_write_job(body)


def finished(bulk, operation, resources):
    """Creates a job, lets time pass, and returns the job and the rows of each file of its result."""
    created = expect(create(bulk, operation, resources), 201, SuccessResponse)
    job = str(created.get_details()["id"])
    early = expect(bulk.get_bulk_write_job_details(job), 200, BulkWriteResponse)
    assert early.get_status() == "ADDED" and early.get_result() is None, early.get_status()
    control("/clock", {"advance_ms": 2000})
    running = expect(bulk.get_bulk_write_job_details(job), 200, BulkWriteResponse)
    assert running.get_status() == "INPROGRESS", running.get_status()
    control("/clock", {"advance_ms": 2000})
    done = expect(bulk.get_bulk_write_job_details(job), 200, BulkWriteResponse)
    assert done.get_operation() == operation and done.get_id() == job
    assert done.get_created_by().get_name() == "Patricia Boyle", done.get_created_by().get_name()
    if done.get_result() is None:
        return done, {}
    address = done.get_result().get_download_url()
    file = expect(bulk.download_bulk_write_result(address), 200, FileBodyWrapper).get_file()
    assert file.get_name() == f"{job}.zip", file.get_name()
    rows = {}
    with zipfile.ZipFile(io.BytesIO(b"".join(file.get_stream()))) as archive:
        for name in archive.namelist():
            rows[name] = list(csv.DictReader(io.StringIO(archive.read(name).decode("utf-8"))))
    return done, rows


def counts(job, place=0):
    file = job.get_resource()[place].get_file()
    return file.get_added_count(), file.get_updated_count(), file.get_skipped_count(), file.get_total_count()


def insert_and_upsert(bulk, folder):
    file = uploaded(bulk, folder, {"leads.csv": LEADS})
    mappings = [
        mapping("Last_Name", 0),
        mapping("Email", 1),
        mapping("City", 2),
        mapping("Email_Opt_Out", 3),
        mapping("Lead_Source", default="Trade Show"),
    ]
    job, rows = finished(bulk, "insert", [resource("Leads", file, mappings, "leads.csv")])
    assert job.get_status() == "COMPLETED", job.get_status()
    (one,) = job.get_resource()
    assert one.get_status().get_value() == "COMPLETED" and one.get_code() == "SUCCESS"
    assert one.get_module().get_api_name() == "Leads" and one.get_ignore_empty() is True
    assert [m.get_api_name() for m in one.get_field_mappings()][:2] == ["Last_Name", "Email"]
    assert one.get_field_mappings()[4].get_default_value().get_value() == "Trade Show"
    assert one.get_file().get_name() == "leads.csv" and counts(job) == (2, 0, 2, 4), counts(job)
    leads = rows["Leads-leads.csv"]
    assert list(leads[0]) == ["Surname", "Mail", "Town", "STATUS", "RECORD_ID", "ERRORS"], list(leads[0])
    assert [row["Surname"] for row in leads] == [row[0] for row in LEADS[1:]]
    assert [row["STATUS"] for row in leads] == ["added", "added", "skipped", "skipped"]
    assert leads[2]["ERRORS"] == "MANDATORY_NOT_FOUND-Surname", leads[2]
    assert leads[3]["ERRORS"] == "INVALID_DATA-Mail", leads[3]

    changed = [["Surname", "Mail"], ["Boyle-Smith", "boyle@example.com"], ["Ray", "ray@example.com"]]
    file = uploaded(bulk, folder, {"leads.csv": changed})
    job, rows = finished(
        bulk, "upsert", [resource("Leads", file, mappings[:2], "leads.csv", find_by="Email")]
    )
    assert counts(job) == (1, 1, 0, 2), counts(job)
    upserted = rows["Leads-leads.csv"]
    assert [row["STATUS"] for row in upserted] == ["updated", "added"]
    assert upserted[0]["RECORD_ID"] == leads[0]["RECORD_ID"]


def parents_and_children(bulk, folder):
    files = {
        "accounts.csv": [["Key", "Name"], ["1", "Zylker"], ["2", "Acme"]],
        "contacts.csv": [["Of", "Surname"], ["2", "Hooke"], ["1", "Wren"], ["3", "Ray"]],
    }
    file = uploaded(bulk, folder, files)
    parents = resource("Accounts", file, [mapping("Account_Name", 1)], "accounts.csv")
    of = [mapping("Account_Name", 0, parent=0), mapping("Last_Name", 1)]
    children = resource("Contacts", file, of, "contacts.csv")
    job, rows = finished(bulk, "insert", [parents, children])
    assert [counts(job, place) for place in (0, 1)] == [(2, 0, 0, 2), (2, 0, 1, 3)]
    found = [row["ERRORS"] for row in rows["Contacts-contacts.csv"]]
    assert found == ["", "", "RESOURCE_NOT_FOUND-Of"], found


def refusals(bulk, folder):
    wrong = upload(bulk, folder, {"leads.csv": LEADS}, organisation="1")
    assert wrong.get_status_code() == 400 and isinstance(wrong.get_object(), APIException)
    assert wrong.get_object().get_code().get_value() == "INVALID_DATA"
    file = uploaded(bulk, folder, {"leads.csv": LEADS})
    for mappings, code in [
        ([mapping("Email", 1)], "MANDATORY_FIELDS_NOT_MAPPED"),
        ([mapping("Last_Name", 9)], "COLUMN_INDEX_NOT_FOUND"),
        ([mapping("ast_Name", 0)], "INVALID_FIELD"),
    ]:
        refused = create(bulk, "insert", [resource("Leads", file, mappings, "leads.csv")])
        found = refused.get_object().get_code().get_value()
        assert (refused.get_status_code(), found) == (400, code), found
    control("/faults", {"bulk_jobs": {"operation": "write"}, "then": "fail"})
    leads = resource("Leads", file, [mapping("Last_Name", 0)], "leads.csv")
    job, rows = finished(bulk, "insert", [leads])
    assert job.get_status() == "FAILED" and rows == {}, job.get_status()
    assert job.get_resource()[0].get_code() == "INTERNAL_SERVER_ERROR"


def main(folder):
    start(folder)
    bulk = BulkWriteOperations()
    insert_and_upsert(bulk, folder)
    parents_and_children(bulk, folder)
    refusals(bulk, folder)
    print("Zoho's SDK for Python: inserted and upserted leads in bulk, and children of accounts; saw refusals")


with tempfile.TemporaryDirectory() as scratch:
    main(scratch)
