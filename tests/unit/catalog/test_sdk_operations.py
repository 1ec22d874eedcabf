"""What the sources of SDK packages, old and new, say of the types that they write."""

import pytest

from provisioner.catalog.resource_type import SdkModel
from provisioner.catalog.sdk_operations import Place, Source, read_enums, read_operations
from provisioner.catalog.sdk_packages import package_for

GROUP = "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers"

NEW = f'''
from .. import models as _models, types as _types

def build_nets_create_or_update_request(resource_group_name: str, name: str, **kwargs: Any):
    api_version: str = kwargs.pop("api_version", _params.pop("api-version", "2026-01-01"))
    _url = "{GROUP}/Contoso.Fabric/nets/{{netName}}"
    return HttpRequest(method="PUT", url=_url)

def build_nets_get_request(**kwargs: Any):
    api_version: str = kwargs.pop("api_version", _params.pop("api-version", "2026-01-01"))
    _url = "{GROUP}/Contoso.Fabric/nets/{{netName}}"
    return HttpRequest(method="GET", url=_url)

def build_nets_delete_request(**kwargs: Any):
    api_version: str = kwargs.pop("api_version", _params.pop("api-version", "2026-01-01"))
    _url = "{GROUP}/Contoso.Fabric/nets/{{name}}"
    return HttpRequest(method="DELETE", url=_url)

def build_lanes_create_request(**kwargs: Any):
    api_version: str = kwargs.pop("api_version", _params.pop("api-version", "2026-01-01"))
    _url = "{GROUP}/Contoso.Fabric/nets/{{netName}}/lanes/default"
    return HttpRequest(method="PUT", url=_url)

def build_lanes_list_request(**kwargs: Any):
    api_version: str = kwargs.pop("api_version", _params.pop("api-version", "2026-01-01"))
    _url = "{GROUP}/Contoso.Fabric/nets/{{n}}/lanes"
    return HttpRequest(method="GET", url=_url)

class NetsOperations:
    def create(
        self,
        name: str,
        mode: Union[str, _models.Mode],
        resource: Union[_models.Net, _types.Net, IO[bytes]],
    ) -> None:
        return build_nets_create_or_update_request(name)

class LanesOperations:
    def create(self, name: str) -> _models.Lane:
        return build_lanes_create_request(name)
'''
OLD = """
from .. import models as _models

def build_create_request_initial(subscription_id: str, *, json=None, **kwargs):
    api_version = kwargs.pop('api_version', "2019-05-01")  # type: str
    _url = kwargs.pop("template_url", "/{scope}/providers/Contoso.Guards/guards/{name}")
    return HttpRequest(method="PUT", url=_url, json=json)

class GuardsOperations:
    def _create_initial(self, guard: "_models.Guard", **kwargs: Any) -> "_models.Guard":
        request = build_create_request_initial(template_url=self._create_initial.metadata['url'])
"""
VERSIONED = OLD.replace("2019-05-01", "2021-01-01-preview")


def test_a_new_package_says_type_model_list_and_delete() -> None:
    found = read_operations([Source("azure.mgmt.fabric.operations._operations", NEW)])
    lane, net = sorted(found.types, key=lambda each: -each.name.count("/"))
    assert (found.puts, found.passed) == (2, ())
    assert (net.name, net.api_version) == ("Contoso.Fabric/nets", "2026-01-01")
    assert net.model == SdkModel("azure.mgmt.fabric", "Net")
    assert (net.places, net.names) == ((Place.GROUP,), ())
    assert (net.listed, net.deletable) == (False, True)
    assert (lane.name, lane.model, lane.names) == ("Contoso.Fabric/nets/lanes", None, ("default",))
    assert (lane.listed, lane.deletable) == (True, False)


def test_an_old_package_has_a_folder_for_each_version() -> None:
    found = read_operations(
        [
            Source("azure.mgmt.guards.v2019_05_01.operations._guards_operations", OLD),
            Source("azure.mgmt.guards.v2021_01_01_preview.operations._guards", VERSIONED),
        ]
    )
    assert [(each.api_version, each.model, each.places) for each in found.types] == [
        (version, SdkModel(f"azure.mgmt.guards.{folder}", "Guard"), (Place.SCOPE,))
        for version, folder in (
            ("2019-05-01", "v2019_05_01"),
            ("2021-01-01-preview", "v2021_01_01_preview"),
        )
    ]


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("/subscriptions/{s}/resourcegroups/{g}", "names no resource provider"),
        (f"{GROUP}/Contoso.Fabric/nets/{{n}}/migrate", "ends with an action or a setting"),
        (f"{GROUP}/{{namespace}}/{{kind}}/{{n}}", "the namespace is a parameter"),
        (f"{GROUP}/Contoso.Fabric/{{kind}}/{{n}}", "the kind is a parameter"),
    ],
)
def test_a_put_that_names_no_type_is_listed_with_the_reason(url: str, reason: str) -> None:
    text = NEW.replace(f"{GROUP}/Contoso.Fabric/nets/{{netName}}/lanes/default", url)
    found = read_operations([Source("azure.mgmt.fabric.operations._operations", text)])
    assert (found.puts, len(found.types)) == (2, 1)
    ((passed),) = found.passed
    assert (passed.url, reason in passed.reason) == (url, True)


def test_a_kind_that_is_an_enum_is_a_type_for_each_value() -> None:
    enums = read_enums("class RecordType(str, Enum):\n    A = 'A'\n    MX = 'MX'\n")
    text = f'''
from .. import models as _models
def build_records_put_request(record_type: Union[str, _models.RecordType], **kwargs: Any):
    api_version: str = kwargs.pop("api_version", _params.pop("api-version", "2026-01-01"))
    _url = "{GROUP}/Contoso.Names/zones/{{zone}}/{{recordType}}/{{name}}"
    return HttpRequest(method="PUT", url=_url)
'''
    found = read_operations([Source("azure.mgmt.names.operations._operations", text, enums)])
    assert [each.name for each in found.types] == [
        "Contoso.Names/zones/A",
        "Contoso.Names/zones/MX",
    ]


def test_what_is_no_python_has_no_operations() -> None:
    assert read_operations([Source("azure.mgmt.x.operations.y", "def (:\n\0")]).puts == 0
    assert read_enums("class :") == {}


@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("Microsoft.Cdn/profiles", "azure-mgmt-cdn"),
        ("microsoft.network/DNSZones/A", "azure-mgmt-dns"),
        ("Microsoft.Network/virtualWans", "azure-mgmt-network"),
        ("Microsoft.DocumentDB/databaseAccounts", "azure-mgmt-cosmosdb"),
        ("Microsoft.Netwrok/virtualWans", None),
        ("Contoso.Fabric/nets", None),
    ],
)
def test_a_package_is_proposed_where_microsoft_publishes_it(name: str, package: str) -> None:
    assert package_for(name) == package
