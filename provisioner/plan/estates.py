"""The three states of an environment as estates: desired, actual, and what a plan leads to.

In an estate every child is a resource of its own, also one that ARM answers inside its parent's
body (a route, a rule, a subnet, a node pool).
"""

from collections.abc import Iterable, Iterator, Mapping

from provisioner.blueprint.graph import DesiredGraph
from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import Embedded, ResourceType, Tier
from provisioner.diff.computed import computed_values
from provisioner.diff.merge import merge_for_write
from provisioner.documents.plan import Action
from provisioner.model.actual import ActualState
from provisioner.model.estate import Estate, Resource
from provisioner.model.key_index import KeyIndex
from provisioner.model.resource_id import ResourceId
from provisioner.model.span import Span
from provisioner.model.values import ABSENT, Value, lookup, without_at
from provisioner.plan.changes import Changes, ResourceChange
from provisioner.plan.options import with_defaults


def expand(resources: Iterable[Resource], catalog: Catalog) -> tuple[Resource, ...]:
    """Return resources with the children that stand in their bodies.

    A child that is stated by itself comes last, and so takes precedence.
    """
    stated = tuple(resources)
    return (
        *(child for resource in stated for child in _embedded_children(resource, catalog)),
        *stated,
    )


def desired_estate(graph: DesiredGraph, catalog: Catalog) -> Estate:
    """Return what the blueprint describes; what only Azure can know is Unknown."""
    stated = (
        Resource(r.id, r.type.name, r.body, r.address, r.span, _has_facts(r.type)) for r in graph
    )
    return Estate.of(expand(stated, catalog))


def known_estate(graph: DesiredGraph, state: ActualState, catalog: Catalog) -> Estate:
    """Return what the blueprint describes, with what it only reads as it was found in Azure.

    That includes the children that others put there: the subnets and peerings of a shared network.
    """
    read = (graph.by_id.get(key) for key in state.found)
    found = [
        Resource(
            r.id, r.type.name, state.found[r.id.key].body, r.address, r.span, _has_facts(r.type)
        )
        for r in read
        if r is not None and not r.managed
    ]
    inside = [child for resource in found for child in _embedded_children(resource, catalog)]
    return Estate.of([*inside, *desired_estate(graph, catalog), *found])


def stated_estate(
    changes: Changes, state: ActualState, graph: DesiredGraph, catalog: Catalog
) -> Estate:
    """Return what the blueprint describes, as Azure would have it without any drift.

    References are resolved, and values that Azure alone writes are as they were found. What else
    only Azure can know is Unknown.
    """
    bodies = {c.id.key: c.desired for c in changes.resources if c.desired is not None}
    stated = []
    for each in graph:
        body = bodies.get(each.id.key, each.body)
        found = state.found.get(each.id.key)
        if found is not None:
            body = _overlaid(computed_values(each.type, catalog.schemas, found.body), body)
        facts = _has_facts(each.type)
        stated.append(Resource(each.id, each.type.name, body, each.address, each.span, facts))
    return Estate.of(expand(stated, catalog))


def actual_estate(state: ActualState, graph: DesiredGraph, catalog: Catalog) -> Estate:
    """Return what was found in Azure, all of it: what the blueprint does not have too."""
    return Estate(_found_resources(state, graph, catalog), state.unread)


def planned_estate(
    changes: Changes,
    state: ActualState,
    graph: DesiredGraph,
    catalog: Catalog,
    actual: Estate | None = None,
) -> Estate:
    """Return the state that a plan leads to: the found state with the plan's changes made.

    `actual` is the estate of the found state, where there is one already.

    A blocked change is not made, and neither is what would stand in what a blocked change was to
    create. Values that Azure will only answer with are Unknown.
    """
    resources = (
        dict(actual.resources) if actual is not None else _found_resources(state, graph, catalog)
    )
    index = KeyIndex(resources)
    for change in changes.resources:
        if change.action is Action.DELETE:
            _remove_subtree(resources, index, change.id)
            continue
        if change.action is Action.REPLACE:
            _remove_subtree(resources, index, change.id)
        body = _outcome_body(change, catalog)
        if body is None or change.desired is None:
            continue
        stated = graph.by_id.get(change.id.key)
        made = Resource(
            change.id,
            change.type.name,
            body,
            change.address,
            stated.span if stated else None,
            _has_facts(change.type),
        )
        for embedded in change.type.embedded:
            if lookup(change.desired, embedded.path.split(".")) is ABSENT:
                continue
            if not embedded.kept:
                _remove_children(resources, index, change.id, embedded.child)
            for child in _children_at(made, embedded):
                resources[child.id.key] = child
                index.add(child.id.key)
        resources[change.id.key] = made
        index.add(change.id.key)
    for never_made in _blocked_creations(changes, state):
        _remove_subtree(resources, index, never_made)
    return Estate(resources, tuple(each for each in state.unread if each.key not in resources))


