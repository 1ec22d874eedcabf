"""The routes of resource provider actions and computed values."""

from provisioner.catalog import service_actions as named
from provisioner.catalog.endpoints import CLUSTER_USER_CREDENTIAL, HSM_NAME_CHECK, UPGRADE_PROFILE
from provisioner.simulator.actions import (
    cluster_commands,
    cluster_credentials,
    cluster_machines,
    cluster_offers,
    cluster_power,
    cluster_upgrades,
    diagnostic_categories,
    effective_routes,
    effective_rules,
    hsm_names,
    network_addresses,
    network_offers,
    private_endpoint_connections,
    private_link_resources,
    record_lists,
    registry_credentials,
    storage_keys,
    system_identities,
    table_services,
    vault_access_policies,
    workspace_keys,
)
from provisioner.simulator.protocol.routes import Route

_CLUSTERS = (
    Route.of(CLUSTER_USER_CREDENTIAL, cluster_credentials.list_user_credential),
    Route.of(named.ADMIN_CREDENTIAL, cluster_credentials.list_admin_credential),
    Route.of(named.MONITORING_CREDENTIAL, cluster_credentials.list_monitoring_credential),
    Route.of(named.ACCESS_PROFILE, cluster_credentials.get_access_profile),
    Route.of(named.NAMESPACE_CREDENTIAL, cluster_credentials.list_namespace_credential),
    Route.of(named.START_CLUSTER, cluster_power.start_cluster),
    Route.of(named.STOP_CLUSTER, cluster_power.stop_cluster),
    Route.of(named.ABORT_CLUSTER, cluster_power.abort_operation),
    Route.of(named.ABORT_POOL, cluster_power.abort_operation),
    Route.of(named.ROTATE_CERTIFICATES, cluster_power.rotate_cluster_certificates),
    Route.of(named.ROTATE_SIGNING_KEYS, cluster_power.rotate_signing_keys),
    Route.of(named.RESET_ENTRA_PROFILE, cluster_power.reset_entra_profile),
    Route.of(named.RESET_SERVICE_PRINCIPAL, cluster_power.reset_service_principal),
    Route.of(named.RUN_COMMAND, cluster_commands.run_command),
    Route.of(named.COMMAND_RESULT, cluster_commands.get_command_result),
    Route.of(UPGRADE_PROFILE, cluster_upgrades.get_upgrade_profile),
    Route.of(named.POOL_UPGRADE_PROFILE, cluster_upgrades.get_pool_upgrade_profile),
    Route.of(named.POOL_VERSIONS, cluster_upgrades.list_pool_versions),
    Route.of(named.UPGRADE_NODE_IMAGE, cluster_upgrades.upgrade_node_image),
    Route.of(named.MESH_UPGRADES, cluster_upgrades.list_mesh_upgrades),
    Route.of(named.MESH_UPGRADE, cluster_upgrades.get_mesh_upgrade),
    Route.of(named.MACHINES, cluster_machines.list_machines),
    Route.of(named.MACHINE, cluster_machines.get_machine),
    Route.of(named.DELETE_MACHINES, cluster_machines.delete_machines),
    Route.of(named.OUTBOUND_ENDPOINTS, cluster_offers.list_outbound_endpoints),
    Route.of(named.ORCHESTRATORS, cluster_offers.list_orchestrators),
    Route.of(named.OS_OPTIONS, cluster_offers.get_os_options),
    Route.of(named.MESH_REVISIONS, cluster_offers.list_mesh_revisions),
    Route.of(named.MESH_REVISION, cluster_offers.get_mesh_revisions),
    Route.of(named.TRUSTED_ACCESS_ROLES, cluster_offers.list_trusted_access_roles),
)

