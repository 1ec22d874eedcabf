"""Custom roles and role assignments."""

import re
from collections.abc import Iterator

from provisioner.catalog.built_in_roles import ROLE_DEFINITION_TYPE
from provisioner.service_rules.conditions import at_most_characters, is_at
from provisioner.service_rules.partial_bodies import entries_at, is_silent, text_at, texts_at
from provisioner.service_rules.rule import Refusal, ServiceRule, Write

_ASSIGNMENT = "Microsoft.Authorization/roleAssignments"
_NAME, _SCOPES = "properties.roleName", "properties.assignableScopes"
_PRINCIPAL = "properties.principalId"
_GUID = re.compile(r"[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")
_ACTION = re.compile(r"\*|[^/\s]+(/[^/\s]+)+")
_CONDITION = "properties.condition"
_LONGEST_NAME, _LONGEST_DESCRIPTION = 512, 2048
_LISTS = ("actions", "notActions", "dataActions", "notDataActions")
_PAGE = "learn.microsoft.com/azure/role-based-access-control/custom-roles"
_TROUBLE = "learn.microsoft.com/azure/role-based-access-control/troubleshooting"


def _judge_name(write: Write) -> Iterator[Refusal]:
    """Yield a role name that another custom role has: it is unique in the tenant."""
    name = text_at(write.after, _NAME)
    if name is None:
        return
    for other in write.neighbours.of_type(ROLE_DEFINITION_TYPE):
        # A role is listed below each of its scopes, with the same GUID.
        is_other = other.id.name.lower() != write.id.name.lower()
        if is_other and (text_at(other.body, _NAME) or "").lower() == name.lower():
            yield Refusal(
                _NAME,
                f"another custom role ({other.label}) has the name {name!r}, which is unique in "
                "the tenant",
                "Choose another name.",
            )
            return


def _judge_actions(write: Write) -> Iterator[Refusal]:
    for at, entry in entries_at(write.after, "properties.permissions"):
        for where, action in texts_at(entry, *_LISTS):
            if not _ACTION.fullmatch(action):
                yield Refusal(
                    f"{at}.{where}",
                    f"{action!r} is not an action: expected PROVIDER/TYPE/VERB, or *",
                )


def _judge_no_scope(write: Write) -> Iterator[Refusal]:
    if is_silent(write.after, _SCOPES):
        yield Refusal(_SCOPES, "a custom role names at least one scope in which it can be assigned")


def _judge_groups(write: Write) -> Iterator[Refusal]:
    kind = "/providers/microsoft.management/managementgroups/"
    groups = [at for at, text in texts_at(write.after, _SCOPES) if text.lower().startswith(kind)]
    if len(groups) > 1:
        yield Refusal(groups[1], "a custom role has at most one management group to be assigned in")


def _judge_root(write: Write) -> Iterator[Refusal]:
    for at, text in texts_at(write.after, _SCOPES):
        if text == "/":
            yield Refusal(at, "only built-in roles are assignable at the root scope /")


def _judge_principal(write: Write) -> Iterator[Refusal]:
    principal = text_at(write.after, _PRINCIPAL)
    if principal is not None and not _GUID.fullmatch(principal):
        yield Refusal(_PRINCIPAL, f"principalId is {principal!r}: expected a GUID")


def _judge_condition(write: Write) -> Iterator[Refusal]:
    version = text_at(write.after, "properties.conditionVersion")
    condition = text_at(write.after, _CONDITION)
    if condition is not None and version is not None and version != "2.0":
        yield Refusal(
            "properties.conditionVersion", f"conditionVersion is {version!r}: expected '2.0'"
        )


def _judge_kind(write: Write) -> Iterator[Refusal]:
    if is_at(write.after, "properties.type", "BuiltInRole"):
        yield Refusal("properties.type", "only Azure makes built-in roles: expected CustomRole")


RULES = (
    ServiceRule(
        id="role-name",
        type=ROLE_DEFINITION_TYPE,
        status=409,
        code="RoleDefinitionWithSameNameExists",
        source=f"{_TROUBLE}; Azure SDK for .NET, AuthorizationTests (409)",
        judge=_judge_name,
    ),
    ServiceRule(
        id="role-action",
        type=ROLE_DEFINITION_TYPE,
        code="InvalidActionOrNotAction",
        source=_TROUBLE,
        judge=_judge_actions,
    ),
    ServiceRule(
        id="role-name-length",
        type=ROLE_DEFINITION_TYPE,
        code=None,
        source=f"{_PAGE} (custom role properties)",
        judge=at_most_characters(_NAME, _LONGEST_NAME),
    ),
    ServiceRule(
        id="role-description-length",
        type=ROLE_DEFINITION_TYPE,
        code=None,
        source=f"{_PAGE} (custom role properties)",
        judge=at_most_characters("properties.description", _LONGEST_DESCRIPTION),
    ),
    ServiceRule(
        id="role-without-scope",
        type=ROLE_DEFINITION_TYPE,
        code=None,
        source=f"{_PAGE} (custom role properties): AssignableScopes is required",
        judge=_judge_no_scope,
    ),
    ServiceRule(
        id="role-management-groups",
        type=ROLE_DEFINITION_TYPE,
        code=None,
        source=f"{_PAGE} (limits)",
        judge=_judge_groups,
    ),
    ServiceRule(
        id="role-root",
        type=ROLE_DEFINITION_TYPE,
        code=None,
        source=f"{_PAGE} (limits)",
        judge=_judge_root,
    ),
    ServiceRule(
        id="role-kind",
        type=ROLE_DEFINITION_TYPE,
        code=None,
        source=f"{_PAGE}",
        judge=_judge_kind,
    ),
    ServiceRule(
        id="assignment-principal",
        type=_ASSIGNMENT,
        code="InvalidPrincipalId",
        source="recorded: aso/Test_ConfigMapUpdated_TriggersReconcile.yaml",
        judge=_judge_principal,
    ),
    ServiceRule(
        id="assignment-condition-version",
        type=_ASSIGNMENT,
        code=None,
        source="Azure RBAC, conditions-format",
        judge=_judge_condition,
    ),
)
