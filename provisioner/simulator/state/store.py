"""What the simulator remembers: tables in memory, written through to one SQLite file.

Each request is one transaction (`Store.commit`, `Store.rollback`), so that a kill at any moment
leaves a state between two requests. `provisioner.simulator.state.state_file` is the file.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Generic, TypeVar

from provisioner.simulator.state.records import (
    Blob,
    Change,
    Deleted,
    Event,
    Lease,
    Operation,
    Record,
)
from provisioner.simulator.state.state_file import StateFile, damaged

Row = TypeVar("Row")


class Table(Generic[Row]):
    """Rows by key, with what this request has changed. Keys are in lower case."""

    def __init__(
        self, name: str, encode: Callable[[Row], Any], decode: Callable[[Any], Row]
    ) -> None:
        self.name = name
        self._encode = encode
        self._decode = decode
        self._rows: dict[str, Row] = {}
        self._layers: list[dict[str, Row | None]] = [{}]
        """What rows were before they changed: since the last commit, then since each savepoint."""

    def get(self, key: str) -> Row | None:
        """Return the row of `key`, or None."""
        return self._rows.get(key)

    def items(self) -> list[tuple[str, Row]]:
        """Return all rows with their keys, the oldest first."""
        return list(self._rows.items())

    def __len__(self) -> int:
        return len(self._rows)

    def put(self, key: str, row: Row) -> None:
        """Add or replace a row."""
        self._layers[-1].setdefault(key, self._rows.get(key))
        self._set(key, row)

    def remove(self, key: str) -> None:
        """Remove a row; one that is not there is removed already."""
        if key in self._rows:
            self._layers[-1].setdefault(key, self._rows[key])
            self._unset(key)

    def load(self, key: str, text: str) -> None:
        """Take a row as it stands in the file."""
        self._set(key, self._decode(json.loads(text)))

    def changed(self) -> dict[str, Row | None]:
        """Return the rows that this request has changed as they were before (None: not there)."""
        return {key: row for layer in reversed(self._layers) for key, row in layer.items()}

    def drain(self) -> Iterator[tuple[str, str | None]]:
        """Yield what has changed, as text (None for a removed row), and forget that it has."""
        for key in self.changed():
            row = self._rows.get(key)
            yield key, None if row is None else json.dumps(self._encode(row))
        self._layers = [{}]

    def rollback(self) -> None:
        """Undo what has changed since the last `drain`."""
        while len(self._layers) > 1:
            self.undo()
        self.undo()

    def savepoint(self) -> None:
        """Begin what `undo` takes back, or `release` makes a part of what was there before."""
        self._layers.append({})

    def release(self) -> None:
        """Forget the last savepoint and keep what has changed since."""
        later = self._layers.pop()
        for key, row in later.items():
            self._layers[-1].setdefault(key, row)

    def undo(self) -> None:
        """Undo what has changed since the last savepoint, and forget it."""
        for key, row in self._layers.pop().items():
            if row is None:
                self._unset(key)
            else:
                self._set(key, row)
        if not self._layers:
            self._layers.append({})

    def _set(self, key: str, row: Row) -> None:
        self._rows[key] = row

    def _unset(self, key: str) -> None:
        self._rows.pop(key, None)


class ResourceTable(Table[Record]):
    """The resources, with the indexes that lists and checks need."""

    def __init__(self) -> None:
        super().__init__("resource", Record.to_json, Record.from_json)
        self._by_type: dict[str, dict[str, None]] = {}
        self._inside: dict[str, dict[str, None]] = {}
        self._referrers: dict[str, dict[str, None]] = {}

    def of_type(self, type_name: str) -> list[Record]:
        """Return the resources of a type, the oldest first."""
        return [self._rows[key] for key in self._by_type.get(type_name.lower(), ())]

    def inside(self, container: str) -> list[Record]:
        """Return what stands directly in the resource, group or subscription of this key."""
        return [self._rows[key] for key in self._inside.get(container, ())]

    def below(self, container: str) -> Iterator[Record]:
        """Yield everything below the resource, group or subscription of this key."""
        for record in self.inside(container):
            yield record
            yield from self.below(record.id.key)

    def referring_to(self, key: str) -> list[Record]:
        """Return the resources whose bodies refer to the resource of this key."""
        return [self._rows[referrer] for referrer in self._referrers.get(key, ())]

    def _set(self, key: str, row: Record) -> None:
        before = self._rows.get(key)
        if before is not None and before.references != row.references:
            self._drop_references(key, before)
        self._rows[key] = row
        self._by_type.setdefault(row.type.lower(), {})[key] = None
        container = row.id.container
        self._inside.setdefault(container.key if container else "", {})[key] = None
        for target in row.references:
            self._referrers.setdefault(target, {})[key] = None

    def _unset(self, key: str) -> None:
        row = self._rows.pop(key, None)
        if row is not None:
            self._by_type[row.type.lower()].pop(key, None)
            container = row.id.container
            self._inside[container.key if container else ""].pop(key, None)
            self._drop_references(key, row)

    def _drop_references(self, key: str, row: Record) -> None:
        for target in row.references:
            self._referrers.get(target, {}).pop(key, None)


class OperationTable(Table[Operation]):
    """The long operations: those that run, and the latest of those that have ended."""

    _KEPT = 1000

    def __init__(self) -> None:
        super().__init__("operation", Operation.to_json, Operation.from_json)
        self._running: dict[str, None] = {}

    def running(self) -> list[Operation]:
        """Return the operations that have not ended, the oldest first."""
        return [self._rows[key] for key in self._running]

    def forget_ended(self) -> None:
        """Forget the oldest of many operations that have ended: nobody polls them any more."""
        if len(self._rows) <= 2 * self._KEPT:
            return
        ended = [key for key in self._rows if key not in self._running]
        for key in ended[: -self._KEPT]:
            self.remove(key)

    def _set(self, key: str, row: Operation) -> None:
        super()._set(key, row)
        if row.settled:
            self._running.pop(key, None)
        else:
            self._running[key] = None

    def _unset(self, key: str) -> None:
        super()._unset(key)
        self._running.pop(key, None)


class LogTable(Table[Row]):
    """Entries of a log, the oldest first. Those beyond `most` are forgotten, the oldest of them a
    tenth at a time."""

    def __init__(
        self, name: str, encode: Callable[[Row], Any], decode: Callable[[Any], Row], most: int
    ) -> None:
        super().__init__(name, encode, decode)
        self._most = most

    def append(self, key: str, row: Row) -> None:
        """Add an entry."""
        if len(self) >= self._most:
            for oldest in list(self._rows)[: self._most // 10]:
                self.remove(oldest)
        self.put(key, row)


def _same(value: Row) -> Row:
    return value


_MOST_EVENTS = 20_000
_MOST_CHANGES = 5_000
_MOST_RESULTS = 200


class Store:
    """Everything that a simulator remembers, in a file or (path None) in memory only.

    `deployments` holds what GET answers for each, with its token and its end; `results` what the
    latest validations and what-if operations of deployments came to, by token. `addresses` holds
    what was given out of each subnet, by `subnet key|owner`. `subscriptions` holds display names by
    id; `registrations` the namespaces and features that are not registered, by
    `subscription/namespace` and `subscription/namespace/feature`; `quotas` the limits that were
    changed, by `subscription/region/name`; `lives` how often a resource was deleted, by its key;
    `settings` what the built-in Azure was told, by name; `tags` those of subscriptions by their
    key, and predefined names (as "") and values by `/subscriptions/ID/tagnames/NAME`;
    `management_groups` those that were made, by name, and `group_members` the group of each
    subscription that is in another than the root; `leases`
    those on blob containers, by container; `blobs` what is in these, by container and name;
    `service_state` what a service remembers of a resource beside its body (how often a key was
    regenerated, which machines of a pool are gone), by `resource key|what`;
    `events` the Activity Log and `changes` Resource Graph's `resourcechanges`, both bounded.

    Raises DiagnosticError for a file that is not one of these, or that another process has open.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.resources = ResourceTable()
        self.operations = OperationTable()
        self.deployments: Table[dict[str, Any]] = Table("deployment", _same, _same)
        self.deleted: Table[Deleted] = Table("deleted", Deleted.to_json, Deleted.from_json)
        self.addresses: Table[str] = Table("address", _same, _same)
        self.subscriptions: Table[str] = Table("subscription", _same, _same)
        self.registrations: Table[str] = Table("registration", _same, _same)
        self.lives: Table[str] = Table("life", _same, _same)
        self.quotas: Table[str] = Table("quota", _same, _same)
        self.settings: Table[str] = Table("setting", _same, _same)
        self.tags: Table[dict[str, str]] = Table("tag", _same, _same)
        self.management_groups: Table[dict[str, Any]] = Table("management group", _same, _same)
        self.group_members: Table[str] = Table("group member", _same, _same)
        self.leases: Table[Lease] = Table("lease", Lease.to_json, Lease.from_json)
        self.blobs: Table[Blob] = Table("blob", Blob.to_json, Blob.from_json)
        self.service_state: Table[Any] = Table("service state", _same, _same)
        self.events: LogTable[Event] = LogTable(
            "event", Event.to_json, Event.from_json, _MOST_EVENTS
        )
        self.changes: LogTable[Change] = LogTable(
            "change", Change.to_json, Change.from_json, _MOST_CHANGES
        )
        self.results: LogTable[dict[str, Any]] = LogTable("result", _same, _same, _MOST_RESULTS)
        self._file: StateFile | None = None
        if path is not None:
            self._file = StateFile.open(path)
            self._load(self._file)

    @property
    def tables(self) -> tuple[Table[Any], ...]:
        """All tables."""
        return (
            self.resources,
            self.operations,
            self.deployments,
            self.deleted,
            self.addresses,
            self.subscriptions,
            self.registrations,
            self.lives,
            self.quotas,
            self.settings,
            self.tags,
            self.management_groups,
            self.group_members,
            self.leases,
            self.blobs,
            self.service_state,
            self.events,
            self.changes,
            self.results,
        )

    def commit(self) -> None:
        """Keep what has changed since the last commit."""
        changes = [(table.name, key, text) for table in self.tables for key, text in table.drain()]
        if changes and self._file is not None:
            self._file.write(changes)

    def rollback(self) -> None:
        """Undo what has changed since the last commit."""
        for table in self.tables:
            table.rollback()

    def savepoint(self) -> None:
        """Begin what `undo` takes back, or `release` makes a part of the request; they nest."""
        for table in self.tables:
            table.savepoint()

    def release(self) -> None:
        """Forget the last savepoint and keep what has changed since."""
        for table in self.tables:
            table.release()

    def undo(self) -> None:
        """Undo what has changed since the last savepoint, and forget it."""
        for table in self.tables:
            table.undo()

    def close(self) -> None:
        """Close the file and let others open it."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _load(self, file: StateFile) -> None:
        by_name = {table.name: table for table in self.tables}
        try:
            for kind, key, document in file.read():
                by_name[kind].load(key, document)
        except (KeyError, TypeError, ValueError) as problem:
            self.close()
            raise damaged(file.path, f"a row cannot be read ({problem})") from problem
        except BaseException:
            self.close()
            raise
