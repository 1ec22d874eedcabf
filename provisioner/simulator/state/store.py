"""The store: the tables of the state in memory, written through to one SQLite file.

Each request is one transaction (`Store.commit`, `Store.rollback`), so a killed server leaves the
state between two requests. The file is `provisioner.simulator.state.state_file`.
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
from provisioner.simulator.state.state_file import DamagedStateError, StateFile

Row = TypeVar("Row")


class Table(Generic[Row]):
    """Rows by lower-case key, with the changes of the current request.

    ARM compares ids without case, and AKS answers `resourcegroups` in lower case (guidelines.md
    §3.1).
    """

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
        """Return all rows with their keys, oldest first."""
        return list(self._rows.items())

    def __len__(self) -> int:
        return len(self._rows)

    def put(self, key: str, row: Row) -> None:
        """Add or replace a row."""
        self._layers[-1].setdefault(key, self._rows.get(key))
        self._set(key, row)

    def remove(self, key: str) -> None:
        """Remove a row, if it exists."""
        if key in self._rows:
            self._layers[-1].setdefault(key, self._rows[key])
            self._unset(key)

    def load(self, key: str, text: str) -> None:
        """Add a row from the file."""
        self._set(key, self._decode(json.loads(text)))

    def changed(self) -> dict[str, Row | None]:
        """Return the rows that the request changed, as they were before (None: absent)."""
        return {key: row for layer in reversed(self._layers) for key, row in layer.items()}

    def drain(self) -> Iterator[tuple[str, str | None]]:
        """Yield the changes as text (None for a removed row), and forget them."""
        for key in self.changed():
            row = self._rows.get(key)
            yield key, None if row is None else json.dumps(self._encode(row))
        self._layers = [{}]

    def rollback(self) -> None:
        """Undo the changes since the last `drain`."""
        while len(self._layers) > 1:
            self.undo()
        self.undo()

    def savepoint(self) -> None:
        """Start a nested transaction, which `release` keeps or `undo` reverts."""
        self._layers.append({})

    def release(self) -> None:
        """End the last savepoint, keeping its changes."""
        later = self._layers.pop()
        for key, row in later.items():
            self._layers[-1].setdefault(key, row)

    def undo(self) -> None:
        """End the last savepoint, reverting its changes."""
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
    """The resources, indexed by type, container and reference."""

    def __init__(self) -> None:
        super().__init__("resource", Record.to_json, Record.from_json)
        self._by_type: dict[str, dict[str, None]] = {}
        self._inside: dict[str, dict[str, None]] = {}
        self._referrers: dict[str, dict[str, None]] = {}

    def of_type(self, type_name: str) -> list[Record]:
        """Return the resources of a type, oldest first."""
        return [self._rows[key] for key in self._by_type.get(type_name.lower(), ())]

    def inside(self, container: str) -> list[Record]:
        """Return the resources directly in a resource, group or subscription."""
        return [self._rows[key] for key in self._inside.get(container, ())]

    def below(self, container: str) -> Iterator[Record]:
        """Yield all resources below a resource, group or subscription."""
        for record in self.inside(container):
            yield record
            yield from self.below(record.id.key)

    def referring_to(self, key: str) -> list[Record]:
        """Return the resources whose bodies refer to a resource."""
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
    """The long-running operations: those in progress, and the latest of the ended ones."""

    _KEPT = 1000

    def __init__(self) -> None:
        super().__init__("operation", Operation.to_json, Operation.from_json)
        self._running: dict[str, None] = {}

    def running(self) -> list[Operation]:
        """Return the operations in progress, oldest first."""
        return [self._rows[key] for key in self._running]

    def forget_ended(self) -> None:
        """Remove the oldest of many ended operations, which no client polls any more."""
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
    """Entries of a log, oldest first; beyond `most`, the oldest tenth is removed."""

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


def _identity(value: Row) -> Row:
    return value


_MOST_EVENTS = 20_000
_MOST_CHANGES = 5_000
_MOST_RESULTS = 200


class Store:
    """The whole state, in a file or (path None) in memory only.

      deployments    what GET answers, with token and end
      results        of the latest validations and what-ifs, by token
      addresses      assigned addresses, by `subnet key|owner`
      subscriptions  display names by id
      registrations  unregistered namespaces and features, by `subscription/namespace[/feature]`
      quotas         changed limits, by `subscription/region/name`
      generations    how often a resource was deleted, by its key
      settings       what `azsec local` set, by name
      tags           of subscriptions, by their key; predefined names (as "") and values by
                     `/subscriptions/ID/tagnames/NAME`
      management_groups  created groups, by name
      group_members  the group of each subscription that is not in the root group
      leases         on blob containers, by container
      blobs          by container and name
      service_state  data of services beside bodies, by `resource key|what`
      events         the activity log, bounded
      changes        Resource Graph's `resourcechanges`, bounded

    A file that is no state, or that another process has open, is a DiagnosticError.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.resources = ResourceTable()
        self.operations = OperationTable()
        self.deployments: Table[dict[str, Any]] = Table("deployment", _identity, _identity)
        self.deleted: Table[Deleted] = Table("deleted", Deleted.to_json, Deleted.from_json)
        self.addresses: Table[str] = Table("address", _identity, _identity)
        self.subscriptions: Table[str] = Table("subscription", _identity, _identity)
        self.registrations: Table[str] = Table("registration", _identity, _identity)
        self.generations: Table[str] = Table("life", _identity, _identity)
        self.quotas: Table[str] = Table("quota", _identity, _identity)
        self.settings: Table[str] = Table("setting", _identity, _identity)
        self.tags: Table[dict[str, str]] = Table("tag", _identity, _identity)
        self.management_groups: Table[dict[str, Any]] = Table(
            "management group", _identity, _identity
        )
        self.group_members: Table[str] = Table("group member", _identity, _identity)
        self.leases: Table[Lease] = Table("lease", Lease.to_json, Lease.from_json)
        self.blobs: Table[Blob] = Table("blob", Blob.to_json, Blob.from_json)
        self.service_state: Table[Any] = Table("service state", _identity, _identity)
        self.events: LogTable[Event] = LogTable(
            "event", Event.to_json, Event.from_json, _MOST_EVENTS
        )
        self.changes: LogTable[Change] = LogTable(
            "change", Change.to_json, Change.from_json, _MOST_CHANGES
        )
        self.results: LogTable[dict[str, Any]] = LogTable(
            "result", _identity, _identity, _MOST_RESULTS
        )
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
            self.generations,
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
        """Write the changes since the last commit."""
        changes = [(table.name, key, text) for table in self.tables for key, text in table.drain()]
        if changes and self._file is not None:
            self._file.write(changes)

    def rollback(self) -> None:
        """Undo the changes since the last commit."""
        for table in self.tables:
            table.rollback()

    def savepoint(self) -> None:
        """Start a nested transaction, which `release` keeps or `undo` reverts."""
        for table in self.tables:
            table.savepoint()

    def release(self) -> None:
        """End the last savepoint, keeping its changes."""
        for table in self.tables:
            table.release()

    def undo(self) -> None:
        """End the last savepoint, reverting its changes."""
        for table in self.tables:
            table.undo()

    def close(self) -> None:
        """Close the file and release its lock."""
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
            raise DamagedStateError(file.path, f"a row cannot be read ({problem})") from problem
        except BaseException:
            self.close()
            raise
