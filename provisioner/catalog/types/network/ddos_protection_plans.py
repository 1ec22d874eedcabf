"""DDoS protection plans. Facts: guidelines.md NET-11 and the recorded pairs of the type."""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.resource_type import NameRule, ResourceType, SdkModel, Surroundings
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json


def _computed(resource: ResourceId, _body: Body, around: Surroundings) -> Mapping[str, Json]:
    return {"properties": {"resourceGuid": around.guid(resource.text)}}


TYPE = ResourceType(
    name="Microsoft.Network/ddosProtectionPlans",
    api_version=api_versions.NETWORK,
    sdk=SdkModel("azure.mgmt.network", "DdosProtectionPlan"),
    rule=NameRule(
        r"[a-zA-Z0-9](?:[a-zA-Z0-9_.-]{0,78}[a-zA-Z0-9_])?",
        "1 to 80 letters, digits, underscores, periods and hyphens, starting with a letter or "
        "digit and ending with one or an underscore",
    ),
    etag=True,
    seconds=5,
    in_use="InUseDdosProtectionPlanCannotBeDeleted",
    computed=_computed,
)
