"""Deployment mode Complete: resources of the group that the template lacks are deleted.

Top-level resources are deleted with their children. Extension resources (locks, role assignments)
stay, as do children of resources in the template. Source: "Azure Resource Manager deployment
modes", "Deletion of Azure resources for complete mode deployments".
"""

from collections.abc import Iterator

from provisioner.model.resource_id import ResourceId
from provisioner.simulator.arm.deletion import check_unlocked, check_unused, remove_resource
from provisioner.simulator.arm.service_checks import check_delete
from provisioner.simulator.bodies.lease_states import check_unleased
from provisioner.simulator.deployments.journal import Journal
from provisioner.simulator.deployments.prepared_deployment import PreparedDeployment
from provisioner.simulator.deployments.records import DeploymentOutcome, Failure, Operation
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.records import Record


def others_in_group(cloud: Cloud, group: ResourceId, written: list[ResourceId]) -> Iterator[Record]:
    """Yield the top-level resources of a group that a deployment writes no part of."""
    kept = {resource.key for resource in written}
    kept |= {place.key for resource in written for place in resource.ancestors}
    for row in list(cloud.store.resources.inside(group.key)):
        is_extension = cloud.catalog.get(row.type).scope.name == "EXTENSION"
        if row.id.key not in kept and not is_extension:
            yield row


def delete_others(
    cloud: Cloud, prepared: PreparedDeployment, journal: Journal, outcome: DeploymentOutcome
) -> list[Operation]:
    """Delete the resources that a deployment in mode Complete leaves out.

    A resource in use is tried again after those that use it; the rounds end when nothing more can
    be deleted.
    """
    group = prepared.context.scope
    if group is None:
        return []
    remaining = list(others_in_group(cloud, group, outcome.written))
    operations: list[Operation] = []
    refusals: dict[str, RefusalError] = {}
    while remaining:
        deleted = [row for row in remaining if _try_delete(cloud, row, journal, refusals)]
        for row in deleted:
            seconds = float(cloud.catalog.get(row.type).seconds)
            end = outcome.end + seconds
            operations.append(Operation(row.id, "Delete", outcome.end, end))
            outcome.deleted.append(row.id)
        remaining = [row for row in remaining if row not in deleted]
        if not deleted:
            break
    for row in remaining:
        failure = Failure.of(refusals[row.id.key], row.id)
        operations.append(Operation(row.id, "Delete", outcome.end, outcome.end, failure))
        outcome.failures.append(failure)
    outcome.end = max((operation.end for operation in operations), default=outcome.end)
    return operations


def _try_delete(
    cloud: Cloud, row: Record, journal: Journal, refusals: dict[str, RefusalError]
) -> bool:
    if cloud.store.resources.get(row.id.key) is None:
        return True  # it went with another one
    journal.begin(row.id, "delete")
    try:
        check_unlocked(cloud, row.id, row.body, deleting=True)
        check_unleased(cloud, row.id)
        check_unused(cloud, row.id)
        check_delete(cloud, cloud.catalog.get(row.type), row)
        remove_resource(cloud, row.id)
        journal.end()
    except RefusalError as refusal:
        refusals[row.id.key] = refusal
        journal.fail(refusal)
        return False
    return True
