"""Deny assignments, which block actions whatever role assignments grant.

Azure creates them for deployment stacks, managed applications and locked node resource groups; its
API also accepts those of a user since 2024-07-01-preview. Only Azure sets `isSystemProtected`, so
such a deny assignment is never reported as somebody's addition.

Facts: "Understand Azure deny assignments", and the REST reference of the type.
"""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.error_codes import RefusalCodes
from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.list_options import ListCondition, ListOptions
from provisioner.catalog.resource_type import (
    DeleteFlow,
    NameRule,
    ResourceType,
    Scope,
    SdkModel,
    WriteFlow,
)
from provisioner.model.values import lookup


def _is_system_protected(body: Mapping[str, object]) -> bool:
    """Return whether Azure itself created it: no other caller can set `isSystemProtected`."""
    return lookup(body, ("properties", "isSystemProtected")) is True


TYPE = ResourceType(
    name="Microsoft.Authorization/denyAssignments",
    api_version=api_versions.AUTHORIZATION,
    sdk=SdkModel("azure.mgmt.authorization.v2022_04_01", "DenyAssignment"),
    rule=NameRule(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", "a GUID"),
    scope=Scope.EXTENSION,
    # "List Azure deny assignments", REST API.
    list_options=ListOptions(
        equals={
            "denyAssignmentName": "properties.denyAssignmentName",
            "principalId": "properties.principals[].id",
        },
        conditions=(ListCondition.AT_SCOPE, ListCondition.ASSIGNED_TO),
        code="UnsupportedQuery",
        refusal="The filter '{filter}' is not supported.",
    ),
    taggable=False,
    write=WriteFlow.SYNC,
    delete=DeleteFlow.SYNC,
    seconds=1,
    loss=Disruption.NONE,
    codes=RefusalCodes(not_found="DenyAssignmentNotFound"),
    # Azure creates those of managed applications and locked node resource groups; since 2024
    # deployment stacks and users create others.
    adds="denies actions on it",
    adds_by=("properties.denyAssignmentName", "properties.principals"),
    by_service=_is_system_protected,
    fields={
        "properties.denyAssignmentName": Field(),
        "properties.description": Field(default=None),
        "properties.doNotApplyToChildScopes": Field(default=False, security=True),
        "properties.isSystemProtected": Field(default=False),
        "properties.scope": Field(compare=Compare.RESOURCE_ID, create_only=True, security=True),
        "properties.condition": Field(default=None, security=True),
        "properties.conditionVersion": Field(default=None),
        "properties.permissions": Field(compare=Compare.ORDERED, security=True),
        "properties.permissions[].actions": Field(default=(), compare=Compare.SET, security=True),
        "properties.permissions[].notActions": Field(
            default=(), compare=Compare.SET, security=True
        ),
        "properties.permissions[].dataActions": Field(
            default=(), compare=Compare.SET, security=True
        ),
        "properties.permissions[].notDataActions": Field(
            default=(), compare=Compare.SET, security=True
        ),
        "properties.principals": Field(keys=("id",), security=True),
        "properties.principals[].id": Field(compare=Compare.CASELESS),
        "properties.excludePrincipals": Field(default=(), keys=("id",), security=True),
        "properties.excludePrincipals[].id": Field(compare=Compare.CASELESS),
    },
)
