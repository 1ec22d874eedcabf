"""The rows of the state, with their JSON in the state file.

New members have defaults: rows that an earlier version of the same format wrote are still read.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json


@dataclass(frozen=True, slots=True)
class PolicyToken:
    """An issued policy token, which is bound to one request.

    operation  identifies the request
    expires    ISO 8601
    claims     those of each policy assignment, by the key of its id
    """

    operation: tuple[str, ...]
    expires: str
    claims: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Record:
    """One resource.

    body        what GET answers, without id, name, type, ETag and system data, and without lists
                whose entries are resources of their own
    references  keys of the resources that the body refers to
    operation   token of the long-running operation in progress
    created_by, modified_by  a user principal name or application id; "" for the local operator and
                for Azure itself
    """

    id: ResourceId
    type: str
    body: Body
    etag: str
    created: str
    modified: str
    references: tuple[str, ...] = ()
    operation: str | None = None
    created_by: str = ""
    modified_by: str = ""

    def to_json(self) -> list[Any]:
        """Return the row as JSON."""
        return [
            self.id.text,
            self.type,
            self.body,
            self.etag,
            self.created,
            self.modified,
            self.references,
            self.operation,
            self.created_by,
            self.modified_by,
        ]

    @staticmethod
    def from_json(row: list[Any]) -> "Record":
        """Return the row of `to_json`."""
        # Rows of earlier versions end after the operation.
        text, type_name, body, etag, created, modified, references, operation, *authors = row
        created_by, modified_by = authors or ("", "")
        return Record(
            ResourceId.parse(text),
            type_name,
            body,
            etag,
            created,
            modified,
            tuple(references),
            operation,
            created_by,
            modified_by,
        )


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease on a blob container.

    seconds  its duration since `renewed`; -1 is infinite
    breaks   when a break takes effect; None if it was not broken
    """

    id: str
    seconds: int
    renewed: str
    breaks: str | None = None

    def to_json(self) -> list[Any]:
        """Return the row as JSON."""
        return [self.id, self.seconds, self.renewed, self.breaks]

    @staticmethod
    def from_json(row: list[Any]) -> "Lease":
        """Return the row of `to_json`."""
        return Lease(*row)


@dataclass(frozen=True, slots=True)
class Blob:
    """A block blob.

    content   base64
    kind      the content type
    modified  the time of the last write
    metadata  by name
    etag      of the last write, without quotes
    """

    content: str
    kind: str
    modified: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    etag: str = "0x8D0000000000000"

    def to_json(self) -> list[Any]:
        """Return the row as JSON."""
        return [self.content, self.kind, self.modified, dict(self.metadata), self.etag]

    @staticmethod
    def from_json(row: list[Any]) -> "Blob":
        """Return the row of `to_json`."""
        return Blob(*row)


@dataclass(frozen=True, slots=True)
class Origin:
    """The origin of a write, for the logs; ids are GUIDs.

    action       of Azure RBAC (`PROVIDER/virtualNetworks/write`)
    target       the id in the request
    caller       object id of the principal; `app_id` and `name` are in its token
    correlation  shared by everything that one request causes
    operation    shared by the events of one write
    """

    action: str
    target: str
    method: str
    caller: str
    app_id: str | None
    name: str | None
    correlation: str
    operation: str
    client_request: str

    @property
    def author(self) -> str:
        """The author for system data: a user principal name or application id, else ""."""
        return self.name or self.app_id or ""


class EventStatus(StrEnum):
    """The progress of a write when an event of it was logged."""

    STARTED = "Started"
    ACCEPTED = "Accepted"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"


@dataclass(frozen=True, slots=True)
class Event:
    """One event of the activity log; times are ISO 8601.

    submitted  when the log begins to show it
    detail     HTTP status in words (`Created`, `Conflict`), "" if there is none
    message    the reason of a failure
    """

    id: str
    origin: Origin
    status: EventStatus
    detail: str
    message: str
    at: str
    submitted: str

    def to_json(self) -> dict[str, Any]:
        """Return the row as JSON."""
        return asdict(self)

    @staticmethod
    def from_json(row: dict[str, Any]) -> "Event":
        """Return the row of `to_json`."""
        origin, status = Origin(**row["origin"]), EventStatus(row["status"])
        return Event(**{**row, "origin": origin, "status": status})


