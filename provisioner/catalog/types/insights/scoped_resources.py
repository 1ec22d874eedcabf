"""Resources in an Azure Monitor private link scope.

A workspace, a data collection endpoint or an Application Insights resource. Written one at a time,
since nothing documents that a scope accepts more.

Facts: "Configure private link for Azure Monitor" and the template reference; no traffic was
recorded.
"""

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.resource_type import DeleteFlow, ListRead, NameRule, ResourceType
from provisioner.catalog.stated_models import TEXT, models_of

_model, _object = models_of("monitor.scoped")

TYPE = ResourceType(
    name="Microsoft.Insights/privateLinkScopes/scopedResources",
    api_version=api_versions.PRIVATE_LINK_SCOPES,
    sdk=None,
    rule=NameRule(
        r"[A-Za-z0-9_.()-]{0,254}[A-Za-z0-9_()-]",
        "1 to 255 letters, digits, underscores, periods, parentheses and hyphens, not ending with "
        "a period",
    ),
    lists=ListRead.PARENT,
    taggable=False,
    delete=DeleteFlow.LOCATION,
    seconds=10,
    loss=Disruption.CONNECTIONS,
    # One at a time: nothing documents that a scope accepts parallel writes.
    serialise_on="",
    adds="sends what its networks log to a resource of others",
    adds_by=("properties.linkedResourceId",),
    models=(
        _model("ScopedResource", properties=_object("Properties")),
        _model("Properties", linkedResourceId=TEXT, provisioningState=TEXT),
    ),
    fields={
        "properties.linkedResourceId": Field(
            compare=Compare.RESOURCE_ID, create_only=True, security=True
        ),
        "properties.provisioningState": Field(read_only=True),
    },
)
