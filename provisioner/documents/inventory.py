"""Inventory of an environment: its outputs, its resources in Azure, values of expressions."""

from typing import Any, Literal

from provisioner.documents.census import UnreadableDocument
from provisioner.documents.document import FORMAT_VERSION, Document, EnvironmentDocument


class OutputDocument(Document):
    """An output of a blueprint.

    Where it is not `known`, `reason` says why and `value` is null: it comes from a resource that is
    not in Azure, or could not be read. `sensitive` is true where it holds a secret, or something
    computed from one, in whose place `(sensitive)` stands.
    """

    name: str
    value: Any = None
    known: bool
    reason: str | None = None
    sensitive: bool = False


class OutputsDocument(Document):
    """What `azsec output` prints: all outputs, or the one that was named, by name."""

    kind: Literal["azsec/outputs"] = "azsec/outputs"
    format_version: str = FORMAT_VERSION
    environment: EnvironmentDocument
    outputs: tuple[OutputDocument, ...]


class OwnedResourceDocument(Document):
    """A resource in Azure that carries a mark of the environment.

    `address` is its place in the blueprint, None where its tags state none; `declared` is false for
    one that has left the blueprint, which a plan deletes.
    """

    address: str | None
    type: str
    id: str
    name: str
    subscription: str | None
    resource_group: str | None
    declared: bool


class ResourcesDocument(Document):
    """The output of `azsec list`: what the environment owns in Azure, by address and id.

    `missing` are the addresses of the blueprint that are not in Azure; `unreadable` is what was
    refused, and may hide more.
    """

    kind: Literal["azsec/resources"] = "azsec/resources"
    format_version: str = FORMAT_VERSION
    environment: EnvironmentDocument
    resources: tuple[OwnedResourceDocument, ...]
    missing: tuple[str, ...]
    unreadable: tuple[UnreadableDocument, ...] = ()


class EvaluatedDocument(Document):
    """An expression and its value.

    Where it is not `known`, `value` holds its origins as a text; `error` is what is wrong with it.
    """

    expression: str
    value: Any = None
    known: bool = True
    error: str | None = None


class EvaluationsDocument(Document):
    """What `azsec console -o json` prints. `actual` is whether values were read from Azure."""

    kind: Literal["azsec/evaluations"] = "azsec/evaluations"
    format_version: str = FORMAT_VERSION
    environment: EnvironmentDocument
    actual: bool
    results: tuple[EvaluatedDocument, ...]
