"""Reads leads in bulk with Zoho's SDK for Python against the simulator: a job with criteria, its state,
its result, and the next page by token. `cargo xtask foreign-sdk python` runs it.

    python bulk_read.py INFO_FILE     the file that `zcrm-sim --bulk-rows 3 --info-file` writes
"""

import csv
import io
import tempfile
import zipfile

from zoho_sdk import control, expect, start
from zohocrmsdk.src.com.zoho.crm.api.bulk_read import (
    ActionWrapper,
    APIException,
    BodyWrapper,
    BulkReadOperations,
    Criteria,
    FileBodyWrapper,
    Query,
    ResponseWrapper,
    SuccessResponse,
)
from zohocrmsdk.src.com.zoho.crm.api.fields import MinifiedField
from zohocrmsdk.src.com.zoho.crm.api.modules import MinifiedModule
from zohocrmsdk.src.com.zoho.crm.api.util import Choice

FIELDS = ["Last_Name", "Email_Opt_Out", "Owner", "Owner.last_name", "Created_Time"]


def leads(comparator, value):
    """Returns a query of leads by their last names."""
    module, field = MinifiedModule(), MinifiedField()
    module.set_api_name("Leads")
    field.set_api_name("Last_Name")
    criteria = Criteria()
    criteria.set_field(field)
    criteria.set_comparator(Choice(comparator))
    criteria.set_value(value)
    query = Query()
    query.set_module(module)
    query.set_fields(FIELDS)
    query.set_criteria(criteria)
    return query


def create(bulk, query):
    """Creates a job and returns its id."""
    body = BodyWrapper()
    body.set_query(query)
    created = expect(bulk.create_bulk_read_job(body), 201, ActionWrapper)
    (outcome,) = created.get_data()
    assert isinstance(outcome, SuccessResponse), outcome.get_code().get_value()
    assert outcome.get_details()["state"].get_value() == "ADDED", outcome.get_details()
    return int(outcome.get_details()["id"])


def details(bulk, job):
    """Returns the job's details."""
    found = expect(bulk.get_bulk_read_job_details(job), 200, ResponseWrapper)
    (detail,) = found.get_data()
    assert detail.get_id() == str(job) and detail.get_operation() == "read"
    return detail


def rows(bulk, job):
    """Returns the rows of the job's result."""
    file = expect(bulk.download_result(job), 200, FileBodyWrapper).get_file()
    assert file.get_name() == f"{job}.zip", file.get_name()
    content = b"".join(file.get_stream())
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.namelist() == [f"{job}.csv"], archive.namelist()
        text = archive.read(f"{job}.csv").decode("utf-8")
    return list(csv.DictReader(io.StringIO(text)))


def main(folder):
    start(folder)
    bulk = BulkReadOperations()
    control("/records", {"module": "Leads", "count": 5})

    job = create(bulk, leads("contains", "Name 00000"))
    early = bulk.download_result(job)
    assert early.get_status_code() == 404, early.get_status_code()
    assert isinstance(early.get_object(), APIException)
    assert early.get_object().get_code().get_value() == "RESOURCE_NOT_FOUND"
    control("/clock", {"advance_ms": 4000})
    detail = details(bulk, job)
    assert detail.get_state().get_value() == "COMPLETED", detail.get_state().get_value()
    result = detail.get_result()
    assert (result.get_page(), result.get_count()) == (1, 3), result.get_count()
    assert result.get_more_records() is True
    assert detail.get_query().get_module().get_api_name() == "Leads"
    assert detail.get_query().get_fields() == FIELDS
    found = rows(bulk, job)
    assert list(found[0]) == ["Id", *FIELDS], list(found[0])
    assert {row["Email_Opt_Out"] for row in found} == {"true", "false"}
    assert found[0]["Owner.last_name"] == "Boyle" and found[0]["Owner"].isdigit()

    query = Query()
    query.set_page_token(result.get_next_page_token())
    job = create(bulk, query)
    control("/clock", {"advance_ms": 4000})
    assert details(bulk, job).get_result().get_more_records() is False
    found += rows(bulk, job)
    assert [row["Last_Name"] for row in found] == [f"Last Name 00000{n}" for n in range(1, 6)]

    control("/faults", {"bulk_jobs": {}, "then": "fail"})
    job = create(bulk, leads("starts_with", "Last"))
    control("/clock", {"advance_ms": 4000})
    assert details(bulk, job).get_state().get_value() == "FAILURE"

    body = BodyWrapper()
    body.set_query(leads("between", "x"))
    refused = bulk.create_bulk_read_job(body)
    code = refused.get_object().get_code().get_value()
    assert (refused.get_status_code(), code) == (400, "FIELD_COMPARATOR_IN_CRITERIA_NOT_SUPPORTED")
    print("Zoho's SDK for Python: read leads in bulk by page and token, saw a failed job and a refused query")


with tempfile.TemporaryDirectory() as scratch:
    main(scratch)
