"""Web application firewall policies of application gateways.

A policy without settings does not protect: Azure fills in `state: Disabled` and `mode: Detection`.
A rule group override without rules disables the whole group.

Facts: "WAF policy overview", and the answers that the Azure CLI's tests recorded
(test_network_app_gateway_waf_*).
"""

from provisioner.catalog import api_versions
from provisioner.catalog.field import Answered, Compare, Field
from provisioner.catalog.resource_type import NameRule, ResourceType, SdkModel

_SETTINGS = "properties.policySettings"
_RULES = "properties.customRules"
_MANAGED = "properties.managedRules"
_SETS = f"{_MANAGED}.managedRuleSets"
_GROUPS = f"{_SETS}[].ruleGroupOverrides"
_SCRUBBING = f"{_SETTINGS}.logScrubbing"

TYPE = ResourceType(
    name="Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies",
    api_version=api_versions.NETWORK,
    sdk=SdkModel("azure.mgmt.network", "WebApplicationFirewallPolicy"),
    rule=NameRule(
        r"[a-zA-Z][a-zA-Z0-9_.-]{0,127}",
        "1 to 128 letters, digits, underscores, periods and hyphens, starting with a letter",
    ),
    etag=True,
    seconds=5,
    occupants={
        "properties.applicationGateways": ("Microsoft.Network/applicationGateways",),
    },
    occupancy="judges its requests by it",
    fields={
        _SETTINGS: Field(default={}),
        # A policy without settings is Disabled in mode Detection.
        f"{_SETTINGS}.state": Field(default="Disabled", security=True),
        f"{_SETTINGS}.mode": Field(default="Detection", security=True),
        f"{_SETTINGS}.requestBodyCheck": Field(default=True, security=True),
        f"{_SETTINGS}.maxRequestBodySizeInKb": Field(default=128),
        f"{_SETTINGS}.fileUploadLimitInMb": Field(default=100),
        f"{_SETTINGS}.requestBodyInspectLimitInKB": Field(default=128, security=True),
        f"{_SETTINGS}.requestBodyEnforcement": Field(default=True, security=True),
        f"{_SETTINGS}.fileUploadEnforcement": Field(default=True, security=True),
        f"{_SETTINGS}.customBlockResponseStatusCode": Field(default=None),
        f"{_SETTINGS}.customBlockResponseBody": Field(default=None),
        # Answered as 30 by the api versions that have them (recorded: older answers lack both).
        f"{_SETTINGS}.jsChallengeCookieExpirationInMins": Field(
            default=30, answered=Answered.STATED
        ),
        f"{_SETTINGS}.captchaExpirationInMins": Field(default=30, answered=Answered.STATED),
        _SCRUBBING: Field(default=None),
        f"{_SCRUBBING}.scrubbingRules": Field(default=()),
        _RULES: Field(default=(), keys=("name",), security=True),
        f"{_RULES}[].state": Field(default="Enabled", answered=Answered.STATED, security=True),
        f"{_RULES}[].action": Field(compare=Compare.CASELESS, security=True),
        f"{_RULES}[].priority": Field(security=True),
        f"{_RULES}[].matchConditions": Field(security=True),
        f"{_RULES}[].matchConditions[].negationConditon": Field(
            default=False, answered=Answered.STATED, security=True
        ),
        f"{_RULES}[].matchConditions[].matchValues": Field(compare=Compare.SET, security=True),
        f"{_RULES}[].matchConditions[].transforms": Field(default=(), security=True),
        f"{_RULES}[].groupByUserSession": Field(default=(), answered=Answered.STATED),
        _MANAGED: Field(security=True),
        _SETS: Field(keys=("ruleSetType",), security=True),
        f"{_SETS}[].ruleSetVersion": Field(security=True),
        _GROUPS: Field(default=(), keys=("ruleGroupName",), security=True),
        # "If none specified, all rules in the group will be disabled" (REST reference).
        f"{_GROUPS}[].rules": Field(default=(), keys=("ruleId",), security=True),
        f"{_GROUPS}[].rules[].state": Field(security=True),
        f"{_GROUPS}[].rules[].action": Field(default=None, security=True),
        f"{_GROUPS}[].rules[].sensitivity": Field(default=None, security=True),
        f"{_MANAGED}.exclusions": Field(default=(), security=True),
        f"{_MANAGED}.exceptions": Field(default=(), answered=Answered.STATED, security=True),
        "properties.tier": Field(default=None),
        "properties.applicationGatewayForContainers": Field(read_only=True),
    },
)
