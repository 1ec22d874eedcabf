"""Which requests the built-in Azure looks at: those of tools on this machine, of a bounded size.

It has no password and listens on loopback, so what could reach it besides the tools that are meant
to is a browser: a page of any site may send requests to 127.0.0.1, and a name that its owner lets
point there (DNS rebinding) makes the page the server's own origin. Tools send neither `Origin` nor
`Sec-Fetch-Site`, and name the host that they were given. No answer carries a header of CORS.
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

_DRAINED = 16 * LARGEST_BODY
"""How much of a body that is too large is read and dropped, so that its client, which sends before
it reads, hears why."""

_HOST = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:[0-9]{1,5})?", re.IGNORECASE)
_CLOSE = {"Connection": "close"}


def check_admitted(method: str, target: bytes, headers: Mapping[str, str], size: int) -> None:
    """Raise RefusalError for a request that is not looked at; `size` is that of its headers.

    The port in `Host` is not compared: a proxy on loopback has another, and a rebound name is
    known by the name.
    """
    host = headers.get("host", "")
    if not _HOST.fullmatch(host):
        raise _refused(
            421,
            "MisdirectedRequest",
            f"The built-in Azure answers for 127.0.0.1, localhost and [::1], not for '{host}'.",
        )
    site = headers.get("sec-fetch-site", "none").lower()
    if "origin" in headers or site != "none" or "access-control-request-method" in headers:
        raise _refused(
            403,
            "CrossOriginRequestForbidden",
            f"The built-in Azure answers no page in a browser ({method} with Origin or "
            "Sec-Fetch-Site).",
        )
    if len(target) > LONGEST_URL:
        raise _refused(414, "UriTooLong", f"The URL is longer than {LONGEST_URL} bytes.")
    if size > LARGEST_HEADERS:
        raise _refused(
            431, "RequestHeaderFieldsTooLarge", f"The headers exceed {LARGEST_HEADERS} bytes."
        )
    length = headers.get("content-length", "0")
    if length.isdigit() and int(length) > _DRAINED:
        raise _too_large()


_FORWARDED_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?")


def origin_of(scheme: str, headers: Mapping[str, str]) -> str:
    """Return scheme and host as the client knows them, for the links that an answer has.

    A proxy in front says them in `X-Forwarded-Proto` and `X-Forwarded-Host` (the first of several
    is the client's). Only what is on this machine reaches the server, so whoever says them may.
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

    Raises RefusalError for one that is too large, and for one that takes too long.
    """
    body = bytearray()
    size = 0
    try:
        async with asyncio.timeout(SECONDS_FOR_BODY):
            more = True
            while more and size <= _DRAINED:
                part, more = await receive()
                size += len(part)
                if size <= LARGEST_BODY:
                    body += part
    except TimeoutError:
        raise _refused(
            408, "RequestTimeout", f"The body did not arrive within {SECONDS_FOR_BODY:g} s."
        ) from None
    if size > LARGEST_BODY:
        raise _too_large()
    return bytes(body)


def _too_large() -> RefusalError:
    return _refused(
        413,
        "RequestContentTooLarge",
        f"The request content exceeds the maximum size of {LARGEST_BODY // 2**20} MB.",
    )


def _refused(status: int, code: str, message: str) -> RefusalError:
    """The connection goes with the answer: what else it carries was not read."""
    return RefusalError(status, code, message, headers=_CLOSE)
