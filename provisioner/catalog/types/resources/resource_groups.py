"""Resource groups.

Azure refuses another location (409 InvalidResourceGroupLocation), and a delete takes everything in
the group: hence Disruption.DATA. `managedBy` names the resource whose service keeps the group.

Facts: guidelines.md §3.1, and the recorded pairs and operations of the type.
"""

from provisioner.catalog import api_versions
from provisioner.catalog.error_codes import RefusalCodes
from provisioner.catalog.field import Disruption, Field
from provisioner.catalog.resource_type import (
    DeleteFlow,
    NameRule,
    ResourceType,
    Scope,
    SdkModel,
    WriteFlow,
)

TYPE = ResourceType(
    name="Microsoft.Resources/resourceGroups",
    api_version=api_versions.RESOURCES,
    sdk=SdkModel("azure.mgmt.resource.resources", "ResourceGroup"),
    rule=NameRule(
        r"[-\w._()]{0,89}[-\w_()]",
        "1 to 90 letters, digits, underscores, hyphens, periods and parentheses, not ending with "
        "a period",
    ),
    scope=Scope.SUBSCRIPTION,
    write=WriteFlow.SYNC,
    delete=DeleteFlow.LOCATION,
    seconds=2,
    loss=Disruption.DATA,
    codes=RefusalCodes(
        not_found="ResourceGroupNotFound", fixed="InvalidResourceGroupLocation", fixed_status=409
    ),
    fields={
        "location": Field(create_only=True),
        "managedBy": Field(default=None, create_only=True, security=True),
    },
)
