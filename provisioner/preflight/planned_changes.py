"""The intent of a plan: its writes, deletes and policy changes, as the checks look at them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from provisioner.blueprint.graph import DesiredGraph
from provisioner.catalog.policies import ASSIGNMENT, DEFINITION, EXEMPTION
from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import ResourceType
from provisioner.model.actual import ActualState, Found
from provisioner.model.resource_id import RESOURCE_GROUP, ResourceId, parse_resource_id
from provisioner.model.span import Span
from provisioner.model.values import Body, Value, lookup
from provisioner.plan.step_constraints import closure
from provisioner.plan.steps import DELETE, PUT, Step
from provisioner.preflight.policy_fields import InspectedFields
from provisioner.preflight.policy_rules import Assigned, Exemption

_DEFINITION_ID = ("properties", "policyDefinitionId")
_ASSIGNMENT_ID = ("properties", "policyAssignmentId")


@dataclass(frozen=True, slots=True)
class Write:
    """One resource that the plan writes.

    `body` is what is sent, with Unknown leaves. `found` is the present body, None for a new
    resource. `is_new` also holds for one that is deleted and created again. `span` is its place in
    the blueprint, or that of the value that states it.
    """

    address: str
    id: ResourceId
    type: ResourceType
    body: Mapping[str, Value]
    found: Body | None
    is_new: bool
    span: Span | None


@dataclass(frozen=True, slots=True)
class Permission:
    """An action that the plan takes, and the resource or container on which Azure checks it."""

    action: str
    scope: ResourceId


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """A policy assignment that the plan changes: itself, its definition or an exemption of it.

    `then` is the assignment after the change, None where the plan deletes it. `precedes` are the
    addresses of the writes that the plan orders after the change.
    """

    id: ResourceId
    scope: ResourceId
    then: Assigned | None
    precedes: frozenset[str]


@dataclass(frozen=True)
class PlannedChanges:
    """The part of a plan that checks look at.

    deleted     keys of the ids that the plan deletes
    found       what Azure has, by the key of its id
    regions     the location of what the plan leaves or creates, by the key of its id
    permissions what the plan takes
    policies    the policy assignments that the plan changes
    applies     whether the caller is about to apply the plan, and not only to review it
    inspected   the fields that policies look at, by subscription (lower case); absent: all
    """

    writes: tuple[Write, ...]
    deleted: frozenset[str]
    found: Mapping[str, Found]
    regions: Mapping[str, str]
    permissions: tuple[Permission, ...] = ()
    applies: bool = False
    policies: tuple[PolicyChange, ...] = ()
    inspected: Mapping[str, InspectedFields] = field(default_factory=dict)

    @cached_property
    def groups(self) -> frozenset[str]:
        """The keys of the resource groups that exist."""
        return frozenset(key for key, hit in self.found.items() if hit.id.type == RESOURCE_GROUP)


def read_planned_changes(
    steps: Iterable[Step],
    graph: DesiredGraph,
    state: ActualState,
    catalog: Catalog,
    permissions: Iterable[Permission] = (),
    *,
    applies: bool = False,
) -> PlannedChanges:
    """Return the intent of a plan, from its steps and the state that was read for it."""
    steps = tuple(steps)
    deleted = frozenset(step.id.key for step in steps if step.verb == DELETE)
    writes = tuple(
        _planned_write(step, graph, state, catalog, is_deleted=step.id.key in deleted)
        for step in steps
        if step.verb == PUT
    )
    return PlannedChanges(
        writes,
        deleted,
        state.found,
        dict(_regions_by_key(writes, state.found)),
        tuple(permissions),
        applies,
        tuple(_policy_changes(steps, state)),
    )


def intent_from_nothing(
    graph: DesiredGraph, permissions: Iterable[Permission] = ()
) -> PlannedChanges:
    """Return the intent to create everything that a graph declares, with existing references there.

    It needs every request that a plan of the environment may need: `azsec roles` derives from it.
    """
    writes = tuple(
        Write(r.address, r.id, r.type, r.body, None, True, r.span) for r in graph if r.managed
    )
    found = {r.id.key: Found(r.id, {}) for r in graph if not r.managed}
    regions = dict(_regions_by_key(writes, found))
    return PlannedChanges(writes, frozenset(), found, regions, tuple(permissions))


def _policy_changes(steps: tuple[Step, ...], state: ActualState) -> Iterator[PolicyChange]:
    """Yield the assignments that the steps of the plan change."""
    moved = {
        step.id.key: step for step in steps if step.type in (ASSIGNMENT, DEFINITION, EXEMPTION)
    }
    if not moved:
        return
    bodies: dict[str, Body | Mapping[str, Value]] = {k: hit.body for k, hit in state.found.items()}
    bodies |= {key: step.body for key, step in moved.items() if step.body is not None}
    waits = {step.key: step.after for step in steps}
    before = {step.key: closure(step.key, waits) for step in steps if step.verb == PUT}
    assigned = [hit.id for hit in state.found.values() if hit.id.type.lower() == ASSIGNMENT.lower()]
    planned = [step.id for step in moved.values() if step.type == ASSIGNMENT]
    exemptions = dict(_planned_exemptions(steps, state))
    for resource in dict.fromkeys((*assigned, *planned)):
        named = parse_resource_id(lookup(bodies[resource.key], _DEFINITION_ID))
        about = [key for key, (target, _) in exemptions.items() if target == resource]
        about += [resource.key, named.key if named else ""]
        own = {moved[key].key for key in about if key in moved}
        if not own or resource.scope is None:
            continue
        goes = resource.key in moved and moved[resource.key].body is None
        definition = bodies.get(named.key) if named else None
        yield PolicyChange(
            resource,
            resource.scope,
            None
            if goes
            else Assigned(
                bodies[resource.key],
                definition,
                tuple(e for target, e in exemptions.values() if e and target == resource),
            ),
            frozenset(
                step.address for step in steps if step.verb == PUT and own <= before[step.key]
            ),
        )


def _planned_exemptions(
    steps: Iterable[Step], state: ActualState
) -> Iterator[tuple[str, tuple[ResourceId | None, Exemption | None]]]:
    """Yield key, assignment and planned body of each exemption; None for one that is deleted."""
    for hit in state.found.values():
        if hit.id.type.lower() == EXEMPTION.lower() and hit.id.scope is not None:
            named = parse_resource_id(lookup(hit.body, _ASSIGNMENT_ID))
            yield hit.id.key, (named, Exemption(hit.id.scope, hit.body))
    for step in steps:
        if step.type == EXEMPTION and step.id.scope is not None:
            found = state.found.get(step.id.key)
            body = step.body if step.body is not None else found.body if found else {}
            named = parse_resource_id(lookup(body, _ASSIGNMENT_ID))
            then = Exemption(step.id.scope, step.body) if step.body is not None else None
            yield step.id.key, (named, then)


def _planned_write(
    step: Step, graph: DesiredGraph, state: ActualState, catalog: Catalog, *, is_deleted: bool
) -> Write:
    hit = state.get(step.id)
    found = hit.body if isinstance(hit, Found) else None
    stated = graph.by_id.get(step.id.key)
    if stated is None and step.id.parent is not None:
        stated = graph.by_id.get(step.id.parent.key)
    return Write(
        step.address,
        step.id,
        catalog.get(step.type),
        step.body or {},
        found,
        found is None or is_deleted,
        stated.span if stated else None,
    )


def _regions_by_key(
    writes: Iterable[Write], found: Mapping[str, Found]
) -> Iterator[tuple[str, str]]:
    bodies = [(key, hit.body) for key, hit in found.items()]
    for key, body in (*bodies, *((w.id.key, w.body) for w in writes)):
        location = body.get("location")
        if isinstance(location, str):
            yield key, location.replace(" ", "").lower()
