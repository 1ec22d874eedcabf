"""Application security groups.

A group holds nothing but its id: security rules and network interfaces refer to it, and membership
is in their bodies. Facts: the SDK's model alone.
"""

from provisioner.catalog import api_versions
from provisioner.catalog.network_provider import NETWORK_NAME, compute_guid
from provisioner.catalog.resource_type import ResourceType, SdkModel

TYPE = ResourceType(
    name="Microsoft.Network/applicationSecurityGroups",
    api_version=api_versions.NETWORK,
    sdk=SdkModel("azure.mgmt.network", "ApplicationSecurityGroup"),
    rule=NETWORK_NAME,
    etag=True,
    seconds=3,
    # Azure refuses (public issue threads); the code is not documented, so this one follows the
    # provider's pattern.
    in_use="InUseApplicationSecurityGroupCannotBeDeleted",
    computed=compute_guid,
)
