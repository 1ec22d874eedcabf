"""Application Gateway for Containers (traffic controllers).

The ALB controller in the cluster can create frontends and associations itself; a blueprint declares
those of the "bring your own" deployment. A delete is refused while children exist.

Facts: "What is Application Gateway for Containers?" and its components, and the template reference
of `Microsoft.ServiceNetworking/trafficControllers`. No traffic was recorded.
"""

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Field
from provisioner.catalog.resource_type import DeleteFlow, NameRule, ResourceType
from provisioner.catalog.stated_models import OPEN, TEXT, TEXTS, list_of, models_of

_model, _object = models_of("servicenetworking.controller")
_POLICIES = "properties.securityPolicyConfigurations"

TYPE = ResourceType(
    name="Microsoft.ServiceNetworking/trafficControllers",
    api_version=api_versions.SERVICE_NETWORKING,
    sdk=None,
    rule=NameRule(
        r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,62}[A-Za-z0-9])?",
        "1 to 64 letters, digits, underscores, periods and hyphens, starting and ending with a "
        "letter or digit",
    ),
    delete=DeleteFlow.LOCATION,
    seconds=60,
    models=(
        _model("TrafficController", location=TEXT, tags=TEXTS, properties=_object("Properties")),
        _model(
            "Properties",
            securityPolicyConfigurations=_object("Policies"),
            configurationEndpoints=list_of(TEXT),
            frontends=OPEN,
            associations=OPEN,
            securityPolicies=OPEN,
            privateEndpointConnections=OPEN,
            provisioningState=TEXT,
        ),
        _model(
            "Policies",
            wafSecurityPolicy=_object("Reference"),
            ipAccessRulesSecurityPolicy=_object("Reference"),
        ),
        _model("Reference", id=TEXT),
    ),
    # "Cannot delete resource while nested resources exist."
    nested=tuple(
        f"Microsoft.ServiceNetworking/trafficControllers/{kind}"
        for kind in ("frontends", "associations", "securityPolicies")
    ),
    fields={
        "location": Field(create_only=True),
        "properties": Field(default={}),
        _POLICIES: Field(default=None, security=True),
        f"{_POLICIES}.wafSecurityPolicy": Field(default=None, security=True),
        f"{_POLICIES}.wafSecurityPolicy.id": Field(compare=Compare.RESOURCE_ID, security=True),
        f"{_POLICIES}.ipAccessRulesSecurityPolicy": Field(default=None, security=True),
        f"{_POLICIES}.ipAccessRulesSecurityPolicy.id": Field(
            compare=Compare.RESOURCE_ID, security=True
        ),
        **{
            f"properties.{name}": Field(read_only=True)
            for name in (
                "configurationEndpoints",
                "frontends",
                "associations",
                "securityPolicies",
                "privateEndpointConnections",
                "provisioningState",
            )
        },
    },
)
