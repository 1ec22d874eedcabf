"""POST actions and computed reads of resource providers, beside PUT, GET and DELETE.

Each has its path, its api version and the Azure RBAC action that it takes. Source: the REST
reference of each service and "Azure resource provider operations".
"""

from provisioner.catalog import api_versions
from provisioner.catalog.endpoints import Endpoint

_S = "/subscriptions/{subscription}"
_G = f"{_S}/resourceGroups/{{group}}"

CLUSTER = "Microsoft.ContainerService/managedClusters"
AKS_REGION = "Microsoft.ContainerService/locations"
VAULT = "Microsoft.KeyVault/vaults"
MANAGED_HSM = "Microsoft.KeyVault/managedHSMs"
REGISTRY = "Microsoft.ContainerRegistry/registries"
STORAGE_ACCOUNT = "Microsoft.Storage/storageAccounts"
WORKSPACE = "Microsoft.OperationalInsights/workspaces"
DIAGNOSTIC_CATEGORY = "Microsoft.Insights/diagnosticSettingsCategories"
SCALE_SET = "Microsoft.Compute/virtualMachineScaleSets"


def _endpoint_maker(type_name: str, part: str, version: str) -> "_EndpointMaker":
    """Return what makes the endpoints of resources of a type in a resource group."""
    return _EndpointMaker(f"{_G}/providers/{type_name}/{{{part}}}", type_name, version)


class _EndpointMaker:
    """Makes endpoints below a path.

    The action is the type with the words of `tail` that are no parameters, unless `action` states
    another.
    """

    def __init__(self, path: str, type_name: str, version: str) -> None:
        self._path = path
        self._type_name = type_name
        self._version = version

    def post(self, tail: str) -> Endpoint:
        return self._make("POST", tail, "action")

    def get(self, tail: str) -> Endpoint:
        return self._make("GET", tail, "read")

    def put(self, tail: str) -> Endpoint:
        return self._make("PUT", tail, "write")

    def _make(self, method: str, tail: str, verb: str) -> Endpoint:
        words = [word for word in tail.split("/") if word != "default" and word[0] != "{"]
        action = "/".join((self._type_name, *words, verb))
        return Endpoint(method, f"{self._path}/{tail}", action, self._version)


_cluster = _endpoint_maker(CLUSTER, "cluster", api_versions.CONTAINER_SERVICE)
ADMIN_CREDENTIAL = _cluster.post("listClusterAdminCredential")
MONITORING_CREDENTIAL = _cluster.post("listClusterMonitoringUserCredential")
ACCESS_PROFILE = _cluster.post("accessProfiles/{role}/listCredential")
NAMESPACE_CREDENTIAL = _cluster.post("managedNamespaces/{namespace}/listCredential")
START_CLUSTER = _cluster.post("start")
STOP_CLUSTER = _cluster.post("stop")
ABORT_CLUSTER = _cluster.post("abort")
ABORT_POOL = _cluster.post("agentPools/{pool}/abort")
ROTATE_CERTIFICATES = _cluster.post("rotateClusterCertificates")
ROTATE_SIGNING_KEYS = _cluster.post("rotateServiceAccountSigningKeys")
RESET_ENTRA_PROFILE = _cluster.post("resetAADProfile")
RESET_SERVICE_PRINCIPAL = _cluster.post("resetServicePrincipalProfile")
RUN_COMMAND = _cluster.post("runCommand")
COMMAND_RESULT = _cluster.get("commandResults/{command}")
POOL_UPGRADE_PROFILE = _cluster.get("agentPools/{pool}/upgradeProfiles/default")
POOL_VERSIONS = _cluster.get("availableAgentPoolVersions")
UPGRADE_NODE_IMAGE = _cluster.post("agentPools/{pool}/upgradeNodeImageVersion")
MESH_UPGRADES = _cluster.get("meshUpgradeProfiles")
MESH_UPGRADE = _cluster.get("meshUpgradeProfiles/{mode}")
MACHINES = _cluster.get("agentPools/{pool}/machines")
MACHINE = _cluster.get("agentPools/{pool}/machines/{machine}")
DELETE_MACHINES = _cluster.post("agentPools/{pool}/deleteMachines")
OUTBOUND_ENDPOINTS = _cluster.get("outboundNetworkDependenciesEndpoints")

_aks_region = _EndpointMaker(
    f"{_S}/providers/{AKS_REGION}/{{location}}", AKS_REGION, api_versions.CONTAINER_SERVICE
)
ORCHESTRATORS = _aks_region.get("orchestrators")
OS_OPTIONS = _aks_region.get("osOptions/default")
MESH_REVISIONS = _aks_region.get("meshRevisionProfiles")
MESH_REVISION = _aks_region.get("meshRevisionProfiles/{mode}")
TRUSTED_ACCESS_ROLES = _aks_region.get("trustedAccessRoles")

