"""The lock of an environment: one apply at a time, by a lease on a blob container.

A lease that an apply no longer renews ends by itself. Called by `cli`; `workflow.cluster_lock` is
the lock of a cluster.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit, urlunsplit

from provisioner.documents.document import EnvironmentDocument
from provisioner.documents.lock import LockDocument
from provisioner.engine.lease import (
    Lease,
    LeaseHeldError,
    LeaseStatus,
    Timing,
    acquire_lease,
    break_lease,
    find_status,
    kept,
)
from provisioner.engine.ports import Creation, Refresh, Requester, Writer
from provisioner.model.azure_error import AzureError
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error, warning
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body


@dataclass(frozen=True, slots=True)
class LockRequest:
    """A request for a lock.

    It has the holder's name, a new GUID for the lease, the seconds to wait for another holder, and
    the time.
    """

    holder: str
    lease_id: str
    timeout: float
    timing: Timing


@dataclass(slots=True)
class HeldLock:
    """The lock of an environment while an apply runs: held, or none (`lease` None).

    `released_for` is the resource whose delete required the release of the lock, until it is
    deleted.
    """

    container: ResourceId | None
    lease: Lease | None
    diagnostics: tuple[Diagnostic, ...] = ()
    released_for: ResourceId | None = None

    def halted(self) -> str | None:
        """Return why no further step may start, or None."""
        loss = self.lease.loss if self.lease is not None else None
        return f"the lock was lost: {loss}" if loss is not None else None

    def guard(self, writer: Writer) -> Writer:
        """Return the writer for the apply: it releases the lock before its container's delete."""
        if self.lease is None or self.container is None:
            return writer
        return _ReleasingWriter(writer, self, self.lease, self.container)

    def report(self) -> tuple[Diagnostic, ...]:
        """Return the diagnostics of the lock once the apply has ended."""
        if self.released_for is not None:
            return (*self.diagnostics, _warn_of_release(self.released_for))
        reason = self.halted()
        if reason is None:
            return self.diagnostics
        lost = error(
            "lock-lost",
            f"{reason}. Steps that had not started were not sent; another apply may be running.",
            None,
            "Look with `azsec lock show`, and plan again.",
        )
        return (*self.diagnostics, lost)


@contextmanager
def hold_lock(
    environment: EnvironmentDocument, service: Requester, request: LockRequest
) -> Iterator[HeldLock]:
    """Hold the lock of an environment, if it names one, and release it however the block ends.

    Raises DiagnosticError `lock-not-found` too, where the lock's container does not exist and this
    environment does not create it.

    Raises:
        DiagnosticError: Where another holder has the lock after the timeout (`lock-held`).
    """
    container = find_container(environment)
    if container is None or environment.lock is None:
        yield HeldLock(None, None)
        return
    try:
        lease = acquire_lease(
            service, container, request.holder, request.lease_id, request.timing, request.timeout
        )
    except LeaseHeldError as held:
        # The time after the wait: the age of the lock is as of the report.
        now = request.timing.now()
        raise DiagnosticError(
            describe_holder(environment, held.status, now, request.timeout)
        ) from None
    if lease is None:
        yield HeldLock(container, None, (_warn_without_lock(environment, container),))
        return
    # The lease is renewed meanwhile: it ends after 60 seconds, so that no crash leaves it behind
    # (ADR 0017).
    with kept(lease):
        yield HeldLock(container, lease)


def find_container(environment: EnvironmentDocument) -> ResourceId | None:
    """Return the id of the container whose lease is the environment's lock, or None."""
    return None if environment.lock is None else ResourceId.parse(environment.lock.container)


def show_lock(environment: EnvironmentDocument, service: Requester, now: datetime) -> LockDocument:
    """Return who holds the lock of an environment. `now` is in UTC.

    Raises DiagnosticError (`no-lock`) for an environment without one, and AzureError.
    """
    container = _require_container(environment)
    status = find_status(service, container, now)
    # A container that does not exist yet cannot be held: the state of a lock, and no failure to
    # show it.
    if status is None:
        status = LeaseStatus("absent", None, None, None)
    return LockDocument(
        environment=environment,
        container=container.text,
        state=status.state,
        held=status.is_held,
        holder=status.holder,
        since=to_text(status.since),
        expires=to_text(status.expires),
    )


def break_lock(environment: EnvironmentDocument, service: Requester, now: datetime) -> LockDocument:
    """End the lock of an environment, whoever holds it; return its state afterwards.

    The apply that held it starts no further step once it notices, within 20 seconds. Raises
    DiagnosticError `no-lock` where the environment names none.

    Raises:
        DiagnosticError: Where the container does not exist (`lock-not-found`).
        AzureError: Where Azure refuses the request.
    """
    container = _require_container(environment)
    try:
        break_lease(service, container)
    except AzureError as refused:
        if refused.status != _NOT_FOUND:
            raise
        raise DiagnosticError(_container_not_found(environment, container)) from None
    return show_lock(environment, service, now)


_NOT_FOUND = 404


