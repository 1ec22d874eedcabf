"""Actions on a whole cluster: start, stop, abort, rotation of certificates and keys, profiles.

Source: the REST reference of AKS ("Managed Clusters - Start", "- Stop", "- Abort Latest Operation",
"- Rotate Cluster Certificates", "- Reset AAD Profile", …): 202, then `Location` and
`Azure-AsyncOperation`. The refusal in the wrong power state is reported in
MicrosoftDocs/azure-docs#85161 and Azure/AKS#1871 (400 Bad Request); that a stopped cluster renews
no credentials in MicrosoftDocs/azure-docs#90658.
"""

from typing import Any

from provisioner.catalog.node_pools import POOL
from provisioner.simulator.actions.cluster_certificates import rotate_certificates
from provisioner.simulator.actions.targets import BadRequestError, find_target, start_action
from provisioner.simulator.arm.operations import OperationEffect, cancel_operation, check_idle
from provisioner.simulator.arm.writes import write_resource
from provisioner.simulator.bodies.body_paths import merge_patch, value_at
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.records import OperationKind, Record

RUNNING, STOPPED = "Running", "Stopped"


def stop_cluster(cloud: Cloud, request: Request, **_path_parameters: str) -> Answer:
    """Answer POST stop: cluster and pools are `Stopped` when the operation ends."""
    row = find_target(cloud, request)
    check_power(row, RUNNING, "stopping")
    return _set_power(cloud, request, row, OperationKind.STOP, STOPPED)


def start_cluster(cloud: Cloud, request: Request, **_path_parameters: str) -> Answer:
    """Answer POST start: cluster and pools are `Running` when the operation ends."""
    row = find_target(cloud, request)
    check_power(row, STOPPED, "starting")
    return _set_power(cloud, request, row, OperationKind.START, RUNNING)


def check_power(row: Record, required: str, what: str) -> None:
    """Check the power state of a cluster; `what` is the action, for the error.

    Raises:
        BadRequestError: it is in another state.
    """
    power = value_at(row.body, "properties.powerState.code")
    if power != required:
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
    return start_action(cloud, request, row, kind, OperationEffect(changes))


def rotate_cluster_certificates(cloud: Cloud, request: Request, **_path_parameters: str) -> Answer:
    """Answer POST rotateClusterCertificates: kubeconfigs have new certificates from now on."""
    row = find_target(cloud, request)
    check_power(row, RUNNING, "rotating certificates")
    answer = start_action(cloud, request, row, OperationKind.ROTATE_CERTIFICATES)
    rotate_certificates(cloud, row)
    return answer


def rotate_signing_keys(cloud: Cloud, request: Request, **_path_parameters: str) -> Answer:
    """Answer POST rotateServiceAccountSigningKeys, whose effect no response shows."""
    row = find_target(cloud, request)
    check_power(row, RUNNING, "rotating service account signing keys")
    return start_action(cloud, request, row, OperationKind.UPDATE)


def reset_entra_profile(cloud: Cloud, request: Request, **_path_parameters: str) -> Answer:
    """Answer POST resetAADProfile: the body replaces `properties.aadProfile`."""
    return _replace_profile(cloud, request, "aadProfile")


def reset_service_principal(cloud: Cloud, request: Request, **_path_parameters: str) -> Answer:
    """Answer POST resetServicePrincipalProfile: the body is the new service principal."""
    return _replace_profile(cloud, request, "servicePrincipalProfile")


def _replace_profile(cloud: Cloud, request: Request, name: str) -> Answer:
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


def abort_operation(cloud: Cloud, request: Request, **_path_parameters: str) -> Answer:
    """Answer POST abort of a cluster or pool: the running operation ends as `Canceled`.

    Without a running operation AKS refuses ("Abort an Azure Kubernetes Service (AKS) long running
    operation": it "must be in progress"; the code is inferred), also while an operation of Azure
    Resource Manager itself is running.

    Raises:
        RefusalError: no operation is running.
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
