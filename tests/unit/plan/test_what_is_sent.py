"""An update sends what the blueprint states and what others own, and nothing that Azure fills in
anew: what it filled in before may not be taken any more."""

from collections.abc import Iterator

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.model.azure_error import AzureError
from provisioner.model.values import lookup
from tests.environments import Bench, open_bench
from tests.simulator.setting import StandingClock

START = ("properties", "maintenanceWindow", "startDate")
WINDOW = """\
aks:
  type: Microsoft.ContainerService/managedClusters
  resourceGroup: main
  name: aks
  identity: {type: SystemAssigned}
  properties:
    dnsPrefix: aks
    agentPoolProfiles: [{name: system, mode: System, vmSize: Standard_D4s_v5, count: 3}]
window:
  type: Microsoft.ContainerService/managedClusters/maintenanceConfigurations
  name: aksManagedAutoUpgradeSchedule
  parent: ${aks.id}
  properties:
    maintenanceWindow:
      schedule: {weekly: {intervalWeeks: 1, dayOfWeek: Sunday}}
      durationHours: 4
      startTime: "01:00"
"""
DAY = 24 * 3600


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def aging(catalog: Catalog, clock: StandingClock) -> Iterator[Bench]:
    """A built-in Azure whose days pass when the clock is told so."""
    with open_bench(catalog, clock) as opened:
        yield opened


def test_a_date_that_azure_filled_in_is_not_sent_back(aging: Bench, clock: StandingClock) -> None:
    aging.apply(aging.plan(aging.compose(WINDOW)))
    assert lookup(aging.body_of("aksManagedAutoUpgradeSchedule"), START) == _day(clock)

    clock.advance(28 * DAY)
    saturday = aging.compose(WINDOW.replace("Sunday", "Saturday"))
    plan = aging.plan(saturday)
    (step,) = plan.steps
    assert "startDate" not in str(step.body)

    aging.apply(plan)
    assert lookup(aging.body_of("aksManagedAutoUpgradeSchedule"), START) == _day(clock)
    assert aging.plan(saturday).steps == ()


def test_a_date_that_has_passed_is_refused(aging: Bench, clock: StandingClock) -> None:
    aging.apply(aging.plan(aging.compose(WINDOW)))
    body = aging.body_of("aksManagedAutoUpgradeSchedule")
    window = lookup(body, ("properties", "maintenanceWindow"))
    assert isinstance(window, dict)

    clock.advance(DAY)
    with pytest.raises(AzureError, match="startDate"):
        aging.tamper("aksManagedAutoUpgradeSchedule", maintenanceWindow=window)
    aging.tamper(
        "aksManagedAutoUpgradeSchedule", maintenanceWindow={**window, "startDate": _day(clock)}
    )


def _day(clock: StandingClock) -> str:
    return clock.now().date().isoformat()


def test_what_azure_reads_off_an_identity_is_not_sent_back(bench: Bench) -> None:
    text = """\
kubelet: {type: Microsoft.ManagedIdentity/userAssignedIdentities, resourceGroup: main, name: id-k}
aks:
  type: Microsoft.ContainerService/managedClusters
  resourceGroup: main
  name: aks
  tags: {team: one}
  identity: {type: UserAssigned, userAssignedIdentities: {"${kubelet.id}": {}}}
  properties:
    dnsPrefix: aks
    identityProfile: {kubeletidentity: {resourceId: "${kubelet.id}"}}
    agentPoolProfiles: [{name: system, mode: System, vmSize: Standard_D4s_v5, count: 3}]
"""
    bench.apply(bench.plan(bench.compose(text)))
    (step,) = bench.plan(bench.compose(text.replace("team: one", "team: two"))).steps
    held = lookup(step.body, ("properties", "identityProfile", "kubeletidentity"))
    assert isinstance(held, dict)
    assert list(held) == ["resourceId"]
