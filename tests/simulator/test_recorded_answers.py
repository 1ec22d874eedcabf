"""Answers in which types differ from each other, as recorded."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.simulator.server import LocalAzure
from tests.simulator.setting import GROUP, Caller, StandingClock

NETWORK = "Microsoft.Network"
NET = {
    "location": "westeurope",
    "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}},
}
PREFIX = {"location": "westeurope", "sku": {"name": "Standard"}, "properties": {"prefixLength": 28}}


@pytest.fixture
def start(real_catalog: Catalog) -> Iterator[Callable[..., Caller]]:
    with ExitStack() as stack:

        def begin(**options: Any) -> Caller:
            azure = stack.enter_context(LocalAzure.start(real_catalog, None, **options))
            call = Caller(azure.endpoint)
            stack.callback(call.close)
            call.create_group()
            return call

        yield begin


@pytest.fixture
def slow(start: Callable[..., Caller]) -> Caller:
    """A built-in Azure in which nothing that takes time ends."""
    return start(clock=StandingClock(), realistic=1.0)


@pytest.mark.parametrize(
    ("zones", "status", "polls"),
    [
        pytest.param("Disabled", 200, False, id="done with the answer"),
        pytest.param("Enabled", 201, True, id="spread over zones: goes on"),
    ],
)
def test_a_registry_over_zones_takes_time(
    slow: Caller, zones: str, status: int, polls: bool
) -> None:
    body = {
        "location": "westeurope",
        "sku": {"name": "Premium"},
        "properties": {"zoneRedundancy": zones},
    }
    made = slow("PUT", "Microsoft.ContainerRegistry/registries/contosoreg", body)

    assert made.status == status
    assert any("asyncoperation" in name.lower() for name in made.headers) is polls


@pytest.mark.parametrize(
    "url",
    [
        "Microsoft.ContainerRegistry/registries/contosoreg",
        "Microsoft.OperationalInsights/workspaces/log-one",
    ],
)
def test_no_identity_is_answered_by_none_at_all(start: Callable[..., Caller], url: str) -> None:
    """So that a client that reads, changes and writes back is not refused for half of one."""
    call = start()
    body = {"location": "westeurope", "identity": {"type": "None"}, "properties": {}}
    call("PUT", url, {**body, "sku": {"name": "Basic"}} if "registries" in url else body)

    answer = call("GET", url).body

    assert "identity" not in answer
    assert call("PUT", url, answer).status == 200


@pytest.mark.parametrize(
    "child",
    [
        "Microsoft.ManagedIdentity/userAssignedIdentities/gone/federatedIdentityCredentials/one",
        f"{NETWORK}/privateDnsZones/gone.com/A/www",
    ],
)
def test_some_providers_name_a_missing_parent_by_a_code_of_its_own(
    start: Callable[..., Caller], child: str
) -> None:
    call = start()

    assert call("DELETE", child).code == "ParentResourceNotFound"
    assert call("DELETE", f"{NETWORK}/routeTables/gone/routes/one").code == "ResourceNotFound"


def test_a_public_address_finds_no_prefix_that_is_not_there_yet(slow: Caller) -> None:
    address = f"{NETWORK}/publicIPAddresses/ip"
    prefix = f"{GROUP}/providers/{NETWORK}/publicIPPrefixes/prefix"
    body = {
        "location": "westeurope",
        "sku": {"name": "Standard"},
        "properties": {"publicIPAllocationMethod": "Static", "publicIPPrefix": {"id": prefix}},
    }
    missing = slow("PUT", address, body)
    slow("PUT", prefix, PREFIX)
    early = slow("PUT", address, body)

    assert [(reply.status, reply.code) for reply in (missing, early)] == [(404, "NotFound")] * 2


def test_a_peering_waits_for_the_network_that_it_names(start: Callable[..., Caller]) -> None:
    clock = StandingClock()
    call = start(clock=clock, realistic=1.0)
    call("PUT", f"{NETWORK}/virtualNetworks/one", NET)
    clock.advance(3600)
    remote = f"{GROUP}/providers/{NETWORK}/virtualNetworks/two"
    other = {"addressSpace": {"addressPrefixes": ["10.1.0.0/16"]}}
    call("PUT", remote, {**NET, "properties": other})
    peering = {"properties": {"remoteVirtualNetwork": {"id": remote}}}
    early = call("PUT", f"{NETWORK}/virtualNetworks/one/virtualNetworkPeerings/p", peering)

    assert (early.status, early.code) == (400, "ReferencedResourceNotProvisioned")


def test_a_group_that_is_being_deleted_may_be_deleted_again(slow: Caller) -> None:
    replies = [slow("DELETE", GROUP) for _ in range(2)]

    assert [reply.status for reply in replies] == [202, 202]
