"""The routes of deployments, at each scope."""

from provisioner.catalog.deployment import DEPLOYMENT_TYPE, MANAGEMENT_GROUP_TYPE
from provisioner.simulator.deployments import deployments
from provisioner.simulator.protocol.routes import GROUP, SUBSCRIPTION, Route

_MANAGEMENT_GROUP = f"/providers/{MANAGEMENT_GROUP_TYPE}/{{management}}"
_SCOPES = ("", _MANAGEMENT_GROUP, SUBSCRIPTION, GROUP)
_LIST = f"/providers/{DEPLOYMENT_TYPE}"
_DEPLOYMENT = f"{_LIST}/{{name}}"
_OPERATIONS = "/operations"
_OPERATION = "/operations/{operation}"
_NAMESPACE = DEPLOYMENT_TYPE.partition("/")[0]


def _routes_at(scope: str) -> tuple[Route, ...]:
    one = scope + _DEPLOYMENT
    # The operations of a resource group's deployments have a path without `providers/`, and are
    # answered at the other one too ("Deployment Operations - List").
    operations = (f"{scope}/deployments/{{name}}", one) if scope == GROUP else (one,)
    return (
        Route.at("GET", scope + _LIST, deployments.list_deployments, reads_options=True),
        Route.at("PUT", one, deployments.put_deployment),
        Route.at("GET", one, deployments.get_deployment),
        Route.at("DELETE", one, deployments.delete_deployment),
        Route.at("POST", one + "/validate", deployments.validate_deployment),
        Route.at("POST", one + "/whatIf", deployments.what_if_deployment),
        Route.at("POST", one + "/cancel", deployments.cancel_deployment),
        Route.at("POST", one + "/exportTemplate", deployments.export_template),
        Route.at("GET", one + "/operationStatuses/{token}", deployments.poll_deployment),
        Route.at("GET", one + "/operationResults/{token}", deployments.poll_result),
        *(
            Route.at("GET", at + _OPERATIONS, deployments.list_operations, reads_options=True)
            for at in operations
        ),
        *(Route.at("GET", at + _OPERATION, deployments.get_operation) for at in operations),
    )


ROUTES = (
    Route.at("POST", f"/providers/{_NAMESPACE}/calculateTemplateHash", deployments.calculate_hash),
    *(route for scope in _SCOPES for route in _routes_at(scope)),
)
