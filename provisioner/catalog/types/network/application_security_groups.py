"""Application security groups: names for what a rule lets in. Facts: the SDK's model alone.

A group holds nothing but its id: rules of network security groups and network interfaces point to
it, and what they say of it stands with them.
"""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.resource_type import NameRule, ResourceType, SdkModel, Surroundings
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json


def _computed(resource: ResourceId, _body: Body, around: Surroundings) -> Mapping[str, Json]:
    return {"properties": {"resourceGuid": around.guid(resource.text)}}


TYPE = ResourceType(
    name="Microsoft.Network/applicationSecurityGroups",
    api_version=api_versions.NETWORK,
    sdk=SdkModel("azure.mgmt.network", "ApplicationSecurityGroup"),
    rule=NameRule(
        r"[a-zA-Z0-9](?:[a-zA-Z0-9_.-]{0,78}[a-zA-Z0-9_])?",
        "1 to 80 letters, digits, underscores, periods and hyphens, starting with a letter or "
        "digit and ending with one or an underscore",
    ),
    etag=True,
    seconds=3,
    in_use="InUseApplicationSecurityGroupCannotBeDeleted",
    computed=_computed,
)
