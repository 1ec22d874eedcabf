"""Admission of requests: only those of tools on this machine, of bounded size.

The server has no password and listens on loopback. Besides the intended tools, a browser can reach
it: any page may send requests to 127.0.0.1, and DNS rebinding (a name that its owner points there)
makes the page same-origin. Tools send neither `Origin` nor `Sec-Fetch-Site`, and the `Host` that
they were configured with. No answer has a CORS header.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping

from provisioner.simulator.protocol.errors import RefusalError

LONGEST_URL = 8 * 1024
LARGEST_HEADERS = 64 * 1024
LARGEST_BODY = 4 * 1024 * 1024
"""What Azure Resource Manager takes of a template
(https://learn.microsoft.com/azure/azure-resource-manager/templates/best-practices)."""
SECONDS_FOR_BODY = 30.0

_LARGEST_DRAINED_BODY = 16 * LARGEST_BODY
"""How much of a body that is too large is read and dropped, so that its client, which sends before
it reads, hears why."""

_HOST = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:[0-9]{1,5})?", re.IGNORECASE)
_CLOSE = {"Connection": "close"}


def check_admitted(method: str, target: bytes, headers: Mapping[str, str], size: int) -> None:
    """Check host, origin and size of a request; `size` is that of its headers.

    The port in `Host` is not compared: a proxy on loopback has another one, and a rebound name is
    refused by its name.

    Raises:
        NotAdmittedError: the host is not loopback, a browser sent the request, or URL or headers
            are too long.
        BodyTooLargeError: the announced body is too large to be drained.
    """
    host = headers.get("host", "")
    if not _HOST.fullmatch(host):
        raise NotAdmittedError(
            421,
            "MisdirectedRequest",
            f"The built-in Azure answers for 127.0.0.1, localhost and [::1], not for '{host}'.",
        )
    site = headers.get("sec-fetch-site", "none").lower()
    if "origin" in headers or site != "none" or "access-control-request-method" in headers:
        raise NotAdmittedError(
            403,
            "CrossOriginRequestForbidden",
            f"The built-in Azure answers no page in a browser ({method} with Origin or "
            "Sec-Fetch-Site).",
        )
    if len(target) > LONGEST_URL:
        raise NotAdmittedError(414, "UriTooLong", f"The URL is longer than {LONGEST_URL} bytes.")
    if size > LARGEST_HEADERS:
        raise NotAdmittedError(
            431, "RequestHeaderFieldsTooLarge", f"The headers exceed {LARGEST_HEADERS} bytes."
        )
    length = headers.get("content-length", "0")
    if length.isdigit() and int(length) > _LARGEST_DRAINED_BODY:
        raise BodyTooLargeError()


_FORWARDED_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?")


def origin_of(scheme: str, headers: Mapping[str, str]) -> str:
    """Return scheme and host as the client sees them, for links in answers.

    A proxy sets `X-Forwarded-Proto` and `X-Forwarded-Host` (the first value is the client's). They
    are trusted: only processes of this machine reach the server.
    """
    proto = headers.get("x-forwarded-proto", "").partition(",")[0].strip().lower()
    host = headers.get("x-forwarded-host", "").partition(",")[0].strip()
    return "://".join(
        (
            proto if proto in ("http", "https") else scheme,
            host if _FORWARDED_HOST.fullmatch(host) else headers.get("host", ""),
        )
    )


async def read_body(receive: Callable[[], Awaitable[tuple[bytes, bool]]]) -> bytes:
    """Return a body that arrives in parts: (bytes, whether more follow).

    Raises:
        BodyTooLargeError: it exceeds 4 MB.
        NotAdmittedError: it does not arrive within 30 seconds.
    """
    body = bytearray()
    size = 0
    try:
        async with asyncio.timeout(SECONDS_FOR_BODY):
            more = True
            while more and size <= _LARGEST_DRAINED_BODY:
                part, more = await receive()
                size += len(part)
                if size <= LARGEST_BODY:
                    body += part
    except TimeoutError:
        raise NotAdmittedError(
            408, "RequestTimeout", f"The body did not arrive within {SECONDS_FOR_BODY:g} s."
        ) from None
    if size > LARGEST_BODY:
        raise BodyTooLargeError()
    return bytes(body)


class NotAdmittedError(RefusalError):
    """A request that is not answered.

    Its connection is closed with the error, since the rest of the request was not read.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(status, code, message, headers=_CLOSE)


class BodyTooLargeError(NotAdmittedError):
    """A request whose body exceeds 4 MB."""

    def __init__(self) -> None:
        super().__init__(
            413,
            "RequestContentTooLarge",
            f"The request content exceeds the maximum size of {LARGEST_BODY // 2**20} MB.",
        )
