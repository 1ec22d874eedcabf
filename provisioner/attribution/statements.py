"""Attribution of drift: what both logs state of a resource that drifted.

Ids are matched without case: the resource itself, the children that its body holds, and the parent
whose body holds it; for one that is gone, the resources that contained it; then writes that share
the correlation id of a change of it.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from provisioner.attribution.activity_log import Write
from provisioner.attribution.resource_changes import ResourceChange
from provisioner.attribution.window import format_moment
from provisioner.catalog.client_applications import CLIENT_APPLICATIONS
from provisioner.catalog.registry import Catalog
from provisioner.documents.attribution import (
    AttributionDocument,
    AttributionVerdict,
    WriterDocument,
    WriterKind,
)
from provisioner.model.resource_id import ResourceId

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Target:
    """A resource that drifted: whether it is missing, and the paths that differ."""

    id: ResourceId
    missing: bool = False
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LogCoverage:
    """The part of both logs of one subscription that was read.

    `since` is from when on the Activity Log was read, `refused` why it was not; `changes_unread` is
    what was not read of the changes in Resource Graph, the only log that names properties.
    """

    since: datetime
    refused: str | None = None
    changes_unread: str | None = None


class Logs:
    """The entries of both logs, indexed by resource."""

    def __init__(
        self, writes: Sequence[Write], changes: Sequence[ResourceChange], catalog: Catalog
    ) -> None:
        self._catalog = catalog
        self._writes_by_target = _group_by_key((write.target.key, write) for write in writes)
        self._writes_by_holder = _group_by_key(
            (holder.key, write)
            for write in writes
            for holder in self._holding_parents(write.target)
        )
        self._writes_by_correlation = _group_by_key((write.correlation, write) for write in writes)
        self._changes = _group_by_key((change.target.key, change) for change in changes)

    def attribute(self, target: Target, coverage: LogCoverage) -> AttributionDocument:
        """Return what the logs state of one resource; `coverage` is that of its subscription."""
        changes = self._changes_of(target)
        writes = self._writes_of(target, changes)
        known = {write.correlation for write in writes}
        entries = [_entry_of_write(write, target, changes) for write in writes]
        entries += [_entry_of_change(c, target) for c in changes if c.correlation not in known]
        if any(entry.writer.kind is WriterKind.PRINCIPAL for entry in entries):
            # Beside a principal, an entry without one counts only where it names what differs.
            entries = [
                entry
                for entry in entries
                if entry.writer.kind is WriterKind.PRINCIPAL or entry.writer.paths
            ]
        verdict = _attribution_verdict(entries, coverage)
        return AttributionDocument(
            verdict=verdict,
            since=format_moment(coverage.since),
            writers=tuple(entry.writer for entry in _merge_entries(entries)),
            reason=coverage.refused if verdict is AttributionVerdict.UNREADABLE else None,
        )

    def shows_later_change(self, target: Target, is_own: Callable[[str], bool]) -> bool:
        """Return whether the logs show a change after the environment's own last write.

        It names one of the target's paths and is not the environment's own (`is_own`, by
        correlation id).
        """
        writes = self._direct_writes_of(target)
        changes = self._changes.get(target.id.key, [])
        logged = [(write.at, write.correlation) for write in writes]
        logged += [(change.at, change.correlation or "") for change in changes]
        ours = max((at for at, correlation in logged if is_own(correlation)), default=None)
        return any(
            ours is None or change.at > ours
            for change in changes
            if not is_own(change.correlation or "") and _drifted_paths(target, (change,))
        )

    def shows_own_write(self, target: Target, is_own: Callable[[str], bool]) -> bool:
        """Return whether the logs hold a write of the environment's own (by correlation id)."""
        writes = self._direct_writes_of(target)
        changes = self._changes.get(target.id.key, [])
        logged = (*(w.correlation for w in writes), *(c.correlation or "" for c in changes))
        return any(map(is_own, logged))

    def _changes_of(self, target: Target) -> list[ResourceChange]:
        found = self._changes.get(target.id.key, [])
        return [change for change in found if change.deletes or not target.missing]

    def _writes_of(self, target: Target, changes: Sequence[ResourceChange]) -> list[Write]:
        found = self._deletes_of(target) if target.missing else self._direct_writes_of(target)
        known = {write.correlation for write in found}
        for correlation in dict.fromkeys(c.correlation for c in changes if c.correlation):
            if correlation not in known:
                # Everything that one request causes shares its correlation id: the first write is
                # the request itself.
                shared = self._writes_by_correlation.get(correlation, [])
                found += sorted(shared, key=lambda write: write.at)[:1]
        return found

    def _direct_writes_of(self, target: Target) -> list[Write]:
        found = [
            *self._writes_by_target.get(target.id.key, ()),
            *self._writes_by_holder.get(target.id.key, ()),
        ]
        for holder in self._holding_parents(target.id):
            found += self._writes_by_target.get(holder.key, ())
        # An action (`…/restart/action`) changes no property.
        return [write for write in found if not write.is_action]

    def _deletes_of(self, target: Target) -> list[Write]:
        """Return the deletes of a resource, or of what contained it, since it was last written.

        Without any, they are the writes of a parent whose list it was in: a PUT of a parent deletes
        the entries that it leaves out.
        """
        own = self._writes_by_target.get(target.id.key, ())
        written = max((w.at for w in own if not w.deletes and not w.is_action), default=None)
        deletes = [
            write
            for place in (target.id, *target.id.ancestors)
            for write in self._writes_by_target.get(place.key, ())
            if write.deletes
        ]
        held = [
            write
            for holder in self._holding_parents(target.id)
            for write in self._writes_by_target.get(holder.key, ())
            if not write.is_action
        ]
        for found in (deletes, held):
            later = [write for write in found if written is None or write.at >= written]
            if later:
                return later
        return deletes or held

    def _holding_parents(self, resource: ResourceId) -> Iterator[ResourceId]:
        """Yield the parents whose bodies hold a resource."""
        parent = resource.parent
        parent_type = self._catalog.of(parent) if parent is not None else None
        child_type = self._catalog.of(resource)
        if parent is None or parent_type is None or child_type is None:
            return
        if any(entry.child == child_type.name for entry in parent_type.embedded):
            yield parent
            yield from self._holding_parents(parent)


