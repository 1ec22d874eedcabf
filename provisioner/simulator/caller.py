"""Who sends a request: the claims of its bearer token, taken at their word."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass

from provisioner.simulator.cloud import CALLER

_LONGEST = 256


@dataclass(frozen=True, slots=True)
class Caller:
    """The principal of a token: its object id; the application it signed in with (`appid`); a
    person's user principal name. None where the token does not say."""

    object_id: str
    app_id: str | None = None
    name: str | None = None


def read_caller(headers: Mapping[str, str]) -> Caller:
    """Return who sent a request with these headers (names in lower case).

    The token is not verified. One that is no JWT, or has no `oid`, is the local operator's.
    """
    token = headers.get("authorization", "").partition(" ")[2].strip()
    claims = _claims_of(token)
    object_id = _text(claims, "oid")
    if object_id is None:
        return Caller(CALLER)
    name = _text(claims, "upn") or _text(claims, "preferred_username")
    return Caller(object_id, _text(claims, "appid") or _text(claims, "azp"), name)


def _claims_of(token: str) -> Mapping[str, object]:
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        padded = parts[1] + "=" * (-len(parts[1]) % 4)
        claims = json.loads(base64.urlsafe_b64decode(padded))
    except (ValueError, binascii.Error, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _text(claims: Mapping[str, object], name: str) -> str | None:
    value = claims.get(name)
    return value[:_LONGEST] if isinstance(value, str) and value else None
