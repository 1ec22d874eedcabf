"""The index of the installed SDK packages: read once, kept, and never a stale one."""

import json
import os
from pathlib import Path

import pytest

from provisioner.azure.type_index import InstalledTypes
from provisioner.catalog.generic_types import schema_type
from provisioner.catalog.sdk_operations import Place
from provisioner.model.diagnostic import DiagnosticError

OPERATIONS = """
from .. import models as _models
def build_nets_put_request(**kwargs):
    api_version: str = kwargs.pop("api_version", _params.pop("api-version", "2026-01-01"))
    _url = "/subscriptions/{s}/providers/Contoso.Fabric/KINDS/{n}"
    return HttpRequest(method="PUT", url=_url)
class NetsOperations:
    def put(self, net: _models.Net):
        return build_nets_put_request()
"""


def install(path: Path, kinds: str, version: str = "1.0.0") -> None:
    """Lay a package into a folder as pip does; its models need what is not there."""
    package = path / "azure/mgmt/fabric/operations"
    info = path / "azure_mgmt_fabric-1.0.0.dist-info"
    for folder in (package, info):
        folder.mkdir(parents=True, exist_ok=True)
    (package / "_operations.py").write_text(OPERATIONS.replace("KINDS", kinds))
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: azure-mgmt-fabric\nVersion: {version}\n"
    )
    (info / "RECORD").write_text(
        f"azure/mgmt/fabric/operations/_operations.py,sha256={kinds},1\n"
        "azure/mgmt/fabric/aio/operations/_operations.py,,\n"
    )


def test_the_installed_packages_have_their_types(tmp_path: Path) -> None:
    directory = InstalledTypes(tmp_path)
    found = directory.find("microsoft.network/VIRTUALWANS")
    assert found is not None
    assert (found.package, found.written.name) == (
        "azure-mgmt-network",
        "Microsoft.Network/virtualWans",
    )
    assert found.written.places == (Place.GROUP,)
    assert found.version == directory.version_of("azure-mgmt-network")
    assert directory.find("Microsoft.Network/virtualWans", "2001-01-01") is None
    schemas = directory.read_schemas([found])
    properties = schemas.find(found.written.name, ("properties", "allowBranchToBranchTraffic"))
    assert properties is not None
    assert directory.version_of("azure-mgmt-cdn") is None

    kept = {path.name.rsplit("-", 1)[0] for path in tmp_path.iterdir()}
    assert kept == {"types-azure-mgmt-network", "sdk-schemas"}
    again = InstalledTypes(tmp_path)
    assert again.find("Microsoft.Network/virtualWans") == found
    assert again.read_schemas([found]) == schemas


def test_an_older_package_is_read_in_the_version_that_is_asked_for(tmp_path: Path) -> None:
    directory = InstalledTypes(tmp_path)
    name = "Microsoft.Authorization/roleManagementPolicyAssignments"
    newest, older = directory.find(name), directory.find(name, "2020-10-01-preview")
    assert newest is not None
    assert older is not None
    assert newest.written.api_version == "2020-10-01"
    assert older.written.model != newest.written.model
    assert directory.below("Microsoft.KeyVault/managedHSMs")[0].written.listed


def test_another_content_of_a_package_is_read_anew(tmp_path: Path) -> None:
    place, cache = tmp_path / "site", tmp_path / "cache"
    install(place, "nets")
    assert InstalledTypes(cache, [str(place)]).find("Contoso.Fabric/nets") is not None
    install(place, "lanes")
    changed = InstalledTypes(cache, [str(place)])
    assert changed.find("Contoso.Fabric/nets") is None
    assert changed.names_in("contoso.fabric") == ["Contoso.Fabric/lanes"]


@pytest.mark.parametrize("damage", ["{", '{"puts": 1}', '{"types": [1], "passed": [], "puts": 1}'])
def test_a_damaged_index_is_made_again(tmp_path: Path, damage: str) -> None:
    place, cache = tmp_path / "site", tmp_path / "cache"
    install(place, "nets")
    InstalledTypes(cache, [str(place)]).find("Contoso.Fabric/nets")
    (file,) = cache.iterdir()
    whole = json.loads(file.read_text())
    file.write_text(damage)
    assert InstalledTypes(cache, [str(place)]).find("Contoso.Fabric/nets") is not None
    assert json.loads(file.read_text()) == whole


def test_models_that_cannot_be_imported_are_told(tmp_path: Path) -> None:
    install(tmp_path / "site", "nets")
    directory = InstalledTypes(tmp_path / "cache", [str(tmp_path / "site")])
    found = directory.find("Contoso.Fabric/nets")
    assert found is not None
    assert schema_type(found.written).has_location is False
    with pytest.raises(DiagnosticError) as refused:
        directory.read_schemas([found])
    assert "the models of azure.mgmt.fabric cannot be read" in str(refused.value)


def test_the_cache_is_bounded_and_others_write_nothing_of_it(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"sdk-schemas-{number}.json").write_text("{}")
    (tmp_path / "schema-1.json").write_text("{}")
    directory = InstalledTypes(tmp_path)
    found = directory.find("Microsoft.Network/virtualWans")
    assert found is not None
    directory.read_schemas([found])
    assert len(list(tmp_path.glob("sdk-schemas-*.json"))) == 20
    assert (tmp_path / "schema-1.json").exists(), "the other kind has a bound of its own"

    (planted,) = tmp_path.glob("types-azure-mgmt-network-*.json")
    planted.write_text('{"types": [], "passed": [], "puts": 0}')
    assert InstalledTypes(tmp_path).find("Microsoft.Network/virtualWans") is None
    planted.chmod(0o666)
    assert InstalledTypes(tmp_path).find("Microsoft.Network/virtualWans") == found
    planted.write_text('{"types": [], "passed": [], "puts": 0}')
    if os.geteuid() == 0:
        os.chown(planted, 4711, -1)
        assert InstalledTypes(tmp_path).find("Microsoft.Network/virtualWans") == found
