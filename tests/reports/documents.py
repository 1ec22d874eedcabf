"""The documents that the reports are tested with: a hub, a spoke and a cluster on a bad day."""

from provisioner.documents.additions import AcceptedDocument, AdditionDocument
from provisioner.documents.apply import ApplyDocument, Outcome, StepOutcome
from provisioner.documents.census import (
    UNKNOWN_TYPE,
    CensusDocument,
    NotCoveredDocument,
    UnknownControlsDocument,
    UnreadableDocument,
)
from provisioner.documents.document import DiagnosticDocument, EnvironmentDocument
from provisioner.documents.drift import DriftDocument, DriftKind, ResourceDriftDocument
from provisioner.documents.graph import (
    INTERNET,
    EdgeDocument,
    EdgeKind,
    EgressDocument,
    GraphDocument,
    GroupDocument,
    GroupKind,
    MarkDocument,
    NodeDocument,
    NodeKind,
)
from provisioner.documents.plan import (
    Action,
    FieldChangeDocument,
    FieldKind,
    IgnoredDocument,
    PlanDocument,
    PlanSummary,
    ResourceChangeDocument,
    StepDocument,
    UndeclaredDocument,
    UndeclaredTagDocument,
    UnmanagedDocument,
)
from provisioner.documents.proof import BreachDocument, GateDocument, ProofDocument
from provisioner.documents.trace import HopDocument, StateKind
from provisioner.model.diagnostic import Severity

HUB, AKS = "rg-contoso-hub", "rg-contoso-aks"
_CONNECTIVITY = "11111111-1111-1111-1111-111111111111"
_WORKLOAD = "33333333-3333-3333-3333-333333333333"
_DIGEST = "sha256:5f1c09ab7d3344e1a0c2b8f6d95e7c1b2a3f4e5d6c7b8a990817263544f3e2e0"

ENVIRONMENT = EnvironmentDocument(
    name="prod",
    blueprint="blueprints/secure-aks.yaml",
    cloud="AzureCloud",
    tenant_id="00000000-0000-0000-0000-000000000000",
    subscriptions={
        "connectivity": _CONNECTIVITY,
        "management": "22222222-2222-2222-2222-222222222222",
        "workload": _WORKLOAD,
    },
)


def resource_id(group: str, tail: str) -> str:
    subscription = _CONNECTIVITY if group == HUB else _WORKLOAD
    return f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.{tail}"


def change(address, tail, group, action, fields=(), **more):
    kinds = tail.split("/")
    return ResourceChangeDocument(
        address=address,
        id=resource_id(group, tail),
        type="/".join(("Microsoft." + kinds[0], *kinds[1::2])),
        resource_group=group,
        action=action,
        disruption=more.pop("disruption", "no disruption"),
        fields=tuple(fields),
        **more,
    )


def added(path, value, **more):
    return FieldChangeDocument(path=path, kind=FieldKind.ADDED, declared=True, after=value, **more)


def removed(path, value, **more):
    return FieldChangeDocument(
        path=path, kind=FieldKind.REMOVED, declared=True, before=value, **more
    )


def changed(path, before, after, **more):
    more.setdefault("declared", True)
    return FieldChangeDocument(
        path=path, kind=FieldKind.CHANGED, before=before, after=after, **more
    )


_FIREWALL_POLICY = resource_id(HUB, "Network/firewallPolicies/afwp-contoso-hub")
_SUBNET = resource_id(AKS, "Network/virtualNetworks/vnet-contoso-aks/subnets/snet-endpoints")
_PRINCIPAL = "(known after apply: identity.properties.principalId)"

