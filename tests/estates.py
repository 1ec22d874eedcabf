"""Estates that somebody made without azsec: the same resources, by plain PUTs without a mark."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from provisioner.blueprint.ownership import is_ownership_tag
from provisioner.engine.ports import Creation, Refresh
from provisioner.model.diagnostic import Severity
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body
from provisioner.plan.reads import Read
from provisioner.workflow.apply import ApplyOptions, Surface, apply_plan
from provisioner.workflow.plan import Desired
from tests.environments import Bench


@dataclass(frozen=True)
class PlainWriter:
    """Sends each body as it is, but for azsec's tags, and without a condition."""

    bench: Bench

    def put(
        self,
        resource: ResourceId,
        api_version: str,
        body: Body,
        if_match: str | None,
        on_status: Callable[[str], None],
        mode: Creation | Refresh | None = None,
    ) -> Body:
        tags = body.get("tags")
        if isinstance(tags, Mapping):
            own = {name: value for name, value in tags.items() if not is_ownership_tag(name)}
            body = {**body, "tags": own}
        return self.bench.client.put(resource, api_version, body, None, on_status)

    def delete(self, resource: ResourceId, *rest: object) -> None:
        raise AssertionError(f"nothing is deleted from an estate that is made: {resource}")


def put_estate(bench: Bench, desired: Desired) -> None:
    """Make in the built-in Azure what a blueprint describes, as another tool would have; what is
    there already stays without a mark."""
    surface = Surface(bench.client, PlainWriter(bench), lambda: 0.0, lambda _event: None)
    plan = bench.plan(desired, adopt=["*"])
    options = ApplyOptions(allow_delete=False, parallelism=8)
    made = apply_plan(plan, bench.catalog, surface, options)
    assert not [d for d in made.diagnostics if d.severity is Severity.ERROR], made.diagnostics


def put(bench: Bench, path: str, body: Mapping[str, object]) -> None:
    """Make one resource by its id, with the api version that azsec speaks."""
    resource = ResourceId.parse(path)
    known = bench.catalog.get(resource.type)
    bench.client.put(
        resource, known.api_version, json.loads(json.dumps(body)), None, lambda _status: None
    )


def put_raw(
    bench: Bench, path: str, body: Mapping[str, object], version: str = "2024-04-01"
) -> None:
    """Make one resource of a type that azsec does not know."""
    resource = ResourceId.parse(path)
    bench.client.put(resource, version, json.loads(json.dumps(body)), None, lambda _status: None)


def read_raw(bench: Bench, path: str) -> Body:
    """Return the body of one resource of a type that azsec does not know."""
    resource = ResourceId.parse(path)
    read = Read(path, "2024-04-01", resource.type, is_list=False)
    return bench.client.read([read])[0].items[0]


LARGE_SUBSCRIPTION = "22222222-2222-2222-2222-222222222222"
UNKNOWN_TYPES = (
    "Microsoft.App/managedEnvironments",
    "Microsoft.Cache/redis",
    "Microsoft.Cdn/profiles",
    "Microsoft.DocumentDB/databaseAccounts",
    "Microsoft.EventHub/namespaces",
    "Microsoft.Search/searchServices",
    "Microsoft.ServiceBus/namespaces",
    "Microsoft.Sql/servers",
    "Microsoft.Web/serverfarms",
    "Microsoft.Web/sites",
)
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"


def put_large_estate(bench: Bench, teams: int) -> int:
    """Make a group for each team, with 55 resources of 40 types, of which azsec does not know 10;
    return how many resources there are, groups included."""
    made = 0
    for team in range(teams):
        group = f"/subscriptions/{LARGE_SUBSCRIPTION}/resourceGroups/rg-acme-team{team:02d}"
        region = "westeurope" if team % 3 else "northeurope"
        put(bench, group, {"location": region, "tags": {"owner": "acme"}})
        for path, body in _known_of_team(group, team):
            located = "/" not in path.partition("/")[2].partition("/")[2] and "location" not in body
            put(
                bench,
                f"{group}/providers/{path}",
                {"location": region, **body} if located else body,
            )
            made += 1
        for kind in UNKNOWN_TYPES:
            name = f"{kind.rpartition('/')[2].lower()}-acme-{team:02d}"
            body = {"location": region, "properties": {"size": team % 2, "zones": ["1", "2"]}}
            put_raw(bench, f"{group}/providers/{kind}/{name}", body)
            made += 1
    return made + teams


