"""Lock of an apply in a cluster: a Lease object of `coordination.k8s.io/v1`.

Kubernetes' own controllers elect leaders with Leases (kubernetes.io, "Leases"). Every write states
the resourceVersion that was read, so that the API server refuses one of two simultaneous writers.
Nothing in a cluster ends a Lease: a candidate compares its `renewTime` with the clock, and the
clocks of two machines differ. So a lease is taken over only `SKEW_SECONDS` after it expired, and
its holder gives up before that, by its own monotonic clock.

It is in the namespace `default`: that exists before the first apply and cannot be deleted, and no
system component keeps a Lease there. In `kube-system`, an identity that may create Leases (RBAC
cannot restrict `create` to a name) could create the one by which a controller is elected before
the controller does; a namespace of its own would be a write before the lock is held.
"""

import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from provisioner.engine.cluster_port import ApiRequest, ClusterApi
from provisioner.engine.lease import (
    LEASE_SECONDS,
    MARGIN_SECONDS,
    RETRY_SECONDS,
    LeaseHeldError,
    LeaseStatus,
    Timing,
    clean_text,
)
from provisioner.model.kubernetes_error import KubernetesError

NAMESPACE = "default"
SKEW_SECONDS = 30
"""How far the clocks of two machines may differ."""

_LONGEST_SECONDS = 3_600
"""The upper bound of `leaseDurationSeconds`: a writer of the Lease could state 2,147,483,647 s. An
apply of azsec states `LEASE_SECONDS`."""

_PATH = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases"
_CONFLICT = 409


@dataclass(frozen=True, slots=True)
class Place:
    """The name of a Lease, and the labels that it is created with."""

    name: str
    labels: Mapping[str, str]

    @property
    def path(self) -> str:
        """The path of the Lease on the API server."""
        return f"{_PATH}/{self.name}"


class ClusterLease:
    """A Lease that this process holds. `renew` may be called from another thread.

    Get one from `acquire_cluster_lease`, and keep it with `lease.kept`.
    """

    def __init__(
        self, api: ClusterApi, body: Mapping[str, Any], path: str, timing: Timing, taken: float
    ) -> None:
        self._api = api
        self._body = body
        self._path = path
        self._identity = str(body["spec"]["holderIdentity"])
        self._timing = timing
        self._busy = threading.Lock()
        self._renewed = taken
        self._lost: str | None = None
        self._released = False

    @property
    def loss(self) -> str | None:
        """Why the lease is lost, or None while it is held.

        It is lost when another holds it, and when it has expired by this process's own clock.
        """
        if self._released:
            return None
        idle = self._timing.clock() - self._renewed
        if self._lost is None and idle > LEASE_SECONDS - MARGIN_SECONDS:
            return f"it could not be renewed for {idle:.0f} s"
        return self._lost

    def renew(self) -> None:
        """Renew once. Another holder is a loss; after a network failure the next call retries."""
        with self._busy:
            if self._released or self._lost is not None:
                return
            sent = self._timing.clock()
            with suppress(KubernetesError):
                self._write_spec({**self._body["spec"], "renewTime": _to_micro(self._timing.now())})
                self._renewed = sent

    def release(self) -> None:
        """Release it, so that the next apply need not wait; without success it expires."""
        is_free = self._busy.acquire(timeout=MARGIN_SECONDS)
        try:
            if self._released or self._lost is not None:
                return
            self._released = True
            kept = {k: v for k, v in self._body["spec"].items() if k != "holderIdentity"}
            with suppress(KubernetesError):
                self._write_spec(kept)
        finally:
            if is_free:
                self._busy.release()

    def _write_spec(self, spec: Mapping[str, Any]) -> None:
        try:
            self._body = _send_request(
                self._api, ApiRequest("PUT", self._path, body={**self._body, "spec": spec})
            )
        except KubernetesError as refusal:
            if refusal.status != _CONFLICT and not refusal.is_missing:
                raise
            self._resolve_conflict(spec)

    def _resolve_conflict(self, spec: Mapping[str, Any]) -> None:
        """Write again on the current version if this process still holds the Lease, else lose it.

        A conflict is not always another holder: the answer to an own write may have been lost, or
        somebody may have changed a label.
        """
        found = _find_lease(self._api, self._path)
        holder = None if found is None else (found.get("spec") or {}).get("holderIdentity")
        if found is None or holder != self._identity:
            reason = "it was deleted" if found is None else f"{_name_of(holder)} has it"
            self._lost = reason if holder or found is None else "it was broken"
            return
        self._body = _send_request(
            self._api, ApiRequest("PUT", self._path, body={**found, "spec": spec})
        )


