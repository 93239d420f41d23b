"""Runs Zoho's SDK for Python against the simulator: log in with a refresh token, then create, list,
update, count, search, query and delete a record, and count its notes. `cargo xtask foreign-sdk python` runs it.

    python records.py INFO_FILE     the file that `zcrm-sim --info-file` writes
"""

import sys
import tempfile

from zoho_sdk import expect, start
from zohocrmsdk.src.com.zoho.crm.api import HeaderMap, ParameterMap
from zohocrmsdk.src.com.zoho.crm.api import coql
from zohocrmsdk.src.com.zoho.crm.api import get_related_records_count as related_counts
from zohocrmsdk.src.com.zoho.crm.api.record import (
    ActionWrapper,
    BodyWrapper,
    CountWrapper,
    DeleteRecordsParam,
    GetRecordsParam,
    Record,
    RecordCountParam,
    RecordOperations,
    ResponseWrapper,
    SearchRecordsParam,
    SuccessResponse,
)
from zohocrmsdk.src.com.zoho.crm.api.record.field import Field


def only(written):
    """Returns the id (a number in this SDK) of the written record."""
    (outcome,) = written.get_data()
    if not isinstance(outcome, SuccessResponse):
        sys.exit(f"not written: {outcome.get_code().get_value()} {outcome.get_details()}")
    return int(outcome.get_details()["id"])


def count_notes(lead):
    """Returns the number of a lead's notes, as Zoho counts them for a list of related lists."""
    notes = related_counts.RelatedList()
    notes.set_api_name("Notes")
    wanted = related_counts.GetRelatedRecordCount()
    wanted.set_related_list(notes)
    body = related_counts.BodyWrapper()
    body.set_get_related_records_count([wanted])
    counts = related_counts.GetRelatedRecordsCountOperations(lead, "Leads")
    response = counts.get_related_records_count(body)
    counted = expect(response, 200, related_counts.ActionWrapper)
    (one,) = counted.get_get_related_records_count()
    return one.get_count()


def main(folder):
    start(folder)
    leads = RecordOperations("Leads")

    lead = Record()
    lead.add_field_value(Field.Leads.last_name(), "Boyle")
    lead.add_field_value(Field.Leads.company(), "Zylker")
    lead.add_field_value(Field.Leads.email(), "p.boyle@example.com")
    body = BodyWrapper()
    body.set_data([lead])
    made = only(expect(leads.create_records(body, HeaderMap()), 201, ActionWrapper))

    params = ParameterMap()
    params.add(GetRecordsParam.fields, "Last_Name,Email,Company,Created_Time,Owner")
    listed = expect(leads.get_records(params, HeaderMap()), 200, ResponseWrapper)
    (found,) = [one for one in listed.get_data() if one.get_id() == made]
    assert found.get_key_value("Email") == "p.boyle@example.com", found.get_key_values()
    assert found.get_created_time() is not None
    assert found.get_key_value("Owner").get_id() is not None
    assert listed.get_info().get_more_records() is False

    changed = Record()
    changed.set_id(made)
    changed.add_field_value(Field.Leads.company(), "Zylker Cloud")
    body = BodyWrapper()
    body.set_data([changed])
    assert only(expect(leads.update_records(body, HeaderMap()), 200, ActionWrapper)) == made

    params = ParameterMap()
    params.add(SearchRecordsParam.criteria, "(Company:equals:Zylker Cloud)")
    hits = expect(leads.search_records(params, HeaderMap()), 200, ResponseWrapper).get_data()
    assert [one.get_id() for one in hits] == [made]
    assert hits[0].get_key_value("Last_Name") == "Boyle"

    query = coql.BodyWrapper()
    query.set_select_query(
        "select Last_Name, Owner.last_name, Created_Time from Leads where Last_Name like 'Boy%' limit 1"
    )
    answer = expect(coql.CoqlOperations().get_records(query), 200, coql.ResponseWrapper)
    (row,) = answer.get_data()
    assert (row.get_id(), row.get_key_value("Last_Name")) == (made, "Boyle")
    assert row.get_key_value("Owner.last_name") == "Boyle"
    assert row.get_created_time() is not None
    assert answer.get_info().get_more_records() is False
    query.set_select_query("select Last_Name from Leads")
    wrong = expect(coql.CoqlOperations().get_records(query), 400, coql.APIException)
    assert wrong.get_code().get_value() == "SYNTAX_ERROR"

    params = ParameterMap()
    params.add(RecordCountParam.word, "Zylker")
    assert expect(leads.record_count(params), 200, CountWrapper).get_count() == 1
    assert count_notes(made) == 0

    params = ParameterMap()
    params.add(DeleteRecordsParam.ids, str(made))
    assert only(expect(leads.delete_records(params, HeaderMap()), 200, ActionWrapper)) == made

    params = ParameterMap()
    params.add(SearchRecordsParam.criteria, "(Company:equals:Zylker Cloud)")
    gone = leads.search_records(params, HeaderMap())
    assert gone.get_status_code() == 204, gone.get_status_code()
    print("Zoho's SDK for Python: logged in, created, listed, updated, searched, queried, counted, deleted")


with tempfile.TemporaryDirectory() as scratch:
    main(scratch)
