"""Network watchers, one per region of a subscription.

Azure creates the watcher of a region with the first virtual network there, in `NetworkWatcherRG`
and under a fixed name; it belongs to no environment and is left at destroy.

Facts: guidelines.md NET-09, the recorded pairs of the type, network-watcher-overview and
network-watcher-create.
"""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.field import Disruption
from provisioner.catalog.network_provider import NETWORK_NAME
from provisioner.catalog.resource_type import ComputationContext, Regional, ResourceType, SdkModel
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json


def _computed_values(
    _resource: ResourceId, _body: Body, _context: ComputationContext
) -> Mapping[str, Json]:
    return {"properties": {"runningOperationIds": []}}


TYPE = ResourceType(
    name="Microsoft.Network/networkWatchers",
    api_version=api_versions.NETWORK,
    sdk=SdkModel("azure.mgmt.network", "NetworkWatcher"),
    rule=NETWORK_NAME,
    etag=True,
    etag_header=False,
    nested=("Microsoft.Network/networkWatchers/flowLogs",),
    seconds=3,
    loss=Disruption.NONE,
    # Created by Azure with the first virtual network of a region (network-watcher-overview).
    regional=Regional(
        beside="Microsoft.Network/virtualNetworks",
        group="NetworkWatcherRG",
        name="NetworkWatcher_{location}",
    ),
    computed=_computed_values,
)