def acquire_cluster_lease(
    api: ClusterApi, place: Place, holder: str, lease_id: str, timing: Timing, timeout: float
) -> ClusterLease:
    """Acquire a Lease, waiting up to `timeout` seconds for it; create it where it is absent.

    `lease_id` is a new GUID: two processes of one name hold two leases.

    Raises:
        LeaseHeldError: where another still holds it after `timeout`. Also KubernetesError for every
            other refusal.
    """
    deadline = timing.clock() + timeout
    identity = f"{clean_text(holder)}_{lease_id}"
    while True:
        began = timing.clock()
        found = _find_lease(api, place.path)
        status = _read_status(found, timing.now())
        if not status.is_held:
            taken = _take_lease(api, place, found, identity, timing.now())
            if taken is not None:
                return ClusterLease(api, taken, place.path, timing, began)
            status = _read_status(_find_lease(api, place.path), timing.now())
        left = deadline - timing.clock()
        if left <= 0:
            raise LeaseHeldError(status)
        timing.sleep(min(RETRY_SECONDS, left))


def find_cluster_lease(api: ClusterApi, place: Place, now: datetime) -> LeaseStatus:
    """Return the status of a Lease at `now`. Raises KubernetesError where it cannot be read."""
    return _read_status(_find_lease(api, place.path), now)


def break_cluster_lease(api: ClusterApi, place: Place) -> None:
    """Remove the holder of a Lease at once, whoever it is. Raises KubernetesError."""
    found = _find_lease(api, place.path)
    spec = {} if found is None else found.get("spec") or {}
    if found is not None and spec.get("holderIdentity"):
        kept = {k: v for k, v in spec.items() if k != "holderIdentity"}
        _send_request(api, ApiRequest("PUT", place.path, body={**found, "spec": kept}))


def _take_lease(
    api: ClusterApi, place: Place, found: Mapping[str, Any] | None, identity: str, now: datetime
) -> Mapping[str, Any] | None:
    """Write a new holder into a Lease; return None where another writer was faster (409).

    Raises:
        KubernetesError: Where the API server refuses the write for another reason.
    """
    before = {} if found is None else found.get("spec") or {}
    spec = {
        "holderIdentity": identity,
        "leaseDurationSeconds": LEASE_SECONDS,
        "acquireTime": _to_micro(now),
        "renewTime": _to_micro(now),
        "leaseTransitions": int(before.get("leaseTransitions") or 0) + (found is not None),
    }
    metadata = {"name": place.name, "namespace": NAMESPACE, "labels": dict(place.labels)}
    fresh = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata}
    ask = ApiRequest("POST", _PATH, body={**fresh, "spec": spec})
    if found is not None:
        ask = ApiRequest("PUT", place.path, body={**found, "spec": spec})
    try:
        return _send_request(api, ask)
    except KubernetesError as refusal:
        if refusal.status == _CONFLICT:
            return None
        raise


def _find_lease(api: ClusterApi, path: str) -> Mapping[str, Any] | None:
    try:
        return _send_request(api, ApiRequest("GET", path))
    except KubernetesError as refusal:
        if refusal.is_missing:
            return None
        raise


def _send_request(api: ClusterApi, ask: ApiRequest) -> Mapping[str, Any]:
    answer = api.ask([ask])[0]
    if isinstance(answer, KubernetesError):
        raise answer
    return answer


def _read_status(body: Mapping[str, Any] | None, now: datetime) -> LeaseStatus:
    if body is None:
        return LeaseStatus("absent", None, None, None)
    spec = body.get("spec") or {}
    holder = spec.get("holderIdentity")
    if not holder:
        return LeaseStatus("available", None, None, None)
    since, renewed = _from_micro(spec.get("acquireTime")), _from_micro(spec.get("renewTime"))
    if renewed is None:
        # Not written by azsec (`renewTime` is optional in the API): it has no time to expire at.
        return LeaseStatus("leased", _name_of(holder), since, None)
    expires = _expiry_of(renewed, spec.get("leaseDurationSeconds"), now)
    is_over = expires is not None and now > expires + timedelta(seconds=SKEW_SECONDS)
    return LeaseStatus("expired" if is_over else "leased", _name_of(holder), since, expires)


def _expiry_of(renewed: datetime, stated: object, now: datetime) -> datetime | None:
    """Return when a Lease expires without a renewal; None for a `renewTime` in the future.

    More than `_LONGEST_SECONDS` ahead is no skew of clocks: only a break ends such a Lease.
    """
    longest = timedelta(seconds=_LONGEST_SECONDS)
    if renewed > now + longest:
        return None
    seconds = stated if isinstance(stated, int) and stated > 0 else LEASE_SECONDS
    return renewed + min(timedelta(seconds=seconds), longest)


def _name_of(identity: object) -> str:
    """Return the holder's name without the GUID behind it."""
    name, separator, _ = str(identity).rpartition("_")
    return clean_text(name if separator else str(identity))


def _to_micro(moment: datetime) -> str:
    """Return a time in the format of Kubernetes' `MicroTime`: RFC 3339, UTC, microseconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _from_micro(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text or ""))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