class ChangeType(StrEnum):
    """The kind of a change of a resource."""

    CREATE = "Create"
    UPDATE = "Update"
    DELETE = "Delete"


@dataclass(frozen=True, slots=True)
class Change:
    """One row of Resource Graph's table `resourcechanges`; times are ISO 8601.

    origin   the write that caused it; None for changes by Azure itself
    shown    when the table begins to show it
    changes  texts before and after, by path; None for an absent value
    """

    id: str
    target: str
    type: str
    kind: ChangeType
    origin: Origin | None
    at: str
    shown: str
    changes: Mapping[str, tuple[str | None, str | None]]

    def to_json(self) -> dict[str, Any]:
        """Return the row as JSON."""
        return asdict(self)

    @staticmethod
    def from_json(row: dict[str, Any]) -> "Change":
        """Return the row of `to_json`."""
        origin = Origin(**row["origin"]) if row["origin"] else None
        changes = {path: (before, after) for path, (before, after) in row["changes"].items()}
        kind = ChangeType(row["kind"])
        return Change(**{**row, "origin": origin, "kind": kind, "changes": changes})


class OperationKind(StrEnum):
    """The kind of a long-running operation, by the provisioning state that shows it.

    READ      computes an answer about the target, and blocks no write
    MOVE      moves resources of the target, a resource group, to another one
    VALIDATE  checks whether they can be moved
    """

    CREATE = "Creating"
    UPDATE = "Updating"
    DELETE = "Deleting"
    START = "Starting"
    STOP = "Stopping"
    ROTATE_CERTIFICATES = "RotatingClusterCertificates"
    UPGRADE_NODE_IMAGE = "UpgradingNodeImageVersion"
    READ = "Reading"
    MOVE = "MovingResources"
    VALIDATE = "Validating"


@dataclass(frozen=True, slots=True)
class Operation:
    """One long-running operation; times are ISO 8601.

    holds     keys of resources that no other write may touch meanwhile
    error     code and message of its failure, if it fails
    settled   whether its effect was applied
    origin    the write that started it
    canceled  whether it was aborted
    changes   what success merges into bodies, by resource key; of a move, `resources` and
              `targetResourceGroup`
    answer    its result; None for the resource itself
    """

    token: str
    kind: OperationKind
    target: str
    started: str
    ends: str
    holds: tuple[str, ...] = ()
    error: tuple[str, str] | None = None
    settled: bool = False
    origin: Origin | None = None
    canceled: bool = False
    changes: Mapping[str, Any] = field(default_factory=dict)
    answer: Json = None

    def to_json(self) -> dict[str, Any]:
        """Return the row as JSON."""
        return asdict(self)

    @staticmethod
    def from_json(row: dict[str, Any]) -> "Operation":
        """Return the row of `to_json`."""
        failure = row["error"]
        return Operation(
            row["token"],
            OperationKind(row["kind"]),
            row["target"],
            row["started"],
            row["ends"],
            tuple(row["holds"]),
            (failure[0], failure[1]) if failure else None,
            row["settled"],
            Origin(**row["origin"]) if row["origin"] else None,
            row.get("canceled", False),
            row.get("changes", {}),
            row.get("answer"),
        )


@dataclass(frozen=True, slots=True)
class Deleted:
    """A soft-deleted resource: its last record, and the times of deletion and purge."""

    record: Record
    deleted: str
    purged: str

    def to_json(self) -> list[Any]:
        """Return the row as JSON."""
        return [self.record.to_json(), self.deleted, self.purged]

    @staticmethod
    def from_json(row: list[Any]) -> "Deleted":
        """Return the row of `to_json`."""
        return Deleted(Record.from_json(row[0]), row[1], row[2])
