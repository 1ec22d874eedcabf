"""DDoS protection plans.

A plan does nothing until a network or a public IP address refers to it, and Azure refuses to delete
it while one does. Facts: guidelines.md NET-10 and the recorded pairs of the type.
"""

from provisioner.catalog import api_versions
from provisioner.catalog.network_provider import NETWORK_NAME, compute_guid
from provisioner.catalog.resource_type import ResourceType, SdkModel

TYPE = ResourceType(
    name="Microsoft.Network/ddosProtectionPlans",
    api_version=api_versions.NETWORK,
    sdk=SdkModel("azure.mgmt.network", "DdosProtectionPlan"),
    rule=NETWORK_NAME,
    etag=True,
    seconds=5,
    in_use="InUseDdosProtectionPlanCannotBeDeleted",
    occupants={
        "properties.virtualNetworks": ("Microsoft.Network/virtualNetworks",),
        "properties.publicIPAddresses": ("Microsoft.Network/publicIPAddresses",),
    },
    computed=compute_guid,
)
