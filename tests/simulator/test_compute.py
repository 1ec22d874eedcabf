"""What the built-in Azure says of regions: versions, sizes, quotas; features and permissions."""

from typing import Any

import pytest

from provisioner.model.resource_id import ResourceId
from provisioner.preflight.azure_queries import AzureQuery, Reply
from tests.environments import Bench

S = "/subscriptions/11111111-1111-1111-1111-111111111111"
COMPUTE = f"{S}/providers/Microsoft.Compute"
FEATURE = f"{S}/providers/Microsoft.Features/providers/Microsoft.Compute/features/EncryptionAtHost"
CLUSTER = """\
cluster:
  type: Microsoft.ContainerService/managedClusters
  resourceGroup: main
  name: aks
  identity: {type: SystemAssigned}
  properties:
    dnsPrefix: aks
    agentPoolProfiles:
      - {name: system, mode: System, vmSize: Standard_D4ds_v5, count: 3}
      - {name: spot, mode: User, vmSize: Standard_D8ds_v5, count: 2, scaleSetPriority: Spot}
"""


def ask(bench: Bench, path: str, filter_: str = "", version: str = "2024-07-01") -> Reply:
    query = (("$filter", filter_),) if filter_ else ()
    scope = ResourceId.parse(S)
    (reply,) = bench.client.ask([AzureQuery("GET", path, version, "", scope, query, None, True)])
    return reply


def usages(bench: Bench, region: str = "westeurope") -> dict[str, tuple[int, int]]:
    items: Any = ask(bench, f"{COMPUTE}/locations/{region}/usages").items
    return {i["name"]["value"]: (i["currentValue"], i["limit"]) for i in items}


def test_what_is_used_is_counted_over_the_pools_that_there_are(bench: Bench) -> None:
    assert usages(bench)["standardDDSv5Family"][0] == 0

    bench.apply(bench.plan(bench.compose(CLUSTER)))

    used = {name: count for name, (count, _) in usages(bench).items() if count}
    assert used == {"standardDDSv5Family": 12, "cores": 12, "lowPriorityCores": 16}
    assert not any(count for count, _ in usages(bench, "northeurope").values())


def test_a_limit_is_changed_by_the_api_of_quotas(bench: Bench) -> None:
    path = f"{COMPUTE}/locations/westeurope/providers/Microsoft.Quota/quotas/cores"
    bench.send("PUT", path, {"properties": {"limit": {"value": 8}}})

    assert usages(bench)["cores"] == (0, 8)
    assert usages(bench, "northeurope")["cores"][1] > 8


def test_what_is_over_a_lowered_limit_stays_and_may_shrink(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(CLUSTER)))
    path = f"{COMPUTE}/locations/westeurope/providers/Microsoft.Quota/quotas/cores"
    bench.send("PUT", path, {"properties": {"limit": {"value": 4}}})

    smaller = bench.apply(bench.plan(bench.compose(CLUSTER.replace("count: 3", "count: 2"))))
    larger = bench.apply(bench.plan(bench.compose(CLUSTER.replace("count: 3", "count: 4"))))

    assert [step.message for step in smaller.steps] == [None]
    assert "QuotaExceeded" in str(larger.steps[0].message)


@pytest.mark.parametrize(
    ("region", "size", "zones"),
    [
        pytest.param("westeurope", "Standard_D4ds_v5", ["1", "2", "3"], id="in three zones"),
        pytest.param("westus", "Standard_D4ds_v5", [], id="a region without zones"),
        pytest.param("chinanorth3", "Standard_NC4as_T4_v3", None, id="not everywhere"),
    ],
)
def test_sizes_are_those_of_the_region(bench: Bench, region, size, zones) -> None:
    items: Any = ask(bench, f"{COMPUTE}/skus", f"location eq '{region}'").items

    found = [i["locationInfo"][0]["zones"] for i in items if i["name"] == size]

    assert found == ([] if zones is None else [zones])


def test_sizes_of_all_regions_are_answered_where_no_filter_names_one(bench: Bench) -> None:
    found = ask(bench, f"{COMPUTE}/skus").items
    one = ask(bench, f"{COMPUTE}/skus", "location eq 'West Europe'").items

    assert {place for item in one for place in item["locations"]} == {"westeurope"}
    assert len(found) > len(one)
    refused = ask(bench, f"{COMPUTE}/skus", "name eq 'Standard_D4s_v5'").refused
    assert refused is not None
    assert "does not know the property 'name'" in refused.message


def test_a_feature_is_registered_until_it_is_not(bench: Bench) -> None:
    states = []
    for verb in ("unregister", "register"):
        answered: Any = bench.send("POST", f"{FEATURE}/{verb}", version="2021-07-01")
        states.append(answered["properties"]["state"])
        listed: Any = ask(bench, f"{S}/providers/Microsoft.Features/features").items
        states += [
            i["properties"]["state"] for i in listed if i["name"].endswith("/EncryptionAtHost")
        ]

    assert states == ["NotRegistered", "NotRegistered", "Registered", "Registered"]


def test_a_feature_that_nobody_knows_is_not_found(bench: Bench) -> None:
    refused = ask(bench, FEATURE.replace("EncryptionAtHost", "Magic")).refused

    assert refused is not None
    assert refused.code == "FeatureNotFound"


def test_permissions_are_those_of_the_caller(bench: Bench) -> None:
    path = f"{S}/providers/Microsoft.Authorization/permissions"
    everything: Any = ask(bench, path).items
    bench.server.allowed_actions = ["*/read", "Microsoft.Network/*"]
    some: Any = ask(bench, path).items

    assert everything[0]["actions"] == ["*"]
    assert some[0]["actions"] == ["*/read", "Microsoft.Network/*"]
