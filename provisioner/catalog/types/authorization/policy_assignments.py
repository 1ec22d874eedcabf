"""Azure Policy assignments.

Their definition and scope cannot change. `properties.scope` may be stated although Azure computes
it from the id. `parameters[].value` is a closed object: Azure fills in nothing there, so a key that
only the live value has is a change. The default initiative that Defender for Cloud assigns to every
subscription is a service's, not somebody's addition.

Facts: guidelines.md WRK-02 and §3.6, and the recorded pairs of the type.
"""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.error_codes import RefusalCodes
from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.list_options import ListCondition, ListOptions
from provisioner.catalog.policies import METADATA
from provisioner.catalog.resource_type import (
    ComputationContext,
    DeleteFlow,
    NameRule,
    ResourceType,
    Scope,
    SdkModel,
    WriteFlow,
)
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json, lookup

_NARROWED = ("resourceSelectors", "overrides")


def _computed_values(
    resource: ResourceId, _body: Body, context: ComputationContext
) -> Mapping[str, Json]:
    return {
        "properties": {
            "scope": resource.scope.text if resource.scope else "/",
            "instanceId": context.guid(resource.text),
        }
    }


_DEFAULT_INITIATIVE = (
    "/providers/microsoft.authorization/policysetdefinitions/1f3afdf9-d0c9-4c3d-847f-89da613e70a8"
)


def _is_default_initiative(body: Mapping[str, object]) -> bool:
    """Return whether Defender for Cloud made the assignment.

    It assigns its default initiative, the Microsoft cloud security benchmark, to each subscription
    ("Security policies in Defender for Cloud"). The name proves nothing, since anybody may choose
    it: the definition and the scope do.
    """
    definition = lookup(body, ("properties", "policyDefinitionId"))
    scope = str(lookup(body, ("properties", "scope"))).lower()
    is_subscription = scope.startswith("/subscriptions/") and scope.count("/") == 2
    return is_subscription and str(definition).lower() == _DEFAULT_INITIATIVE


TYPE = ResourceType(
    name="Microsoft.Authorization/policyAssignments",
    api_version=api_versions.POLICY,
    sdk=SdkModel("azure.mgmt.resource.policy", "PolicyAssignment"),
    rule=NameRule(
        r"[^<>%&:\\?/]{0,63}[^<>%&:\\?/. ]",
        r"1 to 64 characters other than <>%&:\?/, not ending with a period or space",
    ),
    scope=Scope.EXTENSION,
    # Policy Assignments "List": one of three filters.
    list_options=ListOptions(
        equals={"policyDefinitionId": "properties.policyDefinitionId"},
        conditions=(ListCondition.AT_SCOPE, ListCondition.AT_EXACT_SCOPE),
        alone=("policyDefinitionId", "atScope", "atExactScope"),
    ),
    taggable=False,
    judges=True,
    write=WriteFlow.SYNC,
    delete=DeleteFlow.SYNC,
    updated=201,
    seconds=2,
    loss=Disruption.NONE,
    codes=RefusalCodes(not_found="PolicyAssignmentNotFound"),
    computed=_computed_values,
    adds="enforces a policy on it",
    adds_by=("properties.policyDefinitionId", "properties.enforcementMode"),
    by_service=_is_default_initiative,
    fields={
        "location": Field(default=None),
        # Azure computes it from the id; a body that states another one is a mistake.
        "properties.scope": Field(
            compare=Compare.RESOURCE_ID, stated=True, create_only=True, security=True
        ),
        "properties.displayName": Field(default=None),
        "properties.description": Field(default=None),
        "properties.policyDefinitionId": Field(
            compare=Compare.RESOURCE_ID, create_only=True, security=True
        ),
        # Azure fills in the version in force where none is requested.
        "properties.definitionVersion": Field(compare=Compare.VERSION),
        # DoNotEnforce evaluates without denying.
        "properties.enforcementMode": Field(
            default="Default", compare=Compare.CASELESS, security=True
        ),
        "properties.assignmentType": Field(default="Custom", compare=Compare.CASELESS),
        "properties.notScopes": Field(default=(), compare=Compare.SET, security=True),
        "properties.notScopes[]": Field(compare=Compare.RESOURCE_ID),
        "properties.parameters": Field(default={}, security=True),
        # Closed: Azure fills in nothing, so a key that only the live value has is somebody's
        # change.
        "properties.parameters[].value": Field(closed=True, security=True),
        "properties.nonComplianceMessages": Field(default=(), keys=("message",)),
        "properties.nonComplianceMessages[].policyDefinitionReferenceId": Field(default=None),
        "properties.resourceSelectors": Field(default=(), keys=("name",), security=True),
        "properties.overrides": Field(default=(), security=True),
        **{
            f"properties.{path}[].selectors": Field(default=(), keys=("kind",), security=True)
            for path in _NARROWED
        },
        **{
            f"properties.{path}[].selectors[].{name}": Field(
                default=(), compare=Compare.SET, security=True
            )
            for path in _NARROWED
            for name in ("in", "notIn")
        },
        "properties.selfServeExemptionSettings": Field(default=None, security=True),
        **METADATA,
    },
)
