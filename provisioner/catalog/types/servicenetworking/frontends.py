"""Frontends of Application Gateway for Containers: its public host names.

Azure assigns the host name; a custom domain points to it by a CNAME record.

Facts: "Application Gateway for Containers components". No traffic was recorded.
"""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.field import Answered, Compare, Disruption, Field
from provisioner.catalog.resource_type import (
    ComputationContext,
    DeleteFlow,
    ListRead,
    NameRule,
    ResourceType,
)
from provisioner.catalog.stated_models import TEXT, TEXTS, choice, models_of
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json

_model, _object = models_of("servicenetworking.frontend")
_POLICIES = "properties.securityPolicyConfigurations"


def _computed_values(
    resource: ResourceId, _body: Body, context: ComputationContext
) -> Mapping[str, Json]:
    host = context.guid(resource.text).replace("-", "")[:16]
    return {"properties": {"fqdn": f"{host}.fz01.alb.azure.com"}}


TYPE = ResourceType(
    name="Microsoft.ServiceNetworking/trafficControllers/frontends",
    api_version=api_versions.SERVICE_NETWORKING,
    sdk=None,
    rule=NameRule(
        r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,62}[A-Za-z0-9])?",
        "1 to 64 letters, digits, underscores, periods and hyphens, starting and ending with a "
        "letter or digit",
    ),
    lists=ListRead.PARENT,
    delete=DeleteFlow.LOCATION,
    seconds=30,
    computed=_computed_values,
    adds="answers the internet by another name",
    models=(
        _model("Frontend", location=TEXT, tags=TEXTS, properties=_object("Properties")),
        _model(
            "Properties",
            fqdn=TEXT,
            publicNetworkAccess=choice("Enabled", "Disabled"),
            association=_object("Reference"),
            securityPolicyConfigurations=_object("Policies"),
            provisioningState=TEXT,
        ),
        _model(
            "Policies",
            wafSecurityPolicy=_object("Reference"),
            ipAccessRulesSecurityPolicy=_object("Reference"),
        ),
        _model("Reference", id=TEXT),
    ),
    fields={
        "location": Field(create_only=True),
        "properties": Field(default={}),
        "properties.fqdn": Field(read_only=True),
        "properties.provisioningState": Field(read_only=True),
        "properties.publicNetworkAccess": Field(
            default="Enabled",
            answered=Answered.STATED,
            security=True,
            disruption=Disruption.CONNECTIONS,
        ),
        "properties.association": Field(default=None),
        "properties.association.id": Field(compare=Compare.RESOURCE_ID),
        _POLICIES: Field(default=None, security=True),
        f"{_POLICIES}.wafSecurityPolicy": Field(default=None, security=True),
        f"{_POLICIES}.wafSecurityPolicy.id": Field(compare=Compare.RESOURCE_ID, security=True),
        f"{_POLICIES}.ipAccessRulesSecurityPolicy": Field(default=None, security=True),
        f"{_POLICIES}.ipAccessRulesSecurityPolicy.id": Field(
            compare=Compare.RESOURCE_ID, security=True
        ),
    },
)
