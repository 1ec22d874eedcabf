"""Rollback on error: if a deployment fails, an earlier one is run again (`onErrorDeployment`).

It runs with its own template and parameters, in mode Complete if the scope is a resource group.
Secret parameters are not stored: one without a default value makes the rollback fail. Source:
"Rollback on error to successful deployment".
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from provisioner.model.resource_id import RESOURCE_GROUP, ResourceId
from provisioner.simulator.deployments.context import DeploymentContext, deployment_id
from provisioner.simulator.deployments.execution import Execution
from provisioner.simulator.deployments.journal import CommittingJournal
from provisioner.simulator.deployments.prepared_deployment import prepare
from provisioner.simulator.deployments.records import find_deployment, show_deployment
from provisioner.simulator.protocol.errors import InvalidRequestContentError, RefusalError
from provisioner.simulator.state.cloud import Cloud

_TYPES = ("LastSuccessful", "SpecificDeployment")


def find_earlier(
    cloud: Cloud, deployment: ResourceId, document: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    """Return the record of the deployment to run on an error; None if none is requested.

    Raises:
        InvalidRequestContentError: the type of rollback is unknown.
        RefusalError: there is no successful deployment.
    """
    stated = document["properties"].get("onErrorDeployment")
    if stated is None:
        return None
    kind = stated.get("type") if isinstance(stated, Mapping) else None
    if kind not in _TYPES:
        raise InvalidRequestContentError(
            f"The type '{kind}' of 'onErrorDeployment' is not valid: it must be one of "
            f"'{', '.join(_TYPES)}'.",
        )
    name = stated.get("deploymentName")
    if kind == "SpecificDeployment":
        return find_deployment(cloud, deployment_id(str(name), deployment.scope))
    for _, row in reversed(cloud.store.deployments.items()):
        is_here = ResourceId.parse(row["id"]).scope == deployment.scope
        state = show_deployment(cloud, row)["properties"]["provisioningState"]
        if is_here and state == "Succeeded":
            found: Mapping[str, Any] = row
            return found
    raise RefusalError(
        404,
        "DeploymentNotFound",
        "There is no successful deployment to roll back to ('onErrorDeployment').",
    )


def roll_back(
    failed: DeploymentContext, earlier: Mapping[str, Any], document: Mapping[str, Any]
) -> None:
    """Run an earlier deployment again, and add the result to the record of the failed one."""
    cloud = failed.cloud
    resource = ResourceId.parse(earlier["id"])
    in_group = resource.scope is not None and resource.scope.type == RESOURCE_GROUP
    parameters = earlier["properties"].get("parameters") or {}
    redeployment = replace(
        failed,
        id=resource,
        template=earlier["template"],
        parameters={name: entry for name, entry in parameters.items() if "value" in entry},
        mode="Complete" if in_group else "Incremental",
        location=str(earlier.get("location") or ""),
        link=None,
    )
    try:
        outcome = Execution(cloud, CommittingJournal(cloud)).deploy(prepare(redeployment))
        state = "Failed" if outcome.failures else "Succeeded"
    except RefusalError:
        state = "Failed"
    row = find_deployment(cloud, failed.id)
    shown = {
        "type": document["properties"]["onErrorDeployment"]["type"],
        "deploymentName": earlier["name"],
        "provisioningState": state,
    }
    properties = {**row["properties"], "onErrorDeployment": shown}
    cloud.store.deployments.put(failed.id.key, {**row, "properties": properties})
