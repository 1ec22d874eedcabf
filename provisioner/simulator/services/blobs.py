"""The data of storage accounts: a block blob is written and read, by its path.

Azure answers at ACCOUNT.blob.core.windows.net, the built-in Azure at its own address with the
account before the path, as Azurite does ("Use the Azurite emulator": IP-style URLs). Source: the
REST API of Blob Storage, "Get Blob", "Put Blob", "Blob service error codes", and "Authorize with
Microsoft Entra ID" for what is refused without a token or a role. Networks are not simulated: an
account that is closed to others (`publicNetworkAccess`) answers as it does from inside.
"""

import base64
import hashlib
import re
import uuid
from collections.abc import Callable
from datetime import UTC
from email.utils import format_datetime
from xml.sax.saxutils import escape

from provisioner.catalog.blob_storage import (
    READ_BLOB,
    STORAGE_ACCOUNT,
    WRITE_BLOB,
    container_in,
)
from provisioner.simulator.authorization.permissions import may_use_data
from provisioner.simulator.entra.caller import LOCAL_OPERATOR
from provisioner.simulator.protocol.caller import Caller
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.clock import parse_time
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.records import Blob, Record

_PATH = re.compile(r"/(?P<account>[a-z0-9]{3,24})/(?P<container>[^/]+)/(?P<name>.+)")
_FIRST_VERSION = "2017-11-09"
"""The first that takes a token of Entra."""
_VERSION = "x-ms-version"
Identify = Callable[[Request], Caller | None]
_XML = {"Content-Type": "application/xml"}


def is_of_blobs(request: Request) -> bool:
    """Tell whether a request is one of Blob Storage: those of Azure Resource Manager name an
    api-version, and none of the services' own."""
    return _VERSION in request.headers and "api-version" not in request.query


def answer_blob(cloud: Cloud, request: Request, identify: Identify) -> Answer:
    """Answer a request for a blob, a refusal too. `identify` returns the holder of its token, and
    raises RefusalError for one that Azure Storage does not take."""
    try:
        return _answer(cloud, request, identify)
    except RefusalError as refusal:
        headers = {**_XML, "x-ms-error-code": refusal.code, **refusal.headers}
        told = f"{refusal.message}\nRequestId:{uuid.uuid4()}\nTime:{cloud.stamp()}"
        text = (
            '\ufeff<?xml version="1.0" encoding="utf-8"?><Error>'
            f"<Code>{refusal.code}</Code><Message>{escape(told)}</Message></Error>"
        )
        return Answer(refusal.status, None, headers, text.encode())


def _answer(cloud: Cloud, request: Request, identify: Identify) -> Answer:
    caller = _read_caller(request, identify)
    if request.headers[_VERSION] < _FIRST_VERSION:
        raise RefusalError(
            400, "InvalidHeaderValue", "The value for one of the HTTP headers is not in the "
            "correct format."
        )  # fmt: skip
    place = _PATH.fullmatch(request.path)
    if place is None or request.query or request.method not in ("GET", "HEAD", "PUT"):
        raise RefusalError(
            405, "UnsupportedHttpVerb", "The resource doesn't support specified Http Verb."
        )
    account = _find_account(cloud, place["account"])
    container = container_in(account.id, place["container"])
    action = WRITE_BLOB if request.method == "PUT" else READ_BLOB
    if not may_use_data(cloud, caller, container, action):
        raise RefusalError(
            403,
            "AuthorizationPermissionMismatch",
            "This request is not authorized to perform this operation using this permission.",
        )
    if cloud.find(container) is None:
        raise RefusalError(404, "ContainerNotFound", "The specified container does not exist.")
    key = f"{container.key}|{place['name']}"
    return _put(cloud, request, key) if request.method == "PUT" else _get(cloud, key)


def _find_account(cloud: Cloud, name: str) -> Record:
    """Return the account of a name, which only one in all of Azure has."""
    found = [row for row in cloud.store.resources.of_type(STORAGE_ACCOUNT) if row.id.name == name]
    if not found:
        # Azure has no name in DNS for one that is not there.
        raise RefusalError(404, "ResourceNotFound", "The specified resource does not exist.")
    return found[0]


def _put(cloud: Cloud, request: Request, key: str) -> Answer:
    if request.headers.get("x-ms-blob-type") != "BlockBlob":
        raise RefusalError(
            400, "MissingRequiredHeader", "An HTTP header that's mandatory for this request is "
            "not specified."
        )  # fmt: skip
    if request.headers.get("if-none-match") == "*" and cloud.store.blobs.get(key) is not None:
        raise RefusalError(409, "BlobAlreadyExists", "The specified blob already exists.")
    kind = request.headers.get("content-type", "application/octet-stream")
    made = Blob(base64.b64encode(request.content).decode(), kind, cloud.stamp())
    cloud.store.blobs.put(key, made)
    return Answer(201, headers=_headers(made))


def _get(cloud: Cloud, key: str) -> Answer:
    blob = cloud.store.blobs.get(key)
    if blob is None:
        raise RefusalError(404, "BlobNotFound", "The specified blob does not exist.")
    headers = {**_headers(blob), "Content-Type": blob.kind, "x-ms-blob-type": "BlockBlob"}
    return Answer(200, None, headers, base64.b64decode(blob.content))


def _headers(blob: Blob) -> dict[str, str]:
    at = parse_time(blob.modified).astimezone(UTC)
    digest = hashlib.sha256(f"{blob.modified} {blob.content}".encode()).hexdigest()
    return {
        "ETag": f'"0x{digest[:15].upper()}"',
        "Last-Modified": format_datetime(at, usegmt=True),
        _VERSION: "2023-11-03",
    }


def _read_caller(request: Request, identify: Identify) -> Caller:
    if not request.headers.get("authorization", "").lower().startswith("bearer "):
        raise _unauthenticated("NoAuthenticationInformation")
    try:
        return identify(request) or LOCAL_OPERATOR
    except RefusalError:
        raise _unauthenticated("InvalidAuthenticationInfo") from None


def _unauthenticated(code: str) -> RefusalError:
    return RefusalError(
        401,
        code,
        "Server failed to authenticate the request. Please refer to the information in the "
        "www-authenticate header.",
        headers={
            "WWW-Authenticate": (
                "Bearer authorization_uri=https://login.microsoftonline.com/common/oauth2/"
                "authorize resource_id=https://storage.azure.com"
            )
        },
    )
