"""Blob Storage: block blobs are written, read, listed and deleted.

Azure answers at ACCOUNT.blob.core.windows.net, the built-in Azure at its own address with the
account before the path, as Azurite does ("Use the Azurite emulator": IP-style URLs).

Source: the REST API of Blob Storage, "Get Blob", "Put Blob", "Delete Blob", "List Blobs",
"Specifying the range header for Blob service operations", "Specifying conditional headers",
"Setting and retrieving metadata", "Blob service error codes", and "Authorize with Microsoft Entra
ID" for requests without a token or a role. Networks are not simulated: an account with
`publicNetworkAccess` disabled answers as it does to its private endpoints.
"""

import base64
import re
import uuid
from collections.abc import Callable
from xml.sax.saxutils import escape

from provisioner.catalog.blob_storage import (
    DELETE_BLOB,
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
from provisioner.simulator.services.blob_listing import format_date, is_of_container, list_blobs
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.records import Blob, Record

_PATH = re.compile(r"/(?P<account>[a-z0-9]{3,24})/(?P<container>[^/]+)(/(?P<name>.+))?")
_FIRST_VERSION = "2017-11-09"
"""The first that takes a token of Entra."""
_VERSION = "x-ms-version"
_METADATA = "x-ms-meta-"
_IDENTIFIER = re.compile(r"[a-z_][a-z0-9_]*")
_RANGE = re.compile(r"bytes=([0-9]{1,15})-([0-9]{0,15})")
_MOST_METADATA = 8 * 2**10
Identify = Callable[[Request], Caller | None]
_XML = {"Content-Type": "application/xml"}


def is_of_blobs(request: Request) -> bool:
    """Return whether a request is one of Blob Storage.

    Requests to Azure Resource Manager have an `api-version` parameter; Blob Storage has a version
    header.
    """
    return _VERSION in request.headers and "api-version" not in request.query


def answer_blob(cloud: Cloud, request: Request, identify: Identify) -> Answer:
    """Answer a request for blobs; a refusal becomes Blob Storage's XML error.

    `identify` returns the caller by the token, and raises RefusalError for one that Azure Storage
    rejects.
    """
    try:
        return _answer_request(cloud, request, identify)
    except RefusalError as refusal:
        headers = {**_XML, "x-ms-error-code": refusal.code, **refusal.headers}
        text_of_error = f"{refusal.message}\nRequestId:{uuid.uuid4()}\nTime:{cloud.stamp()}"
        text = (
            '\ufeff<?xml version="1.0" encoding="utf-8"?><Error>'
            f"<Code>{refusal.code}</Code><Message>{escape(text_of_error)}</Message></Error>"
        )
        return Answer(refusal.status, None, headers, text.encode())


def _answer_request(cloud: Cloud, request: Request, identify: Identify) -> Answer:
    caller = _read_caller(request, identify)
    if request.headers[_VERSION] < _FIRST_VERSION:
        raise RefusalError(
            400, "InvalidHeaderValue", "The value for one of the HTTP headers is not in the "
            "correct format."
        )  # fmt: skip
    match = _PATH.fullmatch(request.path)
    is_list = match is not None and not match["name"] and is_of_container(request)
    if (
        match is None
        or request.method not in (("GET",) if is_list else _ACTIONS)
        or not (is_list or (match["name"] and not request.query))
    ):
        raise RefusalError(
            405, "UnsupportedHttpVerb", "The resource doesn't support specified Http Verb."
        )
    account = _find_account(cloud, match["account"])
    container = container_in(account.id, match["container"])
    if not may_use_data(cloud, caller, container, _ACTIONS[request.method]):
        raise RefusalError(
            403,
            "AuthorizationPermissionMismatch",
            "This request is not authorized to perform this operation using this permission.",
        )
    if cloud.find(container) is None:
        raise RefusalError(404, "ContainerNotFound", "The specified container does not exist.")
    if is_list:
        return list_blobs(cloud, request, container, f"{request.base}/{match['account']}/")
    key = f"{container.key}|{match['name']}"
    blob = cloud.store.blobs.get(key)
    if request.method == "PUT":
        return _put_blob(cloud, request, key, blob)
    if blob is None:
        raise RefusalError(404, "BlobNotFound", "The specified blob does not exist.")
    if request.method == "DELETE":
        return _delete_blob(cloud, request, key, blob)
    return _get_blob(request, blob)


_ACTIONS = {"GET": READ_BLOB, "HEAD": READ_BLOB, "PUT": WRITE_BLOB, "DELETE": DELETE_BLOB}


def _find_account(cloud: Cloud, name: str) -> Record:
    """Return the account of a name, which is unique in all of Azure.

    Raises:
        RefusalError: there is none.
    """
    found = [row for row in cloud.store.resources.of_type(STORAGE_ACCOUNT) if row.id.name == name]
    if not found:
        # Azure has no name in DNS for one that is not there.
        raise RefusalError(404, "ResourceNotFound", "The specified resource does not exist.")
    return found[0]


def _put_blob(cloud: Cloud, request: Request, key: str, existing: Blob | None) -> Answer:
    if request.headers.get("x-ms-blob-type") != "BlockBlob":
        raise RefusalError(
            400, "MissingRequiredHeader", "An HTTP header that's mandatory for this request is "
            "not specified."
        )  # fmt: skip
    metadata = _read_metadata(request)
    if request.headers.get("if-none-match") == "*" and existing is not None:
        raise RefusalError(409, "BlobAlreadyExists", "The specified blob already exists.")
    if not _meets_conditions(request, existing):
        raise RefusalError(412, "ConditionNotMet", _NOT_MET)
    kind = request.headers.get("content-type", "application/octet-stream")
    content = base64.b64encode(request.content).decode()
    etag = f"0x8D{uuid.uuid4().hex[:13].upper()}"
    written = Blob(content, kind, cloud.stamp(), metadata, etag)
    cloud.store.blobs.put(key, written)
    return Answer(201, headers=_blob_headers(written))


def _delete_blob(cloud: Cloud, request: Request, key: str, blob: Blob) -> Answer:
    if not _meets_conditions(request, blob):
        raise RefusalError(412, "ConditionNotMet", _NOT_MET)
    cloud.store.blobs.remove(key)
    return Answer(202, headers={_VERSION: "2023-11-03", "x-ms-delete-type-permanent": "true"})


def _get_blob(request: Request, blob: Blob) -> Answer:
    if not _meets_conditions(request, blob):
        if "if-none-match" in request.headers:
            return Answer(304, headers=_blob_headers(blob))
        raise RefusalError(412, "ConditionNotMet", _NOT_MET)
    content = base64.b64decode(blob.content)
    headers = {
        **_blob_headers(blob),
        **{f"{_METADATA}{name}": value for name, value in blob.metadata.items()},
        "Content-Type": blob.kind,
        "Accept-Ranges": "bytes",
        "x-ms-blob-type": "BlockBlob",
    }
    if request.method == "HEAD":
        return Answer(200, None, {**headers, "Content-Length": str(len(content))})
    part = _read_range(request, len(content))
    if part is None:
        return Answer(200, None, headers, content)
    first, last = part
    headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
    return Answer(206, None, headers, content[first : last + 1])


def _read_range(request: Request, size: int) -> tuple[int, int] | None:
    """Return the first and last byte of the requested range; None for the whole blob.

    `x-ms-range` takes precedence over `Range`.

    Raises:
        RefusalError: the header is malformed, or the range begins beyond the end.
    """
    text = request.headers.get("x-ms-range") or request.headers.get("range")
    if text is None:
        return None
    found = _RANGE.fullmatch(text)
    if found is None or (found[2] and int(found[2]) < int(found[1])):
        raise RefusalError(
            400,
            "InvalidHeaderValue",
            "The value for one of the HTTP headers is not in the correct format.",
        )
    first = int(found[1])
    if first >= size:
        raise RefusalError(
            416,
            "InvalidRange",
            "The range specified is invalid for the current size of the resource.",
            headers={"Content-Range": f"bytes */{size}"},
        )
    return first, min(int(found[2] or size), size - 1)


_NOT_MET = "The condition specified using HTTP conditional header(s) is not met."


def _meets_conditions(request: Request, blob: Blob | None) -> bool:
    """Return whether `If-Match` and `If-None-Match` hold for a blob; None is an absent blob."""
    tag = None if blob is None else f'"{blob.etag}"'
    if_match = request.headers.get("if-match")
    if if_match is not None and (tag is None or if_match not in ("*", tag)):
        return False
    if_none_match = request.headers.get("if-none-match")
    return if_none_match is None or tag is None or if_none_match not in ("*", tag)


def _read_metadata(request: Request) -> dict[str, str]:
    """Return the metadata of a write.

    Names are C# identifiers, the size at most 8 KiB ("Setting and retrieving properties and
    metadata").

    Raises:
        RefusalError: a name or the size is not allowed.
    """
    found = {
        name.removeprefix(_METADATA): value
        for name, value in request.headers.items()
        if name.startswith(_METADATA)
    }
    if not all(_IDENTIFIER.fullmatch(name) for name in found):
        raise RefusalError(
            400, "InvalidMetadata", "The metadata specified is invalid. It has characters that are "
            "not permitted."
        )  # fmt: skip
    if sum(len(name) + len(value) for name, value in found.items()) > _MOST_METADATA:
        raise RefusalError(400, "MetadataTooLarge", "The metadata specified exceeds the maximum "
                           "size permitted.")  # fmt: skip
    return found


def _blob_headers(blob: Blob) -> dict[str, str]:
    return {
        "ETag": f'"{blob.etag}"',
        "Last-Modified": format_date(blob.modified),
        _VERSION: "2023-11-03",
    }


def _read_caller(request: Request, identify: Identify) -> Caller:
    if not request.headers.get("authorization", "").lower().startswith("bearer "):
        raise UnauthenticatedError("NoAuthenticationInformation")
    try:
        return identify(request) or LOCAL_OPERATOR
    except RefusalError:
        raise UnauthenticatedError("InvalidAuthenticationInfo") from None


class UnauthenticatedError(RefusalError):
    """A request without a token that Azure Storage accepts: 401 with its challenge."""

    def __init__(self, code: str) -> None:
        super().__init__(
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
