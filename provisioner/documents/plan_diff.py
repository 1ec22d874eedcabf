"""Difference of two saved plans, rendered as text, JSON and Markdown."""

from enum import StrEnum
from typing import Literal

from provisioner.documents.document import (
    FORMAT_VERSION,
    DiagnosticDocument,
    Document,
    EnvironmentDocument,
)
from provisioner.documents.plan import Action, FieldChangeDocument, PlanSummary


class DifferenceKind(StrEnum):
    """What happened to an entry between the two plans."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class PlanSideDocument(Document):
    """One of the two plans: what it is a plan of, and its digest (`sha256:…`)."""

    environment: EnvironmentDocument
    digest: str
    destroys: bool = False
    summary: PlanSummary


class FieldDifferenceDocument(Document):
    """A property that one plan changes and the other does not, or differently.

    `before` is its change in the first plan, `after` that in the second; null where the plan does
    not change it.
    """

    path: str
    kind: DifferenceKind
    before: FieldChangeDocument | None = None
    after: FieldChangeDocument | None = None


class PlannedDocument(Document):
    """What one of the plans does to a resource, without its properties."""

    action: Action
    reason: str | None = None
    disruption: str
    seconds: int = 0


class ChangeDifferenceDocument(Document):
    """A resource that only one plan changes, or both, differently.

    `before` is null for one that the first plan does not change, `after` for one that the second
    does not.
    """

    address: str
    id: str
    type: str
    resource_group: str | None = None
    kind: DifferenceKind
    before: PlannedDocument | None = None
    after: PlannedDocument | None = None
    fields: tuple[FieldDifferenceDocument, ...] = ()


class StepDifferenceDocument(Document):
    """A request that only one plan sends, or both, differently.

    `parts` are the paths at which the requests differ (`body.properties.sku.name`, `after`,
    `apiVersion`), without values: a body may hold what a plan conceals.
    """

    key: str
    verb: Literal["PUT", "APPLY", "DELETE"]
    address: str
    kind: DifferenceKind
    parts: tuple[str, ...] = ()


class TurnDifferenceDocument(Document):
    """A control whose verdict on a resource only one of the plans turns.

    `turns` is `fail` or `pass`; `kind` is `added` where the second plan turns it, `removed` where
    the first does. `gate` is the gate that refuses the failure, null where none does.
    """

    control: str
    title: str
    severity: str
    address: str
    turns: Literal["fail", "pass"]
    kind: DifferenceKind
    gate: str | None = None


class ProofDifferenceDocument(Document):
    """A network proof that ends differently: the verdicts, null where a plan has no such proof."""

    control: str
    name: str
    before: str | None = None
    after: str | None = None


class GateDifferenceDocument(Document):
    """A gate that refuses one plan only, or both for different reasons. Null: it does not."""

    gate: str
    before: str | None = None
    after: str | None = None


class PlanDiffDocument(Document):
    """What the second plan (`after`) does differently from the first (`before`).

    `scope` is what they are plans of. `same` is whether both have one digest: an approval of the
    first is one of the second. `inputs` are those that differ, of `request`, `environment`,
    `blueprint`, `catalog`, `state`, of plans of a cluster `request` and `cluster` (empty where two
    documents were compared, which do not state them). `observed` are the addresses of resources
    that were read differently, `parts` the other parts under the digest that differ. `additions`
    are ids of what others added in Azure between the plans, and `diagnostics` what only the second
    one reports: no part of the digest.
    """

    kind: Literal["azsec/plan-diff"] = "azsec/plan-diff"
    format_version: str = FORMAT_VERSION
    scope: Literal["azure", "cluster"] = "azure"
    same: bool
    before: PlanSideDocument
    after: PlanSideDocument
    inputs: tuple[str, ...] = ()
    changes: tuple[ChangeDifferenceDocument, ...] = ()
    steps: tuple[StepDifferenceDocument, ...] = ()
    controls: tuple[TurnDifferenceDocument, ...] = ()
    proofs: tuple[ProofDifferenceDocument, ...] = ()
    gates: tuple[GateDifferenceDocument, ...] = ()
    observed: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    additions: tuple[str, ...] = ()
    diagnostics: tuple[DiagnosticDocument, ...] = ()
