"""A caller of the built-in Azure can do what their role assignments say, less what is denied."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError
from azure.core.pipeline import PipelineRequest
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.mgmt.authorization import AuthorizationManagementClient

from provisioner.catalog.built_in_roles import find_built_in_role
from provisioner.catalog.registry import Catalog
from provisioner.model.permissions import grants, parse_permissions
from provisioner.simulator.access_options import Access
from provisioner.simulator.entra.directory import Directory, Principal, PrincipalKind
from provisioner.simulator.server import LocalAzure
from provisioner.simulator.tenancy import Tenancy
from tests.simulator.conftest import SIGNING_KEY
from tests.simulator.setting import GROUP, SUBSCRIPTION, Caller, Reply

S = f"/subscriptions/{SUBSCRIPTION}"
ROOT = "/providers/Microsoft.Management/managementGroups/contoso"
NETWORK = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/hub"
ROLES = "providers/Microsoft.Authorization/roleDefinitions"
ADA = "0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9"
BOB = "1c2d3e4f-5061-4728-93a4-b5c6d7e8f90a"
EVERYONE = "00000000-0000-0000-0000-000000000000"
VNET = {
    "location": "westeurope",
    "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}},
}


SignIn = Callable[[str], Callable[..., Reply]]
PLATFORM = "2d3e4f50-6172-4839-a4b5-c6d7e8f90a1b"
STAFF = Directory((Principal(PrincipalKind.GROUP, PLATFORM, "platform", members=frozenset({ADA})),))


@pytest.fixture
def azure(real_catalog: Catalog) -> Iterator[LocalAzure]:
    access = Access(enforces_roles=True, signing_key=SIGNING_KEY, tenancy=Tenancy(directory=STAFF))
    with LocalAzure.start(real_catalog, None, access=access) as started:
        yield started


@pytest.fixture
def operator(azure: LocalAzure) -> Iterator[Caller]:
    call = Caller(azure.endpoint)
    call.create_group()
    assert call("PUT", NETWORK, VNET).status == 201
    yield call
    call.close()


@pytest.fixture
def sign_in(operator: Caller, azure: LocalAzure) -> SignIn:
    """Requests of a person, over the connection of the operator."""

    def signed_in(who: str) -> Callable[..., Reply]:
        bearer = {"Authorization": f"Bearer {azure.issue_token(who, name='ada@contoso.com')}"}
        return lambda method, path, body=None: operator(method, path, body, bearer)

    return signed_in


def assign(
    operator: Caller, role: str, scope: str, who: str = ADA, number: int = 1, **more: Any
) -> None:
    guid = role if "-" in role else find_built_in_role(role)
    body = {
        "properties": {
            "principalId": who,
            "principalType": "User",
            "roleDefinitionId": f"{S}/{ROLES}/{guid}",
            **more,
        }
    }
    name = f"00000000-0000-4000-8000-{number:012}"
    path = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}"
    assert operator("PUT", path, body).status == 201


SCOPES = [
    pytest.param(ROOT, True, id="a management group above"),
    pytest.param(S, True, id="the subscription"),
    pytest.param(GROUP, True, id="the resource group"),
    pytest.param(NETWORK, True, id="the resource"),
    pytest.param(f"{GROUP}-of-others", False, id="another resource group"),
]


@pytest.mark.parametrize(("scope", "allowed"), SCOPES)
def test_a_role_holds_at_its_scope_and_below(
    operator: Caller, sign_in: SignIn, scope: str, allowed: bool
) -> None:
    assert operator("PUT", f"{GROUP}-of-others", {"location": "westeurope"}).status == 201
    assign(operator, "Network Contributor", scope)
    reply = sign_in(ADA)("PUT", NETWORK, VNET)

    assert reply.status == (200 if allowed else 403)
    if not allowed:
        assert reply.code == "AuthorizationFailed"
        assert reply.body["error"]["message"].startswith(
            f"The client 'ada@contoso.com' with object id '{ADA}' does not have authorization to "
            f"perform action 'Microsoft.Network/virtualNetworks/write' over scope '{NETWORK}'"
        )


def test_permissions_are_those_of_the_roles_that_hold_there(
    operator: Caller, sign_in: SignIn, azure: LocalAzure
) -> None:
    """Read with the SDK of Azure, as a program would."""
    assign(operator, "Reader", ROOT)
    assign(operator, "Network Contributor", GROUP, number=2)
    client = sdk(azure, ADA)
    inside = list(client.permissions.list_for_resource_group("rg"))
    found = parse_permissions([entry.serialize(keep_readonly=True) for entry in inside])

    assert len(inside) == 2
    assert grants(found, "Microsoft.Network/routeTables/write")
    assert not grants(found, "Microsoft.KeyVault/vaults/write")
    everywhere = sign_in(ADA)("GET", f"{S}/providers/Microsoft.Authorization/permissions")
    assert [entry["actions"] for entry in everywhere.body["value"]] == [["*/read"]]


class _Bearer(SansIOHTTPPolicy[Any, Any]):
    """Sends a person's token over plain HTTP, which azure-core's own policies refuse to do."""

    def __init__(self, azure: LocalAzure, who: str) -> None:
        self._header = f"Bearer {azure.issue_token(who)}"

    def on_request(self, request: PipelineRequest[Any]) -> None:
        request.http_request.headers["Authorization"] = self._header


class _Credential:
    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        return AccessToken("", 4_000_000_000)


def sdk(azure: LocalAzure, who: str) -> AuthorizationManagementClient:
    return AuthorizationManagementClient(
        _Credential(),
        SUBSCRIPTION,
        base_url=azure.endpoint,
        authentication_policy=_Bearer(azure, who),
        retry_total=0,
    )


def test_a_reader_does_not_write_with_the_sdk_either(operator: Caller, azure: LocalAzure) -> None:
    assign(operator, "Reader", S)
    client = sdk(azure, ADA)
    with pytest.raises(HttpResponseError, match="AuthorizationFailed"):
        client.role_assignments.create(
            S, "00000000-0000-4000-8000-000000000009",
            {"properties": {"principalId": ADA, "roleDefinitionId": f"{S}/{ROLES}/x"}},
        )  # fmt: skip


def test_what_a_body_points_to_takes_permission_as_well(operator: Caller, sign_in: SignIn) -> None:
    nsg = f"{GROUP}-of-others/providers/Microsoft.Network/networkSecurityGroups/shared"
    operator("PUT", f"{GROUP}-of-others", {"location": "westeurope"})
    assert operator("PUT", nsg, {"location": "westeurope", "properties": {}}).status == 201
    assign(operator, "Network Contributor", GROUP)
    subnet = {"properties": {"addressPrefix": "10.0.0.0/24", "networkSecurityGroup": {"id": nsg}}}
    refused = sign_in(ADA)("PUT", f"{NETWORK}/subnets/nodes", subnet)

    assert (refused.status, refused.code) == (403, "LinkedAuthorizationFailed")
    assert "networkSecurityGroups/join/action" in refused.body["error"]["message"]


def test_whoever_has_no_assignment_may_nothing(operator: Caller, sign_in: SignIn) -> None:
    assert operator("GET", NETWORK).status == 200
    bob = sign_in(BOB)
    assert bob("GET", NETWORK).code == "AuthorizationFailed"
    assert bob("GET", "/subscriptions").body["value"] == []


def test_where_roles_are_not_enforced_everybody_is_an_owner(real_catalog: Catalog) -> None:
    with LocalAzure.start(real_catalog, None, access=Access(signing_key=SIGNING_KEY)) as azure:
        call = Caller(azure.endpoint)
        call.create_group()
        assign(call, "Reader", S)
        bearer = {"Authorization": f"Bearer {azure.issue_token(ADA)}"}
        assert call("PUT", NETWORK, VNET, bearer).status == 201
        call.close()


def test_a_member_of_a_group_has_the_roles_of_the_group(operator: Caller, sign_in: SignIn) -> None:
    assign(operator, "Network Contributor", GROUP, who=PLATFORM)

    assert sign_in(ADA)("PUT", NETWORK, VNET).status == 200
    assert sign_in(BOB)("PUT", NETWORK, VNET).code == "AuthorizationFailed"
    assert len(sign_in(ADA)("GET", "/subscriptions").body["value"]) == 1


def test_a_custom_role_grants_what_its_definition_says(operator: Caller, sign_in: SignIn) -> None:
    guid = "5b0e1d2c-3f4a-4b5c-8d6e-7f8091a2b3c4"
    definition = {
        "properties": {
            "roleName": "Networks, without deletes",
            "permissions": [{"actions": ["Microsoft.Network/*"], "notActions": ["*/delete"]}],
            "assignableScopes": [S],
        }
    }
    assert operator("PUT", f"{S}/{ROLES}/{guid}", definition).status == 201
    assign(operator, guid, GROUP)
    ada = sign_in(ADA)

    assert ada("PUT", NETWORK, VNET).status == 200
    assert ada("DELETE", NETWORK).code == "AuthorizationFailed"


DENIALS = [
    pytest.param([EVERYONE], [], True, id="everyone"),
    pytest.param([EVERYONE], [ADA], False, id="everyone but her"),
    pytest.param([ADA], [], True, id="her"),
    pytest.param([BOB], [], False, id="somebody else"),
]


@pytest.mark.parametrize(("principals", "excluded", "denied"), DENIALS)
def test_a_deny_assignment_goes_before_every_role(
    operator: Caller, sign_in: SignIn, principals: list[str], excluded: list[str], denied: bool
) -> None:
    assign(operator, "Owner", S)
    deny = {
        "properties": {
            "denyAssignmentName": "Nobody changes networks",
            "permissions": [{"actions": ["Microsoft.Network/*/write"]}],
            "principals": [{"id": who, "type": "SystemDefined"} for who in principals],
            "excludePrincipals": [{"id": who, "type": "User"} for who in excluded],
        }
    }
    path = "providers/Microsoft.Authorization/denyAssignments/2b3c4d5e-6f70-4a8b-9c0d-1e2f3a4b5c6d"
    assert operator("PUT", f"{GROUP}/{path}", deny).status == 201
    reply = sign_in(ADA)("PUT", NETWORK, VNET)

    assert reply.status == (403 if denied else 200)
    if denied:
        assert reply.code == "DenyAssignmentAuthorizationFailed"
        assert (
            "the access is denied because of the deny assignment with name 'Nobody changes "
            f"networks' and Id '2b3c4d5e-6f70-4a8b-9c0d-1e2f3a4b5c6d' at scope '{GROUP}'."
        ) in reply.body["error"]["message"]


def test_a_condition_limits_which_roles_may_be_assigned(operator: Caller, sign_in: SignIn) -> None:
    puller = find_built_in_role("AcrPull")
    assign(
        operator,
        "Role Based Access Control Administrator",
        S,
        condition=(
            "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR "
            "(@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] "
            f"ForAnyOfAnyValues:GuidEquals {{{puller}}}))"
        ),
        conditionVersion="2.0",
    )
    ada = sign_in(ADA)
    path = f"{GROUP}/providers/Microsoft.Authorization/roleAssignments"

    def give(role: str, number: int) -> int:
        definition = f"{S}/{ROLES}/{find_built_in_role(role)}"
        body = {"properties": {"principalId": BOB, "roleDefinitionId": definition}}
        return ada("PUT", f"{path}/00000000-0000-4000-8000-{number:012}", body).status

    assert (give("AcrPull", 21), give("Owner", 22)) == (201, 403)


def test_the_allowed_actions_of_the_server_limit_everybody(
    operator: Caller, sign_in: SignIn, azure: LocalAzure
) -> None:
    assign(operator, "Owner", S)
    azure.allowed_actions = ["*/read"]
    assert sign_in(ADA)("PUT", NETWORK, VNET).code == "AuthorizationFailed"
    assert operator("PUT", NETWORK, VNET).code == "AuthorizationFailed"


def test_assignments_at_management_groups_show_in_a_subscription(operator: Caller) -> None:
    assign(operator, "Reader", ROOT)
    assign(operator, "Reader", "", who=BOB, number=2)
    path = "providers/Microsoft.Authorization/roleAssignments"
    listed = operator("GET", f"{S}/{path}").body["value"]

    assert [entry["properties"]["scope"] for entry in listed] == [ROOT, "/"]
    assert listed[0]["id"].startswith(f"{ROOT}/{path}/")


FILTERS = [
    pytest.param("roleName eq 'AcrPull'", ["AcrPull"], id="by name"),
    pytest.param("type eq 'CustomRole'", ["Ours"], id="custom roles"),
    pytest.param("atScopeAndBelow() and type eq 'CustomRole'", ["Ours"], id="at scope and below"),
    pytest.param("roleName eq 'Ours' and type eq 'BuiltInRole'", [], id="neither"),
]


@pytest.mark.parametrize(("condition", "names"), FILTERS)
def test_role_definitions_are_filtered(operator: Caller, condition: str, names: list[str]) -> None:
    body = {"properties": {"roleName": "Ours", "permissions": [], "assignableScopes": [S]}}
    guid = "5b0e1d2c-3f4a-4b5c-8d6e-7f8091a2b3c4"
    assert operator("PUT", f"{S}/{ROLES}/{guid}", body).status == 201
    asked = condition.replace(" ", "%20")
    found = operator("GET", f"{S}/{ROLES}?$filter={asked}").body["value"]

    assert [entry["properties"]["roleName"] for entry in found] == names


def test_every_built_in_role_is_listed_and_read_by_its_id(operator: Caller) -> None:
    listed = operator("GET", f"{S}/{ROLES}").body["value"]
    assert len(listed) == 963
    one = operator("GET", f"{S}/{ROLES}/{find_built_in_role('Key Vault Secrets User')}").body
    assert one["properties"]["roleName"] == "Key Vault Secrets User"
    assert one["properties"]["type"] == "BuiltInRole"
    assert one["properties"]["permissions"][0]["dataActions"] == [
        "Microsoft.KeyVault/vaults/secrets/getSecret/action",
        "Microsoft.KeyVault/vaults/secrets/readMetadata/action",
    ]


def test_a_role_has_the_id_of_the_subscription_wherever_it_is_asked_for(operator: Caller) -> None:
    """As az matches the roles of a subscription to the assignments below it."""
    reader = find_built_in_role("Reader")
    wanted = f"{S}/{ROLES}/{reader}"
    for scope in (S, GROUP, NETWORK):
        (found,) = operator("GET", f"{scope}/{ROLES}?$filter=roleName%20eq%20'Reader'").body[
            "value"
        ]
        assert found["id"] == operator("GET", f"{scope}/{ROLES}/{reader}").body["id"] == wanted
    assert operator("GET", f"/{ROLES}/{reader}").body["id"] == f"/{ROLES}/{reader}"
    for number, place in enumerate((GROUP, "")):
        body = {"principalId": ADA, "roleDefinitionId": f"{place}/{ROLES}/{reader}"}
        name = f"0000000{number}-2222-4333-8444-555555555555"
        path = (
            f"{(GROUP, NETWORK)[number]}/providers/Microsoft.Authorization/roleAssignments/{name}"
        )
        made = operator("PUT", path, {"properties": body})
        assert made.body["properties"]["roleDefinitionId"] == wanted
        # The same, sent again, is no change of what cannot be changed.
        assert operator("PUT", path, {"properties": body}).status in (200, 201)
