"""The routes of deployments, at each scope that has them."""

from provisioner.catalog.deployment import DEPLOYMENT_TYPE
from provisioner.simulator.deployments import deployments
from provisioner.simulator.protocol.routes import GROUP, SUBSCRIPTION, Route

_DEPLOYMENT = f"/providers/{DEPLOYMENT_TYPE}/{{name}}"

ROUTES = tuple(
    route
    for deployment in (_DEPLOYMENT, SUBSCRIPTION + _DEPLOYMENT, GROUP + _DEPLOYMENT)
    for route in (
        Route.at("PUT", deployment, deployments.put_deployment),
        Route.at("GET", deployment, deployments.get_deployment),
        Route.at("GET", deployment + "/operationStatuses/{token}", deployments.poll_deployment),
    )
)