ACCESS_POLICIES = _endpoint_maker(VAULT, "vault", api_versions.KEY_VAULT).put(
    "accessPolicies/{kind}"
)

_registry = _endpoint_maker(REGISTRY, "registry", api_versions.CONTAINER_REGISTRY)
REGISTRY_CREDENTIALS = _registry.post("listCredentials")
REGENERATE_REGISTRY_CREDENTIAL = _registry.post("regenerateCredential")
GENERATE_TOKEN_CREDENTIALS = _registry.post("generateCredentials")
REGISTRY_USAGES = _registry.get("listUsages")

_account = _endpoint_maker(STORAGE_ACCOUNT, "account", api_versions.STORAGE)
STORAGE_KEYS = _account.post("listKeys")
REGENERATE_STORAGE_KEY = _account.post("regenerateKey")
ACCOUNT_SAS = _account.post("listAccountSas")
SERVICE_SAS = _account.post("listServiceSas")

_workspace = _endpoint_maker(WORKSPACE, "workspace", api_versions.OPERATIONAL_INSIGHTS)
WORKSPACE_KEYS = _workspace.post("sharedKeys")
REGENERATE_WORKSPACE_KEYS = _workspace.post("regenerateSharedKey")

_of_any = _EndpointMaker(
    f"{{scope}}/providers/{DIAGNOSTIC_CATEGORY.partition('/')[0]}",
    DIAGNOSTIC_CATEGORY.partition("/")[0],
    api_versions.DIAGNOSTIC_SETTINGS,
)
DIAGNOSTIC_CATEGORIES = _of_any.get("diagnosticSettingsCategories")
ONE_DIAGNOSTIC_CATEGORY = _of_any.get("diagnosticSettingsCategories/{category}")

NETWORK = "Microsoft.Network"
VIRTUAL_NETWORK = f"{NETWORK}/virtualNetworks"
SUBNET = f"{VIRTUAL_NETWORK}/subnets"
PEERING = f"{VIRTUAL_NETWORK}/virtualNetworkPeerings"
ROUTE = f"{NETWORK}/routeTables/routes"
PRIVATE_ENDPOINT = f"{NETWORK}/privateEndpoints"
NETWORK_INTERFACE = f"{NETWORK}/networkInterfaces"
NETWORK_GATEWAY = f"{NETWORK}/virtualNetworkGateways"
CONNECTION = f"{NETWORK}/connections"

_network = _endpoint_maker(VIRTUAL_NETWORK, "network", api_versions.NETWORK)
CHECK_ADDRESS = _network.get("checkIPAddressAvailability")
NETWORK_USAGES = _network.get("usages")

_interface = _endpoint_maker(NETWORK_INTERFACE, "interface", api_versions.NETWORK)
EFFECTIVE_ROUTES = _interface.post("effectiveRouteTable")
EFFECTIVE_RULES = _interface.post("effectiveNetworkSecurityGroups")

_network_region = _EndpointMaker(
    f"{_S}/providers/{NETWORK}/locations/{{location}}",
    f"{NETWORK}/locations",
    api_versions.NETWORK,
)
_group_region = _EndpointMaker(
    f"{_G}/providers/{NETWORK}/locations/{{location}}",
    f"{NETWORK}/locations",
    api_versions.NETWORK,
)
DELEGATIONS = _network_region.get("availableDelegations")
GROUP_DELEGATIONS = _group_region.get("availableDelegations")
PRIVATE_ENDPOINT_TYPES = _network_region.get("availablePrivateEndpointTypes")
GROUP_PRIVATE_ENDPOINT_TYPES = _group_region.get("availablePrivateEndpointTypes")
ENDPOINT_SERVICES = _network_region.get("virtualNetworkAvailableEndpointServices")
SERVICE_TAGS = _network_region.get("serviceTags")

SYSTEM_IDENTITY = _EndpointMaker(
    "{scope}/providers/Microsoft.ManagedIdentity",
    "Microsoft.ManagedIdentity",
    api_versions.MANAGED_IDENTITY,
).get("identities/default")

DNS_ZONE = f"{NETWORK}/dnsZones"
PRIVATE_DNS_ZONE = f"{NETWORK}/privateDnsZones"
_dns_zone = _endpoint_maker(DNS_ZONE, "zone", api_versions.DNS)
RECORD_SETS = _dns_zone.get("recordsets")
"""The list of all records of a public zone, beside `all`."""
TABLE_SERVICES = _account.get("tableServices")
TABLE_SERVICE = _account.get("tableServices/default")
"""The one service of an account that is no type of the catalog."""
