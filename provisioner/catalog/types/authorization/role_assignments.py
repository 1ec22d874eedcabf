"""Azure role assignments.

Azure refuses every change of principal, role or scope (RoleAssignmentUpdateNotPermitted), and a
second assignment of one role to one principal in one scope (RoleAssignmentExists): a change is a
replacement, whose delete goes first. Azure answers the role's id below the subscription, whatever
scope the body names it at, so the ids are compared by GUID (`TENANT_ID`).

Facts: guidelines.md §2.5, §2.7 and §3.5, and the recorded pairs.
"""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.built_in_roles import ROLE_DEFINITION_TYPE
from provisioner.catalog.error_codes import RefusalCodes
from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.list_options import ListCondition, ListOptions
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
from provisioner.model.values import Body, Json, is_empty, lookup


def _computed_values(
    resource: ResourceId, body: Body, _context: ComputationContext
) -> Mapping[str, Json]:
    """Return the scope, and the role definition's id as Azure writes it.

    Recorded: `/providers/…/roleDefinitions/GUID` comes back below `/subscriptions/ID`.
    """
    definition = lookup(body, ("properties", "roleDefinitionId"))
    named = str(definition).lower().partition(f"/providers/{ROLE_DEFINITION_TYPE}/".lower())
    written: dict[str, Json] = {"scope": resource.scope.text if resource.scope else "/"}
    if named[1]:
        place = f"/subscriptions/{resource.subscription}" if resource.subscription else ""
        guid = str(definition)[-len(named[2]) :]
        written["roleDefinitionId"] = f"{place}/providers/{ROLE_DEFINITION_TYPE}/{guid}"
    return {"properties": written}


def _default_version(body: Body) -> Json:
    """Return the only version of conditions where there is a condition, else None."""
    return None if is_empty(lookup(body, ("properties", "condition"))) else "2.0"


TYPE = ResourceType(
    name="Microsoft.Authorization/roleAssignments",
    api_version=api_versions.AUTHORIZATION,
    sdk=SdkModel("azure.mgmt.authorization.v2022_04_01", "RoleAssignment"),
    rule=NameRule(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", "a GUID"),
    scope=Scope.EXTENSION,
    # "List Azure role assignments using the REST API"; the refusal: Azure/azure-rest-api-specs
    # issue 28255; what does not go together: azure-cli, _search_role_assignments.
    list_options=ListOptions(
        equals={"principalId": "properties.principalId"},
        conditions=(ListCondition.AT_SCOPE, ListCondition.ASSIGNED_TO),
        alone=("principalId",),
        code="UnsupportedQuery",
        refusal="The filter '{filter}' is not supported. Supported filters are either "
        "'atScope()' or 'principalId eq '{{value}}' or assignedTo('{{value}}')'.",
    ),
    taggable=False,
    write=WriteFlow.SYNC,
    delete=DeleteFlow.SYNC,
    seconds=1,
    loss=Disruption.NONE,
    missing_reference="RoleDefinitionDoesNotExist",
    # A second assignment of a role to a principal in one scope is refused whatever its name
    # (RoleAssignmentExists).
    unique_by=("properties.principalId", "properties.roleDefinitionId"),
    codes=RefusalCodes(
        not_found="RoleAssignmentNotFound",
        name="InvalidRoleAssignmentId",
        fixed="RoleAssignmentUpdateNotPermitted",
        duplicate="RoleAssignmentExists",
    ),
    computed=_computed_values,
    adds="grants access to it",
    grants_access=True,
    adds_by=(
        "properties.roleDefinitionId",
        "properties.principalType",
        "properties.principalId",
        "properties.condition",
    ),
    adds_to={"properties.principalId": "gives it access to something else"},
    fields={
        # Azure computes it from the id; a body that states another one is a mistake.
        "properties.scope": Field(
            compare=Compare.RESOURCE_ID, stated=True, create_only=True, security=True
        ),
        "properties.principalId": Field(compare=Compare.CASELESS, create_only=True, security=True),
        "properties.roleDefinitionId": Field(
            compare=Compare.TENANT_ID, create_only=True, security=True
        ),
        # Azure looks the principal up where the body is silent. Stating ServicePrincipal avoids
        # PrincipalNotFound while a new identity replicates (guidelines.md §2.5).
        "properties.principalType": Field(compare=Compare.CASELESS),
        "properties.condition": Field(default=None, security=True),
        "properties.conditionVersion": Field(default=_default_version),
        "properties.description": Field(default=None),
        "properties.delegatedManagedIdentityResourceId": Field(
            default=None, compare=Compare.RESOURCE_ID
        ),
    },
)
