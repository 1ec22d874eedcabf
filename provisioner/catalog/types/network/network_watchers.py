"""Network watchers: one for each region of a subscription. Facts: guidelines.md NET-09 and the
recorded pairs of the type."""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.field import Disruption
from provisioner.catalog.network_provider import NETWORK_NAME
from provisioner.catalog.resource_type import ResourceType, SdkModel, Surroundings
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json


def _computed(_resource: ResourceId, _body: Body, _around: Surroundings) -> Mapping[str, Json]:
    return {"properties": {"runningOperationIds": []}}


TYPE = ResourceType(
    name="Microsoft.Network/networkWatchers",
    api_version=api_versions.NETWORK,
    sdk=SdkModel("azure.mgmt.network", "NetworkWatcher"),
    rule=NETWORK_NAME,
    etag=True,
    etag_header=False,
    seconds=3,
    loss=Disruption.NONE,
    computed=_computed,
)
