"""Service rules applied to a desired graph and to the changes of a plan: what Azure refuses.

`workflow.network` checks a graph without Azure; `blockers` and `change_order` check the changes of
a plan beside the state that was read.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from provisioner.blueprint.file_schemas import span_of
from provisioner.blueprint.graph import DesiredGraph, DesiredResource
from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import ResourceType
from provisioner.documents.plan import Action
from provisioner.model.actual import ActualState, Found, Gap
from provisioner.model.diagnostic import Diagnostic, error
from provisioner.model.estate import Estate
from provisioner.model.property_path import split_steps
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import ABSENT, Body, Value, lookup, without_at
from provisioner.plan.changes import Changes, ResourceChange
from provisioner.plan.estates import desired_estate
from provisioner.service_rules.evaluation import Finding, judge_write
from provisioner.service_rules.rule import RuleContext, Write
from provisioner.service_rules.rule_context import EstateContext

_WRITES = (Action.CREATE, Action.UPDATE, Action.ADOPT, Action.REPLACE)


def check_services(graph: DesiredGraph, catalog: Catalog) -> Iterator[Diagnostic]:
    """Yield an error for each resource that Azure would refuse to create beside the others.

    Nothing is known of what the blueprint does not make: `existing: true` is no more than a name.
    Nor is the day of its creation: a date that has passed since is no error of the blueprint.
    """
    made = {resource.id.key for resource in graph if resource.managed}
    around = EstateContext(
        desired_estate(graph, catalog),
        is_absent=lambda _resource: False,
        is_whole=lambda container, _type: container.key in made,
        is_only_named=lambda resource: resource.key in graph.by_id and resource.key not in made,
    )
    for resource in graph:
        if resource.managed:
            write = _write_of(resource.type, resource.id, None, resource.body, around)
            for found in judge_write(write, catalog):
                yield _refusal_diagnostic(resource, found)


def planned_neighbours(
    outcome: Estate, graph: DesiredGraph, state: ActualState, changes: Changes, catalog: Catalog
) -> RuleContext:
    """Return what stands beside the changes of a plan once it has been applied (`outcome`).

    What was not read is not known. What the plan deletes, and what is missing where all of a type
    was read or the container is made by the plan, is certainly not there.
    """
    seen = _Seen(
        {change.id.key: change.action for change in changes.resources},
        state,
        frozenset((r.id.container.key, r.type.name.lower()) for r in graph if r.id.container),
        catalog,
    )
    return EstateContext(outcome, seen.is_absent, seen.is_whole, is_made=seen.is_made)


@dataclass(frozen=True)
class _Seen:
    """What a plan knows for certain.

    `actions` are by the key of the id. `listed` are the containers of which the blueprint has a
    child of a type, so that their children of it were listed.
    """

    actions: Mapping[str, Action]
    state: ActualState
    listed: frozenset[tuple[str, str]]
    catalog: Catalog

    def is_absent(self, resource: ResourceId) -> bool:
        action = self.actions.get(resource.key)
        if action is not None:
            return action is Action.DELETE
        return resource.parent is not None and self.is_whole(resource.parent, resource.type)

    def is_made(self, resource: ResourceId) -> bool:
        return self.actions.get(resource.key) in (Action.CREATE, Action.REPLACE)

    def is_whole(self, container: ResourceId, type_name: str) -> bool:
        if any(_is_in(gap, container, type_name) for gap in self.state.gaps):
            return False
        if self.actions.get(container.key) in (Action.CREATE, Action.REPLACE):
            return True
        found = self.state.get(container)
        if not isinstance(found, Found):
            return False
        return (container.key, type_name.lower()) in self.listed or self._lists_all_children(
            found, type_name
        )

    def _lists_all_children(self, found: Found, type_name: str) -> bool:
        """Return whether Azure answers all children of a type in the body of their parent."""
        known = self.catalog.of(found.id)
        return any(
            embedded.child.lower() == type_name.lower()
            and isinstance(lookup(found.body, embedded.path.split(".")), (list, tuple))
            for embedded in (known.embedded if known else ())
        )


def _is_in(gap: Gap, container: ResourceId, type_name: str) -> bool:
    near = container.is_within(gap.scope) or gap.scope.is_within(container)
    return near and (not gap.type or gap.hides(type_name))


def refusal_of(
    change: ResourceChange,
    outcome: Estate,
    around: RuleContext,
    catalog: Catalog,
    today: str | None,
) -> str | None:
    """Return why Azure refuses the write or the delete of a change, or None.

    `today` is the day on which it is made.
    """
    found = next(iter(findings_of(change, outcome, around, catalog, today)), None)
    return str(found) if found else None


def findings_of(
    change: ResourceChange,
    outcome: Estate,
    around: RuleContext,
    catalog: Catalog,
    today: str | None,
) -> tuple[Finding, ...]:
    """Return what Azure refuses of the write or the delete of a change, made `today`."""
    before = change.found.body if change.found is not None else None
    if change.action is Action.DELETE:
        write = _write_of(change.type, change.id, before, {}, around, deletes=True)
    elif change.action in _WRITES and (own := outcome.get(change.id)) is not None:
        if change.action is Action.REPLACE:
            before = None
        after = _without_refilled(change, _without_unstated_children(change, own.body))
        write = _write_of(change.type, change.id, before, after, around)
    else:
        return ()
    return judge_write(replace(write, today=today), catalog)


def _write_of(
    resource_type: ResourceType,
    resource: ResourceId,
    before: Body | None,
    after: Mapping[str, Value],
    around: RuleContext,
    *,
    deletes: bool = False,
) -> Write:
    version = resource_type.api_version
    return Write(resource_type.name, resource, before, after, around, version, deletes)


def _without_unstated_children(
    change: ResourceChange, body: Mapping[str, Value]
) -> Mapping[str, Value]:
    """Leave out the children that are in the body only because Azure answered them there.

    Those that a write does not state are resources of their own in the outcome.
    """
    for embedded in change.type.embedded:
        path = embedded.path.split(".")
        if lookup(change.desired, path) is ABSENT and lookup(body, path) is not ABSENT:
            body = without_at(body, path)
    return body


def _without_refilled(change: ResourceChange, body: Mapping[str, Value]) -> Mapping[str, Value]:
    """Leave out the values that Azure fills in again with each write that does not state them."""
    for name, facts in change.type.fields.items():
        path = name.split(".")
        if facts.refilled and lookup(change.desired, path) is ABSENT:
            body = without_at(body, path)
    return body


def _refusal_diagnostic(resource: DesiredResource, found: Finding) -> Diagnostic:
    refusal = found.refusal
    steps = [
        int(step.strip("[]")) if step.startswith("[") else step
        for step in split_steps(refusal.path) or ()
    ]
    span = span_of(resource.node, *steps) if steps else resource.span
    place = f" {refusal.path.removeprefix('properties.')}" if refusal.path else ""
    return error(found.rule.id, f"{resource.address}{place}: {found}.", span, refusal.hint)