_CREATE_ENDPOINT = change(
    "vault.endpoint",
    "Network/privateEndpoints/pe-kv-contoso",
    AKS,
    Action.CREATE,
    [
        added("location", "westeurope"),
        added("tags.costCenter", "4711"),
        added("tags.owner", "platform@contoso.example"),
        added("properties.subnet.id", _SUBNET),
        added("properties.customNetworkInterfaceName", "nic-pe-kv-contoso"),
        added(
            "properties.privateLinkServiceConnections[vault].properties.privateLinkServiceId",
            resource_id(AKS, "KeyVault/vaults/kv-contoso-aks"),
        ),
        added("properties.privateLinkServiceConnections[vault].properties.groupIds", ["vault"]),
        added("properties.privateLinkServiceConnections[vault].name", "vault"),
    ],
    seconds=60,
)
_CREATE_RULES = change(
    "aks.nsg-nodes",
    "Network/networkSecurityGroups/nsg-nodes",
    AKS,
    Action.CREATE,
    [
        added("location", "westeurope"),
        *(
            added(f"properties.securityRules[{name}].{key}", value, security=True)
            for name, values in {
                "allow-api-server": {
                    "name": "allow-api-server",
                    "properties.priority": 100,
                    "properties.direction": "Outbound",
                    "properties.access": "Allow",
                    "properties.protocol": "Tcp",
                    "properties.sourceAddressPrefix": "10.20.0.0/22",
                    "properties.sourcePortRange": "*",
                    "properties.destinationAddressPrefix": "10.20.4.0/28",
                    "properties.destinationPortRange": "443",
                },
                "deny-internet": {
                    "name": "deny-internet",
                    "properties.priority": 4096,
                    "properties.direction": "Outbound",
                    "properties.access": "Deny",
                    "properties.protocol": "*",
                    "properties.sourceAddressPrefix": "*",
                    "properties.sourcePortRange": "*",
                    "properties.destinationAddressPrefix": "Internet",
                    "properties.destinationPortRange": "*",
                },
            }.items()
            for key, value in values.items()
        ),
    ],
    seconds=15,
)
_CREATE_ASSIGNMENT = change(
    "aks.network-contributor",
    "Authorization/roleAssignments/7d2a1c1e-5b1f-5c58-9a43-0c61ef52e7aa",
    AKS,
    Action.CREATE,
    [
        added("properties.principalId", _PRINCIPAL, unknown=True),
        added("properties.principalType", "ServicePrincipal"),
        added(
            "properties.roleDefinitionId",
            f"/subscriptions/{_WORKLOAD}/providers/Microsoft.Authorization/roleDefinitions/"
            "4d97b98b-1d4f-4787-a291-c67834d212e7",
        ),
    ],
    seconds=5,
)
_UPDATE_EGRESS = change(
    "hub.firewall-policy.egress",
    "Network/firewallPolicies/afwp-contoso-hub/ruleCollectionGroups/egress",
    HUB,
    Action.UPDATE,
    [
        changed(
            "properties.ruleCollections[aks].rules[ntp].destinationFqdns",
            ["ntp.ubuntu.com", "time.windows.com"],
            ["time.windows.com"],
            security=True,
        ),
        added(
            "properties.ruleCollections[aks].rules[defender]",
            {
                "ruleType": "ApplicationRule",
                "name": "defender",
                "protocols": [{"protocolType": "Https", "port": 443}],
                "targetFqdns": ["*.cloud.defender.microsoft.com"],
                "sourceIpGroups": [resource_id(HUB, "Network/ipGroups/ipg-nodes")],
            },
            security=True,
        ),
    ],
    seconds=90,
)
_UPDATE_FIREWALL = change(
    "hub.firewall",
    "Network/azureFirewalls/afw-contoso-hub",
    HUB,
    Action.UPDATE,
    [changed("properties.firewallPolicy.id", f"{_FIREWALL_POLICY}-old", _FIREWALL_POLICY)],
    disruption="connections drop",
    seconds=600,
)
_UPDATE_CLUSTER = change(
    "aks.cluster",
    "ContainerService/managedClusters/aks-contoso",
    AKS,
    Action.UPDATE,
    [
        changed(
            "properties.apiServerAccessProfile.disableRunCommand", False, True, security=True
        ),
        changed("properties.kubernetesVersion", "1.34", "1.35", reason="running 1.34.7"),
        added("properties.securityProfile.imageCleaner.intervalHours", 168),
        removed("properties.addonProfiles[httpApplicationRouting].enabled", True, security=True),
        changed("properties.autoUpgradeProfile", {"upgradeChannel": "none"},
                {"upgradeChannel": "patch", "nodeOSUpgradeChannel": "NodeImage"}),
    ],
    disruption="control plane blips",
    seconds=360,
)  # fmt: skip
_REPLACE_POOL = change(
    "aks.pool-batch",
    "ContainerService/managedClusters/aks-contoso/agentPools/batch",
    AKS,
    Action.REPLACE,
    [
        changed(
            "properties.vmSize", "Standard_D4ds_v5", "Standard_D8ds_v6", forces_replace=True
        ),
        changed("properties.nodeTaints", ["batch=true:NoSchedule"],
                ["batch=true:NoSchedule", "spot=true:NoSchedule"]),
    ],
    reason="the VM size of a pool cannot change in place",
    disruption="data lost",
    seconds=420,
)  # fmt: skip
_DELETE_ROUTE = change(
    "spoke.routes/routes/legacy",
    "Network/routeTables/rt-contoso-aks/routes/legacy-onprem",
    AKS,
    Action.DELETE,
    reason="was made by azsec and is no longer in the blueprint",
    disruption="data lost",
    seconds=10,
)
_BLOCKED_VAULT = change(
    "vault.vault",
    "KeyVault/vaults/kv-contoso-aks",
    AKS,
    Action.BLOCKED,
    [changed("properties.enablePurgeProtection", True, False, security=True)],
    reason="purge protection cannot be switched off again once it is on: keep it, or use a vault "
    "of another name",
)


