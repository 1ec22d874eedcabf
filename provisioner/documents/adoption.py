"""Adoption (`azsec adopt`): the files written, the proof, and what was left out."""

from enum import StrEnum
from typing import Literal

from provisioner.documents.document import (
    FORMAT_VERSION,
    DiagnosticDocument,
    Document,
    EnvironmentDocument,
)
from provisioner.documents.plan import FieldChangeDocument


class Verdict(StrEnum):
    """How the proof of an adoption ended."""

    PROVEN = "proven"
    NOT_PROVEN = "not proven"
    PARTIAL = "proven in part"


class LeftOutDocument(Document):
    """A resource that the files do not state, and why.

    `address` is that of a resource in Terraform, whose id may be none of Azure Resource Manager (it
    is "" then).
    """

    id: str
    type: str
    address: str | None = None
    reason: str


class HiddenDocument(Document):
    """A read that Azure refused: what it would have shown is not in the files."""

    path: str
    reason: str


class NoteDocument(Document):
    """A property of an adopted resource that the files do not state, and why.

    It is a secret, or is not in azsec's schema.
    """

    address: str
    path: str
    reason: str


class ChangeLeftDocument(Document):
    """What the plan of the written files would change of a resource, beside azsec's marks."""

    address: str
    id: str
    action: str
    reason: str | None = None
    fields: tuple[FieldChangeDocument, ...] = ()


class WrittenFileDocument(Document):
    """A file that was written, and how many lines it has."""

    path: str
    lines: int


class AdoptionDocument(Document):
    """The outcome of `azsec adopt`.

    `diagnostics` are the errors of the plan of the files, and what its preflight says: what would
    refuse the apply that writes the marks.

    `adopted` counts the resources in the files, groups included, `groups` those groups that are
    taken over. `unchanged` counts those that the plan of the files changes in nothing but marks.
    `verdict` is "proven" where that is all of them, nothing was unreadable and
    nothing refuses the apply; "proven in part" where reads were refused, so that nobody knows what
    else there is. `observe` tells that the environment is only watched. `left_out` are system-made
    and owned resources, `not_expressed` those that no file could state, `unlisted` the ids that a
    template or a state names and Azure does not have. `failing_proofs` and `additions` count what
    the first drift reports although nobody changed anything: network proofs that fail on what is
    there, and what others made beside it.
    """

    kind: Literal["azsec/adoption"] = "azsec/adoption"
    format_version: str = FORMAT_VERSION
    environment: EnvironmentDocument
    observe: bool = False
    verdict: Verdict
    adopted: int
    unchanged: int
    types: int
    files: tuple[WrittenFileDocument, ...]
    changes: tuple[ChangeLeftDocument, ...] = ()
    not_expressed: tuple[LeftOutDocument, ...] = ()
    left_out: tuple[LeftOutDocument, ...] = ()
    unlisted: tuple[LeftOutDocument, ...] = ()
    unreadable: tuple[HiddenDocument, ...] = ()
    notes: tuple[NoteDocument, ...] = ()
    failing_proofs: int = 0
    additions: int = 0
    calls: int = 0
    diagnostics: tuple[DiagnosticDocument, ...] = ()
