"""The path of packets through an environment's network, hop by hop."""

from enum import StrEnum
from typing import Literal

from provisioner.documents.document import FORMAT_VERSION, Document, EnvironmentDocument


class StateKind(StrEnum):
    """A state of an environment: desired (blueprint), planned, or actual (Azure)."""

    DESIRED = "desired"
    PLANNED = "planned"
    ACTUAL = "actual"


class HopDocument(Document):
    """One decision: the element that decided, its role, and how."""

    element: str
    role: str
    words: str
    passes: bool


class FlowPathDocument(Document):
    """The path from one subnet to one destination.

    `through` is the firewall on it, if there is one; `delivered` is whether it ends at the
    destination. `unjudged` is what is connected with the source and may open another path: azsec
    does not judge it.
    """

    source: str
    destination: str
    delivered: bool
    through: str | None = None
    hops: tuple[HopDocument, ...]
    unjudged: tuple[str, ...] = ()


class TraceDocument(Document):
    """The answer to one query, with a path for each source and each variant that differs."""

    kind: Literal["azsec/trace"] = "azsec/trace"
    format_version: str = FORMAT_VERSION
    environment: EnvironmentDocument
    state: StateKind
    source: str
    destination: str
    protocol: str
    journeys: tuple[FlowPathDocument, ...]
