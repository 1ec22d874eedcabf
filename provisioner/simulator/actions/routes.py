"""The routes of the actions of resource providers, and of what is computed for a resource."""

from provisioner.catalog.endpoints import CLUSTER_USER_CREDENTIAL, UPGRADE_PROFILE
from provisioner.simulator.actions import (
    cluster_commands,
    cluster_credentials,
    cluster_machines,
    cluster_offers,
    cluster_power,
    cluster_upgrades,
)
from provisioner.simulator.protocol.routes import GROUP, SUBSCRIPTION, Route

_AKS = "/providers/Microsoft.ContainerService"
_CLUSTER = GROUP + _AKS + "/managedClusters/{cluster}"
_POOL = _CLUSTER + "/agentPools/{pool}"
_AKS_REGION = SUBSCRIPTION + _AKS + "/locations/{location}"

_CLUSTERS = (
    Route.of(CLUSTER_USER_CREDENTIAL, cluster_credentials.list_user_credential),
    Route.at(
        "POST",
        _CLUSTER + "/listClusterAdminCredential",
        cluster_credentials.list_admin_credential,
    ),
    Route.at(
        "POST",
        _CLUSTER + "/listClusterMonitoringUserCredential",
        cluster_credentials.list_monitoring_credential,
    ),
    Route.at(
        "POST",
        _CLUSTER + "/accessProfiles/{role}/listCredential",
        cluster_credentials.get_access_profile,
    ),
    Route.at(
        "POST",
        _CLUSTER + "/managedNamespaces/{namespace}/listCredential",
        cluster_credentials.list_namespace_credential,
    ),
    Route.at("POST", _CLUSTER + "/start", cluster_power.start_cluster),
    Route.at("POST", _CLUSTER + "/stop", cluster_power.stop_cluster),
    Route.at("POST", _CLUSTER + "/abort", cluster_power.abort_operation),
    Route.at("POST", _POOL + "/abort", cluster_power.abort_operation),
    Route.at(
        "POST", _CLUSTER + "/rotateClusterCertificates", cluster_power.rotate_cluster_certificates
    ),
    Route.at(
        "POST", _CLUSTER + "/rotateServiceAccountSigningKeys", cluster_power.rotate_signing_keys
    ),
    Route.at("POST", _CLUSTER + "/resetAADProfile", cluster_power.reset_entra_profile),
    Route.at(
        "POST", _CLUSTER + "/resetServicePrincipalProfile", cluster_power.reset_service_principal
    ),
    Route.at("POST", _CLUSTER + "/runCommand", cluster_commands.run_command),
    Route.at("GET", _CLUSTER + "/commandResults/{command}", cluster_commands.get_command_result),
    Route.of(UPGRADE_PROFILE, cluster_upgrades.get_upgrade_profile),
    Route.at("GET", _POOL + "/upgradeProfiles/default", cluster_upgrades.get_pool_upgrade_profile),
    Route.at("GET", _CLUSTER + "/availableAgentPoolVersions", cluster_upgrades.list_pool_versions),
    Route.at("POST", _POOL + "/upgradeNodeImageVersion", cluster_upgrades.upgrade_node_image),
    Route.at("GET", _CLUSTER + "/meshUpgradeProfiles", cluster_upgrades.list_mesh_upgrades),
    Route.at("GET", _CLUSTER + "/meshUpgradeProfiles/{mode}", cluster_upgrades.get_mesh_upgrade),
    Route.at("GET", _POOL + "/machines", cluster_machines.list_machines),
    Route.at("GET", _POOL + "/machines/{machine}", cluster_machines.get_machine),
    Route.at("POST", _POOL + "/deleteMachines", cluster_machines.delete_machines),
    Route.at(
        "GET",
        _CLUSTER + "/outboundNetworkDependenciesEndpoints",
        cluster_offers.list_outbound_endpoints,
    ),
    Route.at("GET", _AKS_REGION + "/orchestrators", cluster_offers.list_orchestrators),
    Route.at("GET", _AKS_REGION + "/osOptions/default", cluster_offers.get_os_options),
    Route.at("GET", _AKS_REGION + "/meshRevisionProfiles", cluster_offers.list_mesh_revisions),
    Route.at(
        "GET", _AKS_REGION + "/meshRevisionProfiles/{mode}", cluster_offers.get_mesh_revisions
    ),
    Route.at("GET", _AKS_REGION + "/trustedAccessRoles", cluster_offers.list_trusted_access_roles),
)

ROUTES = (*_CLUSTERS,)
