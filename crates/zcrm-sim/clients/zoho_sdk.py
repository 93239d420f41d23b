"""Connects Zoho's SDK for Python to the simulator, for the scripts of this folder. The first argument
of a script is the file that `zcrm-sim --info-file` writes.
"""

import json
import os
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    INFO = json.load(file)
# The SDK uses requests, which reads the certificate authority from this variable.
os.environ["REQUESTS_CA_BUNDLE"] = INFO["authority"]

import requests
from zohocrmsdk.src.com.zoho.api.authenticator import OAuthToken
from zohocrmsdk.src.com.zoho.api.authenticator.store import FileStore
from zohocrmsdk.src.com.zoho.api.logger import Logger
from zohocrmsdk.src.com.zoho.crm.api import Initializer
from zohocrmsdk.src.com.zoho.crm.api.dc import DataCenter
from zohocrmsdk.src.com.zoho.crm.api.sdk_config import SDKConfig


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
    environment = DataCenter.Environment(
        INFO["api"], INFO["accounts"] + "/oauth/v2/token", INFO["content"]
    )
    token = OAuthToken(
        client_id=INFO["client_id"], client_secret=INFO["client_secret"], refresh_token=log_in()
    )
    Initializer.initialize(
        environment,
        token,
        store=FileStore(os.path.join(folder, "tokens.txt")),
        sdk_config=SDKConfig(auto_refresh_fields=False, pick_list_validation=True),
        resource_path=folder,
        logger=Logger.get_instance(Logger.Levels.ERROR, os.path.join(folder, "sdk.log")),
    )


def control(path, body):
    """Calls the simulator's control API."""
    requests.post(INFO["control"] + path, json=body, timeout=30).raise_for_status()


def expect(response, status, kind):
    """Returns the response's object if status and type match."""
    found = response.get_object() if response is not None else None
    if response is None or response.get_status_code() != status or not isinstance(found, kind):
        shown = {key: str(value) for key, value in getattr(found, "__dict__", {}).items()}
        code = response.get_status_code() if response is not None else None
        sys.exit(f"expected {status} with {kind.__name__}, got {code}: {shown}")
    return found
