"""What the files of an adoption state although the comparison would not miss it."""

from provisioner.adoption.minimal_body import minimal_body
from provisioner.blueprint.environment_catalog import schemas_of
from provisioner.catalog.generic_types import raw_type
from provisioner.catalog.registry import Catalog

_GROUP = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers"


def test_an_empty_list_of_rules_is_stated_so_that_a_rule_of_others_is_drift(
    catalog: Catalog,
) -> None:
    known = catalog.get("Microsoft.Network/networkSecurityGroups")
    actual = {"location": "westeurope", "properties": {"securityRules": []}}

    assert minimal_body(known, catalog.schemas, actual).body == {
        "properties": {"securityRules": []}
    }


def test_what_azure_policy_may_switch_is_stated_with_the_identities_of_a_cluster(
    catalog: Catalog,
) -> None:
    known = catalog.get("Microsoft.ContainerService/managedClusters")
    identity = {
        "resourceId": f"{_GROUP}/Microsoft.ManagedIdentity/userAssignedIdentities/id",
        "clientId": "22222222-2222-2222-2222-222222222222",
        "objectId": "33333333-3333-3333-3333-333333333333",
    }
    properties = {
        "addonProfiles": {"azurepolicy": {"enabled": True}},
        "identityProfile": {"kubeletidentity": identity},
    }
    actual = {"location": "westeurope", "sku": {"name": "Base"}, "properties": properties}

    stated = minimal_body(known, catalog.schemas, actual).body["properties"]

    assert isinstance(stated, dict)
    assert stated["addonProfiles"] == {"azurepolicy": {"enabled": True}}
    assert stated["identityProfile"] == {"kubeletidentity": identity}


def test_of_a_raw_type_all_is_stated(catalog: Catalog) -> None:
    known = raw_type("Contoso.Foo/bars", "2024-01-01")
    schemas = catalog.extended([known], schemas_of([known])).schemas
    properties = {"empty": {}, "list": [], "size": 1}
    actual = {"location": "westeurope", "properties": properties}

    assert minimal_body(known, schemas, actual).body == {"properties": properties}
