"""Which api versions the cloud at hand offers: asked once for each provider, and said."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from provisioner.azure.version_cache import VersionCache
from provisioner.blueprint.memory_files import MemoryFiles
from provisioner.catalog.api_version_selection import SelectedVersion
from provisioner.model.diagnostic import DiagnosticError, Severity, error
from provisioner.workflow.api_versions import adapt, ask_offer, tell_versions
from provisioner.workflow.plan import load_desired
from tests.environments import BLUEPRINT, ENVIRONMENT, TODAY, Bench

NOW = datetime(2027, 1, 1, 12, tzinfo=UTC)
NSG = "Microsoft.Network/networkSecurityGroups"
ONE = f"""\
group:
  type: {NSG}
  resourceGroup: main
  name: nsg
"""


def asked(bench: Bench) -> list[str]:
    return sorted(
        request.path.rpartition("/")[2]
        for request in bench.server.requests
        if "/providers/" in request.path
    )


def memory(folder: Path, hours: int = 0) -> VersionCache:
    return VersionCache(folder, "local", NOW + timedelta(hours=hours))


def test_each_provider_is_asked_once_a_day(bench: Bench, tmp_path: Path):
    desired = bench.compose(ONE)
    offer = ask_offer(desired, bench.catalog, bench.client, memory(tmp_path))
    once = asked(bench)
    assert offer[NSG.lower()][0] == "2026-03-01"
    assert {"Microsoft.Network", "Microsoft.Resources", "Microsoft.Authorization"} <= set(once)
    assert len(once) == len(set(once))
    assert "Microsoft.KeyVault" not in once
    again = ask_offer(desired, bench.catalog, bench.client, memory(tmp_path, 23))
    assert (again, asked(bench)) == (offer, once)
    ask_offer(desired, bench.catalog, bench.client, memory(tmp_path, 25))
    assert asked(bench) == sorted(once * 2)


def test_what_may_not_be_asked_is_not_known(bench: Bench, tmp_path: Path):
    desired = bench.compose(ONE)
    bench.server.allowed_actions = ()
    assert ask_offer(desired, bench.catalog, bench.client, memory(tmp_path)) == {}
    bench.server.allowed_actions = None
    assert ask_offer(desired, bench.catalog, bench.client, memory(tmp_path))


def test_an_environment_is_read_again_with_the_versions_that_are_offered(bench: Bench):
    desired = bench.compose(ONE)
    seen = []

    def respeak(types):
        seen.extend(each.api_version for each in types if each.name == NSG)
        return desired

    adapted = adapt(desired, bench.catalog, {NSG.lower(): ("2025-01-01",)}, respeak)
    assert seen == ["2025-01-01"]
    (told,) = [each for each in adapted.diagnostics if each.code == "older-api-version"]
    assert told.severity is Severity.WARNING
    assert f"{NSG}: api version 2025-01-01 is used" in told.message
    assert adapt(desired, bench.catalog, {NSG.lower(): ("2026-03-01",)}, respeak) is desired


def test_what_is_wrong_in_the_older_version_comes_with_that_version(bench: Bench):
    desired = bench.compose(ONE)

    def respeak(_types):
        raise DiagnosticError(error("unknown-property", "properties.new is not a property."))

    with pytest.raises(DiagnosticError) as refusal:
        adapt(desired, bench.catalog, {NSG.lower(): ("2025-01-01",)}, respeak)
    codes = [told.code for told in refusal.value.diagnostics]
    assert codes == ["unknown-property", "older-api-version"]


def test_a_property_that_came_after_the_version_that_is_spoken_is_refused_where_it_stands(
    bench: Bench,
):
    """Azure takes it without a word and never answers it: each plan after would differ."""
    cluster = "Microsoft.ContainerService/managedClusters"
    desired = bench.compose(f"""\
aks:
  type: {cluster}
  resourceGroup: main
  name: aks
  identity: {{type: SystemAssigned}}
  properties:
    dnsPrefix: aks
    nodeResourceGroupProfile: {{restrictionLevel: ReadOnly}}
    agentPoolProfiles:
      - {{name: sys, mode: System, count: 1, vmSize: Standard_D4ds_v5,
          securityProfile: {{enableVTPM: true}}}}
""")

    def adapted_to(version: str) -> list[str]:
        spoken = replace(bench.catalog.get(cluster), api_version=version)
        resources = {
            at: replace(each, type=spoken) if each.type.name == cluster else each
            for at, each in desired.graph.resources.items()
        }
        respoken = replace(desired, graph=replace(desired.graph, resources=resources))
        try:
            adapt(desired, bench.catalog, {cluster.lower(): (version,)}, lambda _types: respoken)
        except DiagnosticError as refusal:
            told = [each for each in refusal.diagnostics if each.code == "property-not-offered"]
            return [f"{each.span.line}: {each.message}" for each in told if each.span]
        return []

    profile = "properties.nodeResourceGroupProfile exists from api version 2024-09-01 on"
    pool = "properties.agentPoolProfiles[].securityProfile exists from api version 2024-07-01 on"
    early = adapted_to("2024-05-01")
    assert [told.partition(": aks: ")[2] for told in early] == [
        f"{each}, and this cloud offers 2024-05-01." for each in (profile, pool)
    ]
    assert len({told.partition(":")[0] for told in early}) == 2
    assert [profile in told for told in adapted_to("2024-07-01")] == [True]
    assert adapted_to("2024-09-01") == []


def test_a_type_without_an_older_version_is_an_error(bench: Bench):
    used = [bench.catalog.get(NSG)]
    missing = SelectedVersion(NSG, "2026-03-01", None, is_checked=False)
    (told,) = tell_versions([missing], used)
    assert (told.code, told.severity) == ("api-version-not-offered", Severity.ERROR)
    assert tell_versions([missing], []) == ()


def test_many_types_of_one_version_are_one_warning(bench: Bench):
    used = [each for each in bench.catalog if each.namespace == "Microsoft.Network"]
    differing = [
        SelectedVersion(t.name, "2026-03-01", "2025-01-01", is_checked=False) for t in used
    ]
    (told,) = tell_versions(differing, used)
    assert f" and {len(used) - 4} more: api version 2025-01-01" in told.message


def test_a_version_stated_for_a_type_that_no_resource_has_is_refused_where_it_is_stated(
    bench: Bench,
):
    """What left the blueprint is read and deleted in the version that the environment states."""
    stated = "types: {Microsoft.Cdn/profiles: 2025-06-01}\n"
    files = {"environment.yaml": ENVIRONMENT + stated, "blueprint.yaml": BLUEPRINT + "  {}\n"}
    desired = load_desired("environment.yaml", bench.catalog, MemoryFiles(files), TODAY)
    offer = {"microsoft.cdn/profiles": ("2025-04-15", "2024-09-01")}

    with pytest.raises(DiagnosticError) as refused:
        adapt(desired, desired.catalog, offer, lambda _types: desired)

    (told,) = refused.value.diagnostics
    line = ENVIRONMENT.count("\n") + 1
    assert str(told).startswith(
        f"environment.yaml:{line}:9: error: types: this cloud does not offer api version "
        "2025-06-01 of Microsoft.Cdn/profiles. Expected one of: 2025-04-15, 2024-09-01."
    )
