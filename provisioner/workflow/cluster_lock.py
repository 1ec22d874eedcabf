"""The lock of a cluster: one apply at a time, by a Lease object of the environment.

Called by `cli` for `azsec cluster apply` and `azsec lock`.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from provisioner.cluster.ownership import ENVIRONMENT_LABEL
from provisioner.documents.lock import LockDocument
from provisioner.engine.cluster_lease import (
    NAMESPACE,
    ClusterLease,
    Place,
    acquire_cluster_lease,
    break_cluster_lease,
    find_cluster_lease,
)
from provisioner.engine.cluster_port import ClusterApi
from provisioner.engine.lease import LeaseHeldError, kept
from provisioner.model.diagnostic import Diagnostic, DiagnosticError
from provisioner.model.kubernetes_error import KubernetesError, describe_refusal
from provisioner.workflow.lock import LockRequest, describe_holder, to_text
from provisioner.workflow.plan import Desired

IN_CLUSTER = " --in-cluster"


@dataclass(frozen=True, slots=True)
class HeldClusterLock:
    """The lock of a cluster's objects while an apply runs."""

    lease: ClusterLease

    def halted(self) -> str | None:
        """Return why no further step may start, or None."""
        loss = self.lease.loss
        return f"the lock in the cluster was lost: {loss}" if loss is not None else None


def lease_name(desired: Desired) -> str:
    """Return the name of an environment's Lease, which no other environment has."""
    # The id of an environment keys its ownership marks: a name that everybody may list does not
    # show it.
    owner = hashlib.sha256(desired.environment.marks.owner.encode()).hexdigest()
    return f"azsec-{owner[:20]}"


def _lease_place(desired: Desired) -> Place:
    return Place(lease_name(desired), {ENVIRONMENT_LABEL: desired.environment.marks.environment})


@contextmanager
def hold_cluster_lock(
    desired: Desired, api: ClusterApi, request: LockRequest
) -> Iterator[HeldClusterLock]:
    """Hold the Lease of an environment, and release it however the block ends.

    Raises:
        DiagnosticError: Where another holder has it after the timeout (`lock-held`), where Leases
            may not be written (`forbidden`), and where no API server answers (`no-api-server`).
    """
    document = desired.document
    try:
        lease = acquire_cluster_lease(
            api,
            _lease_place(desired),
            request.holder,
            request.lease_id,
            request.timing,
            request.timeout,
        )
    except LeaseHeldError as held:
        now = request.timing.now()
        diagnostic = describe_holder(document, held.status, now, request.timeout, IN_CLUSTER)
        raise DiagnosticError(diagnostic) from None
    except KubernetesError as refusal:
        raise DiagnosticError(_describe_lock_refusal(api, refusal)) from refusal
    # Nothing in a cluster ends a Lease: candidates compare its renewTime with the clock, so that it
    # is renewed while it is held.
    with kept(lease):
        yield HeldClusterLock(lease)


def show_cluster_lock(desired: Desired, api: ClusterApi, now: datetime) -> LockDocument:
    """Return who holds the Lease of an environment.

    Raises:
        DiagnosticError: Where the API server refuses or does not answer.
    """
    place = _lease_place(desired)
    try:
        status = find_cluster_lease(api, place, now)
    except KubernetesError as refusal:
        raise DiagnosticError(_describe_lock_refusal(api, refusal)) from refusal
    return LockDocument(
        environment=desired.document,
        lease=f"{api.server}{place.path}",
        state=status.state,
        held=status.is_held,
        holder=status.holder,
        since=to_text(status.since),
        expires=to_text(status.expires),
    )


def break_cluster_lock(desired: Desired, api: ClusterApi, now: datetime) -> LockDocument:
    """End the Lease of an environment, whoever holds it; return its state afterwards.

    Raises:
        DiagnosticError: Where the API server refuses or does not answer.
    """
    try:
        break_cluster_lease(api, _lease_place(desired))
    except KubernetesError as refusal:
        raise DiagnosticError(_describe_lock_refusal(api, refusal)) from refusal
    return show_cluster_lock(desired, api, now)


def _describe_lock_refusal(api: ClusterApi, refusal: KubernetesError) -> Diagnostic:
    return describe_refusal(
        refusal,
        f"the lock of the cluster's objects, a Lease in the namespace {NAMESPACE}, is not to be "
        f"had: {api.server}",
        "`azsec roles ENV --for cluster-apply` writes the role that an apply takes.",
    )
