"""Who sent a request, as far as their token says."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caller:
    """The holder of a token.

    object_id   of the principal in the directory: a user or a service principal
    name        what Azure calls it in a refusal: the user's name, else the client's id
    client      the id of the application that asked for the token (`appid`), None where not said
    tenant      the id of the directory, None of whoever calls without saying who they are
    is_person   whether a user signed in: their token has a name
    groups      the object ids of the groups that the principal is in, those of groups included
    """

    object_id: str
    name: str
    client: str | None = None
    tenant: str | None = None
    is_person: bool = False
    groups: frozenset[str] = frozenset()
