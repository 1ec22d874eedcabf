"""Copies that a plan makes stale: peerings out of sync after a change of address space.

A peering keeps a copy of the remote network's ranges (`ResourceType.snapshot`). Copies of the
environment are written again, with the parameters that renew them; for those of others the plan
warns that their owner has to.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import Snapshot
from provisioner.diff.change import FieldChange
from provisioner.documents.plan import Action, FieldKind
from provisioner.model.actual import ActualState, Found
from provisioner.model.diagnostic import Diagnostic, warning
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import ABSENT, lookup
from provisioner.plan.changes import Changes, ResourceChange

_STAYS = (Action.NO_OP, Action.UPDATE, Action.ADOPT)
_MADE = (Action.CREATE, Action.REPLACE)


def refresh_snapshots(changes: Changes, state: ActualState, catalog: Catalog) -> Changes:
    """Return the changes with a write of each resource whose copy the plan makes stale.

    Each stale copy that is not the environment's gets a warning instead.
    """
    refreshed = _Refresher(changes, state, catalog)
    resources = tuple(refreshed.refresh(change) for change in changes.resources)
    return replace(
        changes,
        resources=resources,
        diagnostics=(*changes.diagnostics, *refreshed.warnings(resources)),
    )


@dataclass(frozen=True)
class _Refresher:
    changes: Changes
    state: ActualState
    catalog: Catalog

    @cached_property
    def kinds(self) -> Mapping[str, Snapshot]:
        """The types that keep copies, by name."""
        return {kind.name: kind.snapshot for kind in self.catalog if kind.snapshot is not None}

    @cached_property
    def moved(self) -> Mapping[str, Mapping[str, ResourceChange]]:
        """The changes of resources that others keep copies of.

        They are by the type that keeps the copies and the key of the changed resource's id.
        """
        return {
            kind: dict(self._changed_originals(snapshot)) for kind, snapshot in self.kinds.items()
        }

    def _changed_originals(self, snapshot: Snapshot) -> Iterator[tuple[str, ResourceChange]]:
        for change in self.changes.resources:
            stays = change.action in _STAYS and any(
                field.path.startswith(snapshot.source) for field in change.fields
            )
            if stays or change.action in _MADE:
                yield change.id.key, change

    def refresh(self, change: ResourceChange) -> ResourceChange:
        """Return a change with the write that its copy needs, if the plan makes it stale."""
        snapshot, found = change.type.snapshot, change.found
        if snapshot is None or found is None or change.action not in _STAYS:
            return change
        original = _original_id(found, snapshot)
        moved = self.moved[change.type.name].get(original.key) if original is not None else None
        if moved is None or any(field.path == snapshot.level for field in change.fields):
            return change
        health = change.type.fact(snapshot.level).health
        field = FieldChange(
            path=snapshot.level,
            kind=FieldKind.CHANGED,
            declared=True,
            before=snapshot.stale,
            after=health.healthy if health is not None else ABSENT,
            reason=f"this plan changes what it copies of {moved.address}",
            disruption=change.type.fact(snapshot.level).disruption,
            is_state=True,
        )
        action = Action.UPDATE if change.action is Action.NO_OP else change.action
        return replace(change, action=action, fields=(*change.fields, field))

    def warnings(self, resources: tuple[ResourceChange, ...]) -> Iterator[Diagnostic]:
        """Yield a warning for each copy that is out of sync after the plan and belongs to others.

        They are the copies that others keep of what the plan changes.
        """
        known = {change.id.key for change in resources}
        for kind, snapshot in self.kinds.items():
            moved = [c for c in self.moved[kind].values() if c.action in _STAYS]
            copies = self._copies_of(kind, snapshot) if moved else _Copies({}, {})
            for change in moved:
                for holder in copies.holders.get(change.id.key, ()):
                    if holder.key not in known:
                        yield _foreign_copy_warning(change, snapshot, str(holder))
                for place in copies.originals.get(change.id.key, ()):
                    if place.key not in self.state.found:
                        what = f"the {self.catalog.get(kind).kind} of {place}"
                        yield _foreign_copy_warning(change, snapshot, what)

    def _copies_of(self, kind: str, snapshot: Snapshot) -> "_Copies":
        holders: dict[str, list[ResourceId]] = {}
        originals: dict[str, list[ResourceId]] = {}
        for hit in self.state.found.values():
            original = _original_id(hit, snapshot) if hit.id.type.lower() == kind.lower() else None
            if original is None:
                continue
            holders.setdefault(original.key, []).append(hit.id)
            if hit.id.parent is not None:
                originals.setdefault(hit.id.parent.key, []).append(original)
        return _Copies(holders, originals)


@dataclass(frozen=True, slots=True)
class _Copies:
    """The copies that were read.

    holders    what keeps one of a resource, by the key of that resource
    originals  what a resource has copies of, by the key of that resource: what was not read itself
               keeps one of this resource too, where copies are mutual (both sides of a peering)
    """

    holders: Mapping[str, Sequence[ResourceId]]
    originals: Mapping[str, Sequence[ResourceId]]


def without_repaired(changes: Changes) -> Changes:
    """Return the changes without the diagnostics of a state that a write of this plan repairs.

    The other side of a peering is in sync once this one is.
    """
    written = {
        change.id.parent.key
        for change in changes.resources
        if change.type.snapshot is not None
        and change.id.parent is not None
        and any(field.is_state for field in change.fields)
    }
    return replace(
        changes,
        resources=tuple(_without_reported(change, written) for change in changes.resources),
    )


def _without_reported(change: ResourceChange, written: set[str]) -> ResourceChange:
    snapshot, found = change.type.snapshot, change.found
    original = _original_id(found, snapshot) if snapshot is not None and found is not None else None
    if snapshot is None or original is None or original.key not in written:
        return change
    left = tuple(f for f in change.undeclared if not (f.is_state and f.path == snapshot.level))
    return replace(change, undeclared=left)


def _original_id(found: Found, snapshot: Snapshot) -> ResourceId | None:
    return parse_resource_id(lookup(found.body, snapshot.of.split(".")))


def _foreign_copy_warning(change: ResourceChange, snapshot: Snapshot, what: str) -> Diagnostic:
    return warning(
        "sync-elsewhere",
        f"This plan changes what {what} copies of {change.address}. The copy goes out of sync, and "
        "it is not the environment's to write: its owner has to sync it.",
        None,
        snapshot.hint,
    )
