"""The routes of Azure RBAC beside those of its resources."""

from provisioner.catalog.endpoints import ELIGIBLE_ROLES, PERMISSIONS
from provisioner.simulator.authorization import permissions
from provisioner.simulator.protocol.routes import Route

ROUTES = (
    Route.of(PERMISSIONS, permissions.list_permissions),
    Route.of(ELIGIBLE_ROLES, permissions.list_eligible),
)
