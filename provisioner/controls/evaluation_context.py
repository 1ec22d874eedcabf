"""State of an environment that controls evaluate: its estate, what it owns, what was unreadable.

Called by `workflow.security_evaluation` and `workflow.check`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from provisioner.blueprint.environment import Environment
from provisioner.blueprint.graph import DesiredGraph
from provisioner.catalog.registry import Catalog
from provisioner.controls.cluster_objects.view import View
from provisioner.controls.declared_namespaces import state_namespaces
from provisioner.controls.resource_types import ASKED, STATED_NAMESPACE
from provisioner.controls.verdict import Finding
from provisioner.manifests.cluster_facts import read_cluster
from provisioner.model.actual import ActualState, Gap
from provisioner.model.cluster_contents import ClusterContents
from provisioner.model.estate import Estate, Resource
from provisioner.model.resource_id import SUBSCRIPTION, ResourceId
from provisioner.model.values import is_identical
from provisioner.network.model.dns_reader import RECORDS
from provisioner.network.model.topology import Topology
from provisioner.network.model.topology_elements import Opening
from provisioner.network.model.topology_reader import openings_of, read_topology
from provisioner.network.proofs.proof import Proof
from provisioner.plan.unreadable import declared_instead, unreadable_resources


@dataclass(frozen=True, slots=True)
class UnreadableInput:
    """Resource or list of a state that could not be read.

    `listed` names a type where it is the list of that type in the resource. `reason` is Azure's.
    """

    resource: Resource
    reason: str
    listed: str = ""

    @property
    def label(self) -> str:
        """What to call it."""
        return f"{self.listed} in {self.resource.label}" if self.listed else self.resource.label

    @property
    def evidence(self) -> str:
        """What there is to say of the resource."""
        what = f"its {self.listed} could not be listed" if self.listed else "it could not be read"
        return f"{what}: {self.reason}"


@dataclass(frozen=True)
class EvaluationContext:
    """A state to be judged.

    `own` has the keys of the resources that are judged: those of the blueprint, and what stands in
    them or in the environment's resource groups. All others are only looked up. `cloud` is the
    one whose names are used. `unreadable` has what of the blueprint could not be read; `declared`
    is the estate with that as the blueprint declares it, None where all of it could be read.
    `gaps` are the refused reads. `openings` is what the environment lets workloads reach. `unread`
    says by key of the DNS zones whose records could not be read why. `view` is what stands in the
    cluster, None where nobody looked. `derived` keeps what rules
    made of the whole state (`Subject.derive`), for others that need the same. `like` is the
    context of a state of the environment that was judged before: what is found of both alike is
    taken from there. `findings` and `proofs` keep what was found, by the id of the control and by
    the proof.
    """

    estate: Estate
    own: frozenset[str]
    catalog: Catalog
    cloud: str
    unreadable: tuple[UnreadableInput, ...] = ()
    declared: Estate | None = None
    gaps: tuple[Gap, ...] = ()
    openings: tuple[Opening, ...] = ()
    unread: Mapping[str, str] = field(default_factory=dict)
    view: View | None = None
    derived: dict[object, object] = field(default_factory=dict, compare=False, repr=False)
    like: "EvaluationContext | None" = field(default=None, compare=False, repr=False)
    findings: dict[str, tuple[object, tuple[Finding, ...]]] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )
    proofs: dict[object, Proof] = field(default_factory=dict, init=False, compare=False, repr=False)

    def subjects(self, kind: str) -> tuple[Resource, ...]:
        """Return the resources of a type that are judged."""
        found = self._subjects.get(kind)
        if found is None:
            found = self._subjects[kind] = tuple(
                each for each in self.estate.of_type(kind) if each.id.key in self.own
            )
        return found

    @cached_property
    def _subjects(self) -> dict[str, tuple[Resource, ...]]:
        """The resources that are judged, by the type that a rule asked for."""
        return {}

    def unreadable_inputs(self, kinds: frozenset[str]) -> tuple[UnreadableInput, ...]:
        """Return what of some types (in lower case) could not be read.

        It is each resource of the blueprint, and each refused read that hides none of those.
        """
        # A refused list of a type and a refused GET of a resource of it have one cause: it is
        # reported once, by the resource that the blueprint names.
        named = [hidden for hidden in self.unreadable if hidden.resource.type.lower() in kinds]
        return (*named, *self._refused_lists(kinds, [hidden.resource for hidden in named]))

    def _refused_lists(
        self, kinds: frozenset[str], named: list[Resource]
    ) -> Iterator[UnreadableInput]:
        for gap in self.gaps:
            if any(map(gap.hides, kinds)) and not any(
                gap.hides(resource.type) and resource.id.is_within(gap.scope) for resource in named
            ):
                inside = self.estate.get(gap.scope) or Resource(gap.scope, gap.scope.type, {})
                is_list = gap.scope.type.lower() != gap.type.lower()
                yield UnreadableInput(inside, gap.reason, gap.type if is_list else "")

    @cached_property
    def own_subscriptions(self) -> frozenset[str]:
        """The subscriptions in which the environment has something of its own, in small letters."""
        owned = (self.estate.resources[key].id for key in self.own if key in self.estate.resources)
        return frozenset(found.subscription.lower() for found in owned if found.subscription)

    @cached_property
    def types_without_facts(self) -> tuple[str, ...]:
        """The types in the state of which the catalog has no facts: no control evaluates them."""
        found = {each.type for each in self.estate if not each.has_facts}
        return tuple(sorted(found | {each.type for each in self.estate.unread}))

    @cached_property
    def as_declared(self) -> "EvaluationContext":
        """The same state with what could not be read as the blueprint declares it."""
        estate = self.estate if self.declared is None else self.declared
        return replace(
            # Another estate has other indexes: what rules derived of this one must not be reused.
            self,
            estate=estate,
            unreadable=(),
            declared=None,
            gaps=(),
            derived={},
            like=None,
        )

    @cached_property
    def topology(self) -> Topology:
        """The network of the state."""
        if self.like is not None and self._differs_in_tags_alone(self.like):
            return self.like.topology
        return read_topology(self.estate, self.cloud, self.openings, self.unread)

    @cached_property
    def has_topology_of_like(self) -> bool:
        """Whether the network of the state is that of the one that it is like."""
        return self.like is not None and (
            self.topology is self.like.topology or self.topology == self.like.topology
        )

    def _differs_in_tags_alone(self, like: "EvaluationContext") -> bool:
        """Return whether no topology could differ from that of another state.

        No topology is read from the tags of a resource with facts. What a plan does not change is
        the same object in both states, so this takes a twentieth of reading a topology.
        """
        ours, theirs = self.estate.resources, like.estate.resources
        return (
            (self.cloud, self.openings, self.unread) == (like.cloud, like.openings, like.unread)
            and self.estate.unread == like.estate.unread
            and list(ours) == list(theirs)
            and all(
                one is theirs[key] or _has_same_but_tags(one, theirs[key])
                for key, one in ours.items()
            )
        )


def _has_same_but_tags(one: Resource, other: Resource) -> bool:
    bodies = ({**each.body, "tags": None, "etag": None} for each in (one, other))
    return (
        one.has_facts
        and replace(one, body={}) == replace(other, body={})
        and (is_identical(*bodies))
    )


def survey(
    estate: Estate,
    graph: DesiredGraph,
    catalog: Catalog,
    environment: Environment,
    state: ActualState | None = None,
    contents: ClusterContents | None = None,
) -> EvaluationContext:
    """Return the evaluation context of an environment's estate.

    `state` is what was read of Azure, where it was read: what `kubernetes:` declares is of the
    desired state alone. `contents` are the objects in its cluster, where they were read. Contents
    of an environment that has no cluster, or several, are a DiagnosticError.
    """
    view = _view_of(estate, environment, contents) if contents else None
    # Against Azure, the objects of the cluster are observed or unknown; the declaration must not
    # stand in for them.
    stated = tuple(state_namespaces(environment, estate)) if state is None else ()
    if stated:
        estate = Estate.of([*estate, *stated])
    own = frozenset(
        resource.id.key
        for resource in estate
        if resource.type in _ALWAYS_OWN or _is_own(resource.id, graph)
    )
    cloud, openings = environment.cloud_names, openings_of(environment)
    context = EvaluationContext(estate, own, catalog, cloud, openings=openings, view=view)
    if state is None:
        return context
    hidden = unreadable_resources(graph, state)
    return replace(
        context,
        unreadable=tuple(
            UnreadableInput(replace(resource, body={}), reason) for resource, reason in hidden
        ),
        declared=declared_instead(estate, graph, state, catalog) if hidden else None,
        gaps=state.gaps,
        unread={
            record.id.parent.key: record.reason
            for record in state.unreadable
            if record.id.parent is not None and record.id.type.lower() in _RECORDS
        },
    )


def _view_of(estate: Estate, environment: Environment, contents: ClusterContents) -> View:
    facts = read_cluster(estate, environment.cloud_names, environment.tenant_id)
    return View(contents, facts, environment.kubernetes, facts.administrators)


# DNS records are read as lists of a zone: a refused list makes the zone's answers unknown, which
# the topology has to know apart from an empty zone.
_RECORDS = frozenset(name.lower() for name in RECORDS)
_ALWAYS_OWN = (*ASKED, STATED_NAMESPACE)


def _is_own(resource: ResourceId, graph: DesiredGraph) -> bool:
    stated = graph.by_id.get(resource.key)
    if stated is not None:
        return stated.managed
    for above in resource.ancestors:
        # A subscription is shared: that a blueprint manages one of its settings does not make
        # everything below the environment's own.
        if above.type == SUBSCRIPTION:
            return False
        stated = graph.by_id.get(above.key)
        if stated is not None:
            return stated.managed
    return False
