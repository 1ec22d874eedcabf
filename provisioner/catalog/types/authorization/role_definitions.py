"""Azure role definitions: custom roles, and the built-in ones by GUID.

The GUID is unique in the tenant, so an assignment may name the definition at any scope
(`named_alone`). Lists are filtered to `type eq 'CustomRole'`: built-in roles are never drift. Azure
refuses to delete one that is assigned (RoleDefinitionHasAssignments).

Facts: guidelines.md §2.5 and MAN-01, and the recorded pairs of the type.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache

from provisioner.catalog import api_versions
from provisioner.catalog.built_in_roles import (
    ROLE_DEFINITION_TYPE,
    get_built_in_role,
    list_built_in_roles,
)
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
from provisioner.model.permissions import Permission
from provisioner.model.values import Body, Json


class _BuiltIn(Mapping[str, Body]):
    """The definitions of the built-in roles by GUID, each made when it is looked up.

    There are about a thousand, and a command needs a handful.
    """

    def __getitem__(self, guid: str) -> Body:
        return _built_in_body(guid)

    def __iter__(self) -> Iterator[str]:
        return iter(list_built_in_roles())

    def __len__(self) -> int:
        return len(list_built_in_roles())


@lru_cache(maxsize=2048)
def _built_in_body(guid: str) -> Body:
    role = get_built_in_role(guid)
    if role is None:
        raise KeyError(guid)
    return {
        "properties": {
            "roleName": role.name,
            "type": "BuiltInRole",
            "description": "",
            "assignableScopes": ["/"],
            "permissions": [_permission_body(permission) for permission in role.permissions],
        }
    }


def _permission_body(permission: Permission) -> dict[str, Json]:
    lists: dict[str, Json] = {
        "actions": list(permission.actions),
        "notActions": list(permission.not_actions),
        "dataActions": list(permission.data_actions),
        "notDataActions": list(permission.not_data_actions),
    }
    condition = permission.condition
    narrowed: dict[str, Json] = {"condition": condition, "conditionVersion": "2.0"}
    return {**lists, **narrowed} if condition is not None else lists


TYPE = ResourceType(
    name=ROLE_DEFINITION_TYPE,
    api_version=api_versions.AUTHORIZATION,
    sdk=SdkModel("azure.mgmt.authorization.v2022_04_01", "RoleDefinition"),
    rule=NameRule(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", "a GUID"),
    scope=Scope.EXTENSION,
    # "List Azure role definitions", REST API; the refusal is inferred from role assignments.
    list_options=ListOptions(
        equals={"roleName": "properties.roleName", "type": "properties.type"},
        conditions=(ListCondition.AT_SCOPE_AND_BELOW,),
        code="UnsupportedQuery",
        refusal="The filter '{filter}' is not supported. Supported filters are "
        "'atScopeAndBelow()', 'roleName eq '{{value}}'' and 'type eq '{{value}}''.",
    ),
    # The built-in roles are never drift.
    list_query={"$filter": "type eq 'CustomRole'"},
    taggable=False,
    # "Azure custom roles", "Delete a custom role": RoleDefinitionHasAssignments.
    in_use="RoleDefinitionHasAssignments",
    # The GUID is unique in the tenant: an assignment may name the definition at any scope.
    named_alone=True,
    # Azure refuses an assignment outside of the assignable scopes.
    confines="properties.assignableScopes",
    write=WriteFlow.SYNC,
    delete=DeleteFlow.SYNC,
    seconds=1,
    loss=Disruption.NONE,
    codes=RefusalCodes(not_found="RoleDefinitionDoesNotExist"),
    built_in=_BuiltIn(),
    adds_by=("properties.roleName",),
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
