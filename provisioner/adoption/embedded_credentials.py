"""Credentials embedded in texts: in command lines, headers and URLs.

The generated files are committed, so they leave out more than `model.secret_values` recognizes by
its form: the value of an option named like `--password` is left out whatever it looks like. A
reference to a value (`$PW`, `{{pw}}`, `%PW%`, `@file`) is not a credential. `minimal_body` calls
it.
"""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping, Sequence

Path = tuple[str | int, ...]

_VALUE = r"[\"']?(?P<value>[^\s\"'$%{<@-][^\s\"']*)"
_SECRET_NAME = (
    r"(?:[a-z0-9]+[-_])*(?:[a-z0-9]*(?:password|passwd|passphrase|secret|token)|pwd|pass"
    r"|(?:api|access|account|storage|client|shared|admin|master|primary)[-_]?key"
    r"|connection[-_]?string)"
)
_OPTION = re.compile(rf"(?i)--?{_SECRET_NAME}")
_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        # --password pw, --token=t, -Password pw (PowerShell)
        rf"(?i)(?:^|[\s\"'])--?{_SECRET_NAME}(?:\s*[=:]\s*|\s+){_VALUE}",
        # curl -u user:pw; not the user and group of `docker run -u 1000:1000`
        r"(?:^|\s)(?:-u|-U|--user|--proxy-user)(?:\s+|=)?[\"']?(?!\d+:\d+(?:\s|[\"']|$))"
        r"[^\s:\"'$/]+:(?!//)(?P<value>[^\s\"'$%{<][^\s\"']*)",
        # mysql -ppw: without a space, for that asks for it
        rf"\b(?:mysql\w*|mariadb[\w-]*)\b[^|;&\n]{{0,500}}?\s-p{_VALUE}",
        rf"\bsshpass\s+-p\s*{_VALUE}",
        rf"\b(?:sqlcmd|bcp)\b[^|;&\n]{{0,500}}?\s-P\s*{_VALUE}",
        rf"\bredis-cli\b[^|;&\n]{{0,500}}?\s-a\s+{_VALUE}",
        # the key of a function or of a webhook, a signature
        r"(?i)[?&](?:code|sig|key|token|access_token|api[-_]?key|subscription-key|password)="
        r"(?P<value>[^\s&\"'${<]{6,})",
        r"(?i)\bauthorization[\"']?\s*[:=]\s*[\"']?(?:basic|bearer|sharedkey|token)\s+"
        r"(?P<value>[^\s\"'${<]+)",
    )
)
_SCHEME = re.compile(r"(?i)\s*(basic|bearer|sharedkey|token|apikey)\s+([^\s${<]+)\s*")
_HEADERS = frozenset({"authorization", "proxy-authorization", "x-functions-key", "x-api-key"})
_ENTRY_NAMES = ("name", "key", "header")


def find_embedded(value: object) -> Iterator[Path]:
    """Yield the paths of the texts in a body that contain a credential among other words."""
    yield from _find_at(value, (), is_header=False)


def _find_at(value: object, path: Path, *, is_header: bool) -> Iterator[Path]:
    if isinstance(value, str):
        if (is_header and _is_literal_value(value)) or _holds_credential(value):
            yield path
    elif isinstance(value, Mapping):
        named = any(_is_header(value.get(name)) for name in _ENTRY_NAMES)
        for name, item in value.items():
            header = _is_header(name) or (named and str(name).lower() == "value")
            yield from _find_at(item, (*path, str(name)), is_header=header)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            if _follows_option(value, index) and _is_literal_value(str(item)):
                yield (*path, index)
            else:
                yield from _find_at(item, (*path, index), is_header=is_header)


def _holds_credential(text: str) -> bool:
    if any(pattern.search(text) for pattern in _PATTERNS):
        return True
    scheme = _SCHEME.fullmatch(text)
    if scheme is None:
        return False
    if scheme[1].lower() == "basic":
        return _is_user_and_password(scheme[2])
    # `Bearer token` says how, and `Bearer eyJ0…` lets in.
    return len(scheme[2]) >= 16 or any(character.isdigit() for character in scheme[2])


def _is_user_and_password(text: str) -> bool:
    try:
        return b":" in base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False


def _is_header(name: object) -> bool:
    return isinstance(name, str) and name.lower() in _HEADERS


def _is_literal_value(text: str) -> bool:
    """Return whether a text is a value, and does not only refer to one (`@parameters('key')`)."""
    inner = text.rpartition(" ")[2]
    return bool(inner) and not inner.startswith(("$", "{", "%", "<", "@", "-"))


def _follows_option(words: Sequence[object], index: int) -> bool:
    """Return whether a word of a command (a list of words) is the value of the option before it."""
    before = words[index - 1] if index else None
    return (
        isinstance(words[index], str)
        and isinstance(before, str)
        and _OPTION.fullmatch(before) is not None
    )
