"""AzureErrors from error responses of Azure, a proxy or the network."""

import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from itertools import islice
from typing import Any

from provisioner.azure.response import AnswerError, read_object
from provisioner.model.azure_error import AzureError

CONNECTION = "ConnectionError"
INCOMPLETE = "IncompleteAnswer"
CREDENTIAL = "CredentialUnavailable"
CLOSED = "ClientClosed"
UNEXPECTED = "UnexpectedAnswer"
FOREIGN_HOST = "ForeignHost"

NOT_ABSENT = frozenset(
    {
        UNEXPECTED,
        "InvalidResourceNamespace",
        "InvalidResourceType",
        "InvalidSubscriptionId",
        "NoRegisteredProviderFound",
        "SubscriptionNotFound",
    }
)
"""Codes of a 404 that does not mean that the resource is absent: the request itself was wrong, or
something other than Azure Resource Manager answered it."""

_MAX_MESSAGE = 4_000
_MAX_DETAILS = 20
_MAX_XML = 16_384
_CORRELATION_HEADERS = ("x-ms-correlation-request-id", "x-ms-request-id")


def read_error(status: int, headers: Mapping[str, str], body: bytes | str | None) -> AzureError:
    """Return the error in a response. `status` is its HTTP status, of any class.

    Reads `{"error": {code, message, …}}`, the flat `{code, message, …}` of AKS (guidelines.md
    §3.1), a failed operation's `{"status": "Failed", "error": …}` and a resource that ended in
    provisioning state Failed. A body that is not JSON becomes `UnexpectedAnswer`: it comes from a
    proxy or a gateway, not from Azure Resource Manager. Details that the message lacks are appended
    to it.
    """
    correlation = _correlation_id(headers)
    content = body.encode() if isinstance(body, str) else body or b""
    if not content.strip():
        return AzureError(status, _status_word(status), f"HTTP {status}, no reason.", correlation)
    try:
        document = read_object(content)
    except AnswerError as problem:
        return _read_storage_error(status, headers, content) or _not_json(
            status, headers, correlation, str(problem)
        )
    envelope = _pick_property(document, "error")
    error_object = envelope if isinstance(envelope, dict) else document
    code = _short_message(_pick_property(error_object, "code")) or _outcome_code(document, status)
    message = _short_message(_pick_property(error_object, "message")) or _silent_message(
        document, status
    )
    for detail in islice(_detail_messages(error_object), _MAX_DETAILS):
        if detail not in message and len(message) < _MAX_MESSAGE:
            message = f"{message} {detail}"
    return AzureError(
        status,
        code,
        message,
        correlation,
        _short_message(_pick_property(error_object, "target")) or None,
    )


def connection_error(host: str, cause: BaseException) -> AzureError:
    """Return the error for a request that `host` did not answer."""
    return AzureError(
        0,
        CONNECTION,
        f"no answer from {host}: {_root_cause(cause)}. Check that the name is right, that this "
        "machine can reach it, and HTTPS_PROXY and NO_PROXY where a proxy is needed.",
    )


def incomplete_error(host: str, cause: BaseException) -> AzureError:
    """Return the error for an answer that `host` began and did not end."""
    return AzureError(
        0, INCOMPLETE, f"an answer of {host} broke off: {_root_cause(cause)}. Check the connection."
    )


def unbounded_error(host: str, bound: str) -> AzureError:
    """Return the error for an answer that was not read to its end, with the bound it exceeded."""
    return AzureError(
        0,
        UNEXPECTED,
        f"an answer of {host} {bound}, which is the bound of what is read. Check whether a proxy "
        "or a gateway answered in its place.",
    )


def unexpected_error(status: int, what: str) -> AzureError:
    """Return the error for an answer that does not have the shape of Azure Resource Manager's."""
    return AzureError(status, UNEXPECTED, f"{what}. Azure Resource Manager does not answer so.")


def credential_error(cause: BaseException) -> AzureError:
    """Return the error for a request for which no token could be obtained."""
    return AzureError(0, CREDENTIAL, f"no token for Azure: {first_line(str(cause))}")


def foreign_host_error(url_host: str, host: str) -> AzureError:
    """Return the error for a link in an answer to another host than Azure Resource Manager's."""
    return AzureError(
        0,
        FOREIGN_HOST,
        f"an answer of {host} points to {url_host!r}. Links are followed on {host} only, because "
        "whoever is asked is also given the token.",
    )


def closed_error() -> AzureError:
    """Return the error for a request of a client that was closed meanwhile."""
    return AzureError(
        0, CLOSED, "the connection to Azure was closed before this request was answered."
    )


