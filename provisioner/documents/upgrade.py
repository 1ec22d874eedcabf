"""Kubernetes upgrades of an environment's clusters: versions, path and obstacles."""

from typing import Literal

from provisioner.documents.document import (
    FORMAT_VERSION,
    DiagnosticDocument,
    Document,
    EnvironmentDocument,
)
from provisioner.model.diagnostic import Severity


class UpgradeStepDocument(Document):
    """One step: the control plane, or a node pool by its name, from a version to the next.

    `by` is who takes it: `apply` where the blueprint states the version, so that `azsec apply` does
    once it is written, else `azure`: the blueprint leaves it to AKS.
    """

    subject: str
    before: str
    after: str
    by: Literal["apply", "azure"]


class VersionSupportDocument(Document):
    """How long a minor version is supported: the last days (ISO 8601), None where no calendar says.

    `offered` is whether the region offers it under the cluster's plan.
    """

    version: str
    offered: bool
    preview: bool = False
    community_until: str | None = None
    long_term_until: str | None = None


class PoolUpgradeDocument(Document):
    """A node pool: its version, its nodes, and how it is upgraded.

    `surge` is how many nodes `max_surge` is of them; `stated` is the version in the blueprint.
    """

    name: str
    mode: str
    version: str
    stated: str | None = None
    nodes: int
    max_surge: str
    surge: int
    max_unavailable: str
    drain_timeout_minutes: int
    soak_minutes: int
    undrainable: str


class OpeningDocument(Document):
    """When a maintenance window opens and closes, ISO 8601 with the window's own offset."""

    start: str
    end: str


class MaintenanceWindowDocument(Document):
    """A maintenance window of a cluster.

    `schedule` is None where it is not configured: AKS chooses the time then.
    """

    name: str
    purpose: str
    schedule: str | None = None
    next: tuple[OpeningDocument, ...] = ()


class ChannelDocument(Document):
    """An upgrade channel of a cluster, and what AKS does by itself for it."""

    property: str
    channel: str
    effect: str


class ApiUseDocument(Document):
    """Objects that use an API version which Kubernetes stops serving in `removed`.

    `how` is `listed` (the server lists them in it) or `applied` (kubectl noted it).
    """

    api_version: str
    kind: str
    deprecated: str
    removed: str
    successor: str | None = None
    how: str
    objects: tuple[str, ...]


class HindranceDocument(Document):
    """A disruption budget or pod that blocks the drain of nodes: its address NAMESPACE/NAME."""

    kind: str
    address: str
    reason: str
    hint: str


class ObjectsDocument(Document):
    """What an observation of the cluster shows.

    `pods`, `budgets` and `objects` are how many were read; `unobserved` are kinds (GROUP/KIND) of
    which Kubernetes removes an API version on the path, and which the observation does not have;
    `unreadable` are lists that were refused. `verified` is whether its signature was checked.
    """

    source: str
    observed: str
    age: str
    version: str
    objects: int
    pods: int
    budgets: int
    apis: tuple[ApiUseDocument, ...] = ()
    hindrances: tuple[HindranceDocument, ...] = ()
    unobserved: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    verified: bool = False


class SurgeQuotaDocument(Document):
    """What the surges of the pools take of a quota, in vCPUs: the largest one, and all at once."""

    quota: str
    limit: int | None
    used: int | None
    largest: int
    all_at_once: int
    words: str


class ClusterUpgradeDocument(Document):
    """The upgrade of one cluster.

    `running` is None for one that does not exist yet; `target` None where nothing newer is offered;
    `steps` are empty where it is there already. `objects` is None where there is no observation of
    the cluster. An error in `findings` blocks the path.
    """

    address: str
    id: str
    location: str
    plan: str
    stated: str | None
    running: str | None
    target: str | None
    steps: tuple[UpgradeStepDocument, ...] = ()
    upgrades: tuple[str, ...] = ()
    support: tuple[VersionSupportDocument, ...] = ()
    pools: tuple[PoolUpgradeDocument, ...] = ()
    channels: tuple[ChannelDocument, ...] = ()
    windows: tuple[MaintenanceWindowDocument, ...] = ()
    quotas: tuple[SurgeQuotaDocument, ...] = ()
    objects: ObjectsDocument | None = None
    findings: tuple[DiagnosticDocument, ...] = ()
    unreadable: tuple[str, ...] = ()

    @property
    def blocked(self) -> bool:
        """Whether something blocks the path."""
        return any(told.severity is Severity.ERROR for told in self.findings)

    @property
    def up_to_date(self) -> bool:
        """Whether it and its pools are at the target, and that could be read in full."""
        return self.running is not None and not self.steps and not self.unreadable


class WrittenVersionDocument(Document):
    """A value that was written into the environment's file, by the path of its parameter.

    Its place is file:line:column. `before` is None for one that was added; `addresses` are the
    resources whose version it sets.
    """

    parameter: str
    place: str
    before: str | None
    after: str
    addresses: tuple[str, ...]


class UpgradeDocument(Document):
    """The upgrades of an environment's clusters.

    `asked` is the version that was requested, None for the newest that each is offered; `path` is
    the environment's file, `written` what was changed in it, and `also` the other properties
    (ADDRESS.PATH) that these values decide.
    """

    kind: Literal["azsec/upgrade"] = "azsec/upgrade"
    format_version: str = FORMAT_VERSION
    environment: EnvironmentDocument
    path: str
    asked: str | None = None
    clusters: tuple[ClusterUpgradeDocument, ...]
    written: tuple[WrittenVersionDocument, ...] = ()
    also: tuple[str, ...] = ()
    diagnostics: tuple[DiagnosticDocument, ...] = ()

    @property
    def blocked(self) -> bool:
        """Whether the path of a cluster is blocked."""
        return any(cluster.blocked for cluster in self.clusters)

    @property
    def is_certain(self) -> bool:
        """Whether everything in Azure that it depends on could be read."""
        return not any(cluster.unreadable for cluster in self.clusters)