class _ReleasingWriter:
    """A writer that releases the lease first where the delete would fail for it.

    Azure Storage does not delete a container while it is leased.
    """

    def __init__(self, writer: Writer, lock: HeldLock, lease: Lease, container: ResourceId) -> None:
        self._writer = writer
        self._lock = lock
        self._lease = lease
        self._container = container
        self._container_is_gone = False

    def put(
        self,
        resource: ResourceId,
        api_version: str,
        body: Body,
        if_match: str | None,
        on_status: Callable[[str], None],
        mode: Creation | Refresh | None = None,
    ) -> Body:
        return self._writer.put(resource, api_version, body, if_match, on_status, mode)

    def delete(
        self,
        resource: ResourceId,
        api_version: str,
        if_match: str | None,
        on_status: Callable[[str], None],
    ) -> None:
        if not (self._container == resource or self._container.is_within(resource)):
            self._writer.delete(resource, api_version, if_match, on_status)
            return
        # A second delete of what contains the container (its account, then its group) has no lease
        # to lose.
        if not self._container_is_gone:
            self._lock.released_for = resource
        self._lease.release()
        self._writer.delete(resource, api_version, if_match, on_status)
        self._container_is_gone = True
        self._lock.released_for = None


def name_holder(user: str, host: str, environ: Mapping[str, str]) -> str:
    """Return who holds a lock: the run of a CI system by its address, or user@host.

    Only variables that name the run are read, each documented by its CI system, and what could
    carry a credential is cut off (the user part, query and fragment of an address).
    """
    for found in (_github_run(environ), _azure_pipelines_run(environ), environ.get("CI_JOB_URL")):
        address = _without_credentials(found or "")
        if address:
            return address
    return f"{user}@{host}"


def _github_run(environ: Mapping[str, str]) -> str | None:
    server, repository = environ.get("GITHUB_SERVER_URL"), environ.get("GITHUB_REPOSITORY")
    run = environ.get("GITHUB_RUN_ID", "")
    if not (server and repository and run.isdigit()):
        return None
    return f"{server}/{repository}/actions/runs/{run}"


def _azure_pipelines_run(environ: Mapping[str, str]) -> str | None:
    """Return the run's address by the predefined variables of Azure Pipelines.

    The build's id stands for its page's query, which is cut off.
    """
    collection, project = environ.get("SYSTEM_COLLECTIONURI"), environ.get("SYSTEM_TEAMPROJECT")
    build = environ.get("BUILD_BUILDID", "")
    if not (collection and project and build.isdigit()):
        return None
    return f"{collection.rstrip('/')}/{project}/_build/{build}"


def _without_credentials(address: str) -> str | None:
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    # The holder is stored in the container's metadata, which every reader of the account sees.
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _require_container(environment: EnvironmentDocument) -> ResourceId:
    container = find_container(environment)
    if container is None:
        raise DiagnosticError(
            error(
                "no-lock",
                f"the environment {environment.name!r} has no lock.",
                None,
                "Add `lock:` with subscription, resourceGroup, storageAccount and container.",
            )
        )
    return container


def _warn_without_lock(environment: EnvironmentDocument, container: ResourceId) -> Diagnostic:
    """Return the warning for an apply without its lock.

    Raises:
        DiagnosticError: Where the lock is not optional (`lock-not-found`).
    """
    assert environment.lock is not None
    if not environment.lock.optional:
        raise DiagnosticError(_container_not_found(environment, container))
    return warning(
        "lock-not-held",
        f"the container of the lock does not exist yet: {container.text}. This apply ran without "
        "the lock.",
        None,
        "Applies hold it from the time that the container exists.",
    )


def _warn_of_release(resource: ResourceId) -> Diagnostic:
    return warning(
        "lock-not-held",
        f"the lock was released so that {resource.text} could be deleted, and that delete failed. "
        "The steps after it ran without the lock.",
        None,
        "The next apply holds the lock again, if its container still exists.",
    )


def _container_not_found(environment: EnvironmentDocument, container: ResourceId) -> Diagnostic:
    return error(
        "lock-not-found",
        f"the container of the lock of {environment.name!r} does not exist: {container.text}.",
        None,
        "Make it first (blueprints/modules/lock.yaml does), or correct `lock:`.",
    )


def describe_holder(
    environment: EnvironmentDocument,
    status: LeaseStatus,
    now: datetime,
    timeout: float,
    option: str = "",
) -> Diagnostic:
    """Return the error for a lock that another holder has.

    `option` is the option of `azsec lock break` for a lock other than the one in Azure.
    """
    holder = status.holder or "a holder that has not written its name yet"
    since = ""
    if status.since is not None:
        since = f" since {to_text(status.since)} ({_format_duration(now - status.since)})"
    until = ""
    if status.expires is not None:
        until = f" It expires at {to_text(status.expires)} unless it is renewed."
    waited = f" Waited {timeout:g} s for it." if timeout else ""
    return error(
        "lock-held",
        f"the lock of {environment.name!r} is held by {holder}{since}.{until}{waited}",
        None,
        "Wait for that apply (--lock-timeout DURATION). If its process is gone, the lock "
        f"expires by itself; `azsec lock break {environment.name}{option}` ends it at once.",
    )


def _format_duration(elapsed: timedelta) -> str:
    seconds = max(0, round(elapsed.total_seconds()))
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    shown = ((hours, "h"), (minutes, "min"), (seconds, "s"))
    return " ".join(f"{number} {unit}" for number, unit in shown if number) or "0 s"


def to_text(moment: datetime | None) -> str | None:
    """Return a time in ISO 8601, UTC."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
