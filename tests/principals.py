"""Invented people and applications, and their tokens for a built-in Azure."""

import uuid
from datetime import timedelta

from azure.core.credentials import AccessToken

from provisioner.catalog.client_applications import CLIENT_APPLICATIONS
from provisioner.simulator.server import LocalAzure

_NEVER = 2**31 - 1


def object_id(name: str) -> str:
    """Return the object id of an invented principal."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


def token_of(azure: LocalAzure, who: str, lifetime: timedelta = timedelta(hours=1)) -> str:
    """Return the token of `NAME with CLIENT`. A name with an @ is a person's; another one is an
    application's, which has no user principal name. The client may be named or be an id."""
    name, _, client = who.partition(" with ")
    ids = {title: key for key, title in CLIENT_APPLICATIONS.items()}
    return azure.issue_token(
        object_id(name),
        name=name if "@" in name else None,
        client=ids.get(client, client) or None,
        lifetime=lifetime,
    )


class TokenOf:
    """The credential of an invented principal; of the local operator where it has no name."""

    def __init__(self, azure: LocalAzure, who: str) -> None:
        self._azure = azure
        self._who = who

    def get_token(self, *_scopes: str, **_options: object) -> AccessToken:
        """Return a new token."""
        return AccessToken(token_of(self._azure, self._who) if self._who else "local", _NEVER)
