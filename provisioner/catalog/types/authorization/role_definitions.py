"""Role definitions. Facts: guidelines.md §2.5 and MAN-01, and the recorded pairs of the type."""

from provisioner.catalog import api_versions
from provisioner.catalog.built_in_roles import BUILT_IN_ROLES, ROLE_DEFINITION_TYPE
from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.refusals import RefusalCodes
from provisioner.catalog.resource_type import (
    DeleteFlow,
    NameRule,
    ResourceType,
    Scope,
    SdkModel,
    WriteFlow,
)

TYPE = ResourceType(
    name=ROLE_DEFINITION_TYPE,
    api_version=api_versions.AUTHORIZATION,
    sdk=SdkModel("azure.mgmt.authorization.v2022_04_01", "RoleDefinition"),
    rule=NameRule(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", "a GUID"),
    scope=Scope.EXTENSION,
    # The hundreds of built-in roles are nobody's drift.
    list_query={"$filter": "type eq 'CustomRole'"},
    taggable=False,
    # "Azure custom roles", "Delete a custom role": RoleDefinitionHasAssignments.
    in_use="RoleDefinitionHasAssignments",
    # The GUID is the tenant's: the id in an assignment may name any scope.
    named_alone=True,
    confines="properties.assignableScopes",
    write=WriteFlow.SYNC,
    delete=DeleteFlow.SYNC,
    seconds=1,
    loss=Disruption.NONE,
    codes=RefusalCodes(not_found="RoleDefinitionDoesNotExist"),
    built_in={
        guid: {"properties": {"roleName": name, "type": "BuiltInRole"}}
        for name, guid in BUILT_IN_ROLES.items()
    },
    harmless="it grants nothing until it is assigned, and the assignment is an addition",
    fields={
        "properties.type": Field(default="CustomRole", compare=Compare.CASELESS),
        "properties.description": Field(default=None),
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
        "properties.assignableScopes": Field(compare=Compare.SET, security=True),
    },
)
