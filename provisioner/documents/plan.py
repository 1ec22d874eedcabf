"""The plan, rendered as text, JSON and Markdown."""

from enum import StrEnum
from typing import Any, Literal

from pydantic import Field

from provisioner.documents.additions import AcceptedDocument, AdditionDocument
from provisioner.documents.census import CensusDocument
from provisioner.documents.controls import SecurityDeltaDocument
from provisioner.documents.document import (
    FORMAT_VERSION,
    DiagnosticDocument,
    Document,
    EnvironmentDocument,
)
from provisioner.documents.proof import GateDocument, ProofDocument


def _is_none(value: object) -> bool:
    return value is None


class Action(StrEnum):
    """What a plan does to one resource."""

    NO_OP = "no-op"
    CREATE = "create"
    UPDATE = "update"
    ADOPT = "adopt"
    REPLACE = "replace"
    DELETE = "delete"
    BLOCKED = "blocked"


class FieldKind(StrEnum):
    """What happens to one property."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class FieldChangeDocument(Document):
    """One property that differs.

    `path` reads `properties.routes[default].properties.nextHopType`. `before` is the actual value
    and `after` the desired one; a value that was or will be absent is null, and one that Azure
    will only know after apply is the text `(known after apply: …)` with `unknown` true.
    `declared` is false where the blueprint is silent: then `after` is the service's default. Where
    a value holds a secret `sensitive` is true, and `(sensitive)` stands in its place. `state` is
    true of a state that Azure computes: `after` is then the healthy one, `reason` what it means.
    """

    path: str
    kind: FieldKind
    declared: bool
    before: Any = None
    after: Any = None
    forces_replace: bool = False
    sensitive: bool = False
    unknown: bool = False
    security: bool = False
    state: bool = False
    owner: str = "blueprint"
    reason: str | None = None


class ResourceChangeDocument(Document):
    """What happens to one resource.

    `reason` says why it is a replace, a delete or blocked; `disruption` names the worst thing the
    change does (`provisioner.catalog.field.Disruption`); `seconds` estimates how long Azure takes.
    `grants_access` says in words what access the resource gives (`grants access to it`), null for
    one that gives none or goes. `ends` says of one that is deleted or replaced, and gives access or
    has a GUID for a name, what stands in Azure: an id says nothing to a reviewer there. `tier` says
    how much is known of a type outside the catalog ("raw", "schema only: PACKAGE==VERSION"): it
    decides what of a body is checked, compared and hidden; in JSON only for those.
    """

    address: str
    id: str
    type: str
    resource_group: str | None = None
    action: Action
    reason: str | None = None
    disruption: str
    seconds: int = 0
    grants_access: str | None = None
    ends: AdditionDocument | None = None
    tier: str | None = Field(default=None, exclude_if=_is_none)
    fields: tuple[FieldChangeDocument, ...] = ()


class UndeclaredDocument(Document):
    """A value off its default where the blueprint is silent: shown, never changed by the plan.

    `kept` tells one that Azure keeps on writes, so that an earlier apply may have set it; `moved`,
    for a drift check, that Azure's logs name somebody's change of it since. Where the logs that
    decide that could not be read, or not all of them, `unread` says which; `applied` tells that
    they hold a write of the environment's own, and no later change of it by somebody else.
    """

    address: str
    id: str
    type: str
    field: FieldChangeDocument
    kept: bool = False
    moved: bool = False
    applied: bool = False
    unread: str | None = None

    @property
    def drifted(self) -> bool:
        """Whether it makes a drift check fail."""
        return self.moved if self.kept else self.field.security or self.field.state


class UndeclaredTagDocument(Document):
    """A tag that the blueprint does not declare: a policy's or a person's. Never overwritten.

    `path` is `tags.costCentre`, or that of the tags of a part of the resource.
    """

    address: str
    id: str
    type: str
    path: str
    value: Any = None


class IgnoredDocument(Document):
    """A change that the environment suppresses (`ignore:`): neither planned nor drift.

    `expires` is the last day of that (ISO 8601); `field` reads like any other change of the same
    document.
    """

    address: str
    id: str
    type: str
    field: FieldChangeDocument
    reason: str
    owner: str
    expires: str


class UnmanagedDocument(Document):
    """A resource in the environment's resource groups that azsec did not create. Never touched."""

    id: str
    type: str
    resource_group: str | None = None


class InProgressDocument(Document):
    """A resource that Azure still works on.

    `state` is its `properties.provisioningState`, in the provider's own word; `address` is null for
    one that the blueprint does not have.
    """

    address: str | None = None
    id: str
    type: str
    state: str


