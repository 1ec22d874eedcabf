"""The routes of service operations beside resources."""

from provisioner.catalog.endpoints import (
    CORE_USAGE,
    FEATURE,
    FEATURES,
    KUBERNETES_VERSIONS,
    LEASE,
    MACHINE_SIZES,
    QUOTA,
    REGISTER_FEATURE,
    UNREGISTER_FEATURE,
)
from provisioner.catalog.resource_manager import NETWORK_USAGE, STORAGE_USAGE
from provisioner.simulator.protocol.routes import Route
from provisioner.simulator.services import (
    compute,
    features,
    leases,
    usages,
)

ROUTES = (
    Route.of(FEATURE, features.get_feature),
    Route.of(FEATURES, features.list_features),
    Route.of(REGISTER_FEATURE, features.register_feature),
    Route.of(UNREGISTER_FEATURE, features.unregister_feature),
    Route.of(KUBERNETES_VERSIONS, compute.list_versions),
    Route.of(MACHINE_SIZES, compute.list_sizes, reads_options=True),
    Route.of(CORE_USAGE, compute.list_usages),
    Route.of(NETWORK_USAGE, usages.list_network_usages, reads_options=True),
    Route.of(STORAGE_USAGE, usages.list_storage_usages, reads_options=True),
    Route.of(QUOTA, compute.put_quota),
    Route.of(LEASE, leases.lease_container),
)
