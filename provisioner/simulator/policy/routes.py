"""The routes of Azure Policy that lead to no resource."""

from provisioner.catalog.endpoints import POLICY_RESTRICTIONS, POLICY_TOKEN
from provisioner.simulator.policy import external_evaluation, restrictions
from provisioner.simulator.protocol.routes import Route

ROUTES = (
    Route.of(POLICY_RESTRICTIONS, restrictions.check_restrictions),
    Route.of(POLICY_TOKEN, external_evaluation.acquire_token),
)
