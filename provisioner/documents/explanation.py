"""Explanation of one change: why a resource changes, rendered as text, JSON and Markdown."""

from typing import Literal

from provisioner.documents.attribution import AttributionDocument
from provisioner.documents.document import FORMAT_VERSION, Document, EnvironmentDocument
from provisioner.documents.plan import FieldChangeDocument, ResourceChangeDocument


class CommitDocument(Document):
    """The commit that last changed a line: its hash, author, time (ISO 8601) and subject.

    `commit` is null for a line that is not committed yet.
    """

    commit: str | None = None
    author: str
    at: str
    subject: str


class PlaceDocument(Document):
    """A place in a file that states a value: `file:line:column`, with the text of the line.

    `parameter` or `local` is what it gives a value to (null: the property itself), with whether
    that is the parameter's default. `exact` is true where the value there is the property's, false
    where an expression computes the property from it, or where no place states the property.
    `commit` is the last change of the line; null with the reason in `unknown` where git does not
    know it.
    """

    place: str
    line: str = ""
    parameter: str | None = None
    local: str | None = None
    default: bool = False
    exact: bool = True
    commit: CommitDocument | None = None
    unknown: str | None = None


class FieldExplanationDocument(Document):
    """Why one property changes: the change, and the places that state its value.

    There are none where the blueprint does not state it.
    """

    field: FieldChangeDocument
    places: tuple[PlaceDocument, ...] = ()


class WaitDocument(Document):
    """A resource that waits for another one, and for which property or reason."""

    address: str
    because: str


class ExplanationDocument(Document):
    """Why a plan changes one resource, or that it does not (`change` is null).

    `stated_at` is the place of the resource in its file, null for one that no file states.
    `waits_for` are the resources that it comes after, `waited_for` those that come after it.
    `attribution` says who changed the resource in Azure, null where nobody was asked.
    `outdated` tells that the files differ from those that the plan was made from.
    """

    kind: Literal["azsec/explanation"] = "azsec/explanation"
    format_version: str = FORMAT_VERSION
    environment: EnvironmentDocument
    digest: str
    address: str
    change: ResourceChangeDocument | None = None
    stated_at: PlaceDocument | None = None
    fields: tuple[FieldExplanationDocument, ...] = ()
    waits_for: tuple[WaitDocument, ...] = ()
    waited_for: tuple[WaitDocument, ...] = ()
    attribution: AttributionDocument | None = None
    outdated: bool = False
