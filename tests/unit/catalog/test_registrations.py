"""Facts of the catalog that a preflight asks by: registrations, places, machines."""

import re

import pytest

from provisioner.catalog.endpoints import endpoints_of
from provisioner.catalog.field import Field
from provisioner.catalog.kubernetes_versions import (
    DEFAULT_VERSION,
    OFFERED,
    offers,
    running_version,
)
from provisioner.catalog.node_pools import Machines, machines_of
from provisioner.catalog.registrations import known_features, known_providers, registrations_for
from provisioner.catalog.registry import Catalog
from provisioner.catalog.vm_sizes import SIZES, sizes_in
from provisioner.model.resource_id import ResourceId

S = "/subscriptions/11111111-1111-1111-1111-111111111111"
CLUSTER = f"{S}/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks"


def test_what_is_required_is_a_provider_or_a_feature(catalog: Catalog) -> None:
    for what in (*known_features(catalog), *known_providers(catalog)):
        assert re.fullmatch(r"Microsoft\.\w+(/\w+)?", what)


def test_a_value_that_requires_something_is_no_default(catalog: Catalog) -> None:
    # Else a body that is silent would need it too.
    facts: list[Field] = [fact for kind in catalog for fact in kind.fields.values()]
    assert [f for f in facts for value, _ in f.requires if f.default == value] == []


def test_a_property_of_a_pool_is_known_in_the_body_of_its_cluster(catalog: Catalog) -> None:
    cluster = ResourceId.parse(CLUSTER)
    pools = [{"name": "one"}, {"name": "two", "enableEncryptionAtHost": True}]
    kind = catalog.of(cluster)
    assert kind is not None

    found = list(registrations_for(kind, cluster, {"properties": {"agentPoolProfiles": pools}}))

    assert [(r.what, r.path) for r in found if r.is_feature] == [
        (
            "Microsoft.Compute/EncryptionAtHost",
            "properties.agentPoolProfiles[].enableEncryptionAtHost",
        )
    ]


@pytest.mark.parametrize(
    ("method", "path", "action"),
    [
        ("GET", f"{S}/providers", "Microsoft.Resources/subscriptions/providers/read"),
        ("GET", f"{S}/providers/", "Microsoft.Resources/subscriptions/providers/read"),
        ("POST", f"{S}/providers", None),
        ("GET", f"{S}/providers/Microsoft.Compute/skus", "Microsoft.Compute/skus/read"),
        ("GET", f"{S}/PROVIDERS/microsoft.compute/SKUS", "Microsoft.Compute/skus/read"),
        (
            "POST",
            f"{S}/resourceGroups/rg/providers/Microsoft.PolicyInsights/checkPolicyRestrictions",
            "Microsoft.PolicyInsights/checkPolicyRestrictions/read",
        ),
        (
            "POST",
            f"{S}/providers/Microsoft.KeyVault/checkNameAvailability",
            "Microsoft.KeyVault/checkNameAvailability/read",
        ),
        (
            "GET",
            f"{S}/providers/Microsoft.KeyVault/deletedVaults",
            "Microsoft.KeyVault/deletedVaults/read",
        ),
        ("GET", CLUSTER, None),
    ],
)
def test_what_it_takes_to_ask(catalog: Catalog, method, path, action) -> None:
    found = {place.action_at(method, path) for place in endpoints_of(catalog)} - {None}

    assert found == ({action} if action else set())


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        pytest.param({"vmSize": "S", "count": 3}, [("S", 3, 3)], id="a count"),
        pytest.param(
            {"vmSize": "S", "count": 3, "enableAutoScaling": True, "minCount": 1, "maxCount": 9},
            [("S", 3, 9)],
            id="an autoscaler that begins with a count",
        ),
        pytest.param(
            {"vmSize": "S", "enableAutoScaling": True, "minCount": 2, "maxCount": 9},
            [("S", 2, 9)],
            id="and one that begins with the least",
        ),
        pytest.param({"vmSize": "S"}, [], id="nobody says how many"),
        pytest.param(
            {
                "virtualMachinesProfile": {
                    "scale": {"manual": [{"size": "S", "count": 2}, {"size": "T", "count": 1}]}
                }
            },
            [("S", 2, 2), ("T", 1, 1)],
            id="stated machines of several sizes",
        ),
        pytest.param(
            {
                "virtualMachinesProfile": {
                    "scale": {"autoscale": {"size": "S", "minCount": 1, "maxCount": 4}}
                }
            },
            [("S", 1, 4)],
            id="stated machines that are scaled",
        ),
    ],
)
def test_the_machines_of_a_pool(properties, expected) -> None:
    assert machines_of(properties) == tuple(Machines(*one) for one in expected)


def test_versions_and_sizes_hang_together() -> None:
    assert offers(DEFAULT_VERSION)
    assert all(offers(running_version(one.minor)) for one in OFFERED)
    assert len({size.name for size in SIZES.values()}) == len(SIZES)
    assert set(sizes_in("westus")) < set(sizes_in("westeurope")) == set(SIZES.values())
