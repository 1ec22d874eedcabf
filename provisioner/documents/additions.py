"""Additions: resources and settings in the environment's scope that others made undeclared."""

from typing import Any

from pydantic import Field

from provisioner.documents.document import Document


class AdditionDocument(Document):
    """One addition. It is drift, and a plan never touches it.

    `on` is the id of what it adds to (`/` is the whole tenant) and `address` the blueprint's name
    of that, null where the blueprint has none. `adds` says what it does to it in words, and
    `values` to whom, to what or how: properties by their name, those that are set. `role` is the
    name of the role that an assignment gives, or the GUID of its definition where the name is not
    known, and `allows` the worst that it allows there, as `azsec access` says it; null for other
    types. `principal` is the address of the managed identity whose principal `values` name, where
    that is known.
    """

    id: str
    type: str
    on: str
    address: str | None = None
    resource_group: str | None = None
    adds: str
    role: str | None = None
    allows: str | None = None
    principal: str | None = None
    values: dict[str, Any] = Field(default_factory=dict)


class AcceptedDocument(Document):
    """An addition that the environment accepts, so that it is no drift.

    `expires` is the last day of it (ISO 8601), `place` the entry in the environment's file.
    """

    addition: AdditionDocument
    reason: str
    owner: str
    expires: str
    place: str
