"""Trusted access role bindings: an Azure service that may use a cluster's API server.

Facts: the recorded pairs and operations. The deletion is that of the SDK (a Location to poll); none
was recorded.
"""

from provisioner.catalog import api_versions
from provisioner.catalog.error_codes import RefusalCodes
from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.resource_type import (
    DeleteFlow,
    ListRead,
    NameRule,
    ResourceType,
    SdkModel,
)

TYPE = ResourceType(
    name="Microsoft.ContainerService/managedClusters/trustedAccessRoleBindings",
    api_version=api_versions.CONTAINER_SERVICE,
    sdk=SdkModel("azure.mgmt.containerservice", "TrustedAccessRoleBinding"),
    rule=NameRule(r"[A-Za-z0-9-]{1,24}", "1 to 24 letters, digits and hyphens"),
    lists=ListRead.PARENT,
    taggable=False,
    serialise_on="",
    flat_errors=True,
    delete=DeleteFlow.LOCATION,
    seconds=10,
    loss=Disruption.NONE,
    codes=RefusalCodes(not_found="NotFound", busy="OperationNotAllowed"),
    adds="lets an Azure service act in it",
    grants_access=True,
    adds_by=("properties.sourceResourceId", "properties.roles"),
    fields={
        # An update changes the roles, and not the source (az aks trustedaccess rolebinding).
        "properties.sourceResourceId": Field(
            compare=Compare.RESOURCE_ID, create_only=True, security=True
        ),
        "properties.roles": Field(compare=Compare.SET, security=True),
        "properties.roles[]": Field(compare=Compare.CASELESS),
    },
)
