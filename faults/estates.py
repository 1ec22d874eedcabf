"""What is created, updated, replaced, rotated, destroyed and locked while `azsec` is killed."""

from dataclasses import dataclass

_ENVIRONMENT = """\
apiVersion: azsec/v1
kind: Environment
metadata: {name: trial, id: 5f1d0c9a7b3e4d26988f0a1b2c3d4e5f}
blueprint: blueprint.yaml
cloud: local
tenantId: 99999999-9999-9999-9999-999999999999
subscriptions:
  workload: 11111111-1111-1111-1111-111111111111
# The estate is too small to be proved of anything, or secure.
gates: {proofs: warn, controls: none}
"""
_LOCK = """\
lock:
  subscription: workload
  resourceGroup: rg-trial
  storageAccount: stfaultslock
  container: lock-trial
"""
_HEAD = """\
apiVersion: azsec/v1
kind: Blueprint
metadata: {name: trial}
resourceGroups:
  main: {subscription: workload, name: rg-trial, location: westeurope}
  data: {subscription: workload, name: rg-trial-data, location: westeurope}
resources:
"""
_NETWORK = """
  nsg:
    type: Microsoft.Network/networkSecurityGroups
    resourceGroup: main
    name: nsg-trial
    tags: {stage: one}
    properties: {securityRules: []}
  routes:
    type: Microsoft.Network/routeTables
    resourceGroup: main
    name: rt-trial
    tags: {stage: one}
    properties: {disableBgpRoutePropagation: true, routes: []}
  vnet:
    type: Microsoft.Network/virtualNetworks
    resourceGroup: main
    name: vnet-trial
    tags: {stage: one}
    properties: {addressSpace: {addressPrefixes: [10.0.0.0/16]}}
  nodes:
    type: Microsoft.Network/virtualNetworks/subnets
    parent: ${vnet.id}
    name: nodes
    properties:
      addressPrefix: 10.0.1.0/24
      networkSecurityGroup: {id: "${nsg.id}"}
      routeTable: {id: "${routes.id}"}
"""
_REST = """
  egress:
    type: Microsoft.Network/publicIPAddresses
    resourceGroup: main
    name: pip-trial
    tags: {stage: one}
    sku: {name: Standard}
    zones: ["1"]
    properties: {publicIPAllocationMethod: Static}
  gateway:
    type: Microsoft.Network/natGateways
    resourceGroup: main
    name: ng-trial
    tags: {stage: one}
    sku: {name: Standard}
    zones: ["1"]
    properties: {publicIpAddresses: [{id: "${egress.id}"}]}
  workloads:
    type: Microsoft.ManagedIdentity/userAssignedIdentities
    resourceGroup: main
    name: id-trial
    tags: {stage: one}
  reader:
    type: Microsoft.Authorization/roleAssignments
    scope: ${vnet.id}
    name: ${guid(vnet.id, "reader")}
    properties:
      roleDefinitionId: ${roleDefinitionId(vnet.id, "Reader")}
      principalId: ${workloads.properties.principalId}
      principalType: ServicePrincipal
  logs:
    type: Microsoft.OperationalInsights/workspaces
    resourceGroup: data
    name: log-trial
    tags: {stage: one}
    properties: {retentionInDays: 30}
  zone:
    type: Microsoft.Network/privateDnsZones
    resourceGroup: data
    name: trial.internal
    location: global
    tags: {stage: one}
  link:
    type: Microsoft.Network/privateDnsZones/virtualNetworkLinks
    parent: ${zone.id}
    name: link-trial
    location: global
    properties: {registrationEnabled: false, virtualNetwork: {id: "${vnet.id}"}}
"""
_INGRESS = """
  ingress:
    type: Microsoft.Network/publicIPAddresses
    resourceGroup: main
    name: pip-ingress
    sku: {name: Standard}
    zones: ["1"]
    properties: {publicIPAllocationMethod: Static}
"""
_CLUSTER = """
  kubelet:
    type: Microsoft.ManagedIdentity/userAssignedIdentities
    resourceGroup: main
    name: id-kubelet
  aks:
    type: Microsoft.ContainerService/managedClusters
    resourceGroup: main
    name: aks-trial
    identity: {type: UserAssigned, userAssignedIdentities: {"${kubelet.id}": {}}}
    properties:
      identityProfile: {kubeletidentity: {resourceId: "${kubelet.id}"}}
      dnsPrefix: aks
      kubernetesVersion: "1.34"
      agentPoolProfiles:
        - {name: system, mode: System, vmSize: Standard_D4s_v5, count: 3}
  batch:
    type: Microsoft.ContainerService/managedClusters/agentPools
    parent: ${aks.id}
    name: batch
    properties: {mode: User, vmSize: Standard_D8s_v5, count: 2}
"""
_ACCOUNT = """
  account:
    type: Microsoft.Storage/storageAccounts
    resourceGroup: main
    name: stfaultslock
    sku: {name: Standard_LRS}
    kind: StorageV2
    properties: {allowSharedKeyAccess: false, minimumTlsVersion: TLS1_2}
  container:
    type: Microsoft.Storage/storageAccounts/blobServices/containers
    parent: ${account.id}/blobServices/default
    name: lock-trial
"""
_WHOLE = _HEAD + _NETWORK + _REST
_ZONAL = _WHOLE + _INGRESS
_POOLS = _HEAD + _CLUSTER
_LARGE = _POOLS.replace("Standard_D4s_v5", "Standard_D16s_v5").replace(
    "Standard_D8s_v5", "Standard_D32s_v5"
)
LOCK_CONTAINER = (
    "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-trial/providers"
    "/Microsoft.Storage/storageAccounts/stfaultslock/blobServices/default/containers/lock-trial"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One kind of apply in which azsec is killed.

    before   the blueprint that was applied beforehand; None where nothing is there
    after    the blueprint that the killed apply is about
    destroys whether the command is `azsec destroy`
    locks    whether the environment holds a lease while it applies
    renews   whether the apply lasts until the lease is renewed
    kills    how often azsec is killed
    """

    name: str
    before: str | None
    after: str
    destroys: bool = False
    locks: bool = False
    renews: bool = False
    kills: int = 10

    @property
    def environment(self) -> str:
        """The text of the environment file."""
        return _ENVIRONMENT + (_LOCK if self.locks else "")


_LEASED = Scenario(
    name="lease",
    before=_HEAD + _ACCOUNT,
    after=_HEAD + _ACCOUNT + _NETWORK,
    locks=True,
    kills=6,
)
SCENARIOS = (
    Scenario(name="create", before=None, after=_WHOLE),
    Scenario(name="update", before=_WHOLE, after=_WHOLE.replace("stage: one", "stage: two")),
    Scenario(name="replace", before=_ZONAL, after=_ZONAL.replace('zones: ["1"]', 'zones: ["2"]')),
    Scenario(name="rotation", before=_POOLS, after=_LARGE),
    Scenario(name="destroy", before=_WHOLE, after=_WHOLE, destroys=True),
    _LEASED,
    Scenario(
        name="lease renewal",
        before=_LEASED.before,
        after=_LEASED.after,
        locks=True,
        renews=True,
        kills=4,
    ),
)