def _known_of_team(group: str, team: int) -> Iterator[tuple[str, dict[str, object]]]:
    network, of, cidr = "Microsoft.Network", f"acme-team{team:02d}", f"10.{team}"
    vnet = f"{network}/virtualNetworks/vnet-{of}"
    subnets = ("apps", "data", "jobs", "mgmt", "web")
    for name in ("apps", "data", "web"):
        rule = {
            "name": "in",
            "properties": {
                "priority": 100,
                "direction": "Inbound",
                "access": "Allow",
                "protocol": "Tcp",
                "sourceAddressPrefix": f"{cidr}.0.0/16",
                "sourcePortRange": "*",
                "destinationAddressPrefix": "*",
                "destinationPortRange": "443",
            },
        }
        rules = {"properties": {"securityRules": [rule]}}
        yield f"{network}/networkSecurityGroups/nsg-{of}-{name}", rules
    for name in ("egress", "transit"):
        yield f"{network}/routeTables/rt-{of}-{name}", {"properties": {}}
    yield vnet, {"properties": {"addressSpace": {"addressPrefixes": [f"{cidr}.0.0/16"]}}}
    for number, name in enumerate(subnets):
        properties: dict[str, object] = {"addressPrefix": f"{cidr}.{number}.0/24"}
        if name in ("apps", "data", "web"):
            rules_id = f"{group}/providers/{network}/networkSecurityGroups/nsg-{of}-{name}"
            properties["networkSecurityGroup"] = {"id": rules_id}
        yield f"{vnet}/subnets/snet-{name}", {"properties": properties}
    yield from _addresses_of_team(group, team)
    yield from _services_of_team(group, team)


def _addresses_of_team(group: str, team: int) -> Iterator[tuple[str, dict[str, object]]]:
    network, of, cidr = "Microsoft.Network", f"acme-team{team:02d}", f"10.{team}"
    vnet = f"{network}/virtualNetworks/vnet-{of}"
    zone = f"{network}/privateDnsZones/team{team:02d}.acme.internal"
    standard = {"sku": {"name": "Standard"}}
    for name in ("egress", "ingress", "vpn"):
        static = {**standard, "properties": {"publicIPAllocationMethod": "Static"}}
        yield f"{network}/publicIPAddresses/pip-{of}-{name}", static
    prefix = {**standard, "properties": {"prefixLength": 31}}
    yield f"{network}/publicIPPrefixes/ippre-{of}", prefix
    yield f"{network}/applicationSecurityGroups/asg-{of}", {"properties": {}}
    yield f"{network}/ipGroups/ipg-{of}", {"properties": {"ipAddresses": [f"{cidr}.9.0/24"]}}
    yield f"{network}/firewallPolicies/afwp-{of}", {"properties": {"threatIntelMode": "Deny"}}
    office = {"gatewayIpAddress": f"203.0.113.{team + 1}"}
    space = {"localNetworkAddressSpace": {"addressPrefixes": [f"172.16.{team}.0/24"]}}
    yield f"{network}/localNetworkGateways/lgw-{of}", {"properties": {**office, **space}}
    yield zone, {"location": "global"}
    link = {"virtualNetwork": {"id": f"{group}/providers/{vnet}"}, "registrationEnabled": False}
    yield f"{zone}/virtualNetworkLinks/own", {"location": "global", "properties": link}
    for number, name in enumerate(("api", "db", "www")):
        records = {"ttl": 300, "aRecords": [{"ipv4Address": f"{cidr}.0.{number + 10}"}]}
        yield f"{zone}/A/{name}", {"properties": records}
    aaaa = {"ttl": 300, "aaaaRecords": [{"ipv6Address": f"fd00::{team + 1}"}]}
    yield f"{zone}/AAAA/six", {"properties": aaaa}
    alias = {"ttl": 300, "cnameRecord": {"cname": "www.acme.example"}}
    yield f"{zone}/CNAME/old", {"properties": alias}
    mail = {"ttl": 300, "mxRecords": [{"preference": 10, "exchange": "mx.acme.example"}]}
    yield f"{zone}/MX/mail", {"properties": mail}
    yield f"{zone}/TXT/note", {"properties": {"ttl": 300, "txtRecords": [{"value": ["v=1"]}]}}


