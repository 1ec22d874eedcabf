"""Run command: POST runCommand and its result (`az aks command invoke`).

Source: the REST reference of AKS ("Managed Clusters - Run Command": 202 and a `Location`, which is
"- Get Command Result" and answers 202 until the command has ended) and "Access a private AKS
cluster using the command invoke feature" (`disableRunCommand`; the code of the refusal is
inferred).

There is no cluster behind the built-in Azure, so every command ends with exit code 1, as kubectl
without an API server does, and its logs say why. Its `provisioningState` is Succeeded: Failed is
for a command that AKS could not start, which az reports as an error of its own.
"""

import uuid
from collections.abc import Mapping

from provisioner.model.values import Json
from provisioner.simulator.actions.cluster_power import RUNNING, check_power
from provisioner.simulator.actions.targets import BadRequestError, find_target
from provisioner.simulator.arm.operations import start_operation
from provisioner.simulator.bodies.body_paths import value_at
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.records import Operation, OperationKind, Record

_NO_CLUSTER = "The built-in Azure has no Kubernetes: the command was taken, and did not run.\n"


def run_command(cloud: Cloud, request: Request, **_path_parameters: str) -> Answer:
    """Answer POST runCommand: 202, with the URL of the result.

    Raises:
        BadRequestError: run command is disabled, the cluster is stopped, or there is no command.
    """
    row = find_target(cloud, request)
    if value_at(row.body, "properties.apiServerAccessProfile.disableRunCommand") is True:
        raise BadRequestError(
            "Run command is disabled for this cluster (apiServerAccessProfile.disableRunCommand).",
            code="RunCommandDisabled",
        )
    check_power(row, RUNNING, "running a command")
    command = request.read_object().get("command")
    if not isinstance(command, str) or not command.strip():
        raise BadRequestError("command is required.", "command", "InvalidParameter")
    resource_type = cloud.catalog.get(row.type)
    started = start_operation(cloud, request, resource_type, row.id, OperationKind.READ)
    return _answer_pending(request, row, started)


def get_command_result(
    cloud: Cloud, request: Request, command: str, **_path_parameters: str
) -> Answer:
    """Answer the result of a command by its id; 202 until it has ended.

    Raises:
        RefusalError: the cluster has no such command.
    """
    row = find_target(cloud, request, segments=2)
    found = cloud.store.operations.get(_operation_token(command))
    is_own = found is not None and found.target.lower() == row.id.key
    if found is None or not is_own or found.kind is not OperationKind.READ:
        raise RefusalError(
            404, "NotFound", f"There is no command '{command}' of this cluster.", by_provider=True
        )
    if not found.settled:
        return _answer_pending(request, row, found)
    result: Json = {
        "id": _command_id(found),
        "properties": {
            "startedAt": found.started,
            "finishedAt": found.ends,
            **_command_result(found),
        },
    }
    return Answer(200, result)


def _command_result(command: Operation) -> Mapping[str, Json]:
    if command.error is not None:
        return {"provisioningState": "Failed", "reason": ": ".join(command.error)}
    return {"provisioningState": "Succeeded", "exitCode": 1, "logs": _NO_CLUSTER}


def _command_id(command: Operation) -> str:
    """Return the id of a command; az parses it from `Location` as letters and digits only."""
    return command.token.replace("-", "")


def _operation_token(command_id: str) -> str:
    try:
        return str(uuid.UUID(command_id))
    except ValueError:
        return command_id.lower()


def _answer_pending(request: Request, row: Record, command: Operation) -> Answer:
    version = request.query.get("api-version", "")
    location = (
        f"{request.base}{row.id.text}/commandResults/{_command_id(command)}?api-version={version}"
    )
    return Answer(202, None, {"Location": location, "Retry-After": "0" if command.settled else "1"})
