"""Security policies of Application Gateway for Containers: WAF, or IP access rules.

A policy of one kind does not become one of the other: that is a replacement.

Facts: "Web application firewall on Application Gateway for Containers" and the template reference.
No traffic was recorded.
"""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Field
from provisioner.catalog.resource_type import (
    ComputationContext,
    DeleteFlow,
    ListRead,
    NameRule,
    ResourceType,
)
from provisioner.catalog.stated_models import NUMBER, TEXT, TEXTS, choice, list_of, models_of
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json, is_empty, lookup

_model, _object = models_of("servicenetworking.policy")
_RULES = "properties.ipAccessRulesPolicy.rules"


def _computed_values(
    _resource: ResourceId, body: Body, _context: ComputationContext
) -> Mapping[str, Json]:
    judges = not is_empty(lookup(body, ("properties", "wafPolicy")))
    return {"properties": {"policyType": "waf" if judges else "ipAccessRules"}}


def _keeps_its_kind(before: Body, after: Body) -> str | None:
    old, new = (is_empty(lookup(body, ("properties", "wafPolicy"))) for body in (before, after))
    return None if old == new else "a policy does not become one of another kind"


TYPE = ResourceType(
    name="Microsoft.ServiceNetworking/trafficControllers/securityPolicies",
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
    adds="judges its requests by a policy of others",
    adds_by=("properties.wafPolicy.id",),
    models=(
        _model("SecurityPolicy", location=TEXT, tags=TEXTS, properties=_object("Properties")),
        _model(
            "Properties",
            policyType=TEXT,
            wafPolicy=_object("Reference"),
            ipAccessRulesPolicy=_object("AccessRules"),
            provisioningState=TEXT,
        ),
        _model("AccessRules", rules=list_of(_object("Rule"))),
        _model(
            "Rule",
            name=TEXT,
            priority=NUMBER,
            sourceAddressPrefixes=list_of(TEXT),
            action=choice("allow", "deny"),
        ),
        _model("Reference", id=TEXT),
    ),
    fields={
        "location": Field(create_only=True),
        "properties.policyType": Field(read_only=True),
        "properties.provisioningState": Field(read_only=True),
        "properties.wafPolicy": Field(default=None, create_only=_keeps_its_kind, security=True),
        "properties.wafPolicy.id": Field(
            compare=Compare.RESOURCE_ID, create_only=_keeps_its_kind, security=True
        ),
        "properties.ipAccessRulesPolicy": Field(
            default=None, create_only=_keeps_its_kind, security=True
        ),
        _RULES: Field(default=(), keys=("name",), create_only=_keeps_its_kind, security=True),
        f"{_RULES}[].priority": Field(create_only=_keeps_its_kind, security=True),
        f"{_RULES}[].action": Field(
            compare=Compare.CASELESS, create_only=_keeps_its_kind, security=True
        ),
        f"{_RULES}[].sourceAddressPrefixes": Field(
            compare=Compare.SET, create_only=_keeps_its_kind, security=True
        ),
    },
)
