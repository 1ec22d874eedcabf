"""Management locks: the changes of a plan that they forbid, before and after the plan changes them.

Sources: "Lock your resources to protect your infrastructure": CanNotDelete forbids the deletes at
and below its scope, ReadOnly every write; a delete of what holds a locked resource is refused too.
Locks themselves can be written and deleted under a lock.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import ResourceType
from provisioner.documents.plan import Action
from provisioner.model.actual import ActualState
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import Value, lookup, values_at
from provisioner.plan.changes import ResourceChange
from provisioner.plan.container_contents import managed_group_in

_READ_ONLY, _NO_DELETE = "readonly", "cannotdelete"
_LEVELS = {_READ_ONLY: "ReadOnly", _NO_DELETE: "CanNotDelete"}


@dataclass(frozen=True, slots=True)
class Lock:
    """A management lock with its level now and after the plan, in lower case.

    "" stands for a lock that is not there. `address` is that of its change, None without one.
    """

    id: ResourceId
    scope: ResourceId
    now: str
    then: str
    address: str | None

    def refusal(self, *, deleting: bool) -> str:
        """Return as text what the lock forbids."""
        what = "the delete" if deleting else "the write"
        return f"the lock {self.id} forbids {what} ({_LEVELS.get(self.now, self.now)})"

    def forbids_now(self, change: ResourceChange, *, deleting: bool) -> bool:
        """Return whether the lock, as it is now, forbids the write or the delete of a change."""
        return _forbids_change(self.now, self.scope, change, deleting=deleting)

    def forbids_then(self, change: ResourceChange, *, deleting: bool) -> bool:
        """Return whether the lock, as the plan makes it, would forbid it."""
        return _forbids_change(self.then, self.scope, change, deleting=deleting)


def find_locks(
    changes: Sequence[ResourceChange], state: ActualState, catalog: Catalog
) -> tuple[Lock, ...]:
    """Return all locks that were read or are planned, by id."""
    found: dict[str, Lock] = {}
    for key, hit in state.found.items():
        level = _level_of(catalog.of(hit.id), hit.body)
        if level and hit.id.scope is not None:
            found[key] = Lock(hit.id, hit.id.scope, level, level, None)
    for change in changes:
        scope = change.id.scope
        if change.type.lock_level is None or scope is None or change.action is Action.BLOCKED:
            continue
        now = found[change.id.key].now if change.id.key in found else ""
        then = "" if change.action is Action.DELETE else _level_of(change.type, change.desired)
        found[change.id.key] = Lock(change.id, scope, now, then or "", change.address)
    return tuple(found[key] for key in sorted(found))


def verbs_of(change: ResourceChange) -> tuple[bool, ...]:
    """Return the requests of a change: True for its DELETE, False for its PUT."""
    return {
        Action.CREATE: (False,),
        Action.UPDATE: (False,),
        Action.ADOPT: (False,),
        Action.DELETE: (True,),
        Action.REPLACE: (True, False),
    }.get(change.action, ())


def managed_group_of(change: ResourceChange) -> ResourceId | None:
    """Return the id of the managed resource group of a change's resource, or None."""
    return managed_group_in(change.type, change.found) if change.found is not None else None


def reached_by(change: ResourceChange) -> Iterator[ResourceId]:
    """Yield the resources that Azure writes into with a change (`ResourceType.reaches`).

    They are those that the body before the change and the body after it refer to.
    """
    for body in (change.found.body if change.found else None, change.desired):
        for path in change.type.reaches if body is not None else ():
            for value in values_at(body, path):
                target = parse_resource_id(value)
                if target is not None:
                    yield target


def _level_of(resource_type: ResourceType | None, body: Mapping[str, Value] | None) -> str:
    path = resource_type.lock_level if resource_type else None
    level = lookup(body, path.split(".")) if path else None
    return level.lower() if isinstance(level, str) else ""


def _forbids_change(
    level: str, scope: ResourceId, change: ResourceChange, *, deleting: bool
) -> bool:
    if change.type.lock_level is not None:
        return False
    if level != _READ_ONLY and not (deleting and level == _NO_DELETE):
        return False
    if any(one.is_within(scope) for one in (change.id, *reached_by(change))):
        return True
    group = managed_group_of(change)
    held = [change.id, *([group] if group else [])]
    return deleting and any(scope.is_within(one) for one in held)
