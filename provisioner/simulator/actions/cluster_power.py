"""What is done to a whole cluster by an action: started, stopped, aborted, its credentials renewed.

Source: the REST reference of AKS ("Managed Clusters - Start", "- Stop", "- Abort Latest Operation",
"- Rotate Cluster Certificates", "- Reset AAD Profile", …): 202, then `Location` and
`Azure-AsyncOperation`. The refusal in the wrong power state is reported in
MicrosoftDocs/azure-docs#85161 and Azure/AKS#1871 (400 Bad Request); that a cluster which is stopped
renews no credentials in MicrosoftDocs/azure-docs#90658.
"""

from typing import Any

from provisioner.catalog.node_pools import POOL
from provisioner.simulator.actions.cluster_certificates import rotate_certificates
from provisioner.simulator.actions.targets import BadRequestError, find_target, start_action
from provisioner.simulator.arm.operations import Effect, cancel_operation, check_idle
from provisioner.simulator.arm.writes import write_resource
from provisioner.simulator.bodies.body_paths import merge_patch, value_at
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.records import OperationKind, Record

RUNNING, STOPPED = "Running", "Stopped"


def stop_cluster(cloud: Cloud, request: Request, **_place: str) -> Answer:
    """Answer POST stop: the cluster and its pools are `Stopped` in the end."""
    row = find_target(cloud, request)
    check_power(row, RUNNING, "stopping")
    return _set_power(cloud, request, row, OperationKind.STOP, STOPPED)


def start_cluster(cloud: Cloud, request: Request, **_place: str) -> Answer:
    """Answer POST start: the cluster and its pools are `Running` in the end."""
    row = find_target(cloud, request)
    check_power(row, STOPPED, "starting")
    return _set_power(cloud, request, row, OperationKind.START, RUNNING)


def check_power(row: Record, wanted: str, what: str) -> None:
    """Raise RefusalError where a cluster is not in a power state; `what` cannot be performed."""
    power = value_at(row.body, "properties.powerState.code")
    if power != wanted:
        raise BadRequestError(
            "managed cluster is in Provisioning State"
            f"({value_at(row.body, 'properties.provisioningState')}) and Power State({power}), "
            f"{what} cannot be performed"
        )


def _set_power(
    cloud: Cloud, request: Request, row: Record, kind: OperationKind, state: str
) -> Answer:
    change = {"properties": {"powerState": {"code": state}}}
    pools = (r for r in cloud.store.resources.inside(row.id.key) if r.type == POOL)
    changes = {key: change for key in (row.id.key, *(pool.id.key for pool in pools))}
    return start_action(cloud, request, row, kind, Effect(changes))


def rotate_cluster_certificates(cloud: Cloud, request: Request, **_place: str) -> Answer:
    """Answer POST rotateClusterCertificates: kubeconfigs have other certificates from then on."""
    row = find_target(cloud, request)
    check_power(row, RUNNING, "rotating certificates")
    answer = start_action(cloud, request, row, OperationKind.ROTATE_CERTIFICATES)
    rotate_certificates(cloud, row)
    return answer


def rotate_signing_keys(cloud: Cloud, request: Request, **_place: str) -> Answer:
    """Answer POST rotateServiceAccountSigningKeys, which no answer shows."""
    row = find_target(cloud, request)
    check_power(row, RUNNING, "rotating service account signing keys")
    return start_action(cloud, request, row, OperationKind.UPDATE)


def reset_entra_profile(cloud: Cloud, request: Request, **_place: str) -> Answer:
    """Answer POST resetAADProfile: the body replaces `properties.aadProfile`."""
    return _reset(cloud, request, "aadProfile")


def reset_service_principal(cloud: Cloud, request: Request, **_place: str) -> Answer:
    """Answer POST resetServicePrincipalProfile: the body is the new service principal."""
    return _reset(cloud, request, "servicePrincipalProfile")


def _reset(cloud: Cloud, request: Request, name: str) -> Answer:
    row = find_target(cloud, request)
    check_power(row, RUNNING, f"resetting {name}")
    document = request.read_object()
    if not document:
        raise BadRequestError(f"The request has no {name}.", name)
    resource_type = cloud.catalog.get(row.type)
    check_idle(cloud, resource_type, row.id, row.body)
    whole: dict[str, Any] = merge_patch(row.body, {"properties": {name: document}})
    written = write_resource(cloud, resource_type, row.id, whole, resource_type.api_version)
    return start_action(cloud, request, written, OperationKind.UPDATE)


def abort_operation(cloud: Cloud, request: Request, **_place: str) -> Answer:
    """Answer POST abort of a cluster or pool: what runs ends as `Canceled`.

    Where nothing runs AKS refuses ("Abort an Azure Kubernetes Service (AKS) long running
    operation": it "must be in progress"; the code is inferred), and so it does for what Azure
    Resource Manager itself carries out.
    """
    row = find_target(cloud, request)
    running = cloud.store.operations.get(row.operation) if row.operation else None
    if running is None or running.settled:
        raise RefusalError(
            409,
            "OperationNotAllowed",
            f"There is no operation in progress on '{row.id.name}' that could be aborted.",
            by_provider=True,
        )
    cancel_operation(cloud, running)
    return start_action(cloud, request, row, OperationKind.READ)
