"""Azure RBAC actions that a request takes, and those on the resources that it refers to.

Azure checks a write twice: `TYPE/write` on the resource, and an action on everything that the body
links to (`LinkedAuthorizationFailed`). Source: the resource provider operations of Azure RBAC, and
the pages of the services (private-endpoint-overview, virtual-network-manage-peering,
diagnostic-settings, alerts-create-log-alert-rule, AKS concepts-identity, Network Watcher's
required-rbac-permissions).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from provisioner.catalog.references import references_in
from provisioner.catalog.resource_type import DeleteFlow, ResourceType, WriteFlow
from provisioner.catalog.schema import SchemaIndex
from provisioner.model.conditions import Attributes
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import ABSENT, Body, lookup

LIST_RESOURCES = "Microsoft.Resources/subscriptions/resources/read"
LIST_GROUP_RESOURCES = "Microsoft.Resources/subscriptions/resourceGroups/resources/read"
DELETED_GROUP = "Microsoft.Resources/subscriptions/operationresults/read"
GROUP = "Microsoft.Resources/subscriptions/resourceGroups"
ROLE_ASSIGNMENT = "Microsoft.Authorization/roleAssignments"
DENY_ASSIGNMENT = "Microsoft.Authorization/denyAssignments"
ASSIGN_ROLE = f"{ROLE_ASSIGNMENT}/write"
UNASSIGN_ROLE = f"{ROLE_ASSIGNMENT}/delete"
DEFINE_ROLE = "Microsoft.Authorization/roleDefinitions/write"
ELEVATE_ACCESS = "Microsoft.Authorization/elevateAccess/action"


@dataclass(frozen=True, slots=True)
class Link:
    """The permission that a reference takes: `action`, checked on the resource it names.

    `referrers` are the types to which that applies; none is every type.
    """

    action: str
    referrers: tuple[str, ...] = ()


_NETWORK = "Microsoft.Network"
_VNET = f"{_NETWORK}/virtualNetworks"
_ENDPOINTS = (f"{_NETWORK}/privateEndpoints",)
_JOINED = (
    f"{_VNET}/subnets",
    f"{_NETWORK}/routeTables",
    f"{_NETWORK}/networkSecurityGroups",
    f"{_NETWORK}/natGateways",
    f"{_NETWORK}/publicIPAddresses",
    f"{_NETWORK}/publicIPPrefixes",
    f"{_NETWORK}/ddosProtectionPlans",
    f"{_NETWORK}/firewallPolicies",
    f"{_NETWORK}/ApplicationGatewayWebApplicationFirewallPolicies",
    f"{_NETWORK}/ipGroups",
    f"{_NETWORK}/networkInterfaces",
    f"{_NETWORK}/privateDnsZones",
    f"{_NETWORK}/virtualNetworkGateways",
    f"{_NETWORK}/localNetworkGateways",
    f"{_NETWORK}/virtualWans",
)
_BALANCER = f"{_NETWORK}/loadBalancers"
_BALANCER_PARTS = (
    "backendAddressPools",
    "frontendIPConfigurations",
    "inboundNatPools",
    "inboundNatRules",
    "probes",
)
_BALANCED = (
    f"{_NETWORK}/networkInterfaces",
    f"{_NETWORK}/privateLinkServices",
    "Microsoft.Compute/virtualMachines",
    "Microsoft.Compute/virtualMachineScaleSets",
)
_ASG = f"{_NETWORK}/applicationSecurityGroups"
_WORKSPACE = "Microsoft.OperationalInsights/workspaces"
_LOGGING = (
    "Microsoft.Insights/diagnosticSettings",
    "Microsoft.Insights/dataCollectionRules",
    "Microsoft.ContainerService/managedClusters",
    f"{_NETWORK}/networkWatchers/flowLogs",
)
_STORAGE = "Microsoft.Storage/storageAccounts"
_FLOW_LOGS = (f"{_NETWORK}/networkWatchers/flowLogs",)
_ALERTS = "Microsoft.Insights/scheduledQueryRules"
_NOTIFYING = (
    _ALERTS,
    "Microsoft.Insights/metricAlerts",
    "Microsoft.AlertsManagement/prometheusRuleGroups",
)
_ACTION_GROUP = "Microsoft.Insights/actionGroups"
IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities"
_VAULT = "Microsoft.KeyVault/vaults"
_REGISTRY = "Microsoft.ContainerRegistry/registries"

LINKS: Mapping[str, tuple[Link, ...]] = MappingProxyType(
    {
        target.lower(): links
        for target, links in {
            **{kind: (Link(f"{kind}/join/action"),) for kind in _JOINED},
            # Parts of a balancer name each other too, which takes nothing.
            **{
                f"{_BALANCER}/{part}": (Link(f"{_BALANCER}/{part}/join/action", _BALANCED),)
                for part in _BALANCER_PARTS
            },
            _ASG: (Link(f"{_ASG}/joinIpConfiguration/action", _BALANCED),),
            _VNET: (
                Link(
                    f"{_VNET}/peer/action",
                    (
                        f"{_VNET}/virtualNetworkPeerings",
                        f"{_NETWORK}/virtualHubs/hubVirtualNetworkConnections",
                    ),
                ),
                Link(
                    f"{_VNET}/join/action",
                    (f"{_NETWORK}/privateDnsZones/virtualNetworkLinks",),
                ),
            ),
            IDENTITY: (Link(f"{IDENTITY}/assign/action"),),
            _VAULT: (Link(f"{_VAULT}/PrivateEndpointConnectionsApproval/action", _ENDPOINTS),),
            _REGISTRY: (
                Link(f"{_REGISTRY}/privateEndpointConnectionsApproval/action", _ENDPOINTS),
            ),
            # Whoever sends logs there could read its keys; an alert only reads what is there.
            _WORKSPACE: (
                Link(f"{_WORKSPACE}/sharedKeys/action", _LOGGING),
                Link(f"{_WORKSPACE}/read", (_ALERTS,)),
            ),
            # Whoever creates a flow log has to be able to read the keys of its storage account
            # (Network Watcher's page on Azure RBAC). That Azure checks all three actions, also
            # where the log has an identity of its own, is inferred.
            _STORAGE: (
                *(
                    Link(f"{_STORAGE}/{verb}/action", _FLOW_LOGS)
                    for verb in ("listKeys", "listAccountSas", "listServiceSas")
                ),
                Link(f"{_STORAGE}/PrivateEndpointConnectionsApproval/action", _ENDPOINTS),
            ),
            _ACTION_GROUP: (Link(f"{_ACTION_GROUP}/read", _NOTIFYING),),
        }.items()
    }
)
"""What it takes to point to a resource, by its type in lower case."""


def action_on(resource_type: ResourceType, verb: str) -> str:
    """Return the action for `read`, `write` or `delete` of a type."""
    name = GROUP if resource_type.name_in_id == "resourceGroups" else resource_type.name
    return f"{name}/{verb}"


def linked_actions(
    resource_type: ResourceType, schemas: SchemaIndex, body: Mapping[str, object]
) -> Iterator[tuple[str, ResourceId]]:
    """Yield (action, resource) for what a write of `body` takes of what it points to."""
    for _path, target in references_in(resource_type, schemas, body):
        for link in LINKS.get(target.type.lower(), ()):
            if not link.referrers or resource_type.name in link.referrers:
                yield link.action, target


def stated_actions(
    resource_type: ResourceType, body: Mapping[str, object]
) -> Iterator[tuple[str, str]]:
    """Yield (path, action) for the properties of `body` whose change takes an action of its own.

    They are needed beside the write (`Field.change_takes`).
    """
    for path, facts in resource_type.fields.items():
        if facts.change_takes and lookup(body, path.split(".")) is not ABSENT:
            yield path, facts.change_takes


def changed_actions(
    resource_type: ResourceType, before: Body, after: Mapping[str, object]
) -> Iterator[str]:
    """Yield the actions that the changes between two bodies take beside the write.

    Where a body is silent, the default counts.
    """
    for path, action in stated_actions(resource_type, after):
        steps, default = path.split("."), resource_type.fact(path).default_in
        held = lookup(before, steps)
        was = default(before, resource_type.api_version) if held is ABSENT else held
        if lookup(after, steps) != was:
            yield action


def polled_actions(resource_type: ResourceType, *, deleting: bool) -> Iterator[str]:
    """Yield the actions for following what a write or a delete started."""
    places = f"{resource_type.namespace}/locations"
    if not deleting:
        if resource_type.write is WriteFlow.LOCATION:
            yield f"{resource_type.namespace}/operations/read"
        elif resource_type.write is not WriteFlow.SYNC or resource_type.lingers:
            yield f"{places}/operations/read"
    elif resource_type.name_in_id == "resourceGroups":
        yield DELETED_GROUP
    elif resource_type.delete is DeleteFlow.LOCATION:
        yield f"{places}/operationResults/read"
    elif resource_type.delete is DeleteFlow.ASYNC_OPERATION:
        yield f"{places}/operations/read"


def is_polled(action: str) -> bool:
    """Return whether an action only polls an operation, which not every provider authorizes."""
    return "/locations/" in action or action.endswith("/operations/read") or action == DELETED_GROUP


def attributes_of_assignment(
    role: str, principal: str | None, principal_type: str | None
) -> Attributes:
    """Return what a condition can evaluate of a role assignment that is written or deleted.

    These are the GUID of its role, and its principal; None is not known.
    """
    known = {"RoleDefinitionId": role, "PrincipalId": principal, "PrincipalType": principal_type}
    return {
        f"{source}[{ROLE_ASSIGNMENT}:{name}]".lower(): value
        for source in ("request", "resource")
        for name, value in known.items()
        if value is not None
    }


def assignment_condition(roles: Mapping[str, str], principals: frozenset[str]) -> str:
    """Return the condition that limits role assignments to these roles and principal types.

    `roles` are GUIDs by name (conditions-role-assignments-overview).
    """
    guids = ", ".join(sorted(roles.values()))
    kinds = ", ".join(f"'{kind}'" for kind in sorted(principals))
    clauses = []
    for verb, side in (("write", "Request"), ("delete", "Resource")):
        attribute = f"@{side}[Microsoft.Authorization/roleAssignments:"
        clauses.append(
            f"((!(ActionMatches{{'Microsoft.Authorization/roleAssignments/{verb}'}})) OR "
            f"({attribute}RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {{{guids}}} AND "
            f"{attribute}PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase {{{kinds}}}))"
        )
    return " AND ".join(clauses)
