"""What Azure refuses to show is unknown to every control and proof that looks at it, never absent.

Every list and every read of the shipped environment is refused once, with 403 or with 500.
"""

from collections.abc import Iterator

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.controls.evaluation_context import survey
from provisioner.controls.registry import controls_by_id
from provisioner.documents.census import CensusDocument
from provisioner.documents.controls import CheckDocument
from provisioner.documents.trace import StateKind
from provisioner.model.actual import Gap
from provisioner.plan.estates import actual_estate
from provisioner.plan.reads import INVENTORY, Read
from provisioner.workflow.check import check_environment
from provisioner.workflow.drift import check_drift
from provisioner.workflow.plan import Desired, plan_environment
from tests.environments import ROOT, open_bench
from tests.recorded import RecordedSource

KINDS = [
    "Microsoft.Authorization/locks",
    "Microsoft.Authorization/policyAssignments",
    "Microsoft.Authorization/roleAssignments",
    "Microsoft.Authorization/roleDefinitions",
    "Microsoft.ContainerRegistry/registries",
    "Microsoft.ContainerService/managedClusters",
    "Microsoft.ContainerService/managedClusters/agentPools",
    "Microsoft.Insights/diagnosticSettings",
    "Microsoft.Insights/scheduledQueryRules",
    "Microsoft.KeyVault/vaults",
    "Microsoft.ManagedIdentity/userAssignedIdentities",
    "Microsoft.Network/azureFirewalls",
    "Microsoft.Network/firewallPolicies",
    "Microsoft.Network/firewallPolicies/ruleCollectionGroups",
    "Microsoft.Network/networkSecurityGroups",
    "Microsoft.Network/networkWatchers/flowLogs",
    "Microsoft.Network/privateDnsZones",
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
    "Microsoft.Network/privateEndpoints",
    "Microsoft.Network/privateEndpoints/privateDnsZoneGroups",
    "Microsoft.Network/publicIPAddresses",
    "Microsoft.Network/routeTables",
    "Microsoft.Network/virtualNetworks",
    "Microsoft.OperationalInsights/workspaces",
    "Microsoft.Resources/resourceGroups",
    "Microsoft.Security/pricings",
    "Microsoft.Storage/storageAccounts",
]
"""Types that are read by a list of a subscription, of a parent or of a scope, or by themselves."""


class Place:
    """A shipped environment as it stands in a built-in Azure."""

    def __init__(self, desired: Desired, catalog: Catalog, source: RecordedSource) -> None:
        self.desired = desired
        self.catalog = catalog
        self.source = source
        seen = check_environment(desired, catalog, lambda: source, StateKind.ACTUAL)
        self.not_applicable = _not_applicable(seen)


@pytest.fixture(scope="module")
def place(catalog: Catalog) -> Iterator[Place]:
    with pytest.MonkeyPatch.context() as patched, open_bench(catalog) as bench:
        patched.chdir(ROOT)
        desired = bench.load("environments/local.yaml")
        bench.apply(bench.plan(desired))
        yield Place(desired, catalog, RecordedSource(bench.client, {}, {}))


@pytest.mark.parametrize(
    ("kind", "status"),
    [pytest.param(kind, (403, 500)[n % 2], id=kind) for n, kind in enumerate(KINDS)],
)
def test_what_rests_on_a_refused_read_is_unknown(place: Place, kind: str, status: int) -> None:
    source = place.source.refusing(lambda read: read.type == kind, status)
    check = check_environment(place.desired, place.catalog, lambda: source, StateKind.ACTUAL)

    assert _reasons(check.census) == {("AuthorizationFailed", "InternalServerError")[status == 500]}
    assert check.refused == ()
    # What nobody may look at is not absent: nothing becomes "not applicable" by a refusal.
    assert _not_applicable(check) - place.not_applicable == set()
    resting = _resting_on(place, kind, source)
    assert {
        r.control.id for r in check.results if r.verdict in ("pass", "waived")
    } & resting == set()

    drift = check_drift(place.desired, place.catalog, source)
    assert not drift.is_certain
    assert not any(turn.control in resting for turn in drift.security.failing)


@pytest.mark.parametrize("status", [403, 500])
@pytest.mark.parametrize("query", [{}, None], ids=["of a group", "of what carries the tag"])
def test_a_refused_list_of_mixed_types_leaves_drift_unknown(
    place: Place, query: dict[str, str] | None, status: int
) -> None:
    def refuses(read: Read) -> bool:
        return read.type == INVENTORY and (read.query == query if query == {} else bool(read.query))

    drift = check_drift(place.desired, place.catalog, place.source.refusing(refuses, status))

    assert not drift.is_certain
    assert {entry.listed for entry in drift.census.unreadable} == {"resources"}


def test_drift_beside_a_refused_read_is_drift(place: Place) -> None:
    vault = place.desired.graph.resources["vault.vault"].id.text
    source = place.source.changing(
        vault, lambda body: body["properties"].update(publicNetworkAccess="Enabled")
    ).refusing(lambda read: read.type == "Microsoft.Network/routeTables", 403)

    drift = check_drift(place.desired, place.catalog, source)

    assert drift.found
    assert not drift.is_certain
    assert any(drifted.address == "vault.vault" for drifted in drift.drifted)


def _not_applicable(check: CheckDocument) -> set[str]:
    return {result.control.id for result in check.results if result.verdict == "not applicable"}


def _reasons(census: CensusDocument) -> set[str]:
    return {entry.reason.partition(":")[0] for entry in census.unreadable}


def _resting_on(place: Place, kind: str, source: RecordedSource) -> set[str]:
    """Return the controls that look at a type, and have something to look at it for."""
    state = plan_environment(place.desired, place.catalog, source, assess=False).state
    estate = actual_estate(state, place.desired.graph, place.catalog)
    ground = survey(estate, place.desired.graph, place.catalog, place.desired.environment)
    gap = Gap(kind, state.gaps[0].scope, "")
    return {
        control.id
        for control in controls_by_id().values()
        if any(gap.hides(read) for read, _ in control.reads)
        and (
            control.proof is not None
            or any(
                ground.subjects(rule.on)
                for rule in control.rules
                if any(map(gap.hides, rule.reads))
            )
        )
    }
