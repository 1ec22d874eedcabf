"""POST …/managedClusters/NAME/runCommand and what it answers (`az aks command invoke`).

Source: the REST reference of AKS ("Managed Clusters - Run Command": 202 and a `Location`, which is
"- Get Command Result" and answers 202 until the command has ended) and "Access a private AKS
cluster using the command invoke feature" (`disableRunCommand`; the code of the refusal is
inferred). No cluster stands behind the built-in Azure, so that each command ends as failed, and its
logs say so.
"""

from provisioner.model.values import Json
from provisioner.simulator.actions.cluster_power import RUNNING, check_power
from provisioner.simulator.actions.targets import bad_request, find_target
from provisioner.simulator.arm.operations import start_operation
from provisioner.simulator.bodies.body_paths import value_at
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.protocol.exchange import Answer, Request
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.records import Operation, OperationKind, Record

_NO_CLUSTER = "The built-in Azure has no Kubernetes: the command was taken, and did not run."


def run_command(cloud: Cloud, request: Request, **_place: str) -> Answer:
    """Answer POST runCommand: 202, and where its result is."""
    row = find_target(cloud, request)
    if value_at(row.body, "properties.apiServerAccessProfile.disableRunCommand") is True:
        raise bad_request(
            "Run command is disabled for this cluster (apiServerAccessProfile.disableRunCommand).",
            code="RunCommandDisabled",
        )
    check_power(row, RUNNING, "running a command")
    command = request.read_object().get("command")
    if not isinstance(command, str) or not command.strip():
        raise bad_request("command is required.", "command", "InvalidParameter")
    resource_type = cloud.catalog.get(row.type)
    started = start_operation(cloud, request, resource_type, row.id, OperationKind.READ)
    return _pending(request, row, started)


def get_command_result(cloud: Cloud, request: Request, command: str, **_place: str) -> Answer:
    """Answer the result of a command by its id; 202 until it has ended."""
    row = find_target(cloud, request, segments=2)
    found = cloud.store.operations.get(command.lower())
    mine = found is not None and found.target.lower() == row.id.key
    if found is None or not mine or found.kind is not OperationKind.READ:
        raise RefusalError(
            404, "NotFound", f"There is no command '{command}' of this cluster.", by_provider=True
        )
    if not found.settled:
        return _pending(request, row, found)
    code, message = found.error or ("", _NO_CLUSTER)
    result: Json = {
        "id": found.token,
        "properties": {
            "provisioningState": "Failed",
            "exitCode": 1,
            "startedAt": found.started,
            "finishedAt": found.ends,
            "logs": f"{message}\n",
            "reason": f"{code}: {message}" if code else message,
        },
    }
    return Answer(200, result)


def _pending(request: Request, row: Record, command: Operation) -> Answer:
    version = request.query.get("api-version", "")
    place = f"{request.base}{row.id.text}/commandResults/{command.token}?api-version={version}"
    return Answer(202, None, {"Location": place, "Retry-After": "0" if command.settled else "1"})
