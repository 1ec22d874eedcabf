"""Who calls: what the bearer token of a request says of its holder.

The claims of a JSON Web Token are read as they are; its signature is not verified. Any other token
stands for the local operator.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass

from provisioner.simulator.protocol.exchange import Request
from provisioner.simulator.state.cloud import CALLER, TENANT

_OBJECT_ID = "http://schemas.microsoft.com/identity/claims/objectidentifier"
_NAMES = ("upn", "unique_name", "preferred_username")
_LONGEST = 16 * 1024
"""Characters of a token that are looked at; Azure's own have about two thousand."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The holder of a token.

    object_id   of the principal in the directory: a user, group member or service principal
    name        what Azure calls it in a refusal: the user's name, else the client's id
    client      the id of the application that asked for the token (`appid`), None where not said
    tenant      the id of the directory
    is_person   whether a user signed in: their token has a name
    """

    object_id: str
    name: str
    client: str | None = None
    tenant: str = TENANT
    is_person: bool = False


LOCAL_OPERATOR = Caller(CALLER, "local")
"""Whoever calls without saying who they are: an owner of every subscription."""


def read_caller(request: Request) -> Caller:
    """Return who sends a request; the local operator where the token names nobody."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    claims = _claims_of(token.strip()) if scheme.lower() == "bearer" else {}
    object_id = _text(claims, "oid") or _text(claims, _OBJECT_ID)
    if object_id is None:
        return LOCAL_OPERATOR
    client = _text(claims, "appid") or _text(claims, "azp")
    name = next((said for key in _NAMES if (said := _text(claims, key))), None)
    return Caller(
        object_id.lower(),
        name or client or object_id,
        client,
        _text(claims, "tid") or TENANT,
        is_person=name is not None,
    )


def _claims_of(token: str) -> Mapping[str, object]:
    parts = token.split(".")
    if len(parts) != 3 or len(token) > _LONGEST:
        return {}
    padded = parts[1] + "=" * (-len(parts[1]) % 4)
    try:
        claims = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _text(claims: Mapping[str, object], name: str) -> str | None:
    value = claims.get(name)
    return value if isinstance(value, str) and value else None
