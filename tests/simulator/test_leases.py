"""Leases on blob containers: what each action does in each state, by a clock that the test moves.

The rows are the table of Blob Storage's "Lease Container": outcomes of lease operations by state.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.model.resource_id import ResourceId
from provisioner.simulator.server import LocalAzure
from provisioner.simulator.state.records import Lease
from provisioner.simulator.state.store import Store
from tests.simulator.setting import GROUP, Caller, Reply, StandingClock

ACCOUNT = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/stlock"
CONTAINER = f"{ACCOUNT}/blobServices/default/containers/lock"
OURS = "aaaaaaaa-0000-4000-8000-000000000001"
THEIRS = "bbbbbbbb-0000-4000-8000-000000000002"


class Leased:
    """A container in a built-in Azure."""

    def __init__(self, call: Caller, clock: StandingClock) -> None:
        self.call = call
        self.clock = clock

    def lease(self, action: str, **parts: object) -> Reply:
        return self.call("POST", f"{CONTAINER}/lease", {"action": action, **parts})

    def shown(self) -> tuple[str, str, str | None]:
        properties = self.call("GET", CONTAINER).body["properties"]
        names = ("leaseStatus", "leaseState", "leaseDuration")
        return tuple(properties.get(name) for name in names)  # type: ignore[return-value]

    def reach(self, state: str) -> None:
        """Bring the container into a state, by the lease OURS."""
        if state == "Available":
            return
        assert self.lease("Acquire", leaseDuration=60, proposedLeaseId=OURS).status == 200
        if state == "Expired":
            self.clock.advance(61)
        if state in ("Breaking", "Broken"):
            assert self.lease("Break", breakPeriod=30).body["leaseTimeSeconds"] == "30"
        if state == "Broken":
            self.clock.advance(31)
        assert self.shown()[1] == state


@pytest.fixture
def leased(real_catalog: Catalog) -> Iterator[Leased]:
    clock = StandingClock()
    with LocalAzure.start(real_catalog, None, clock=clock) as azure:
        call = Caller(azure.endpoint)
        call.create_group()
        account = {
            "location": "westeurope",
            "kind": "StorageV2",
            "sku": {"name": "Standard_LRS"},
            "properties": {},
        }
        assert call("PUT", ACCOUNT, account).status == 202
        assert call("PUT", CONTAINER, {}).status == 201
        yield Leased(call, clock)
        call.close()


OUTCOMES = [
    # state, action, what names the lease, status or code, state after
    ("Available", "Acquire", {"leaseDuration": 60, "proposedLeaseId": THEIRS}, 200, "Leased"),
    ("Leased", "Acquire", {"leaseDuration": 60, "proposedLeaseId": OURS}, 200, "Leased"),
    (
        "Leased",
        "Acquire",
        {"leaseDuration": 60, "proposedLeaseId": THEIRS},
        "LeaseAlreadyPresent",
        "Leased",
    ),
    ("Leased", "Acquire", {"leaseDuration": 60}, "LeaseAlreadyPresent", "Leased"),
    (
        "Breaking",
        "Acquire",
        {"leaseDuration": 60, "proposedLeaseId": THEIRS},
        "LeaseAlreadyPresent",
        "Breaking",
    ),
    (
        "Breaking",
        "Acquire",
        {"leaseDuration": 60, "proposedLeaseId": OURS},
        "LeaseIsBreakingAndCannotBeAcquired",
        "Breaking",
    ),
    ("Broken", "Acquire", {"leaseDuration": 60, "proposedLeaseId": THEIRS}, 200, "Leased"),
    ("Expired", "Acquire", {"leaseDuration": 60, "proposedLeaseId": THEIRS}, 200, "Leased"),
    ("Leased", "Renew", {"leaseId": OURS}, 200, "Leased"),
    ("Expired", "Renew", {"leaseId": OURS}, 200, "Leased"),
    ("Leased", "Renew", {"leaseId": THEIRS}, "LeaseIdMismatchWithLeaseOperation", "Leased"),
    ("Breaking", "Renew", {"leaseId": OURS}, "LeaseIsBrokenAndCannotBeRenewed", "Breaking"),
    ("Broken", "Renew", {"leaseId": OURS}, "LeaseIsBrokenAndCannotBeRenewed", "Broken"),
    ("Available", "Renew", {"leaseId": OURS}, "LeaseIdMismatchWithLeaseOperation", "Available"),
    ("Leased", "Change", {"leaseId": OURS, "proposedLeaseId": THEIRS}, 200, "Leased"),
    (
        "Breaking",
        "Change",
        {"leaseId": OURS, "proposedLeaseId": THEIRS},
        "LeaseIsBreakingAndCannotBeChanged",
        "Breaking",
    ),
    (
        "Expired",
        "Change",
        {"leaseId": OURS, "proposedLeaseId": THEIRS},
        "LeaseNotPresentWithLeaseOperation",
        "Expired",
    ),
    ("Leased", "Release", {"leaseId": OURS}, 200, "Available"),
    ("Expired", "Release", {"leaseId": OURS}, 200, "Available"),
    ("Breaking", "Release", {"leaseId": OURS}, 200, "Available"),
    ("Broken", "Release", {"leaseId": OURS}, 200, "Available"),
    ("Leased", "Release", {"leaseId": THEIRS}, "LeaseIdMismatchWithLeaseOperation", "Leased"),
    ("Available", "Release", {"leaseId": OURS}, "LeaseIdMismatchWithLeaseOperation", "Available"),
    ("Available", "Break", {}, "LeaseNotPresentWithLeaseOperation", "Available"),
    ("Leased", "Break", {}, 200, "Breaking"),
    ("Leased", "Break", {"breakPeriod": 0}, 200, "Broken"),
    ("Breaking", "Break", {"breakPeriod": 0}, 200, "Broken"),
    ("Expired", "Break", {}, 200, "Broken"),
    ("Broken", "Break", {}, 200, "Broken"),
]


@pytest.mark.parametrize(
    ("state", "action", "parts", "outcome", "after"),
    OUTCOMES,
    ids=[f"{row[0]}, {row[1]} {n}: {row[3]}" for n, row in enumerate(OUTCOMES)],
)
def test_each_action_does_in_each_state_what_blob_storage_says(
    leased: Leased, state: str, action: str, parts: dict[str, object], outcome: object, after: str
) -> None:
    leased.reach(state)

    reply = leased.lease(action, **parts)

    assert (reply.status if reply.status == 200 else reply.code) == outcome
    assert reply.status in (200, 409)
    assert leased.shown()[1] == after


def test_a_lease_shows_in_its_container(leased: Leased) -> None:
    assert leased.shown() == ("Unlocked", "Available", None)
    leased.reach("Leased")
    assert leased.shown() == ("Locked", "Leased", "Fixed")
    leased.clock.advance(61)
    assert leased.shown() == ("Unlocked", "Expired", None)
    leased.lease("Acquire", leaseDuration=-1)
    assert leased.shown() == ("Locked", "Leased", "Infinite")


def test_a_renewal_counts_from_now(leased: Leased) -> None:
    leased.reach("Leased")
    leased.clock.advance(45)
    leased.lease("Renew", leaseId=OURS)
    leased.clock.advance(45)
    assert leased.shown()[1] == "Leased"


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param({"action": "Acquire"}, id="no duration"),
        pytest.param({"action": "Acquire", "leaseDuration": 14}, id="too short"),
        pytest.param({"action": "Acquire", "leaseDuration": 61}, id="too long"),
        pytest.param(
            {"action": "Acquire", "leaseDuration": 60, "proposedLeaseId": "me"}, id="no GUID"
        ),
        pytest.param({"action": "Break", "breakPeriod": 61}, id="too long a break"),
        pytest.param({"action": "Steal"}, id="no such action"),
    ],
)
def test_what_the_reference_does_not_allow_is_refused(
    leased: Leased, parts: dict[str, object]
) -> None:
    reply = leased.call("POST", f"{CONTAINER}/lease", parts)
    assert (reply.status, reply.code) == (400, "InvalidValuesForRequestParameters")


def test_a_leased_container_is_not_deleted_and_its_account_is(leased: Leased) -> None:
    leased.reach("Leased")
    reply = leased.call("DELETE", CONTAINER)
    assert (reply.status, reply.code) == (412, "LeaseIdMissing")

    assert leased.call("DELETE", ACCOUNT).status == 200
    assert leased.call("POST", f"{CONTAINER}/lease", {"action": "Break"}).status == 404


def test_an_account_has_a_blob_service_from_the_start(leased: Leased) -> None:
    service = leased.call("GET", f"{ACCOUNT}/blobServices/default")
    assert service.status == 200
    assert leased.call("DELETE", f"{ACCOUNT}/blobServices/default").status == 405


def test_a_lease_outlives_the_process(real_catalog: Catalog, tmp_path: Path) -> None:

    key = ResourceId.parse(CONTAINER).key
    store = Store(tmp_path / "local.db")
    store.leases.put(key, Lease(OURS, 60, "2027-01-01T12:00:00Z"))
    store.commit()
    store.close()

    again = Store(tmp_path / "local.db")
    assert again.leases.get(key) == Lease(OURS, 60, "2027-01-01T12:00:00Z")
    again.close()
