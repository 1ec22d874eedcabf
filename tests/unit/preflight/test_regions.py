"""Regions: asked of the cloud at hand, never judged by a list of azsec's own."""

import pytest

from tests.environments import Bench
from tests.simulator.setting import GROUP, Caller

NETWORK = """\
vnet:
  type: Microsoft.Network/virtualNetworks
  resourceGroup: main
  name: vnet
  location: {region}
  properties: {{addressSpace: {{addressPrefixes: [10.0.0.0/16]}}}}
"""


@pytest.mark.parametrize(
    ("region", "told"),
    [
        pytest.param("nowhere", ["no-such-region"], id="no region has this name"),
        pytest.param("westeurop", ["no-such-region"], id="a letter is missing"),
        pytest.param("northeurope", [], id="another region than the group's"),
        pytest.param("North Europe", [], id="as people write it"),
    ],
)
def test_a_region_is_asked_for(bench: Bench, region: str, told: list[str]) -> None:
    document = bench.preflight(bench.compose(NETWORK.format(region=region))).document
    assert [d.code for d in document.diagnostics] == told
    assert all("LocationNotAvailableForResourceType" in d.message for d in document.diagnostics)


def test_a_name_that_is_nearly_one_is_proposed(bench: Bench) -> None:
    (found,) = bench.preflight(
        bench.compose(NETWORK.format(region="westeurop"))
    ).document.diagnostics
    assert found.hint == "Did you mean 'westeurope'?"


@pytest.mark.parametrize(
    ("path", "location", "status", "code"),
    [
        pytest.param(GROUP, "nowhere", 400, "LocationNotAvailableForResourceGroup", id="a group"),
        pytest.param(
            f"{GROUP}/providers/Microsoft.Network/routeTables/rt", "nowhere", 400,
            "LocationNotAvailableForResourceType", id="a resource",
        ),
        pytest.param(
            f"{GROUP}/providers/Microsoft.Network/routeTables/rt", "Sweden Central", 201, None,
            id="a region",
        ),
        pytest.param(
            f"{GROUP}/providers/Microsoft.Network/privateDnsZones/contoso.internal", "global", 202,
            None, id="what is in none",
        ),
    ],
)  # fmt: skip
def test_the_built_in_azure_has_the_regions_that_it_lists(
    bench: Bench, path: str, location: str, status: int, code: str | None
) -> None:
    call = Caller(bench.server.endpoint)
    if path != GROUP:
        call.create_group()
    version = "2021-04-01" if path == GROUP else "2024-06-01"
    answer = call("PUT", f"{path}?api-version={version}", {"location": location})
    assert (answer.status, answer.code if code else None) == (status, code)
    call.close()
