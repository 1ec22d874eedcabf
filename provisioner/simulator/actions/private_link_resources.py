"""Private link resources: the groups (subresources) that a private endpoint can name.

Shape as recorded of a storage account and of a disk access; AKS answers without `properties`
("Private Link Resources - List"). The groups are those of `catalog.private_link`.
"""

from provisioner.catalog.node_pools import CLUSTER
from provisioner.catalog.private_link import PrivateLinkGroup, groups_of
from provisioner.model.resource_id import parse_resource_id
from provisioner.model.values import Json
from provisioner.simulator.actions.targets import require_resource
from provisioner.simulator.bodies.body_paths import value_at
from provisioner.simulator.protocol.errors import InvalidResourceTypeError, RefusalError
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.records import Record


def list_private_link_resources(cloud: Cloud, request: Request, target: str) -> Answer:
    """Answer the groups of a resource; a cluster has one only if its API server is private."""
    return Answer(200, {"value": _render_groups(cloud, request, target)})


def get_private_link_resource(cloud: Cloud, request: Request, target: str, group: str) -> Answer:
    """Answer one group of a resource.

    Raises:
        RefusalError: the resource does not have it.
    """
    for shown in _render_groups(cloud, request, target):
        assert isinstance(shown, dict)
        if str(shown["name"]).lower() == group.lower():
            return Answer(200, shown)
    raise RefusalError(404, "NotFound", f"'{target}' has no group '{group}'.", by_provider=True)


def _render_groups(cloud: Cloud, request: Request, target: str) -> list[Json]:
    target_id = parse_resource_id(target)
    if target_id is None:
        raise InvalidResourceTypeError(request.path)
    found = groups_of(target_id.type)
    if not found and cloud.is_known(target_id):
        raise InvalidResourceTypeError(f"{target_id.type}/privateLinkResources")
    if not found:
        raise RefusalError(
            404,
            "InvalidResourceType",
            f"The built-in Azure does not know the private link resources of '{target_id.type}'.",
        )
    row = require_resource(cloud, target_id)
    access = "properties.apiServerAccessProfile.enablePrivateCluster"
    if row.type == CLUSTER and value_at(row.body, access) is not True:
        return []
    return [_render_group(row, group) for group in found]


def _render_group(row: Record, group: PrivateLinkGroup) -> Json:
    region = str(value_at(row.body, "location"))
    properties: dict[str, Json] = {
        "groupId": group.name,
        "requiredMembers": [one.replace("{region}", region) for one in group.members],
        "requiredZoneNames": [one.replace("{region}", region) for one in group.zones],
    }
    shown: dict[str, Json] = {
        "id": f"{row.id.text}/privateLinkResources/{group.name}",
        "name": group.name,
        "type": f"{row.type}/privateLinkResources",
    }
    if row.type == CLUSTER:
        del properties["requiredZoneNames"]
        return {**shown, **properties}
    return {**shown, "properties": properties}
