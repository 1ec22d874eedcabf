"""List Blobs: one page of a container's blobs, as XML.

Source: the REST API of Blob Storage, "List Blobs": names in order, those with the `prefix`, one
entry for all names with the same text before `delimiter`, at most `maxresults` and never more than
5,000, and a marker if there are more.
"""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from datetime import UTC
from email.utils import format_datetime
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from provisioner.model.resource_id import ResourceId
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.clock import parse_time
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.records import Blob

_MOST = 5_000
_NOT_IN_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_KNOWN = frozenset(
    {"restype", "comp", "prefix", "delimiter", "marker", "maxresults", "include", "timeout"}
)
_INCLUDED = frozenset(
    {
        "snapshots", "metadata", "uncommittedblobs", "copy", "deleted", "tags", "versions",
        "deletedwithversions", "immutabilitypolicy", "legalhold", "permissions",
    }
)  # fmt: skip


def is_of_container(request: Request) -> bool:
    """Return whether a request lists the blobs of a container."""
    query = request.query
    return (query.get("restype"), query.get("comp")) == ("container", "list")


def list_blobs(cloud: Cloud, request: Request, container: ResourceId, endpoint: str) -> Answer:
    """Answer one page of a list; unsupported options are a RefusalError."""
    query = request.query
    _check_options(query)
    shows_metadata = "metadata" in query.get("include", "").split(",")
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    size = _read_size(query.get("maxresults"))
    after = _read_marker(query.get("marker", ""))
    begin = f"{container.key}|"
    stored_blobs = (
        (key.removeprefix(begin), blob)
        for key, blob in cloud.store.blobs.items()
        if key.startswith(begin + prefix)
    )
    entries = [
        entry
        for entry in _list_entries(sorted(stored_blobs), prefix, delimiter)
        if entry[0] > after
    ]
    page = entries[:size]
    marker = _write_marker(page[-1][0]) if len(entries) > size else ""
    echoed = "".join(
        f"<{name}>{escape(query[key])}</{name}>" for name, key in _ECHOED_OPTIONS if query.get(key)
    )
    blobs = "".join(_write_entry(name, blob, shows_metadata) for name, blob in page)
    text = (
        '\ufeff<?xml version="1.0" encoding="utf-8"?><EnumerationResults '
        f"ServiceEndpoint={quoteattr(endpoint)} ContainerName={quoteattr(container.name)}>{echoed}"
        f"<Blobs>{blobs}</Blobs><NextMarker>{marker}</NextMarker></EnumerationResults>"
    )
    headers = {"Content-Type": "application/xml", "x-ms-version": "2023-11-03"}
    return Answer(200, None, headers, text.encode())


_ECHOED_OPTIONS = (
    ("Prefix", "prefix"),
    ("Marker", "marker"),
    ("MaxResults", "maxresults"),
    ("Delimiter", "delimiter"),
)


def _check_options(query: Mapping[str, str]) -> None:
    unknown = sorted(set(query) - _KNOWN)
    if unknown:
        raise RefusalError(
            400,
            "UnsupportedQueryParameter",
            f"A query parameter specified in the request URI is not supported: {unknown[0]}.",
        )
    included = {each for each in query.get("include", "").split(",") if each}
    if included - _INCLUDED:
        raise InvalidQueryValueError()
    if included - {"metadata"}:
        raise RefusalError(
            501,
            "NotImplemented",
            "The built-in Azure includes metadata in a list of blobs, and nothing else: "
            f"{', '.join(sorted(included - {'metadata'}))}.",
        )


def _list_entries(
    stored_blobs: list[tuple[str, Blob]], prefix: str, delimiter: str
) -> Iterator[tuple[str, Blob | None]]:
    """Yield the entries of a list in name order: blobs, and common prefixes with None."""
    last = None
    for name, blob in stored_blobs:
        head, mark, _ = name[len(prefix) :].partition(delimiter) if delimiter else (name, "", "")
        if not mark:
            yield name, blob
        elif last != (last := prefix + head + mark):
            yield last, None


def _write_entry(name: str, blob: Blob | None, shows_metadata: bool) -> str:
    if blob is None:
        return f"<BlobPrefix>{_write_name(name)}</BlobPrefix>"
    at = format_date(blob.modified)
    size = len(base64.b64decode(blob.content))
    properties = (
        f"<Creation-Time>{at}</Creation-Time><Last-Modified>{at}</Last-Modified>"
        f"<Etag>{blob.etag}</Etag><Content-Length>{size}</Content-Length>"
        f"<Content-Type>{escape(blob.kind)}</Content-Type><BlobType>BlockBlob</BlobType>"
        "<LeaseStatus>unlocked</LeaseStatus><LeaseState>available</LeaseState>"
    )
    metadata = "".join(f"<{key}>{escape(value)}</{key}>" for key, value in blob.metadata.items())
    shown = f"<Metadata>{metadata}</Metadata>" if shows_metadata else ""
    return f"<Blob>{_write_name(name)}<Properties>{properties}</Properties>{shown}</Blob>"


def _write_name(name: str) -> str:
    """Return the XML element of a name; one that XML cannot hold is percent-encoded."""
    if _NOT_IN_XML.search(name):
        return f'<Name Encoded="true">{quote(name)}</Name>'
    return f"<Name>{escape(name)}</Name>"


def format_date(stamp: str) -> str:
    """Return a time of the built-in Azure as an HTTP date."""
    return format_datetime(parse_time(stamp).astimezone(UTC), usegmt=True)


def _read_size(text: str | None) -> int:
    if text is None:
        return _MOST
    if not re.fullmatch(r"-?[0-9]{1,9}", text):
        raise InvalidQueryValueError()
    if int(text) < 1:
        raise RefusalError(
            400,
            "OutOfRangeQueryParameterValue",
            "One of the query parameters specified in the request URI is outside the permissible "
            "range.",
        )
    return min(int(text), _MOST)


def _write_marker(name: str) -> str:
    """Return the opaque marker of the page that follows a name."""
    return f"2!{base64.urlsafe_b64encode(name.encode()).decode()}"


def _read_marker(text: str) -> str:
    if not text:
        return ""
    try:
        return base64.urlsafe_b64decode(text.removeprefix("2!").encode("ascii")).decode()
    except (binascii.Error, ValueError):
        raise InvalidQueryValueError() from None


class InvalidQueryValueError(RefusalError):
    """A query parameter of a blob list has an invalid value."""

    def __init__(self) -> None:
        super().__init__(
            400,
            "InvalidQueryParameterValue",
            "Value for one of the query parameters specified in the request URI is invalid.",
        )