def is_absent(error: AzureError) -> bool:
    """Return whether an error means that the resource does not exist."""
    return error.status == HTTPStatus.NOT_FOUND and error.code not in NOT_ABSENT


def is_unregistered(error: AzureError) -> bool:
    """Return whether an error means that the resource provider is not registered.

    The subscription then has no resource of it ("Resolve errors for resource provider
    registration").
    """
    return error.code == "MissingSubscriptionRegistration"


def first_line(text: str) -> str:
    """Return the first non-blank line of a text, at most 300 characters."""
    lines = (_to_printable_line(line) for line in text.splitlines())
    line = next((line for line in lines if line), "no reason given")
    return line if len(line) <= 300 else line[:299] + "…"


def _pick_property(document: Mapping[str, Any], name: str) -> object:
    """Return the property of this name: some services write `Code` for `code`."""
    if name in document:
        return document[name]
    return next((value for key, value in document.items() if key.lower() == name), None)


def _short_message(value: object) -> str:
    text = _to_printable_line(str(value)) if isinstance(value, (str, int)) else ""
    return text if len(text) <= _MAX_MESSAGE else text[: _MAX_MESSAGE - 1] + "…"


def _to_printable_line(text: str) -> str:
    """Return a text in one line, without control characters, which a terminal would interpret."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _correlation_id(headers: Mapping[str, str]) -> str | None:
    folded = {name.lower(): value for name, value in headers.items()}
    found = next((folded[name] for name in _CORRELATION_HEADERS if folded.get(name)), None)
    return _short_message(found) or None


def _status_word(status: int) -> str:
    try:
        return HTTPStatus(status).phrase.title().replace(" ", "").replace("-", "")
    except ValueError:
        return f"Http{status}"


def _read_storage_error(
    status: int, headers: Mapping[str, str], content: bytes
) -> AzureError | None:
    """Return the error of Azure Storage, which has XML and a code in a header; else None.

    Source: learn.microsoft.com, "Status and error codes" of the Blob Storage REST API.
    """
    folded = {name.lower(): value for name, value in headers.items()}
    code = _short_message(folded.get("x-ms-error-code"))
    if not code:
        return None
    match = re.search(rb"<Message>(.*?)</Message>", content[:_MAX_XML], re.DOTALL)
    # The lines after the first one are the request's id and time.
    message = first_line(match[1].decode("utf-8", "replace")) if match else f"HTTP {status}."
    return AzureError(status, code, message, _correlation_id(headers))


def _not_json(
    status: int, headers: Mapping[str, str], correlation: str | None, problem: str
) -> AzureError:
    kind = next((value for key, value in headers.items() if key.lower() == "content-type"), "text")
    return AzureError(
        status,
        UNEXPECTED,
        f"HTTP {status} with {first_line(kind.partition(';')[0])} where Azure Resource Manager "
        f"answers with a JSON object: {problem}. Check whether a proxy or a gateway answered in "
        "its place.",
        correlation,
    )


def _outcome_code(document: Mapping[str, Any], status: int) -> str:
    if status >= HTTPStatus.BAD_REQUEST:
        return _status_word(status)
    return f"Operation{_outcome_status(document) or 'Failed'}"


def _silent_message(document: Mapping[str, Any], status: int) -> str:
    if status >= HTTPStatus.BAD_REQUEST:
        return f"HTTP {status}, no reason."
    return f"the operation ended as {_outcome_status(document) or 'failed'}; Azure gives no reason."


def _outcome_status(document: Mapping[str, Any]) -> str:
    properties = document.get("properties")
    state = properties.get("provisioningState") if isinstance(properties, dict) else None
    return _short_message(document.get("status")) or _short_message(state)


def _detail_messages(error_object: Mapping[str, Any]) -> Iterator[str]:
    """Yield `code: message` for each detail, nested ones after their parent."""
    details = _pick_property(error_object, "details")
    for detail in details if isinstance(details, list) else ():
        if not isinstance(detail, dict):
            continue
        message, code = (
            _short_message(_pick_property(detail, "message")),
            _short_message(_pick_property(detail, "code")),
        )
        if message and message != _short_message(_pick_property(error_object, "message")):
            yield f"{code}: {message}" if code else message
        yield from _detail_messages(detail)


def _root_cause(error: BaseException) -> str:
    """Return the message of the innermost cause: requests and urllib3 wrap it several times."""
    chain = [error]
    for link in chain:
        wrapped = (*link.args, getattr(link, "inner_exception", None), link.__cause__)
        chain.extend(
            inner for inner in wrapped if isinstance(inner, BaseException) and inner not in chain
        )
    reasons = [link.strerror for link in chain if isinstance(link, OSError) and link.strerror]
    return first_line(reasons[-1].lower() if reasons else str(chain[-1])).rstrip(".")
