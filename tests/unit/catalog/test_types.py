"""What holds for every type, whatever its file says."""

import importlib
import pkgutil

import pytest

from provisioner.catalog import types as type_packages
from provisioner.catalog.registry import Catalog, all_types, build_catalog
from provisioner.catalog.resource_type import ListRead, ResourceType, Scope

every_type = pytest.mark.parametrize("resource_type", all_types(), ids=lambda t: t.name)


def steps_of(path: str) -> list[str]:
    return path.replace("[]", ".[]").split(".")


def test_every_module_holds_one_type() -> None:
    for module in pkgutil.walk_packages(type_packages.__path__, f"{type_packages.__name__}."):
        if not module.ispkg:
            held = vars(importlib.import_module(module.name))
            types = [value for value in held.values() if isinstance(value, ResourceType)]
            assert types == [held["TYPE"]], module.name


@every_type
def test_parents_and_embedded_children_are_known(
    resource_type: ResourceType, catalog: Catalog
) -> None:
    if resource_type.parent is not None:
        assert catalog.find(resource_type.parent) is not None
    for embedded in resource_type.embedded:
        assert catalog.get(embedded.child).parent == resource_type.name


@every_type
def test_a_child_is_listed_with_its_parent(resource_type: ResourceType) -> None:
    is_child = resource_type.parent is not None
    listed_there = resource_type.lists in (ListRead.PARENT, ListRead.EMBEDDED)

    assert is_child == listed_there
    if resource_type.lists is ListRead.RESOURCE:
        assert resource_type.scope in (Scope.EXTENSION, Scope.RESOURCE_GROUP)


@every_type
def test_ranges_are_looked_for_where_there_are_some(
    resource_type: ResourceType, catalog: Catalog
) -> None:
    for path, above in resource_type.ranges_within.items():
        assert resource_type.parent is not None
        assert catalog.schemas.find(resource_type.name, steps_of(path)) is not None
        assert catalog.schemas.find(resource_type.parent, steps_of(above)) is not None


def test_the_facts_of_a_child_hold_in_its_parents_body(catalog: Catalog) -> None:
    cluster = catalog.get("Microsoft.ContainerService/managedClusters")
    network = catalog.get("Microsoft.Network/virtualNetworks")

    assert cluster.fact("properties.agentPoolProfiles[].vmSize").create_only
    assert network.fact("properties.subnets[].properties.natGateway").security


def test_a_name_stands_once(catalog: Catalog) -> None:
    vault = catalog.get("Microsoft.KeyVault/vaults")
    other = ResourceType(
        name="microsoft.keyvault/VAULTS", api_version="", sdk=None, rule=vault.rule
    )

    with pytest.raises(ValueError, match="is twice in"):
        build_catalog([vault, other], catalog.schemas)


def test_types_are_found_without_regard_to_case_and_by_the_segment_of_an_id(
    catalog: Catalog,
) -> None:
    assert catalog.find("microsoft.keyvault/VAULTS") is not None
    assert catalog.get("resourceGroups").name == "Microsoft.Resources/resourceGroups"
    assert catalog.find("Microsoft.KeyVault/vault") is None