def _services_of_team(group: str, team: int) -> Iterator[tuple[str, dict[str, object]]]:
    of, short = f"acme-team{team:02d}", f"acme{team:02d}"
    workspace = f"Microsoft.OperationalInsights/workspaces/log-{of}"
    identities = "Microsoft.ManagedIdentity/userAssignedIdentities"
    for name in ("api", "job", "web"):
        yield f"{identities}/id-{of}-{name}", {}
    for name in ("api", "job"):
        trust = {
            "issuer": f"https://oidc.acme.example/{team}/",
            "subject": f"system:serviceaccount:{name}:{name}",
            "audiences": ["api://AzureADTokenExchange"],
        }
        path = f"{identities}/id-{of}-{name}/federatedIdentityCredentials/k8s"
        yield path, {"properties": trust}
    vault = {
        "tenantId": "99999999-9999-9999-9999-999999999999",
        "sku": {"family": "A", "name": "standard"},
        "enableRbacAuthorization": True,
        "enablePurgeProtection": True,
        "publicNetworkAccess": "Disabled",
    }
    yield f"Microsoft.KeyVault/vaults/kv-{of}", {"properties": vault}
    premium = {"sku": {"name": "Premium"}, "properties": {"adminUserEnabled": False}}
    yield f"Microsoft.ContainerRegistry/registries/cr{short}", premium
    account = {"kind": "StorageV2", "sku": {"name": "Standard_ZRS"}, "properties": {}}
    storage = f"Microsoft.Storage/storageAccounts/st{short}"
    yield storage, account
    yield f"{storage}/blobServices/default/containers/state", {"properties": {}}
    yield workspace, {"properties": {"sku": {"name": "PerGB2018"}, "retentionInDays": 90}}
    group_of_alerts = {"location": "global", "properties": {"groupShortName": f"t{team:02d}"}}
    yield f"Microsoft.Insights/actionGroups/ag-{of}", group_of_alerts
    yield f"Microsoft.Insights/dataCollectionEndpoints/dce-{of}", {"properties": {}}
    yield f"Microsoft.Monitor/accounts/amw-{of}", {}
    keep = {"properties": {"level": "CanNotDelete", "notes": "kept"}}
    yield f"Microsoft.KeyVault/vaults/kv-{of}/providers/Microsoft.Authorization/locks/keep", keep
    for number in range(2):
        grant = {
            "roleDefinitionId": f"/subscriptions/{LARGE_SUBSCRIPTION}/providers/"
            f"Microsoft.Authorization/roleDefinitions/{READER}",
            "principalId": f"aaaaaaaa-0000-4000-8000-{team:06d}{number:06d}",
            "principalType": "ServicePrincipal",
        }
        name = f"bbbbbbbb-0000-4000-8000-{team:06d}{number:06d}"
        at = f"Microsoft.KeyVault/vaults/kv-{of}/providers/Microsoft.Authorization/roleAssignments"
        yield f"{at}/{name}", {"properties": grant}
    logs = {
        "workspaceId": f"{group}/providers/{workspace}",
        "logs": [{"category": "AuditEvent", "enabled": True}],
    }
    at = f"Microsoft.KeyVault/vaults/kv-{of}/providers/Microsoft.Insights/diagnosticSettings"
    yield f"{at}/audit", {"properties": logs}