def _steps(changes):
    result = []
    for entry in changes:
        if entry.action in (Action.DELETE, Action.REPLACE):
            result.append(("delete", "DELETE", entry, ()))
        if entry.action in (Action.CREATE, Action.UPDATE, Action.REPLACE):
            waits = (f"delete {entry.address}",) if entry.action is Action.REPLACE else ()
            result.append(("put", "PUT", entry, waits))
    return tuple(
        StepDocument(
            key=f"{word} {entry.address}",
            verb=verb,
            address=entry.address,
            id=entry.id,
            api_version="2025-01-01",
            action=entry.action,
            seconds=entry.seconds,
            after=waits,
        )
        for word, verb, entry, waits in result
    )


def _plan(changes, unchanged, **more):
    return PlanDocument(
        environment=ENVIRONMENT,
        digest=_DIGEST,
        summary=PlanSummary(
            **{
                action.value: sum(entry.action is action for entry in changes)
                for action in Action
                if action is not Action.NO_OP
            },
            unchanged=unchanged,
        ),
        changes=tuple(changes),
        steps=_steps(changes),
        census=CENSUS,
        **more,
    )


_UNDECLARED = (
    UndeclaredDocument(
        address="registry.registry",
        id=resource_id(AKS, "ContainerRegistry/registries/crcontoso"),
        type="Microsoft.ContainerRegistry/registries",
        field=changed(
            "properties.policies.retentionPolicy.days", 30, 7, declared=False, owner="policy"
        ),
    ),
    UndeclaredDocument(
        address="vault.vault",
        id=resource_id(AKS, "KeyVault/vaults/kv-contoso-aks"),
        type="Microsoft.KeyVault/vaults",
        field=changed(
            "properties.enabledForDeployment", True, False, declared=False, security=True
        ),
    ),
    UndeclaredDocument(
        address="aks.cluster",
        id=resource_id(AKS, "ContainerService/managedClusters/aks-contoso"),
        type="Microsoft.ContainerService/managedClusters",
        field=changed("sku.tier", "Premium", "Free", declared=False),
        kept=True,
    ),
)
_TAGS = (
    UndeclaredTagDocument(
        address="vault.vault",
        id=resource_id(AKS, "KeyVault/vaults/kv-contoso-aks"),
        type="Microsoft.KeyVault/vaults",
        path="tags.costCentre",
        value="4711",
    ),
)
_IGNORED = (
    IgnoredDocument(
        address="aks.pools[apps]",
        id=resource_id(AKS, "ContainerService/managedClusters/aks-contoso/agentPools/apps"),
        type="Microsoft.ContainerService/managedClusters/agentPools",
        field=changed("properties.count", 5, 3),
        reason="the cost team scales it by hand",
        owner="cost@contoso.example",
        expires="2027-03-31",
    ),
    IgnoredDocument(
        address="registry.registry",
        id=resource_id(AKS, "ContainerRegistry/registries/crcontoso"),
        type="Microsoft.ContainerRegistry/registries",
        field=changed(
            "properties.publicNetworkAccess", "Enabled", "Disabled", declared=False, security=True
        ),
        reason="the build agents of the old estate push from outside until they have moved",
        owner="platform@contoso.example",
        expires="2026-12-31",
    ),
)
_UNMANAGED = (
    UnmanagedDocument(
        id=resource_id(AKS, "Compute/virtualMachines/vm-jumpbox"),
        type="Microsoft.Compute/virtualMachines",
        resource_group=AKS,
    ),
    UnmanagedDocument(
        id=resource_id(HUB, "Network/publicIPAddresses/pip-forgotten"),
        type="Microsoft.Network/publicIPAddresses",
        resource_group=HUB,
    ),
)
CENSUS = CensusDocument(
    resources=128,
    types=("Microsoft.ContainerService/managedClusters", "Microsoft.KeyVault/vaults"),
    subscriptions=("11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"),
    not_covered=(
        NotCoveredDocument(what="Microsoft.Cache/redis", count=3, reason=UNKNOWN_TYPE),
        NotCoveredDocument(
            what="Kubernetes objects", count=1, of="cluster", reason="they are in the cluster"
        ),
    ),
    unknown=(
        UnknownControlsDocument(reason="need the cluster", controls=("CLU-02.7", "CLU-07")),
        UnknownControlsDocument(reason="need logs", controls=("MON-02",)),
    ),
)
UNREADABLE = CENSUS.model_copy(
    update={
        "unreadable": (
            UnreadableDocument(
                id=resource_id(AKS, "ContainerRegistry/registries/crcontoso"),
                address="registry.registry",
                reason="AuthorizationFailed: no permission",
            ),
            UnreadableDocument(
                id="/subscriptions/11111111-1111-1111-1111-111111111111",
                listed="Microsoft.Authorization/locks",
                reason="InternalServerError: try again",
            ),
        )
    }
)
_DIAGNOSTICS = (
    DiagnosticDocument(
        severity=Severity.WARNING,
        code="version-deprecated",
        message="Kubernetes 1.34 leaves support in 3 months.",
        place="environments/prod.yaml:14:22",
        hint="Plan the move to 1.35.",
    ),
)