_KEYS = (
    Route.of(named.ACCESS_POLICIES, vault_access_policies.update_access_policies),
    Route.of(HSM_NAME_CHECK, hsm_names.check_hsm_name),
    Route.of(named.REGISTRY_CREDENTIALS, registry_credentials.list_credentials),
    Route.of(named.REGENERATE_REGISTRY_CREDENTIAL, registry_credentials.regenerate_credential),
    Route.of(named.GENERATE_TOKEN_CREDENTIALS, registry_credentials.generate_credentials),
    Route.of(named.REGISTRY_USAGES, registry_credentials.list_usages),
    Route.of(named.STORAGE_KEYS, storage_keys.list_keys),
    Route.of(named.REGENERATE_STORAGE_KEY, storage_keys.regenerate),
    Route.of(named.ACCOUNT_SAS, storage_keys.list_account_sas),
    Route.of(named.SERVICE_SAS, storage_keys.list_service_sas),
    Route.of(named.TABLE_SERVICES, table_services.list_services),
    Route.of(named.TABLE_SERVICE, table_services.get_service),
    Route.of(named.WORKSPACE_KEYS, workspace_keys.get_shared_keys),
    Route.of(named.REGENERATE_WORKSPACE_KEYS, workspace_keys.regenerate_shared_keys),
)

_ANY = "(?P<target>/subscriptions/[^/]+/resourcegroups/[^/]+/providers/.+)"
_TARGET = _ANY + "/privateLinkResources"
_CONNECTED = _ANY + "/privateEndpointConnections"
_ONE_CONNECTED = _CONNECTED + "/{connection}"

_OF_ANY_TYPE = (
    Route.of(named.DIAGNOSTIC_CATEGORIES, diagnostic_categories.list_categories),
    Route.of(named.ONE_DIAGNOSTIC_CATEGORY, diagnostic_categories.get_category),
    Route.of(named.SYSTEM_IDENTITY, system_identities.get_system_identity),
    Route.at("GET", _CONNECTED, private_endpoint_connections.list_connections),
    Route.at("GET", _ONE_CONNECTED, private_endpoint_connections.get_connection),
    Route.at("PUT", _ONE_CONNECTED, private_endpoint_connections.put_connection),
    Route.at("DELETE", _ONE_CONNECTED, private_endpoint_connections.delete_connection),
    Route.at("GET", _TARGET, private_link_resources.list_private_link_resources),
    Route.at("GET", _TARGET + "/{group}", private_link_resources.get_private_link_resource),
)

_NETWORKS = (
    Route.of(named.CHECK_ADDRESS, network_addresses.check_address),
    Route.of(named.NETWORK_USAGES, network_addresses.list_network_usages),
    Route.of(named.EFFECTIVE_ROUTES, effective_routes.get_effective_routes),
    Route.of(named.EFFECTIVE_RULES, effective_rules.get_effective_rules),
    Route.of(named.DELEGATIONS, network_offers.list_delegations),
    Route.of(named.GROUP_DELEGATIONS, network_offers.list_delegations),
    Route.of(named.PRIVATE_ENDPOINT_TYPES, network_offers.list_private_endpoint_types),
    Route.of(named.GROUP_PRIVATE_ENDPOINT_TYPES, network_offers.list_private_endpoint_types),
    Route.of(named.ENDPOINT_SERVICES, network_offers.list_endpoint_services),
    Route.of(named.SERVICE_TAGS, network_offers.list_service_tags),
)

_RECORDS = (
    "/subscriptions/[^/]+/resourcegroups/[^/]+/providers/"
    f"({named.DNS_ZONE}|{named.PRIVATE_DNS_ZONE})/[^/]+"
    "/(?P<kind>all|a|aaaa|caa|cname|mx|ns|ptr|soa|srv|txt)"
)
_DNS = (
    Route.of(named.RECORD_SETS, record_lists.list_records, reads_options=True),
    Route.at("GET", _RECORDS, record_lists.list_records, reads_options=True),
)

ROUTES = (*_CLUSTERS, *_KEYS, *_NETWORKS, *_DNS, *_OF_ANY_TYPE)
