"""The lease of a blob container as its GET returns it, by the cloud's clock.

The states are those of "Lease Container" (Blob Storage's reference): available, leased, expired,
breaking, broken. Nothing runs in the background: the state is derived from the stored lease and the
time.
"""

from datetime import timedelta
from enum import StrEnum

from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Json
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.state.clock import parse_time
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.records import Lease

FOREVER = -1
"""The duration of a lease that does not expire."""


class LeaseState(StrEnum):
    """The states, spelled as Azure Resource Manager answers them."""

    AVAILABLE = "Available"
    LEASED = "Leased"
    EXPIRED = "Expired"
    BREAKING = "Breaking"
    BROKEN = "Broken"


_LOCKED = (LeaseState.LEASED, LeaseState.BREAKING)


def state_of(cloud: Cloud, lease: Lease | None) -> LeaseState:
    """Return the state of a lease at this moment."""
    if lease is None:
        return LeaseState.AVAILABLE
    if lease.breaks is not None:
        is_over = parse_time(lease.breaks) <= cloud.now()
        return LeaseState.BROKEN if is_over else LeaseState.BREAKING
    if lease.seconds == FOREVER or seconds_left(cloud, lease) > 0:
        return LeaseState.LEASED
    return LeaseState.EXPIRED


def seconds_left(cloud: Cloud, lease: Lease) -> float:
    """Return the remaining seconds of a fixed lease; negative once it has expired."""
    ends = parse_time(lease.renewed) + timedelta(seconds=lease.seconds)
    return (ends - cloud.now()).total_seconds()


def show_lease(cloud: Cloud, container: ResourceId) -> dict[str, Json]:
    """Return the lease properties of a container's GET; {} if there is no lease.

    `leaseDuration` is returned while the container is leased, as Fixed or Infinite, never in
    seconds.
    """
    lease = cloud.store.leases.get(container.key)
    if lease is None:
        return {}
    state = state_of(cloud, lease)
    if state not in _LOCKED:
        return {"leaseStatus": "Unlocked", "leaseState": state.value}
    shown: dict[str, Json] = {"leaseStatus": "Locked", "leaseState": state.value}
    if state is LeaseState.LEASED:
        shown["leaseDuration"] = "Infinite" if lease.seconds == FOREVER else "Fixed"
    return shown


def check_unleased(cloud: Cloud, resource: ResourceId) -> None:
    """Check that a container to delete has no lease.

    The code is that of Blob Storage ("Delete Container"); that Azure Resource Manager passes it on
    is inferred. Deleting the account or its group does not check leases.

    Raises:
        RefusalError: it is leased.
    """
    if state_of(cloud, cloud.store.leases.get(resource.key)) in _LOCKED:
        raise RefusalError(
            412,
            "LeaseIdMissing",
            "There is currently a lease on the container and no lease ID was specified in the "
            "request.",
            by_provider=True,
        )