_PROOFS = (
    ProofDocument(
        control="PRF-01",
        name="egress",
        claim="no path from a workload subnet to the internet bypasses the firewall",
        verdict="holds",
        scope="4 subnets, all public addresses",
    ),
    ProofDocument(
        control="PRF-02",
        name="allowances",
        claim="firewall rules allow the egress that the clusters require, and nothing else",
        verdict="unknown",
        scope="1 clusters, 9 firewall rules",
        breaches=(
            BreachDocument(
                element="aks.cluster",
                message="aks.cluster has gitops enabled, and its required egress in "
                "AzureCloud is unknown.",
                hint="Determine the required hosts, allow them, and declare them in `egress` "
                "of the environment.",
                certain=False,
            ),
        ),
    ),
    ProofDocument(
        control="PRF-07",
        name="private services",
        claim="vaults, registries and storage accounts are reachable through private endpoints "
        "only",
        verdict="fails",
        scope="2 services",
        breaches=(
            BreachDocument(
                element="registry.registry",
                message="registry.registry is reachable on its public address.",
                hint="Set `publicNetworkAccess: Disabled`.",
                certain=True,
            ),
        ),
    ),
    ProofDocument(
        control="PRF-04",
        name="segmentation",
        claim="hub and spokes reach each other through the firewall only",
        verdict="not applicable",
        scope="there is no firewall",
    ),
)
_GATES = (
    GateDocument(
        gate="proofs",
        reason="private services: it is not true that vault, registry and storage answer only on "
        "their private endpoints",
        hint="Correct the blueprint; `azsec plan` names what is to blame.",
    ),
)

