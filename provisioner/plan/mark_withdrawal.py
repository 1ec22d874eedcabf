"""Ownership marks of resources without tags, and their removal where a create did not happen.

Such a mark is written on its carrier before the resource exists, so that a crash orphans nothing.
If the create then does not happen, the mark would claim whatever others make of that id: it has to
go from the carrier again.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from dataclasses import replace

from provisioner.blueprint.ownership import (
    Marks,
    embedded_children,
    marks_below,
    with_marks_below,
    without_stale_tags,
)
from provisioner.catalog.registry import Catalog
from provisioner.diff.merge import merge_for_write
from provisioner.documents.apply import Outcome
from provisioner.documents.plan import Action
from provisioner.model.actual import ActualState, Found
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Value, lookup
from provisioner.plan.changes import Changes, ResourceChange
from provisioner.plan.owners import CarriedMark
from provisioner.plan.step import DELETE, PUT, Step

_MAKES = (Action.CREATE, Action.REPLACE)
_UPDATES = (Action.UPDATE, Action.ADOPT)


def with_carried_marks(changes: Changes, state: ActualState, marks: Marks) -> Changes:
    """Return the changes, each with the marks that others carry of what it makes or deletes.

    The carriers are among the changes, whether anything happens to them or not.
    """
    carriers: dict[str, dict[str, ResourceId]] = {}
    for change in changes.resources:
        live = change.found.body if change.found is not None else None
        for body in (change.desired, live):
            for mark in marks_below(lookup(body, ("tags",))):
                carriers.setdefault(mark, {})[change.id.key] = change.id
    if not carriers:
        return changes
    return replace(
        changes,
        resources=tuple(
            replace(change, carried=tuple(_carried_marks(change, carriers, state, marks)))
            if change.action in (*_MAKES, *_UPDATES, Action.DELETE)
            else change
            for change in changes.resources
        ),
    )


def _carried_marks(
    change: ResourceChange,
    carriers: Mapping[str, Mapping[str, ResourceId]],
    state: ActualState,
    marks: Marks,
) -> Iterator[CarriedMark]:
    about: list[ResourceId] = []
    if not change.type.taggable and change.action not in _UPDATES:
        about.append(change.id)
    if change.desired is not None:
        parts = embedded_children(change.type, change.id, change.desired)
        about += (
            part
            for part in parts
            if change.action in _MAKES or not isinstance(state.get(part), Found)
        )
    for resource in about:
        for mark in (marks.mark_below(resource), marks.mark_part(resource)):
            for carrier in carriers.get(mark, {}).values():
                yield CarriedMark(resource, carrier, mark)


def find_unmade(
    steps: Sequence[Step], outcomes: Mapping[str, Outcome], lost: Collection[str]
) -> tuple[tuple[CarriedMark, ...], tuple[CarriedMark, ...]]:
    """Return the marks of what these steps did not make or have deleted, and the undecided marks.

    The undecided ones need a read.

    `outcomes` are those of the steps by their keys. `lost` are the keys of the creates that found
    what others had made in the meantime. What was absent and was never sent is not this plan's,
    whatever stands there by now.
    """
    done = {step.key for step in steps if outcomes[step.key] is Outcome.SUCCEEDED}
    deleted = {step.id.key: step.key in done for step in steps if step.verb == DELETE}
    written = {step.id.key: step for step in steps if step.key in done}
    unmade: list[CarriedMark] = []
    doubtful: list[CarriedMark] = []
    for step in steps:
        if step.verb == DELETE:
            if step.key in done:
                unmade += (mark for mark in step.carried if not _is_dropped(mark, written))
            continue
        for mark in step.carried if step.key not in done else ():
            is_itself = mark.resource == step.id
            # What the body of another step states too (a subnet of a network's list) may be made.
            is_never_sent = outcomes[step.key] is Outcome.SKIPPED and (
                not is_itself or step.create_guard is not None
            )
            is_lost = is_itself and step.key in lost
            known = is_lost or (is_never_sent and _was_absent(mark.resource, deleted))
            (unmade if known else doubtful).append(mark)
    return tuple(unmade), tuple(doubtful)


def _was_absent(resource: ResourceId, deleted: Mapping[str, bool]) -> bool:
    """Return whether a resource was seen absent: when planning, or after a delete that took it."""
    keys = (resource.key, *(above.key for above in resource.ancestors))
    ends = [deleted[key] for key in keys if key in deleted]
    return not ends or any(ends)


def _is_dropped(mark: CarriedMark, written: Mapping[str, Step]) -> bool:
    """Return whether a step that succeeded has dropped a mark from its carrier, or deleted it."""
    step = written.get(mark.carrier.key)
    return step is not None and mark.text not in marks_below(lookup(step.body, ("tags",)))


def build_withdrawal(carrier: Found, marks: Set[str], catalog: Catalog) -> Step:
    """Return the step that removes marks from a carrier that was just read.

    Its body is the live one: nothing but tags changes.
    """
    resource_type = catalog.get(carrier.id.type)
    tags = lookup(carrier.body, ("tags",))
    found = tags.items() if isinstance(tags, Mapping) else ()
    stated: Mapping[str, Value] = {str(name): str(value) for name, value in found}
    desired = with_marks_below({"tags": stated}, (), marks)
    merged = merge_for_write(resource_type, catalog.schemas, desired, carrier.body)
    return Step(
        key=f"put {carrier.id}",
        verb=PUT,
        address=carrier.id.text,
        id=carrier.id,
        type=resource_type.name,
        api_version=resource_type.api_version,
        body=without_stale_tags(merged, desired),
        guarded=resource_type.etag,
        lock=carrier.id.key,
        seconds=resource_type.seconds,
    )
