"""Reads leads in bulk with Zoho's SDK for Python and v2 of the API against the simulator: jobs by page,
with grouped criteria and without, their states and results. `cargo xtask foreign-sdk python` runs it.

    python bulk_read_v2.py INFO_FILE     the file that `zcrm-sim --bulk-rows 3 --info-file` writes
"""

import csv
import json
import os
import sys
import tempfile
import zipfile

with open(sys.argv[1], encoding="utf-8") as file:
    INFO = json.load(file)
# The SDK uses requests, which reads the certificate authority from this variable.
os.environ["REQUESTS_CA_BUNDLE"] = INFO["authority"]

import requests
from zcrmsdk.src.com.zoho.api.authenticator.oauth_token import OAuthToken
from zcrmsdk.src.com.zoho.api.authenticator.store import FileStore
from zcrmsdk.src.com.zoho.api.logger import Logger
from zcrmsdk.src.com.zoho.crm.api.bulk_read import (
    ActionWrapper,
    APIException,
    BulkReadOperations,
    Criteria,
    FileBodyWrapper,
    Query,
    RequestWrapper,
    ResponseWrapper,
    SuccessResponse,
)
from zcrmsdk.src.com.zoho.crm.api.dc import DataCenter
from zcrmsdk.src.com.zoho.crm.api.initializer import Initializer
from zcrmsdk.src.com.zoho.crm.api.sdk_config import SDKConfig
from zcrmsdk.src.com.zoho.crm.api.user_signature import UserSignature
from zcrmsdk.src.com.zoho.crm.api.util import Choice

FIELDS = ["Last_Name", "Email_Opt_Out", "Owner", "Created_Time"]


def log_in():
    """Exchanges the grant token for a refresh token, which the SDK needs."""
    form = {
        "grant_type": "authorization_code",
        "client_id": INFO["client_id"],
        "client_secret": INFO["client_secret"],
        "code": INFO["grant_token"],
    }
    tokens = requests.post(INFO["accounts"] + "/oauth/v2/token", data=form, timeout=30).json()
    return tokens["refresh_token"]


def start(folder):
    # Only the hosts differ from a program that uses Zoho.
    token_url = INFO["accounts"] + "/oauth/v2/token"
    store = os.path.join(folder, "tokens.txt")
    with open(store, "w", encoding="utf-8"):
        pass
    Initializer.initialize(
        user=UserSignature(email="pat@example.com"),
        environment=DataCenter.Environment(INFO["api"], token_url, INFO["content"], "us_prd"),
        token=OAuthToken(
            client_id=INFO["client_id"],
            client_secret=INFO["client_secret"],
            refresh_token=log_in(),
        ),
        store=FileStore(file_path=store),
        sdk_config=SDKConfig(auto_refresh_fields=False, pick_list_validation=False),
        resource_path=folder,
        logger=Logger.get_instance(Logger.Levels.ERROR, os.path.join(folder, "sdk.log")),
    )


def control(path, body):
    """Calls the simulator's control API."""
    requests.post(INFO["control"] + path, json=body, timeout=30).raise_for_status()


def condition(comparator, value):
    """Returns a condition on the last name."""
    criteria = Criteria()
    criteria.set_api_name("Last_Name")
    criteria.set_comparator(Choice(comparator))
    criteria.set_value(value)
    return criteria


def create(page, criteria=None):
    """Requests a job and returns the response."""
    query = Query()
    query.set_module("Leads")
    query.set_fields(FIELDS)
    query.set_page(page)
    if criteria is not None:
        query.set_criteria(criteria)
    request = RequestWrapper()
    request.set_query(query)
    return BulkReadOperations().create_bulk_read_job(request)


def read(folder, page, criteria=None):
    """Returns the rows of a job, and whether there are more."""
    created = create(page, criteria)
    assert created.get_status_code() == 201, created.get_status_code()
    assert isinstance(created.get_object(), ActionWrapper)
    (outcome,) = created.get_object().get_data()
    assert isinstance(outcome, SuccessResponse), outcome.get_code().get_value()
    job = outcome.get_details()["id"]
    control("/clock", {"advance_ms": 4000})
    found = BulkReadOperations().get_bulk_read_job_details(job).get_object()
    assert isinstance(found, ResponseWrapper)
    (detail,) = found.get_data()
    assert detail.get_state().get_value() == "COMPLETED", detail.get_state().get_value()
    assert detail.get_query().get_module() == "Leads"
    assert detail.get_result().get_page() == page
    result = BulkReadOperations().download_result(job).get_object()
    assert isinstance(result, FileBodyWrapper)
    stream = result.get_file()
    path = os.path.join(folder, stream.get_name())
    with open(path, "wb") as file:
        for chunk in stream.get_stream():
            file.write(chunk)
    with zipfile.ZipFile(path) as archive:
        (name,) = archive.namelist()
        text = archive.read(name).decode("utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    assert len(rows) == detail.get_result().get_count()
    return rows, detail.get_result().get_more_records()


def main(folder):
    start(folder)
    control("/records", {"module": "Leads", "count": 7})
    rows, page, more = [], 1, True
    while more:
        found, more = read(folder, page)
        rows += found
        page += 1
    assert page == 4, page
    assert list(rows[0]) == ["Id", *FIELDS], list(rows[0])
    assert [row["Last_Name"] for row in rows] == [f"Last Name 00000{n}" for n in range(1, 8)]
    assert {row["Email_Opt_Out"] for row in rows} == {"true", "false"}

    either = Criteria()
    either.set_group_operator(Choice("or"))
    either.set_group(
        [
            condition("equal", "Last Name 000002"),
            condition("in", ["Last Name 000005", "Last Name 000007"]),
        ]
    )
    found, more = read(folder, 1, either)
    assert [row["Last_Name"][-1] for row in found] == ["2", "5", "7"] and not more

    refused = create(1, condition("less_than", "x"))
    assert refused.get_status_code() == 400, refused.get_status_code()
    assert isinstance(refused.get_object(), APIException)
    print("Zoho's SDK for Python and v2: read leads in bulk by page and by grouped criteria")


with tempfile.TemporaryDirectory() as scratch:
    main(scratch)