_ADDITIONS = (
    AdditionDocument(
        id=f"/subscriptions/{_WORKLOAD}/resourceGroups/{AKS}/providers/Microsoft.Authorization/"
        "roleAssignments/5d2b9f10-7c3e-4a61-b8d4-92e0c1f3a5ff",
        type="Microsoft.Authorization/roleAssignments",
        on=f"/subscriptions/{_WORKLOAD}/resourceGroups/{AKS}",
        address="resourceGroups.aks",
        resource_group=AKS,
        adds="grants access to it",
        role="Owner",
        allows="administers access",
        values={
            "roleDefinitionId": "/providers/Microsoft.Authorization/roleDefinitions/8e3af657",
            "principalType": "User",
            "principalId": "5d2b9f10-7c3e-4a61-b8d4-92e0c1f3a501",
        },
    ),
    AdditionDocument(
        id=resource_id(AKS, "KeyVault/vaults/kv-contoso-aks")
        + "/providers/Microsoft.Insights/diagnosticSettings/copy",
        type="Microsoft.Insights/diagnosticSettings",
        on=resource_id(AKS, "KeyVault/vaults/kv-contoso-aks"),
        address="vault.vault",
        resource_group=AKS,
        adds="copies its logs",
        values={"workspaceId": resource_id("rg-others", "OperationalInsights/workspaces/theirs")},
    ),
)
_ACCEPTED = (
    AcceptedDocument(
        addition=AdditionDocument(
            id="/providers/Microsoft.Management/managementGroups/contoso/providers/"
            "Microsoft.Authorization/roleAssignments/5d2b9f10-7c3e-4a61-b8d4-92e0c1f3a5fe",
            type="Microsoft.Authorization/roleAssignments",
            on="/providers/Microsoft.Management/managementGroups/contoso",
            adds="grants access to it",
            role="Reader",
            allows="reads configuration",
            values={
                "principalType": "Group",
                "principalId": "5d2b9f10-7c3e-4a61-b8d4-92e0c1f3a502",
            },
        ),
        reason="the security team reads all subscriptions",
        owner="security@contoso.example",
        expires="2027-06-30",
        place="environments/prod.yaml:31:5",
    ),
)

PLAN = _plan(
    [
        _UPDATE_EGRESS,
        _UPDATE_FIREWALL,
        _CREATE_RULES,
        _CREATE_ASSIGNMENT,
        _UPDATE_CLUSTER,
        _REPLACE_POOL,
        _CREATE_ENDPOINT,
        _BLOCKED_VAULT,
        _DELETE_ROUTE,
    ],
    71,
    undeclared=_UNDECLARED,
    tags=_TAGS,
    ignored=_IGNORED,
    additions=_ADDITIONS,
    accepted=_ACCEPTED,
    unmanaged=_UNMANAGED,
    proofs=_PROOFS,
    gates=_GATES,
    diagnostics=_DIAGNOSTICS,
)

EMPTY_PLAN = _plan([], 76, proofs=_PROOFS[:1])

DRIFT = DriftDocument(
    environment=ENVIRONMENT,
    in_sync=73,
    drifted=(
        ResourceDriftDocument(
            address="spoke.routes",
            id=resource_id(AKS, "Network/routeTables/rt-contoso-aks"),
            type="Microsoft.Network/routeTables",
            resource_group=AKS,
            kind=DriftKind.CHANGED,
            fields=(
                changed(
                    "properties.routes[default].properties.nextHopType",
                    "VirtualAppliance",
                    "Internet",
                    security=True,
                ),
                removed(
                    "properties.routes[default].properties.nextHopIpAddress",
                    "10.10.0.4",
                    security=True,
                ),
            ),
        ),
        ResourceDriftDocument(
            address="aks.nsg-nodes",
            id=resource_id(AKS, "Network/networkSecurityGroups/nsg-nodes"),
            type="Microsoft.Network/networkSecurityGroups",
            resource_group=AKS,
            kind=DriftKind.CHANGED,
            fields=(
                added(
                    "properties.securityRules[temporary-ssh]",
                    {
                        "name": "temporary-ssh",
                        "properties": {
                            "priority": 4000,
                            "direction": "Inbound",
                            "access": "Allow",
                            "protocol": "Tcp",
                            "sourceAddressPrefix": "*",
                            "sourcePortRange": "*",
                            "destinationAddressPrefix": "*",
                            "destinationPortRange": "22",
                        },
                    },
                    security=True,
                ),
            ),
        ),
        ResourceDriftDocument(
            address="aks.diagnostics",
            id=resource_id(AKS, "Insights/diagnosticSettings/to-workspace"),
            type="Microsoft.Insights/diagnosticSettings",
            resource_group=AKS,
            kind=DriftKind.MISSING,
        ),
    ),
    undeclared=_UNDECLARED,
    tags=_TAGS,
    ignored=_IGNORED,
    additions=_ADDITIONS,
    accepted=_ACCEPTED,
    unmanaged=_UNMANAGED,
    proofs=_PROOFS,
    census=UNREADABLE,
    diagnostics=(
        DiagnosticDocument(
            severity=Severity.ERROR,
            code="not-comparable",
            message="registry.registry: it cannot be read: AuthorizationFailed.",
            hint="Grant Reader on the resource group.",
        ),
    ),
)

