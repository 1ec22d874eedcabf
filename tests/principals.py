"""Tokens of invented people and applications, for the built-in Azure, which verifies none."""

import base64
import json
import uuid

from azure.core.credentials import AccessToken

from provisioner.catalog.client_applications import CLIENT_APPLICATIONS

_NEVER = 2**31 - 1


def object_id(name: str) -> str:
    """Return the object id of an invented principal."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


def sign(**claims: str) -> str:
    """Return a token with these claims (and a signature that is none)."""
    parts = ({"alg": "RS256", "typ": "JWT"}, claims)
    encoded = (
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts
    )
    return ".".join((*encoded, "c2lnbmF0dXJl"))


def token_of(who: str) -> str:
    """Return the token of `NAME with CLIENT`. A name with an @ is a person's; another one is an
    application's, which has no user principal name. The client may be named or be an id."""
    name, _, client = who.partition(" with ")
    names = {title: key for key, title in CLIENT_APPLICATIONS.items()}
    claims = {"oid": object_id(name)}
    if "@" in name:
        claims["upn"] = name
    if client:
        claims["appid"] = names.get(client, client)
    return sign(**claims)


class TokenOf:
    """The credential of an invented principal; of the local operator where it has no name."""

    def __init__(self, who: str) -> None:
        self._token = token_of(who) if who else "local"

    def get_token(self, *_scopes: str, **_options: object) -> AccessToken:
        """Return the token; it never ends."""
        return AccessToken(self._token, _NEVER)