def _has_facts(resource_type: ResourceType | None) -> bool:
    return resource_type is not None and resource_type.tier is Tier.KNOWN


def _blocked_creations(changes: Changes, state: ActualState) -> Iterator[ResourceId]:
    for change in changes.resources:
        if change.action is Action.BLOCKED and change.id.key not in state.found:
            yield change.id


def _found_resources(
    state: ActualState, graph: DesiredGraph, catalog: Catalog
) -> dict[str, Resource]:
    resources: dict[str, Resource] = {}
    for key, found in state.found.items():
        stated = graph.by_id.get(key)
        known = catalog.find(found.id.type)
        address, span = (
            (stated.address, stated.span) if stated else _place_of_child(found.id, graph)
        )
        name = known.name if known else found.id.type
        resource = Resource(found.id, name, found.body, address, span, _has_facts(known))
        for child in _embedded_children(resource, catalog):
            resources.setdefault(child.id.key, child)
        resources[key] = resource
    return resources


def _place_of_child(child: ResourceId, graph: DesiredGraph) -> tuple[str | None, Span | None]:
    """Return an address for an undeclared child of a declared parent, and the parent's place.

    Both are None without a declared parent.
    """
    parent = graph.by_id.get(child.parent.key) if child.parent else None
    if parent is None:
        return None, None
    return f"{parent.address}[{child.name}]", parent.span


def _outcome_body(change: ResourceChange, catalog: Catalog) -> Mapping[str, Value] | None:
    """Return the body that a resource has after its change; None where it stays as found."""
    if change.desired is None or change.action in (Action.NO_OP, Action.BLOCKED):
        return None
    if change.action not in (Action.UPDATE, Action.ADOPT) or change.found is None:
        return change.desired
    written = merge_for_write(change.type, catalog.schemas, change.desired, change.found.body)
    # What Azure alone writes (an address it gave) stays: the write does not mention it.
    stays = _without_outdated(change.type, change.found.body, written)
    return with_defaults(_overlaid(stays, written), change.fields)


def _without_outdated(
    resource_type: ResourceType, found: Mapping[str, Value], written: Mapping[str, Value]
) -> Mapping[str, Value]:
    """Return a live body without the values that become outdated by the write."""
    outdated = [
        path.split(".")
        for path, facts in resource_type.fields.items()
        if "[]" not in path and _is_moved(found, written, facts.follows)
    ]
    for path in outdated:
        found = without_at(found, path)
    return found


def _is_moved(
    found: Mapping[str, Value], written: Mapping[str, Value], paths: Iterable[str]
) -> bool:
    steps = (path.split(".") for path in paths)
    return any(lookup(found, path) != lookup(written, path) for path in steps)


def _overlaid(found: Mapping[str, Value], written: Mapping[str, Value]) -> Mapping[str, Value]:
    outcome = dict(found)
    for name, value in written.items():
        before = found.get(name)
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            outcome[name] = _overlaid(before, value)
        else:
            outcome[name] = value
    return outcome


def _embedded_children(resource: Resource, catalog: Catalog) -> Iterator[Resource]:
    known = catalog.find(resource.type)
    for embedded in known.embedded if known else ():
        yield from _children_at(resource, embedded)


def _children_at(resource: Resource, embedded: Embedded) -> Iterator[Resource]:
    entries = lookup(resource.body, embedded.path.split("."))
    for entry in entries if isinstance(entries, (list, tuple)) else ():
        name = entry.get("name") if isinstance(entry, Mapping) else None
        if not isinstance(name, str):
            continue
        body: Mapping[str, Value] = entry
        if embedded.flattened:
            inner = {key: value for key, value in entry.items() if key != "name"}
            body = {"name": name, "properties": inner}
        child = ResourceId(embedded.child, (*resource.id.names, name), resource.id.scope)
        address = f"{resource.address}[{name}]" if resource.address else None
        yield Resource(child, embedded.child, body, address, resource.span)


def _remove_subtree(resources: dict[str, Resource], index: KeyIndex, gone: ResourceId) -> None:
    for key in index.within(gone.key):
        resources.pop(key, None)


def _remove_children(
    resources: dict[str, Resource], index: KeyIndex, parent: ResourceId, kind: str
) -> None:
    for key in index.within(parent.key):
        resource = resources.get(key)
        if resource is not None and resource.type == kind and key != parent.key:
            del resources[key]