EMPTY_DRIFT = DriftDocument(environment=ENVIRONMENT, in_sync=76, proofs=_PROOFS[:1], census=CENSUS)


def _outcome(verb, address, outcome, elapsed=0.0, message=None):
    word = "put" if verb == "PUT" else "delete"
    return StepOutcome(
        key=f"{word} {address}",
        verb=verb,
        address=address,
        outcome=outcome,
        elapsed=elapsed,
        message=message,
    )


FAILED_APPLY = ApplyDocument(
    environment=ENVIRONMENT,
    digest=_DIGEST,
    steps=(
        _outcome("PUT", "hub.firewall-policy.egress", Outcome.SUCCEEDED, 93.4),
        _outcome("PUT", "hub.firewall", Outcome.SUCCEEDED, 541.0),
        _outcome(
            "DELETE",
            "aks.pool-batch",
            Outcome.FAILED,
            130.2,
            "PodDrainFailure: Draining node aks-batch-1 failed: the eviction of pod shop/cart-0 "
            "is blocked by the PodDisruptionBudget shop/cart "
            "(correlation id 3f2a77c4-6f0e-4f7e-8c6c-5ad7c2d3a1b9)",
        ),
        _outcome("PUT", "aks.pool-batch", Outcome.SKIPPED, 0.0, "delete aks.pool-batch"),
        _outcome("PUT", "vault.endpoint", Outcome.SKIPPED, 0.0, "interrupted"),
    ),
    interrupted=True,
    outputs={"clusterId": resource_id(AKS, "ContainerService/managedClusters/aks-contoso")},
)

FINISHED_APPLY = ApplyDocument(
    environment=ENVIRONMENT,
    digest=_DIGEST,
    steps=(
        _outcome("PUT", "hub.firewall-policy.egress", Outcome.SUCCEEDED, 93.4),
        _outcome("PUT", "aks.cluster", Outcome.SUCCEEDED, 352.0),
    ),
    outputs={
        "clusterId": resource_id(AKS, "ContainerService/managedClusters/aks-contoso"),
        "egressAddress": "203.0.113.7",
    },
)


def large_plan(count):
    """A plan of `count` resources, of every action, with long and many values."""
    actions = [a for a in Action if a is not Action.NO_OP]
    return _plan(
        [
            change(
                f"aks[{index}].pool",
                f"ContainerService/managedClusters/aks-{index}/agentPools/pool{index}",
                AKS,
                actions[index % len(actions)],
                [
                    changed("properties.vmSize", "Standard_D4ds_v5", "Standard_D8ds_v6"),
                    changed("properties.nodeLabels", {"a": "x" * 300}, {"a": "y" * 300}),
                    added("properties.nodeTaints", [f"taint-{n}" for n in range(10)]),
                ],
                reason="it has to be so" if index % 3 else None,
                disruption="data lost" if index % 2 else "no disruption",
                seconds=index % 600,
            )
            for index in range(count)
        ],
        count,
        undeclared=_UNDECLARED * count,
        ignored=_IGNORED * count,
        unmanaged=_UNMANAGED * count,
        diagnostics=_DIAGNOSTICS * count,
    )


