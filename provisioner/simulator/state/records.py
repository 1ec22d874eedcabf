"""The rows of the simulator's state."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json


@dataclass(frozen=True, slots=True)
class PolicyToken:
    """A policy token that was issued: what binds it to one request, when it expires (ISO 8601), and
    the claims of each assignment, by the key of its id."""

    operation: tuple[str, ...]
    expires: str
    claims: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Record:
    """One resource.

    body        what GET answers, without id, name, type, etag and system data, and without the
                lists whose entries are resources of their own
    references  keys of the resources that the body points to
    operation   token of the long operation that still runs on it
    created_by, modified_by  the user principal name, or the id of the application, of who did;
                "" for the local operator and for Azure itself
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
        """Read back what `to_json` wrote."""
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

    seconds   how long it holds after `renewed`; -1 for ever
    breaks    when a break takes effect; None where nobody broke it
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
        """Read back what `to_json` wrote."""
        return Lease(*row)


@dataclass(frozen=True, slots=True)
class Blob:
    """A block blob: its content in base64, the type of that, when it was written, its metadata by
    name, and the entity tag that this write gave it (without quotes)."""

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
        """Read back what `to_json` wrote."""
        return Blob(*row)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a write comes from, as the logs say it. The ids are GUIDs.

    action        of Azure RBAC (`PROVIDER/virtualNetworks/write`)
    target        the id of what it is on, as the request has it
    caller        object id of the principal, with the application and the user principal name that
                  its token names
    correlation   shared by all that one request sets off; `operation` by the events of one write
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
        """Who the system data of a resource names: a user principal name, or an application's id;
        "" for the local operator, who has neither."""
        return self.name or self.app_id or ""


class EventStatus(StrEnum):
    """How far a write was when an event of it was logged."""

    STARTED = "Started"
    ACCEPTED = "Accepted"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"


@dataclass(frozen=True, slots=True)
class Event:
    """One event of the Activity Log. Times are ISO 8601.

    submitted   from when on the log shows it
    detail      HTTP status in words (`Created`, `Conflict`), "" where there is none
    message     why it failed, if it did
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
        """Read back what `to_json` wrote."""
        origin, status = Origin(**row["origin"]), EventStatus(row["status"])
        return Event(**{**row, "origin": origin, "status": status})


class ChangeType(StrEnum):
    """What happened to a resource."""

    CREATE = "Create"
    UPDATE = "Update"
    DELETE = "Delete"


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of Resource Graph's table `resourcechanges`. Times are ISO 8601.

    origin    the write that did it; None for what Azure did by itself
    shown     from when on the table has it
    changes   values as text, before and after, by path; None for a value that is not there
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
        """Read back what `to_json` wrote."""
        origin = Origin(**row["origin"]) if row["origin"] else None
        changes = {path: (before, after) for path, (before, after) in row["changes"].items()}
        kind = ChangeType(row["kind"])
        return Change(**{**row, "origin": origin, "kind": kind, "changes": changes})


class OperationKind(StrEnum):
    """What a long operation does to its target, by the provisioning state that shows it.

    READ      computes an answer about the target, which nobody has to wait for to write it
    MOVE      puts resources of the target, a resource group, into another one
    VALIDATE  tells whether that would be possible
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
    """One long operation. Times are ISO 8601.

    holds      keys of resources that no other write may touch while it runs
    error      code and message with which it ends, if it fails
    settled    whether its effect has been applied
    origin     the write that started it
    canceled   whether somebody aborted it
    changes    what success merges into bodies, by the key of each resource; of a move, `resources`
               and `targetResourceGroup`
    answer     what its result is in the end; None for the resource itself
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
        """Read back what `to_json` wrote."""
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
    """A soft-deleted resource: its last row, and when it went and will be purged."""

    record: Record
    deleted: str
    purged: str

    def to_json(self) -> list[Any]:
        """Return the row as JSON."""
        return [self.record.to_json(), self.deleted, self.purged]

    @staticmethod
    def from_json(row: list[Any]) -> "Deleted":
        """Read back what `to_json` wrote."""
        return Deleted(Record.from_json(row[0]), row[1], row[2])
