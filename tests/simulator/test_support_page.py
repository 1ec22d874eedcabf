"""docs/simulator-support.md, and what it takes for evidence."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from fidelity.evidence import Evidence, Operation, names_page, verify_routes, verify_type
from fidelity.sdk_requests import SdkRequests, read_sdk_requests, segments_of
from fidelity.support import read_exchanges, render_support
from provisioner.catalog.registry import all_types
from provisioner.catalog.resource_type import ResourceType
from provisioner.simulator.routing import ROUTES

_PAGE = Path(__file__).parents[2] / "docs" / "simulator-support.md"
_TYPES: Mapping[str, ResourceType] = {each.name: each for each in all_types()}


@pytest.fixture(scope="module")
def sdk() -> SdkRequests:
    return read_sdk_requests(all_types())


def test_the_page_has_every_type_and_request_of_this_code(sdk: SdkRequests) -> None:
    """Whether its recorded numbers are right is tested with the recordings, in tests/corpus."""
    page = _PAGE.read_text(encoding="utf-8")
    exchanges = read_exchanges(page)

    assert page == render_support(all_types(), ROUTES, sdk, exchanges), (
        "`make fidelity` writes it again; without recordings, `python -m fidelity --keep-recorded`"
    )
    rows = re.findall(r"^\| (Microsoft\.\S+) \| ", page, re.MULTILINE)
    assert rows == list(_TYPES)
    assert len(exchanges) > 200


def test_a_page_keeps_its_recorded_numbers(sdk: SdkRequests) -> None:
    subnets = _TYPES["Microsoft.Network/virtualNetworks/subnets"]
    exchanges = {
        ("PUT", subnets.name): (3, 4),
        ("GET", subnets.name): (2, 2),
        ("PATCH", subnets.name): (0, 1),
    }

    page = render_support([subnets], [], sdk, exchanges)

    assert "| recorded 2 | documented | recorded 3 of 4 | inferred (0 of 1 recorded)¹ |" in page
    assert read_exchanges(page) == exchanges


@pytest.mark.parametrize(
    ("method", "path", "package"),
    [
        pytest.param(
            "POST",
            "/subscriptions/{s}/resourceGroups/{g}/providers/Microsoft.ContainerService"
            "/managedClusters/{name}/start",
            "azure.mgmt.containerservice",
            id="an action",
        ),
        pytest.param(
            "GET",
            "/subscriptions/{s}/resourcegroups/{g}/providers/microsoft.network/privatednszones"
            "/{zone}/TXT/{name}",
            "azure.mgmt.privatedns",
            id="a kind that is a parameter of the package, in any case",
        ),
        pytest.param("GET", "/tenants", None, id="a scope that is a parameter is no tenant list"),
        pytest.param(
            "PATCH",
            "/subscriptions/{s}/resourceGroups/{g}/providers/Microsoft.Network"
            "/virtualNetworks/{n}/subnets/{name}",
            None,
            id="a method that the reference lacks",
        ),
        pytest.param(
            "GET",
            "/subscriptions/{s}/resourceGroups/{g}/providers/Contoso.Ships/fleets/{name}",
            None,
            id="the generic requests of Azure Resource Manager document no type",
        ),
    ],
)
def test_a_request_is_documented_by_the_package_that_has_it(
    sdk: SdkRequests, method: str, path: str, package: str | None
) -> None:
    assert sdk.package_of(method, path) == package


def test_recordings_count_only_where_one_agrees(sdk: SdkRequests) -> None:
    subnets = _TYPES["Microsoft.Network/virtualNetworks/subnets"]
    exchanges = {("PUT", subnets.name): (3, 4), ("DELETE", subnets.name): (0, 2)}

    found = verify_type(subnets, sdk, exchanges)

    assert found[Operation.PUT].evidence is Evidence.RECORDED
    assert (found[Operation.PUT].agreed, found[Operation.PUT].compared) == (3, 4)
    assert found[Operation.DELETE].evidence is Evidence.DOCUMENTED
    assert (found[Operation.PATCH].evidence, found[Operation.PATCH].absent) == (
        Evidence.INFERRED,
        True,
    )


def test_without_recording_and_source_nothing_is_claimed() -> None:
    nothing = SdkRequests(frozenset())
    subnets = _TYPES["Microsoft.Network/virtualNetworks/subnets"]

    assert {each.evidence for each in verify_type(subnets, nothing, {}).values()} == {
        Evidence.INFERRED
    }
    polls = [each for each in verify_routes(ROUTES, (), nothing) if "operationresults" in each.path]
    assert polls
    assert all(each.evidence is Evidence.INFERRED and not each.source for each in polls)


@pytest.mark.parametrize(
    ("docstring", "named"),
    [
        ('Source: AKS\'s reference ("Managed Clusters - Start", "- Stop").', True),
        ("Shapes: the REST\nreference of AKS.", True),
        ("The refusal is as reported in Azure/AKS#1871.", True),
        ("Facts: guidelines.md §3.2, and the recorded pairs of the type.", False),
        ('It answers "no" and `Location`.', False),
        (None, False),
    ],
)
def test_a_source_is_a_page_that_a_reader_finds(docstring: str | None, named: bool) -> None:
    assert names_page(docstring) is named


def test_every_spelling_of_a_path_has_the_same_segments() -> None:
    assert segments_of("/{scope}/providers/Microsoft.X/Ys/{name}/") == segments_of(
        "{any}/providers/microsoft.x/ys/{other}"
    )