_NODES = "/subscriptions/w/resourcegroups/rg-net/providers/vnets/spoke/subnets/nodes"
_SPOKE, _HUB_NET = _NODES.rpartition("/subnets/")[0], "/subscriptions/c/vnets/hub"
_POOL, _FIREWALL = "/subscriptions/w/pool", "/subscriptions/c/firewall"
_ZONES = "/subscriptions/c/resourcegroups/rg-dns"

GRAPH = GraphDocument(
    environment=ENVIRONMENT,
    state=StateKind.PLANNED,
    groups=(
        GroupDocument(id="/c", kind=GroupKind.SUBSCRIPTION, name="connectivity"),
        GroupDocument(id="/w", kind=GroupKind.SUBSCRIPTION, name="workload"),
        GroupDocument(
            id=_HUB_NET,
            kind=GroupKind.HUB,
            name="vnet-hub",
            details=("not read",),
            parent="/c",
            declared=False,
        ),
        GroupDocument(
            id=_SPOKE,
            kind=GroupKind.NETWORK,
            name="vnet-spoke",
            address="spoke.network",
            details=("10.4.0.0/16", "rg-net"),
            parent="/w",
        ),
        GroupDocument(id=_ZONES, kind=GroupKind.RESOURCE_GROUP, name="rg-dns", parent="/c"),
        GroupDocument(
            id=_NODES,
            kind=GroupKind.SUBNET,
            name='nodes "<b>&amp;`*%%;#1;\\',
            address="spoke.nodes",
            details=("10.4.0.0/18", "0.0.0.0/0 to afw"),
            parent=_SPOKE,
        ),
    ),
    nodes=(
        NodeDocument(id=INTERNET, kind=NodeKind.INTERNET, name="internet"),
        NodeDocument(id=_FIREWALL, kind=NodeKind.FIREWALL, name="afw", group=_HUB_NET),
        NodeDocument(id=_POOL, kind=NodeKind.POOL, name="system", address="pool", group=_NODES),
        NodeDocument(id="/z/1", kind=NodeKind.ZONE, name="privatelink.azurecr.io", group=_ZONES),
        NodeDocument(id="/z/2", kind=NodeKind.ZONE, name="privatelink.azmk8s.io", group=_ZONES),
    ),
    edges=(
        EdgeDocument(source=_NODES, target=_FIREWALL, kind=EdgeKind.EGRESS, words="0.0.0.0/0"),
        EdgeDocument(source=_FIREWALL, target=INTERNET, kind=EdgeKind.EGRESS, words="sends on"),
        EdgeDocument(source=_SPOKE, target=_HUB_NET, kind=EdgeKind.PEERING, words="spoke.toHub"),
        EdgeDocument(source="/z/1", target=_SPOKE, kind=EdgeKind.DNS_LINK, words="dns.one"),
        EdgeDocument(source="/z/2", target=_SPOKE, kind=EdgeKind.DNS_LINK, words="dns.two"),
    ),
    egress=(
        EgressDocument(
            subnets=("spoke.nodes",),
            host="mcr.microsoft.com",
            delivered=True,
            through="hub.firewall",
            hops=(
                HopDocument(
                    element="spoke.routes[<b>]",
                    role="route",
                    words="0.0.0.0/0 leads to hub.firewall",
                    passes=True,
                ),
                HopDocument(element="hub.firewall", role="firewall", words="no", passes=False),
            ),
        ),
    ),
    marks=(
        MarkDocument(
            proof="inbound",
            element="spoke.rules[ssh]",
            message="spoke.nodes lets the <internet> in.",
            certain=True,
            marked=(_NODES,),
        ),
        MarkDocument(
            proof="segmentation",
            element="spoke.toHub",
            message="the peering forwards nothing.",
            certain=True,
            marked=(),
            edges=((_SPOKE, _HUB_NET),),
        ),
        MarkDocument(
            proof="allowances",
            element="hub.firewall",
            message="it was not read.",
            certain=False,
            marked=(_FIREWALL,),
        ),
    ),
)
