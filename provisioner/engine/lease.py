"""Lock of an apply: a lease on a blob container, which expires without renewal.

It is acquired, renewed and released through Azure Resource Manager ("Blob Containers - Lease" of
the Storage resource provider), so that it needs no network path to the data of the account. A lease
of fixed duration lasts 15 to 60 seconds and does not name its holder: holder, start and expiry are
written to the container's metadata, which every reader of the container sees (and which, by
convention, the holder alone writes). Nothing is decided by the metadata.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from provisioner.catalog.endpoints import LEASE
from provisioner.engine.ports import Requester
from provisioner.model.azure_error import AzureError
from provisioner.model.diagnostic import DiagnosticError
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, lookup

LEASE_SECONDS = 60
"""The duration of a lease, the longest fixed one: after a crash the next apply waits that long."""

RENEWAL_SECONDS = LEASE_SECONDS / 3
MARGIN_SECONDS = 5.0
RETRY_SECONDS = 5.0
_HELD = frozenset({"leased", "breaking"})
_CONFLICT, _NOT_FOUND = 409, 404
_HELD_CODES = frozenset({"LeaseAlreadyPresent", "LeaseIsBreakingAndCannotBeAcquired"})
"""The error codes for a lease that is held ("Lease Container", outcomes of use attempts). Any other
conflict has another cause: a management lock (`ScopeLocked`), a container that is being deleted
(`ContainerBeingDeleted`)."""
_HOLDER, _SINCE, _EXPIRES = "azsecHolder", "azsecSince", "azsecExpires"
_LONGEST_TEXT = 200


@dataclass(frozen=True, slots=True)
class Timing:
    """The clocks of a lease: monotonic seconds, the wall clock in UTC, and a sleep."""

    clock: Callable[[], float]
    now: Callable[[], datetime]
    sleep: Callable[[float], object]


@dataclass(frozen=True, slots=True)
class LeaseStatus:
    """The status of a lease, of a container or a cluster (`cluster_lease`).

    `state` is Azure's (`available`, `leased`, `expired`, `breaking`, `broken`). `holder`, `since`
    and `expires` come from the metadata, None where they are not there or belong to an older lease.
    """

    state: str
    holder: str | None
    since: datetime | None
    expires: datetime | None

    @property
    def is_held(self) -> bool:
        """Whether it is held, so that it cannot be acquired."""
        return self.state in _HELD


class LeaseHeldError(Exception):
    """Another process holds the lease; `status` names the holder, as far as it is known."""

    def __init__(self, status: LeaseStatus) -> None:
        super().__init__(status.holder or "")
        self.status = status


def find_status(service: Requester, container: ResourceId, now: datetime) -> LeaseStatus | None:
    """Return the status of a container's lease, None where there is no container.

    Raises AzureError where it cannot be read.
    """
    body = _find_container(service, container)
    return None if body is None else _read_status(body, now)


def break_lease(service: Requester, container: ResourceId) -> None:
    """Break a lease at once, whoever holds it; without a lease nothing is done.

    Raises:
        AzureError: Where Azure refuses for another reason than `LeaseNotPresentWithLeaseOperation`.
    """
    try:
        _send_lease(service, container, {"action": "Break", "breakPeriod": 0})
    except AzureError as error:
        if error.code != "LeaseNotPresentWithLeaseOperation":
            raise


class Lease:
    """A lease that this process holds. `renew` may be called from another thread.

    `taken` is when its request was sent, by the clock. Get one from `acquire_lease`, and keep it
    with `kept`.
    """

    def __init__(
        self,
        service: Requester,
        container: ResourceId,
        lease_id: str,
        holder: str,
        timing: Timing,
        taken: float,
    ) -> None:
        self._service = service
        self._container = container
        self._id = lease_id
        self._holder = clean_text(holder)
        self._since = _to_text(timing.now())
        self._timing = timing
        self._busy = threading.Lock()
        self._renewed = taken
        self._lost: str | None = None
        self._released = False

    @property
    def loss(self) -> str | None:
        """Why the lease is lost, or None while it is held.

        It is lost when Azure refuses to renew it, and when it has expired by this process's own
        clock: a process whose renewal hangs in the network must stop before another may start.
        """
        if self._released:
            return None
        idle = self._timing.clock() - self._renewed
        if self._lost is None and idle > LEASE_SECONDS - MARGIN_SECONDS:
            return f"it could not be renewed for {idle:.0f} s"
        return self._lost

    def renew(self) -> None:
        """Renew once. A refusal is a loss; after a network failure the next call retries."""
        with self._busy:
            if self._released or self._lost is not None:
                return
            sent = self._timing.clock()
            try:
                _send_lease(
                    self._service, self._container, {"action": "Renew", "leaseId": self._id}
                )
            except AzureError as error:
                if error.status in (_CONFLICT, _NOT_FOUND):
                    self._lost = f"Azure refused to renew it: {error.code}: {error.message}"
                return
            self._renewed = sent
            self.announce()

    def release(self) -> None:
        """Release it, so that the next apply need not wait; without success it expires."""
        # A renewal that hangs in the network does not keep the command from ending.
        is_free = self._busy.acquire(timeout=MARGIN_SECONDS)
        try:
            if self._released:
                return
            self._released = True
            if self._lost is None:
                self._write_holder(self._timing.now())
            with suppress(AzureError):
                _send_lease(
                    self._service, self._container, {"action": "Release", "leaseId": self._id}
                )
        finally:
            if is_free:
                self._busy.release()

    def announce(self) -> None:
        """Write holder, start and expiry to the metadata: information alone, nothing reads it."""
        self._write_holder(self._timing.now() + timedelta(seconds=LEASE_SECONDS))

    def _write_holder(self, expires: datetime) -> None:
        own = {_HOLDER: self._holder, _SINCE: self._since, _EXPIRES: _to_text(expires)}
        with suppress(AzureError):
            # Blob Storage replaces the metadata as a whole ("Set Container Metadata"): the entries
            # of others are read right before and sent along.
            others = _metadata_of_others(_request_container(self._service, "GET", self._container))
            body: Body = {"properties": {"metadata": {**others, **own}}}
            _request_container(self._service, "PATCH", self._container, body)


def acquire_lease(
    service: Requester,
    container: ResourceId,
    holder: str,
    lease_id: str,
    timing: Timing,
    timeout: float,
) -> Lease | None:
    """Acquire the lease, waiting up to `timeout` seconds for it; None without a container.

    `lease_id` is a new GUID, the proposed lease id: a request whose answer was lost is sent again
    with it, and Azure treats it as the same lease.

    Raises:
        LeaseHeldError: where another still holds it after `timeout`.
        AzureError: for every other refusal.
    """
    deadline = timing.clock() + timeout
    proposal: Body = {
        "action": "Acquire",
        "leaseDuration": LEASE_SECONDS,
        "proposedLeaseId": lease_id,
    }
    if _find_container(service, container) is None:
        return None
    while True:
        began = timing.clock()
        try:
            _send_lease(service, container, proposal)
        except AzureError as error:
            if error.code not in _HELD_CODES:
                raise
            status = _read_status(_find_container(service, container) or {}, timing.now())
        else:
            lease = Lease(service, container, lease_id, holder, timing, began)
            lease.announce()
            return lease
        left = deadline - timing.clock()
        if left <= 0:
            raise LeaseHeldError(status)
        timing.sleep(min(RETRY_SECONDS, left))


class Renewable(Protocol):
    """A lease of any kind, while this process holds it."""

    def renew(self) -> None:
        """Renew once."""

    def release(self) -> None:
        """Release it; without success it expires."""


@contextmanager
def kept(lease: Renewable, interval: float = RENEWAL_SECONDS) -> Iterator[None]:
    """Renew a lease on a thread every `interval` seconds; release it when the block ends."""
    ended = threading.Event()

    def renew() -> None:
        while not ended.wait(interval):
            # No credential for a moment (an exec plugin that fails): the next interval retries,
            # and the lease is lost by its own clock if that does not help.
            with suppress(DiagnosticError):
                lease.renew()

    thread = threading.Thread(target=renew, name="azsec-lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        lease.release()


def clean_text(text: str) -> str:
    """Return text that fits metadata: visible ASCII on one line, at most 200 characters.

    The metadata of a container is sent in HTTP headers ("Setting and retrieving properties and
    metadata for Blob Storage resources"), and what others wrote there is printed to a terminal.
    """
    visible = "".join(char if " " <= char <= "~" else "?" for char in text.strip())
    return visible[:_LONGEST_TEXT]


def _find_container(service: Requester, container: ResourceId) -> Body | None:
    try:
        return _request_container(service, "GET", container)
    except AzureError as error:
        if error.status == _NOT_FOUND:
            return None
        raise


def _send_lease(service: Requester, container: ResourceId, body: Body) -> Body:
    return service.request("POST", f"{container.text}/lease", LEASE.api_version, body)


def _request_container(
    service: Requester, method: str, container: ResourceId, body: Body | None = None
) -> Body:
    return service.request(method, container.text, LEASE.api_version, body)


def _metadata_of(body: Body) -> dict[str, str]:
    found = lookup(body, ("properties", "metadata"))
    entries = found.items() if isinstance(found, Mapping) else ()
    return {name: value for name, value in entries if isinstance(value, str)}


def _metadata_of_others(body: Body) -> dict[str, str]:
    """Return the metadata without azsec's entries; Azure does not keep the case of their names."""
    own = {name.lower() for name in (_HOLDER, _SINCE, _EXPIRES)}
    return {name: value for name, value in _metadata_of(body).items() if name.lower() not in own}


def _read_status(body: Body, now: datetime) -> LeaseStatus:
    answered = lookup(body, ("properties", "leaseState"))
    state = answered.lower() if isinstance(answered, str) else "available"
    # Names of metadata keep no case on their way through Blob Storage's headers.
    metadata = {name.lower(): value for name, value in _metadata_of(body).items()}
    expires = _from_text(metadata.get(_EXPIRES.lower()))
    if state == "leased" and (expires is None or expires < now):
        # It was written for an older lease: the present holder has not written its name yet.
        return LeaseStatus(state, None, None, None)
    holder = metadata.get(_HOLDER.lower())
    since = _from_text(metadata.get(_SINCE.lower()))
    return LeaseStatus(state, clean_text(holder) if holder else None, since, expires)


def _to_text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _from_text(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
