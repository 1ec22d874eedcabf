"""The steps of a plan: the requests that carry it out, and the dependencies between them.

`assembly` calls `build_steps`; each `_order_…` function adds one kind of dependency.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from provisioner.blueprint.graph import DesiredGraph
from provisioner.blueprint.ownership import mark_in, marks_below, without_stale_tags
from provisioner.catalog.references import references_in
from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import Embedded, ResourceType, Snapshot
from provisioner.diff.merge import merge_for_write
from provisioner.documents.plan import Action
from provisioner.model.actual import ActualState, Found
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import ABSENT, Body, Value, lookup, put_at
from provisioner.plan.changes import Changes, ResourceChange
from provisioner.plan.dependents import key_of, targets_of
from provisioner.plan.locks import find_locks
from provisioner.plan.options import with_defaults
from provisioner.plan.redaction import conceal, sensitive_places
from provisioner.plan.rotation import resource_stating
from provisioner.plan.step import DELETE, PUT, Step
from provisioner.plan.step_constraints import (
    order_around_locks,
    order_around_policies,
    order_mutual,
    share_locks,
)
from provisioner.plan.step_order import order_turns, with_made

__all__ = ["DELETE", "PUT", "Step", "build_steps"]


def build_steps(
    decided: Changes,
    graph: DesiredGraph,
    catalog: Catalog,
    state: ActualState,
) -> tuple[Step, ...]:
    """Return the steps of the changes, each after those that it waits for.

    `state` tells what in Azure points to what, and which locks there are.
    """
    changes = decided.resources
    rotations = [c for c in changes if c.stand_in is not None and c.action is Action.REPLACE]
    rotating = {change.id.key for change in rotations}
    gone = {change.id.key for change in changes if _is_deleted(change)} - rotating
    puts = {c.address: _put_of_change(c, catalog, gone) for c in changes if _is_written(c)}
    lost = {change.id.key for change in changes if _is_deleted(change)}
    deletes = {
        c.id.key: _delete_step(c)
        for c in changes
        if _is_deleted(c) and not _goes_with_parent(c, lost, catalog)
    }
    after: dict[str, set[str]] = {step.key: set() for step in (*puts.values(), *deletes.values())}
    for change in changes:
        if change.address in puts:
            step = puts[change.address]
            after[step.key] |= _writes_before(change, graph, puts)
            if change.id.key in deletes:
                after[step.key].add(deletes[change.id.key].key)
    known = {key_of(step.id, catalog): step for step in deletes.values()}
    for change in changes:
        if known and change.found is not None:
            _order_around_deletes(change, puts, known, rotating, after, catalog)
    _order_deletes(deletes, after)
    _order_carriers(changes, puts, deletes, after)
    _order_names(changes, puts, deletes, after)
    _order_narrowed(changes, puts, deletes, after, catalog)
    order_around_locks(changes, puts, deletes, after, find_locks(changes, state, catalog))
    order_around_policies(changes, puts, deletes, after, state)
    order_mutual(changes, puts, after)
    stated = {c.address: _writes_before(c, graph, puts) for c in changes if c.address in puts}
    order_turns(changes, puts, deletes, after, decided.turns, stated)
    puts = {address: with_made(step, puts, after, catalog) for address, step in puts.items()}
    steps = {step.key: step for step in (*puts.values(), *deletes.values())}
    for change in rotations:
        steps |= _rotation_steps(
            change, puts[change.address], deletes.get(change.id.key), after, catalog
        )
    ordered = _unguard_stated(
        _unguard_shared(_sort_topologically(steps, after), state, catalog), catalog
    )
    return share_locks(ordered, changes, state, catalog)


def _is_written(change: ResourceChange) -> bool:
    """Return whether a change is a write of the resource itself.

    A resource without tags that is adopted unchanged gets its mark on its carrier instead.
    """
    return change.action in _PUTS and (change.action is not Action.ADOPT or bool(change.fields))


def _is_deleted(change: ResourceChange) -> bool:
    if change.stand_in is not None and change.action is Action.REPLACE:
        return change.stand_in.relieves
    return change.action in _DELETES


def _goes_with_parent(change: ResourceChange, lost: Collection[str], catalog: Catalog) -> bool:
    """Return whether the delete of its parent deletes a resource that is made anew.

    It needs no delete of its own then: AKS deletes the pools of a cluster, and no last system pool
    by itself.
    """
    parent = change.id.parent
    if change.action is not Action.REPLACE or parent is None or parent.key not in lost:
        return False
    known = catalog.of(parent)
    return known is not None and any(
        embedded.flattened and embedded.child == change.type.name for embedded in known.embedded
    )


def _writes_before(
    change: ResourceChange, graph: DesiredGraph, puts: Mapping[str, Step]
) -> set[str]:
    """Return the keys of the writes that the write of a resource has to wait for.

    What is stated in the body of its parent waits for what the parent waits for, and for it.
    """
    stating = resource_stating(change, graph)
    if stating is None:
        return set()
    waits = {puts[edge.on].key for edge in stating.edges if edge.on in puts}
    if stating.address != change.address and stating.address in puts:
        waits.add(puts[stating.address].key)
    return waits


def _rotation_steps(
    change: ResourceChange,
    put: Step,
    delete: Step | None,
    after: dict[str, set[str]],
    catalog: Catalog,
) -> Mapping[str, Step]:
    """Return the steps of a stand-in: made before the delete, deleted after the new creation.

    The write of the parent comes first, with the children as they are: a pool may be made anew in
    a version that its cluster is only upgraded to.
    """
    assert change.stand_in is not None
    placed = replace(
        change,
        address=change.stand_in.address,
        id=change.stand_in.id,
        found=change.stand_in.found,
        carried=(),
    )
    leave = replace(_delete_step(placed), guarded=False)
    after[leave.key] = {put.key}
    if change.stand_in.body is None or delete is None:
        return {leave.key: leave}
    # What it takes over of the resource that it stands in for, secrets too, is read from there.
    body = _with_secret_references(change, change.stand_in.body, catalog)
    enter = _put_step(placed, body, catalog, creates=change.stand_in.found is None)
    after[enter.key] = set(after[put.key]) - {delete.key}
    after[delete.key].add(enter.key)
    return {enter.key: enter, leave.key: leave}


def _order_deletes(deletes: Mapping[str, Step], after: dict[str, set[str]]) -> None:
    """Order the delete of children and extension resources before that of their parent or scope."""
    for step in deletes.values():
        for container in step.id.ancestors:
            holder = deletes.get(container.key)
            if holder is not None:
                after[holder.key].add(step.key)


def _order_narrowed(
    changes: Sequence[ResourceChange],
    puts: Mapping[str, Step],
    deletes: Mapping[str, Step],
    after: dict[str, set[str]],
    catalog: Catalog,
) -> None:
    """Order the change of what confines its users after the deletes of users.

    A role confines its assignments by its assignable scopes.
    """
    confining = {
        key_of(change.id, catalog): puts[change.address]
        for change in changes
        if change.type.confines is not None and change.address in puts
    }
    for change in changes:
        delete = deletes.get(change.id.key)
        if delete is None or change.found is None or not confining:
            continue
        for target in targets_of(change.type.name, change.found.body, catalog):
            if target in confining:
                after[confining[target].key].add(delete.key)


def _order_carriers(
    changes: Sequence[ResourceChange],
    puts: Mapping[str, Step],
    deletes: Mapping[str, Step],
    after: dict[str, set[str]],
) -> None:
    """Order the removal of a mark from its carrier after the delete of its resource.

    A mark may also be removed once another carrier has it. So an apply that stops in between leaves
    no resource behind without a mark.
    """
    writes = {c.id.key: puts[c.address] for c in changes if c.address in puts}
    _order_handovers(changes, puts, after)
    for change in changes:
        gone = deletes.get(change.id.key)
        if gone is None or change.action is not Action.DELETE or change.found is None:
            continue
        for mark in change.carried:
            for holder in (writes.get(mark.carrier.key), deletes.get(mark.carrier.key)):
                if holder is not None:
                    after[holder.key].add(gone.key)
        carried = marks_below(lookup(change.found.body, ("tags",)))
        for step in puts.values() if carried else ():
            if carried & marks_below(lookup(step.body, ("tags",))):
                after[gone.key].add(step.key)


def _order_names(
    changes: Sequence[ResourceChange],
    puts: Mapping[str, Step],
    deletes: Mapping[str, Step],
    after: dict[str, set[str]],
) -> None:
    """Order the creation of a globally unique name after the delete of the resource that has it."""
    gone = {
        (change.type.name, change.id.name.lower()): deletes[change.id.key].key
        for change in changes
        if change.type.rule.unique_in_azure and change.id.key in deletes
    }
    for change in changes if gone else ():
        had = gone.get((change.type.name, change.id.name.lower()))
        if change.action is Action.CREATE and change.address in puts and had is not None:
            after[puts[change.address].key].add(had)


def _order_handovers(
    changes: Sequence[ResourceChange], puts: Mapping[str, Step], after: dict[str, set[str]]
) -> None:
    """Order the write of a carrier that hands a mark over after the write of the new carrier.

    Where the new carrier itself waits for the old one, the mark is briefly on neither; an apply
    that ends there leaves a declared resource that the next plan has to adopt.
    """
    marks = {step.key: marks_below(lookup(step.body, ("tags",))) for step in puts.values()}
    for change in changes:
        old = puts.get(change.address)
        if old is None or change.found is None:
            continue
        lost = marks_below(lookup(change.found.body, ("tags",))) - marks[old.key]
        for key in sorted(marks) if lost else ():
            if marks[key] & lost and not _waits_for(key, old.key, after):
                after[old.key].add(key)


def _waits_for(key: str, wanted: str, after: Mapping[str, set[str]]) -> bool:
    pending, seen = [key], {key}
    while pending:
        current = pending.pop()
        if current == wanted:
            return True
        more = after.get(current, set()) - seen
        seen |= more
        pending += more
    return False


_PUTS = (Action.CREATE, Action.UPDATE, Action.ADOPT, Action.REPLACE)
_UPDATES = (Action.UPDATE, Action.ADOPT)
_DELETES = (Action.DELETE, Action.REPLACE)


def _order_around_deletes(
    change: ResourceChange,
    puts: Mapping[str, Step],
    deletes: Mapping[str, Step],
    rotating: Collection[str],
    after: dict[str, set[str]],
    catalog: Catalog,
) -> None:
    """Order a delete after the writes and deletes that remove the references to it.

    A reference has to be removed, or its holder deleted, before the resource can be deleted.

    `deletes` holds the deletes by what two ids of one resource have in common (`key_of`).
    """
    assert change.found is not None
    put, own_delete = puts.get(change.address), deletes.get(key_of(change.id, catalog))
    if own_delete is None:
        # What is in a resource that goes has gone with it, and comes back without what it named.
        holders = (deletes.get(key_of(above, catalog)) for above in change.id.ancestors)
        own_delete = next((holder for holder in holders if holder is not None), None)
    for mentioned in _referenced_ids(change, catalog, whole=own_delete is not None):
        delete = deletes.get(key_of(mentioned, catalog))
        if delete is None or delete is own_delete:
            continue
        if own_delete is not None:
            if not delete.id.is_within(own_delete.id):
                after[delete.key].add(own_delete.key)
        elif put is not None and not mentioned.is_within(change.id):
            after[delete.key].add(put.key)
    if put is not None and change.action in _UPDATES:
        after[put.key] |= {
            step.key
            for step in deletes.values()
            if step.id.key.startswith(change.id.key + "/") and step.id.key not in rotating
        }


def _referenced_ids(
    change: ResourceChange, catalog: Catalog, *, whole: bool
) -> Iterator[ResourceId]:
    """Yield the ids that the live body of a resource refers to.

    Included are the references of the children that are written with it (the rules of a security
    group), or of all children where it is deleted as a `whole` (the subnet of a cluster's system
    pool).
    """
    assert change.found is not None
    found = list(references_in(change.type, catalog.schemas, change.found.body))
    for embedded in change.type.embedded:
        path = embedded.path.split(".")
        if whole or lookup(change.desired, path) is not ABSENT:
            found += _references_of_children(change.found.body, embedded, catalog)
    for _path, mentioned in found:
        current: ResourceId | None = mentioned
        while current is not None and not current.is_container:
            yield current
            current = current.parent


def _references_of_children(
    body: Body, embedded: Embedded, catalog: Catalog
) -> Iterator[tuple[str, ResourceId]]:
    entries = lookup(body, embedded.path.split("."))
    for entry in entries if isinstance(entries, (list, tuple)) else ():
        if isinstance(entry, Mapping):
            child = {"properties": entry} if embedded.flattened else entry
            yield from references_in(catalog.get(embedded.child), catalog.schemas, child)


def _put_of_change(change: ResourceChange, catalog: Catalog, gone: Collection[str]) -> Step:
    """Return the write of a resource, without the children in its body that go before it."""
    assert change.desired is not None
    body = change.desired
    if change.action in _UPDATES and change.found is not None:
        merged = merge_for_write(change.type, catalog.schemas, change.desired, change.found.body)
        tagged = without_stale_tags(merged, change.desired)
        body = _without_gone(change, with_defaults(tagged, change.fields), gone)
    # A replacement creates as well: what stood there is deleted before.
    creates = change.found is None or _is_deleted(change)
    return _put_step(change, body, catalog, creates=creates)


def _with_secret_references(
    change: ResourceChange, body: Mapping[str, Value], catalog: Catalog
) -> Mapping[str, Value]:
    """Return a body with live secrets as references: a plan is a file and holds no secret."""
    live = change.found.body if change.found is not None else {}
    places = sensitive_places(change.type, catalog.schemas, live, change.desired)
    return conceal(body, live, change.address, places)


def _without_gone(
    change: ResourceChange, body: Mapping[str, Value], gone: Collection[str]
) -> Mapping[str, Value]:
    for embedded in change.type.embedded:

        def stays(entry: Value, kind: str = embedded.child) -> bool:
            name = entry.get("name") if isinstance(entry, Mapping) else None
            child = ResourceId(kind, (*change.id.names, str(name)), change.id.scope)
            return child.key not in gone

        path = embedded.path.split(".")
        entries = lookup(body, path)
        if isinstance(entries, (list, tuple)):
            body = put_at(body, path, [entry for entry in entries if stays(entry)])
    return body


def _put_step(
    change: ResourceChange, body: Mapping[str, Value], catalog: Catalog, *, creates: bool
) -> Step:
    return Step(
        key=f"put {change.address}",
        verb=PUT,
        address=change.address,
        id=change.id,
        type=change.type.name,
        api_version=change.type.api_version,
        body=_with_secret_references(change, body, catalog),
        guarded=change.action in _UPDATES and change.type.etag,
        lock=_lock_key(change.type, change.id),
        seconds=change.type.seconds,
        create_guard=change.type.create_guard(change.id.name) if creates else None,
        mark=None if creates or change.found is None else mark_in(change.found.body),
        inside=() if creates else change.inside,
        carried=change.carried,
        query=()
        if creates or change.type.snapshot is None
        else _refresh_query(change.type.snapshot),
    )


def _refresh_query(snapshot: Snapshot) -> tuple[tuple[str, str], ...]:
    """Return the query parameters with which a write renews the copy of a resource.

    A creation copies what is there; a later write copies again only with these parameters.
    """
    return tuple(sorted(snapshot.query.items()))


def _delete_step(change: ResourceChange) -> Step:
    return Step(
        key=f"delete {change.address}",
        verb=DELETE,
        address=change.address,
        id=change.id,
        type=change.type.name,
        api_version=change.type.api_version,
        body=None,
        guarded=change.type.etag,
        lock=_lock_key(change.type, change.id),
        seconds=max(1, change.type.seconds // 2),
        mark=mark_in(change.found.body) if change.found is not None else None,
        inside=change.inside,
        carried=change.carried if change.action is Action.DELETE else (),
    )


def _lock_key(resource_type: ResourceType, resource: ResourceId) -> str:
    """Return the lock of a step: what is written to, so that its writes go one at a time.

    It is the top resource where its children share its writer.

    What shares a writer because it points to a third is found by `share_locks`.
    """
    if resource_type.serialise_on is None:
        return resource.key
    return _top_level_resource(resource).key


def _unguard_shared(
    steps: tuple[Step, ...], state: ActualState, catalog: Catalog
) -> tuple[Step, ...]:
    """Remove the If-Match guard of all but the first write to one resource tree.

    A write to a network changes the ETags of its subnets, and the other way round: where a plan
    writes twice to one tree, only the first of its steps can be guarded.

    So it changes those of the networks that keep a copy of it (their peerings), whose writes run
    beside it: they are guarded where the plan writes to none of them.
    """
    written = {_top_level_resource(step.id).key for step in steps}
    copied = {
        _top_level_resource(hit.id).key
        for hit in state.found.values()
        if (original := _original_id(hit, catalog)) is not None
        and _top_level_resource(original).key in written - {_top_level_resource(hit.id).key}
    }
    seen = set(copied)
    result: list[Step] = []
    for step in steps:
        root = _top_level_resource(step.id).key
        result.append(replace(step, guarded=False) if root in seen else step)
        seen.add(root)
    return tuple(result)


def _original_id(hit: Found, catalog: Catalog) -> ResourceId | None:
    known = catalog.of(hit.id)
    snapshot = known.snapshot if known is not None else None
    named = lookup(hit.body, snapshot.of.split(".")) if snapshot is not None else None
    return parse_resource_id(named)


def _top_level_resource(resource: ResourceId) -> ResourceId:
    while resource.parent is not None:
        resource = resource.parent
    return resource


def _unguard_stated(steps: tuple[Step, ...], catalog: Catalog) -> tuple[Step, ...]:
    """Remove the create guard of children that the write of their parent states too.

    A subnet in a network's list is made by the network's write: where that is in the plan, finding
    the subnet there is no lost race.
    """
    stated = {key for step in steps if step.verb == PUT for key in _stated_children(step, catalog)}
    return tuple(
        replace(step, create_guard=None) if step.id.key in stated else step for step in steps
    )


def _stated_children(step: Step, catalog: Catalog) -> Iterator[str]:
    for embedded in catalog.get(step.type).embedded:
        entries = lookup(step.body, embedded.path.split("."))
        for entry in entries if isinstance(entries, (list, tuple)) else ():
            name = entry.get("name") if isinstance(entry, Mapping) else None
            if isinstance(name, str):
                yield ResourceId(embedded.child, (*step.id.names, name), step.id.scope).key


def _sort_topologically(
    steps: Mapping[str, Step], after: Mapping[str, set[str]]
) -> tuple[Step, ...]:
    """Return the steps in order of their waits; ties in the order of their keys.

    Two resources that point to each other (both peerings of two networks) can be deleted in any
    order, so a wait that would close a circle is dropped.
    """
    waits = {key: tuple(sorted(after[key])) for key in sorted(steps)}
    done: dict[str, Step] = {}
    for start in waits:
        stack = [start]
        on_stack = {start}
        while stack:
            key = stack[-1]
            following = next((k for k in waits[key] if k not in done and k not in on_stack), None)
            if following is not None:
                stack.append(following)
                on_stack.add(following)
                continue
            stack.pop()
            on_stack.discard(key)
            if key not in done:
                done[key] = replace(steps[key], after=tuple(k for k in waits[key] if k in done))
    return tuple(done.values())
