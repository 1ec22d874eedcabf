"""The lease that an apply holds, against a real built-in Azure whose clock the tests move."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from provisioner.azure.client import ArmClient
from provisioner.azure.cloud import local_cloud
from provisioner.azure.credential import LocalToken
from provisioner.azure.retry import RetryBudget
from provisioner.catalog import api_versions
from provisioner.catalog.endpoints import leased_container
from provisioner.catalog.registry import Catalog
from provisioner.engine.lease import (
    LEASE_SECONDS,
    Lease,
    LeaseHeldError,
    LeaseStatus,
    Timing,
    acquire_lease,
    break_lease,
    clean_text,
    find_status,
    kept,
)
from provisioner.model.azure_error import AzureError
from provisioner.model.values import lookup
from provisioner.simulator.protocol.faults import Fault
from provisioner.simulator.server import LocalAzure
from tests.simulator.setting import StandingClock

SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"
CONTAINER = leased_container(SUBSCRIPTION, "rg", "stlock", "lock")
OURS = "aaaaaaaa-0000-4000-8000-000000000001"
THEIRS = "bbbbbbbb-0000-4000-8000-000000000002"


@dataclass
class Scene:
    """Azure, a client, and one clock for both: what sleeps moves it."""

    server: LocalAzure
    client: ArmClient
    clock: StandingClock

    @property
    def timing(self) -> Timing:
        start = datetime(2027, 1, 1).astimezone()
        return Timing(
            lambda: (self.clock.now() - start).total_seconds(), self.clock.now, self.clock.advance
        )

    def acquire(self, lease_id: str = OURS, holder: str = "ada@dev", timeout: float = 0) -> Lease:
        lease = acquire_lease(self.client, CONTAINER, holder, lease_id, self.timing, timeout)
        assert lease is not None
        return lease

    def status(self) -> LeaseStatus:
        status = find_status(self.client, CONTAINER, self.clock.now())
        assert status is not None
        return status


@pytest.fixture
def scene(catalog: Catalog) -> Iterator[Scene]:
    clock = StandingClock()
    budget = RetryBudget(attempts=2, total_seconds=10.0)
    with (
        LocalAzure.start(catalog, None, clock=clock) as server,
        ArmClient.open(
            local_cloud(server.endpoint), LocalToken(), retry=budget, sleep=lambda _s: None
        ) as client,
    ):
        group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"
        account = {
            "location": "westeurope",
            "kind": "StorageV2",
            "sku": {"name": "Standard_LRS"},
            "properties": {},
        }
        for path, body in (
            (group, {"location": "westeurope"}),
            (f"{group}/providers/Microsoft.Storage/storageAccounts/stlock", account),
            (CONTAINER.text, {"properties": {"metadata": {"team": "platform"}}}),
        ):
            client.request("PUT", path, api_versions.STORAGE, body)
        yield Scene(server, client, clock)


def test_a_lease_says_who_holds_it_since_when_and_until_when(scene: Scene) -> None:
    assert scene.status() == LeaseStatus("available", None, None, None)
    began = scene.clock.now()

    scene.acquire()

    ends = began + timedelta(seconds=LEASE_SECONDS)
    assert scene.status() == LeaseStatus("leased", "ada@dev", began, ends)
    body = scene.client.request("GET", CONTAINER.text, api_versions.STORAGE)
    assert body["properties"]["metadata"]["team"] == "platform"  # type: ignore[index, call-overload]


def test_another_is_refused_and_hears_who_holds_it(scene: Scene) -> None:
    scene.acquire()

    with pytest.raises(LeaseHeldError) as held:
        scene.acquire(THEIRS, "bob@dev")

    assert held.value.status.holder == "ada@dev"


@pytest.mark.parametrize("code", ["ScopeLocked", "ContainerBeingDeleted", "AccountIsDisabled"])
def test_a_conflict_that_is_no_lease_is_not_taken_for_a_held_one(scene: Scene, code: str) -> None:
    scene.server.faults.add(Fault(path="/lease$", status=409, code=code, times=None))
    began = scene.clock.now()

    with pytest.raises(AzureError) as refused:
        scene.acquire(timeout=30)

    assert refused.value.code == code
    assert scene.clock.now() == began, "it is not waited for"


def test_a_lease_that_is_being_broken_is_held(scene: Scene) -> None:
    scene.acquire()
    body = {"action": "Break", "breakPeriod": 40}
    scene.client.request("POST", f"{CONTAINER.text}/lease", api_versions.STORAGE, body)

    for lease_id in (OURS, THEIRS):
        with pytest.raises(LeaseHeldError) as held:
            scene.acquire(lease_id, "bob@dev")
        assert held.value.status.state == "breaking"
    scene.acquire(THEIRS, "bob@dev", timeout=60)
    assert scene.status().holder == "bob@dev"


def test_a_release_lets_the_next_one_in_at_once(scene: Scene) -> None:
    scene.acquire().release()
    assert not scene.status().is_held

    scene.acquire(THEIRS, "bob@dev")
    assert scene.status().holder == "bob@dev"


def test_one_waits_for_it_as_long_as_is_said(scene: Scene) -> None:
    """The first holder crashed: nobody renews, and 60 seconds later the lease is free."""
    scene.acquire()
    began = scene.clock.now()

    with pytest.raises(LeaseHeldError):
        scene.acquire(THEIRS, "bob@dev", timeout=30)
    assert (scene.clock.now() - began).total_seconds() == 30

    lease = scene.acquire(THEIRS, "bob@dev", timeout=40)
    assert (scene.clock.now() - began).total_seconds() <= LEASE_SECONDS + 5
    assert lease.loss is None
    assert scene.status().holder == "bob@dev"


def test_renewals_keep_it(scene: Scene) -> None:
    lease = scene.acquire()
    for _ in range(10):
        scene.clock.advance(20)
        lease.renew()
        assert lease.loss is None
    assert scene.status().holder == "ada@dev"
    assert scene.status().expires == scene.clock.now() + timedelta(seconds=LEASE_SECONDS)


def _metadata(scene: Scene) -> dict[str, str]:
    body = scene.client.request("GET", CONTAINER.text, api_versions.STORAGE)
    found = lookup(body, ("properties", "metadata"))
    assert isinstance(found, dict)
    return found


def test_metadata_of_others_that_changes_meanwhile_stays(scene: Scene) -> None:
    """A renewal and a release write three entries, and no others."""
    lease = scene.acquire()
    for number, write in enumerate((lease.renew, lease.release)):
        found = {name: text for name, text in _metadata(scene).items() if name != "team"}
        body = {"properties": {"metadata": {**found, "cost": f"c{number}"}}}
        scene.client.request("PUT", CONTAINER.text, api_versions.STORAGE, body)
        scene.clock.advance(20)

        write()

        after = _metadata(scene)
        assert set(after) == {"azsecHolder", "azsecSince", "azsecExpires", "cost"}
        assert after["cost"] == f"c{number}"
    assert scene.status().holder == "ada@dev"


def test_a_broken_lease_is_lost_at_the_next_renewal(scene: Scene) -> None:
    lease = scene.acquire()
    break_lease(scene.client, CONTAINER)
    assert lease.loss is None

    lease.renew()

    assert lease.loss is not None
    assert "LeaseIsBrokenAndCannotBeRenewed" in lease.loss
    lease.release()
    assert not scene.status().is_held


def test_what_another_took_meanwhile_is_lost_and_stays_theirs(scene: Scene) -> None:
    lease = scene.acquire()
    scene.clock.advance(LEASE_SECONDS + 1)
    scene.acquire(THEIRS, "bob@dev")

    lease.renew()
    assert "LeaseIdMismatch" in str(lease.loss)

    lease.release()
    assert scene.status().holder == "bob@dev", "who lost it neither releases nor renames it"
    assert scene.status().is_held


def test_what_cannot_be_renewed_is_lost_before_azure_frees_it(scene: Scene) -> None:
    lease = scene.acquire()
    scene.server.faults.add(Fault(path="/lease$", status=503, code="ServerBusy", times=None))
    scene.clock.advance(20)
    lease.renew()
    assert lease.loss is None, "one failure is tried again"

    scene.clock.advance(36)
    lease.renew()

    assert str(lease.loss) == "it could not be renewed for 56 s"
    assert scene.status().state == "leased"


def test_an_answer_that_was_lost_does_not_lock_one_out(scene: Scene) -> None:
    scene.server.faults.drop("/lease$", method="POST", after_effect=True)
    assert scene.acquire().loss is None


def test_the_name_of_an_earlier_holder_is_not_given_for_the_present_one(scene: Scene) -> None:
    """Between a lease and the name of its holder stands a moment."""
    scene.acquire().release()
    scene.clock.advance(1)
    path = f"{CONTAINER.text}/lease"
    body = {"action": "Acquire", "leaseDuration": 60, "proposedLeaseId": THEIRS}
    scene.client.request("POST", path, api_versions.STORAGE, body)

    assert scene.status() == LeaseStatus("leased", None, None, None)


def test_nothing_is_taken_where_there_is_no_container(scene: Scene) -> None:
    absent = leased_container(SUBSCRIPTION, "rg", "stlock", "other")
    assert acquire_lease(scene.client, absent, "ada", OURS, scene.timing, 0) is None
    assert find_status(scene.client, absent, scene.clock.now()) is None


@pytest.mark.parametrize("problem", [None, KeyboardInterrupt, SystemExit, ValueError])
def test_every_way_out_releases_it(scene: Scene, problem: type[BaseException] | None) -> None:
    def run() -> None:
        with kept(scene.acquire()):
            assert scene.status().is_held
            if problem is not None:
                raise problem

    if problem is None:
        run()
    else:
        with pytest.raises(problem):
            run()
    assert scene.status().state == "available"


def test_a_thread_renews_it(scene: Scene) -> None:
    with kept(scene.acquire(), interval=0.01):
        scene.clock.advance(30)
        for _ in range(500):
            scene.timing.sleep(0)
            expires = scene.status().expires
            if expires == scene.clock.now() + timedelta(seconds=LEASE_SECONDS):
                return
    raise AssertionError("the lease was never renewed")


def test_a_name_is_visible_text_on_one_line() -> None:
    assert clean_text("ada\n\x1b[31m@dev é") == "ada??[31m@dev ?"
    assert len(clean_text("x" * 5000)) == 200