class KeptValueDocument(Document):
    """A value that a PUT sends although the blueprint does not state it: the present one in Azure.

    `(sensitive)` stands in the place of a secret.
    """

    path: str
    value: Any = None
    sensitive: bool = False


class StepDocument(Document):
    """One request of the plan. `after` names the steps that have to be done first.

    `action` is what the plan does to the resource: a replace is a DELETE and a PUT. `seconds`
    estimates how long Azure takes for the step, 0 where that is not known. `query` are parameters
    of the request beside the api version. `keeps` is what the body holds beyond the blueprint.
    """

    key: str
    verb: Literal["PUT", "DELETE"]
    address: str
    id: str
    api_version: str
    action: Action | None = None
    seconds: int = 0
    after: tuple[str, ...] = ()
    query: dict[str, str] = Field(default_factory=dict)
    keeps: tuple[KeptValueDocument, ...] = ()


class PlanSummary(Document):
    """How many resources there are of each action."""

    create: int = 0
    update: int = 0
    adopt: int = 0
    replace: int = 0
    delete: int = 0
    blocked: int = 0
    unchanged: int = 0

    @property
    def changes(self) -> int:
        """How many resources the plan touches or would have to."""
        return self.create + self.update + self.adopt + self.replace + self.delete + self.blocked


class ClusterObjectsDocument(Document):
    """The objects that an environment declares in its cluster, beside its resources in Azure.

    `declared` is how many. Where an observation is at hand, `source` names it, `age` says how
    old it is, `in_sync` how many are as declared, and `drifted` and `additions` have the
    addresses of what is not, `unreadable` the kinds whose lists were refused to who observed
    (`left_out` those that an observer's role leaves out on purpose), `not_compared` how many
    objects are of such a kind, `verified` whether its signature was checked; else all of them
    are not observed, and `refused` says why an observation that is stated is not used, if one
    is.
    """

    declared: int
    source: str | None = None
    age: str | None = None
    in_sync: int = 0
    not_compared: int = 0
    drifted: tuple[str, ...] = ()
    additions: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    verified: bool = False
    refused: str | None = None

    @property
    def found(self) -> bool:
        """Whether the observation shows what is not as declared."""
        return bool(self.drifted) or bool(self.additions)

    @property
    def is_certain(self) -> bool:
        """Whether the cluster was observed.

        An environment that states no observation reports nothing of its cluster.
        """
        return self.refused is None and not self.unreadable


class PlanDocument(Document):
    """A plan. `destroys` is true where it deletes everything that the environment owns.

    `digest` is sha256:… over everything that apply would do; diagnostics and what is in progress,
    undeclared, ignored, added by others or unmanaged are no part of it, nor `tags` of others.

    `in_progress` is what Azure still works on: apply waits for it, and plans on what settled.
    `proofs` are about the state that the plan leads to, and `security` is what it means for the
    controls (None where nothing was judged); `gates` are those that refuse to apply it. `census`
    says what was looked at (None: nothing was read, for a migration of marks). `cluster` is about
    the objects in the cluster, where the environment states some: they are no part of the plan.
    `lists_all` asks a report not to group the creates of a large plan; JSON always lists all.
    """

    kind: Literal["azsec/plan"] = "azsec/plan"
    format_version: str = FORMAT_VERSION
    environment: EnvironmentDocument
    digest: str
    destroys: bool = False
    summary: PlanSummary
    changes: tuple[ResourceChangeDocument, ...] = ()
    undeclared: tuple[UndeclaredDocument, ...] = ()
    tags: tuple[UndeclaredTagDocument, ...] = ()
    ignored: tuple[IgnoredDocument, ...] = ()
    additions: tuple[AdditionDocument, ...] = ()
    accepted: tuple[AcceptedDocument, ...] = ()
    unmanaged: tuple[UnmanagedDocument, ...] = ()
    in_progress: tuple[InProgressDocument, ...] = ()
    proofs: tuple[ProofDocument, ...] = ()
    security: SecurityDeltaDocument | None = None
    gates: tuple[GateDocument, ...] = ()
    steps: tuple[StepDocument, ...] = ()
    outputs: dict[str, Any] = Field(default_factory=dict)
    census: CensusDocument | None = None
    cluster: ClusterObjectsDocument | None = None
    diagnostics: tuple[DiagnosticDocument, ...] = ()
    lists_all: bool = Field(default=False, exclude=True)

    @property
    def deleted(self) -> tuple[str, ...]:
        """The addresses of what an apply deletes, for good or to create it anew.

        That takes a permission of its own.
        """
        severe = (Action.DELETE, Action.REPLACE)
        changed = [change.address for change in self.changes if change.action in severe]
        sent = [step.address for step in self.steps if step.verb == "DELETE"]
        return tuple(dict.fromkeys((*changed, *sent)))
