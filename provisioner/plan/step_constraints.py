"""Order constraints of steps beside dependencies: locks, policies, peerings and shared writers."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from provisioner.catalog.occupants import occupants_in
from provisioner.catalog.registry import Catalog
from provisioner.documents.plan import Action
from provisioner.model.actual import ActualState
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import Value, lookup
from provisioner.plan.changes import ResourceChange
from provisioner.plan.dependents import mentions
from provisioner.plan.locks import Lock, verbs_of
from provisioner.plan.step import Step


def order_around_locks(
    changes: Sequence[ResourceChange],
    puts: Mapping[str, Step],
    deletes: Mapping[str, Step],
    after: dict[str, set[str]],
    locks: Iterable[Lock],
) -> None:
    """Order steps around the management locks that the plan changes.

    What a lock forbids comes after the lock is deleted or loosened, or before it is made or
    tightened.

    The write of a lock then no longer waits for what it stands on: that is there already.
    """
    for lock in locks:
        delete = deletes.get(lock.id.key)
        changed = delete or (puts.get(lock.address) if lock.address is not None else None)
        if changed is None or lock.now == lock.then:
            continue
        for change in changes:
            for deleting in verbs_of(change):
                step = deletes.get(change.id.key) if deleting else puts.get(change.address)
                if step is None or step.key == changed.key:
                    continue
                if lock.forbids_now(change, deleting=deleting):
                    after[step.key].add(changed.key)
                    after[changed.key].discard(step.key)
                elif lock.forbids_then(change, deleting=deleting):
                    after[changed.key].add(step.key)


def order_mutual(
    changes: Sequence[ResourceChange], puts: Mapping[str, Step], after: dict[str, set[str]]
) -> None:
    """Order the creation of one side of a mutual copy after the repair of the other side.

    Both sides of a peering are such copies: Azure creates no peering whose other side is
    Disconnected (RemotePeeringIsDisconnected: "update or re-create the remote peering").
    """
    # A resource that moves has two changes at one address: the one that goes is written nowhere.
    written = [c for c in changes if c.address in puts and c.desired is not None]
    ends = {change.address: _copy_and_original(change) for change in written}
    mended = {
        ends[change.address]: puts[change.address].key
        for change in written
        if any(field.is_state for field in change.fields)
    }
    for change in written if mended else ():
        pair = ends[change.address]
        if pair is None or change.action not in _MADE or pair in mended:
            continue  # where both are made anew, neither waits for the other
        other = mended.get((pair[1], pair[0]))
        if other is not None:
            after[puts[change.address].key].add(other)


def _copy_and_original(change: ResourceChange) -> tuple[str, str] | None:
    """Return the keys of the resource that holds a copy and of the original, or None."""
    snapshot, holder = change.type.snapshot, change.id.parent
    if snapshot is None or holder is None:
        return None
    original = parse_resource_id(lookup(change.desired, snapshot.of.split(".")))
    return (holder.key, original.key) if original is not None else None


_MADE = (Action.CREATE, Action.REPLACE)


def order_around_policies(
    changes: Sequence[ResourceChange],
    puts: Mapping[str, Step],
    deletes: Mapping[str, Step],
    after: dict[str, set[str]],
    state: ActualState,
) -> None:
    """Order the writes that a policy evaluates after the change of the policy.

    So the plan is evaluated by the policies that it leads to. A new policy comes when it may,
    unless it exempts. What the policy itself waits for cannot wait for it.
    """
    for change in changes:
        if not change.type.judges or (change.found is None and not change.type.exempts):
            continue
        changed = puts.get(change.address) or deletes.get(change.id.key)
        if changed is None:
            continue
        scopes = [*_judged_scopes(change, changes, state)]
        before = closure(changed.key, after)
        for other in changes:
            put = puts.get(other.address)
            if put is None or other.type.judges or put.key in before:
                continue
            if any(other.id.is_within(scope) for scope in scopes):
                after[put.key].add(changed.key)


def _judged_scopes(
    change: ResourceChange, changes: Sequence[ResourceChange], state: ActualState
) -> Iterator[ResourceId]:
    """Yield the scopes in which a policy is evaluated.

    They are the scopes of its assignments that were read or are planned.
    """
    bodies = [(hit.id, hit.body) for hit in state.found.values()]
    planned = [(other.id, other.desired or {}) for other in changes if other.type.judges]
    for resource, body in ((change.id, {}), *bodies, *planned):
        named = parse_resource_id(lookup(body, ("properties", "policyDefinitionId")))
        if resource.scope is not None and (resource == change.id or named == change.id):
            yield resource.scope


def closure(key: str, after: Mapping[str, Iterable[str]]) -> frozenset[str]:
    """Return the keys of all steps that a step waits for, directly or not, with its own."""
    found: set[str] = set()
    pending = [key]
    while pending:
        current = pending.pop()
        if current not in found:
            found.add(current)
            pending += after.get(current, ())
    return frozenset(found)


def share_locks(
    steps: tuple[Step, ...],
    changes: Sequence[ResourceChange],
    state: ActualState,
    catalog: Catalog,
) -> tuple[Step, ...]:
    """Return the steps with one lock for all resources that Azure writes together.

    `ResourceType.written_with` states which: the IP groups of a firewall policy, the policy and its
    firewalls.

    The lock is that of what they share.
    """
    if not any(_is_written_along(step.id, catalog) for step in steps):
        return steps
    writers = _Writers({})
    bodies = [(hit.id, hit.body) for hit in state.found.values()]
    planned = [(change.id, change.desired or {}) for change in changes]
    for resource, body in (*bodies, *planned):
        for user, used in _written_together(resource, body, catalog):
            writers.join(_top_level_resource(user), _top_level_resource(used))
    return tuple(writers.lock(step, catalog) for step in steps)


def _is_written_along(resource: ResourceId, catalog: Catalog) -> bool:
    known = catalog.of(_top_level_resource(resource))
    return known is not None and bool(known.written_with)


def _written_together(
    resource: ResourceId, body: Mapping[str, Value], catalog: Catalog
) -> Iterator[tuple[ResourceId, ResourceId]]:
    """Yield (user, used) for the references in a body, and for the users that Azure names in it."""
    known = catalog.of(resource)
    if known is None:
        return
    for used in mentions(known, body, catalog):
        used_type = catalog.of(used)
        if used_type is not None and known.name in used_type.written_with:
            yield resource, used
    for entry in occupants_in(known, body) if known.written_with else ():
        user = parse_resource_id(lookup(entry, ("id",)))
        if user is not None:
            yield user, resource


def _top_level_resource(resource: ResourceId) -> ResourceId:
    while resource.parent is not None:
        resource = resource.parent
    return resource


@dataclass(frozen=True, slots=True)
class _Writers:
    """Which resources have one writer, each set under the keys of all its members."""

    sets: dict[str, dict[str, ResourceId]]

    def join(self, user: ResourceId, used: ResourceId) -> None:
        """Note that a write of `used` writes `user`."""
        joined = {
            **self.sets.get(user.key, {user.key: user}),
            **self.sets.get(used.key, {used.key: used}),
        }
        for key in joined:
            self.sets[key] = joined

    def lock(self, step: Step, catalog: Catalog) -> Step:
        """Return a step with the lock of its set of resources with one writer, if there is one."""
        members = self.sets.get(_top_level_resource(step.id).key)
        if members is None:
            return step

        def order(key: str) -> tuple[bool, str]:
            known = catalog.of(members[key])
            return known is None or known.serialise_on is None, key

        return replace(step, lock=min(members, key=order))
