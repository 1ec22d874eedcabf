"""The caller of a request, as its token identifies it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caller:
    """The holder of a token.

    object_id  of the principal in the directory: a user or a service principal
    name       for Azure's errors: the user's name, else the client's id
    client     the id of the application that requested the token (`appid`); None if absent
    tenant     the id of the directory; None for the local operator
    is_person  whether a user signed in: the token has a name
    groups     the object ids of the principal's groups, direct and transitive
    """

    object_id: str
    name: str
    client: str | None = None
    tenant: str | None = None
    is_person: bool = False
    groups: frozenset[str] = frozenset()
