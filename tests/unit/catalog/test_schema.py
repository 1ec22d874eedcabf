"""The schema index: read from both generations of SDK packages, and kept as JSON."""

import json

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.catalog.schema import Kind, SchemaIndex


def test_the_index_survives_its_json(catalog: Catalog) -> None:
    text = json.dumps(catalog.schemas.to_json())

    assert SchemaIndex.from_json(json.loads(text)) == catalog.schemas


@pytest.mark.parametrize(
    ("type_name", "path", "kind"),
    [
        pytest.param(
            "Microsoft.KeyVault/vaults",
            "properties.enablePurgeProtection",
            Kind.BOOLEAN,
            id="a package with rest_field",
        ),
        pytest.param(
            "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
            "properties.audiences",
            Kind.LIST,
            id="a package with _attribute_map, flattened by it",
        ),
        pytest.param(
            "Microsoft.ContainerService/managedClusters",
            "properties.addonProfiles.[].enabled",
            Kind.BOOLEAN,
            id="below the entries of a map",
        ),
        pytest.param(
            "Microsoft.Network/firewallPolicies/ruleCollectionGroups",
            "properties.ruleCollections.[].rules.[].fqdnTags",
            Kind.LIST,
            id="a property that only one variant of a discriminated model has",
        ),
        pytest.param(
            "Microsoft.Insights/diagnosticSettings",
            "properties.logs.[].category",
            Kind.STRING,
            id="a type without an SDK model",
        ),
    ],
)
def test_a_property_is_found(type_name: str, path: str, kind: Kind, catalog: Catalog) -> None:
    found = catalog.schemas.find(type_name, path.split("."))

    assert found is not None
    assert found.shape.kind is kind


@pytest.mark.parametrize(
    ("type_name", "path"),
    [
        ("Microsoft.ContainerService/managedClusters", "properties.fqdn"),
        ("Microsoft.ManagedIdentity/userAssignedIdentities", "properties.principalId"),
        ("Microsoft.Network/virtualNetworks/subnets", "properties.ipConfigurations"),
    ],
)
def test_what_only_azure_writes_is_known(type_name: str, path: str, catalog: Catalog) -> None:
    found = catalog.schemas.find(type_name, path.split("."))

    assert found is not None
    assert found.read_only


def test_enums_and_names_regardless_of_case(catalog: Catalog) -> None:
    found = catalog.schemas.find("Microsoft.KeyVault/vaults", ["PROPERTIES", "SKU", "NAME"])

    assert found is not None
    assert set(found.shape.enum) == {"standard", "premium"}
    assert catalog.schemas.find("Microsoft.KeyVault/vaults", ["properties", "nothing"]) is None


def test_the_model_of_an_object_is_found(catalog: Catalog) -> None:
    model = catalog.schemas.model_at("Microsoft.KeyVault/vaults", ["properties", "networkAcls"])

    assert model is not None
    assert "defaultAction" in model.properties