def _group_by_key(pairs: Iterable[tuple[str, _Value]]) -> dict[str, list[_Value]]:
    found: dict[str, list[_Value]] = {}
    for key, entry in pairs:
        found.setdefault(key, []).append(entry)
    return found


@dataclass(frozen=True, slots=True)
class _Entry:
    """The statement on one write with its exact time: documents have whole seconds."""

    at: datetime
    writer: WriterDocument

    @property
    def who(self) -> tuple[str, ...]:
        """The kind, actor and client: entries that share them are merged."""
        client = self.writer.client or self.writer.application_id or ""
        return self.writer.kind, (self.writer.actor or "").lower(), client


def _entry_of_write(write: Write, target: Target, changes: Iterable[ResourceChange]) -> _Entry:
    named = write.actor or write.object_id
    writer = WriterDocument(
        kind=WriterKind.PRINCIPAL if named else WriterKind.UNSPECIFIED,
        actor=named,
        object_id=write.object_id,
        client=CLIENT_APPLICATIONS.get((write.application or "").lower()),
        application_id=write.application,
        action=write.action,
        deleted=write.deletes and target.id.is_within(write.target),
        at=format_moment(write.at),
        outcome=write.outcome.value,
        correlation_id=write.correlation or None,
        resource=None if write.target == target.id else write.target.text,
        paths=_drifted_paths(target, (c for c in changes if c.correlation == write.correlation)),
    )
    return _Entry(write.at, writer)


def _entry_of_change(change: ResourceChange, target: Target) -> _Entry:
    kind = WriterKind.PLATFORM if change.by_platform else WriterKind.UNSPECIFIED
    writer = WriterDocument(
        kind=WriterKind.PRINCIPAL if change.actor else kind,
        actor=change.actor,
        client=change.client if change.actor else None,
        action=change.action,
        deleted=change.deletes,
        at=format_moment(change.at),
        correlation_id=change.correlation,
        paths=_drifted_paths(target, (change,)),
    )
    return _Entry(change.at, writer)


def _merge_entries(entries: Iterable[_Entry]) -> list[_Entry]:
    """Return an entry for each write that changed what differs, one for all others of an actor.

    Actors are compared with their client, and the latest entry is first. Writes with paths stay
    apart, so that the time of one write is never shown beside what another one changed.
    """
    grouped: dict[tuple[object, ...], list[_Entry]] = {}
    for entry in entries:
        writer = entry.writer
        key = (*entry.who, writer.deleted, writer.correlation_id if writer.paths else None)
        grouped.setdefault(key, []).append(entry)
    merged = []
    for group in grouped.values():
        latest = max(group, key=lambda entry: entry.at)
        paths = tuple(dict.fromkeys(path for entry in group for path in entry.writer.paths))
        writer = latest.writer.model_copy(update={"writes": len(group), "paths": paths})
        merged.append(_Entry(latest.at, writer))
    return sorted(merged, key=lambda entry: entry.at, reverse=True)


def _attribution_verdict(entries: Sequence[_Entry], coverage: LogCoverage) -> AttributionVerdict:
    kinds = {entry.writer.kind for entry in entries}
    if WriterKind.PRINCIPAL in kinds:
        alone = len({entry.who for entry in entries}) == 1
        return AttributionVerdict.WRITTEN if alone else AttributionVerdict.SEVERAL
    if WriterKind.UNSPECIFIED in kinds:
        return AttributionVerdict.UNSPECIFIED
    if coverage.refused is not None:
        return AttributionVerdict.UNREADABLE
    if any(entry.at < coverage.since for entry in entries):
        # Resource Graph attributes many writes to System, and the Activity Log was not read back
        # to this one.
        return AttributionVerdict.UNSPECIFIED
    return AttributionVerdict.PLATFORM if kinds else AttributionVerdict.NOT_LOGGED


_LIST_MARK = re.compile(r"\[[^\[\]]*\]")
_LAST_MARKS = re.compile(r"(\[[^\[\]]*\])+$")


def _drifted_paths(target: Target, changes: Iterable[ResourceChange]) -> tuple[str, ...]:
    """Return the paths that changes name and that are among what drifted, as the changes have them.

    Of an entry that was added to a list, it is the entry. Resource Graph numbers the entries of
    lists and a difference names them by key: they are compared without either.
    """
    named = [path for change in changes for path in change.paths]
    found = (_drifted_part(path, drifted) for path in named for drifted in target.paths)
    return tuple(dict.fromkeys(path for path in found if path is not None))


def _drifted_part(path: str, drifted: str) -> str | None:
    """Return the part of a path that is as long as a drifted one and has the same names, if any."""
    part = ".".join(path.split(".")[: drifted.count(".") + 1])
    if _LIST_MARK.sub("", part).lower() != _LIST_MARK.sub("", drifted).lower():
        return None
    return part if drifted.endswith("]") else _LAST_MARKS.sub("", part)
