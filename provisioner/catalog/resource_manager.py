"""Azure Resource Manager operations that the built-in Azure answers and azsec does not call.

Each has the Azure RBAC action that it takes. Source: the REST reference of Resources (Tags,
Resource Groups, Resources, Providers), Subscriptions, Management Groups and Policy Insights, and
"Azure resource provider operations".
"""

from provisioner.catalog import api_versions
from provisioner.catalog.endpoints import Endpoint

_SUBSCRIPTION = "/subscriptions/{subscription}"
_GROUP = f"{_SUBSCRIPTION}/resourceGroups/{{group}}"

TAGS_TYPE = "Microsoft.Resources/tags"
_TAGS = "{scope}/providers/Microsoft.Resources/tags/default"
GET_TAGS, PUT_TAGS, PATCH_TAGS, DELETE_TAGS = (
    Endpoint(method, _TAGS, f"{TAGS_TYPE}/{verb}", api_versions.RESOURCES)
    for method, verb in (
        ("GET", "read"),
        ("PUT", "write"),
        ("PATCH", "write"),
        ("DELETE", "delete"),
    )
)
"""The tags of a subscription, a resource group or a resource, by themselves."""

_TAG_NAMES = f"{_SUBSCRIPTION}/tagNames"
_TAG_NAMES_TYPE = "Microsoft.Resources/subscriptions/tagNames"
TAG_NAMES = Endpoint("GET", _TAG_NAMES, f"{_TAG_NAMES_TYPE}/read", api_versions.RESOURCES)
"""The names and values of all tags in a subscription, and those that are predefined there."""
PUT_TAG_NAME, DELETE_TAG_NAME = (
    Endpoint(method, f"{_TAG_NAMES}/{{name}}", f"{_TAG_NAMES_TYPE}/{verb}", api_versions.RESOURCES)
    for method, verb in (("PUT", "write"), ("DELETE", "delete"))
)
PUT_TAG_VALUE, DELETE_TAG_VALUE = (
    Endpoint(
        method,
        f"{_TAG_NAMES}/{{name}}/tagValues/{{value}}",
        f"{_TAG_NAMES_TYPE}/tagValues/{verb}",
        api_versions.RESOURCES,
    )
    for method, verb in (("PUT", "write"), ("DELETE", "delete"))
)

_STATES = "providers/Microsoft.PolicyInsights/policyStates"
_STATES_TYPE = "Microsoft.PolicyInsights/policyStates"
_MANAGEMENT_GROUP = "/providers/Microsoft.Management/managementGroups/{management_group}"
POLICY_STATES, POLICY_SUMMARY, POLICY_EVALUATION = (
    tuple(
        Endpoint("POST", f"{scope}/{_STATES}/{view}", action, api_versions.POLICY_INSIGHTS)
        for scope in ("{scope}", _MANAGEMENT_GROUP)
    )
    for view, action in (
        ("{view}/queryResults", f"{_STATES_TYPE}/queryResults/read"),
        ("{view}/summarize", f"{_STATES_TYPE}/summarize/read"),
        ("latest/triggerEvaluation", f"{_STATES_TYPE}/triggerEvaluation/action"),
    )
)
"""Which resources comply with which policies, one by one and counted, and their evaluation: at a
subscription, a group, a resource, a policy or an assignment, and at a management group."""

_GROUPS = "/providers/Microsoft.Management/managementGroups"
_GROUPS_TYPE = "Microsoft.Management/managementGroups"
_MEMBER = f"{_GROUPS}/{{name}}/subscriptions/{{subscription}}"


def _group_place(method: str, path: str, action: str) -> Endpoint:
    return Endpoint(method, path, f"{_GROUPS_TYPE}/{action}", api_versions.MANAGEMENT_GROUPS)


LIST_MANAGEMENT_GROUPS = _group_place("GET", _GROUPS, "read")
GET_MANAGEMENT_GROUP = _group_place("GET", f"{_GROUPS}/{{name}}", "read")
PUT_MANAGEMENT_GROUP = _group_place("PUT", f"{_GROUPS}/{{name}}", "write")
PATCH_MANAGEMENT_GROUP = _group_place("PATCH", f"{_GROUPS}/{{name}}", "write")
DELETE_MANAGEMENT_GROUP = _group_place("DELETE", f"{_GROUPS}/{{name}}", "delete")
LIST_MEMBERS = _group_place("GET", f"{_GROUPS}/{{name}}/subscriptions", "subscriptions/read")
PUT_MEMBER = _group_place("PUT", _MEMBER, "subscriptions/write")
DELETE_MEMBER = _group_place("DELETE", _MEMBER, "subscriptions/delete")
LIST_ENTITIES = Endpoint(
    "POST",
    "/providers/Microsoft.Management/getEntities",
    "Microsoft.Management/getEntities/action",
    api_versions.MANAGEMENT_GROUPS,
)

CHECK_NAME = Endpoint(
    "POST",
    "/providers/Microsoft.Resources/checkResourceName",
    "Microsoft.Resources/checkResourceName/action",
    api_versions.SUBSCRIPTIONS,
)
"""Checks whether a name is reserved: an operation of the tenant that takes no permission."""

NETWORK_USAGE = Endpoint(
    "GET",
    f"{_SUBSCRIPTION}/providers/Microsoft.Network/locations/{{location}}/usages",
    "Microsoft.Network/locations/usages/read",
    api_versions.NETWORK,
)
STORAGE_USAGE = Endpoint(
    "GET",
    f"{_SUBSCRIPTION}/providers/Microsoft.Storage/locations/{{location}}/usages",
    "Microsoft.Storage/locations/usages/read",
    api_versions.STORAGE,
)

RESOURCE_MANAGER = (
    *POLICY_STATES,
    *POLICY_SUMMARY,
    *POLICY_EVALUATION,
    NETWORK_USAGE,
    STORAGE_USAGE,
    TAG_NAMES,
    PUT_TAG_NAME,
    DELETE_TAG_NAME,
    PUT_TAG_VALUE,
    DELETE_TAG_VALUE,
)
"""Those whose action the id in the path does not say."""
