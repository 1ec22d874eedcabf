"""Role definitions that assignments refer to: whether they exist.

Azure refuses an assignment of a role that does not (RoleDefinitionDoesNotExist, guidelines.md
§3.5). Looked up are only roles that neither azsec's list of built-in roles, nor the plan, nor the
actual state has. That list ages, so that a role which it lacks is looked up and not refused.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from provisioner.catalog.built_in_roles import ROLE_DEFINITION_TYPE, get_built_in_role
from provisioner.catalog.endpoints import ROLE_DEFINITIONS
from provisioner.model.diagnostic import Diagnostic, error
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import lookup
from provisioner.preflight.azure_queries import AzureQuery, Replies, ask_subscription
from provisioner.preflight.check import Check
from provisioner.preflight.planned_changes import PlannedChanges, Write

_ASSIGNED = ("properties", "roleDefinitionId")
_ALL = (("$filter", "atScopeAndBelow()"),)
"""Without it a subscription lists the roles that are assignable at it and above (REST reference,
"Role Definitions - List"), and a custom role of one of its groups would be taken for none."""


@dataclass(frozen=True, slots=True)
class _AssignedRole:
    write: Write
    role: ResourceId

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """The subscriptions to look in: of the assignment, and of the role's id."""
        named = (self.write.id.subscription, self.role.subscription)
        return tuple(dict.fromkeys(text.lower() for text in named if text is not None))


def _queries_for(intent: PlannedChanges) -> Iterator[AzureQuery]:
    return (
        _roles_query(text) for wanted in _unknown_roles(intent) for text in wanted.subscriptions
    )


def _diagnostics_for(intent: PlannedChanges, replies: Replies) -> Iterator[Diagnostic]:
    for wanted in _unknown_roles(intent):
        answers = [replies[_roles_query(text)] for text in wanted.subscriptions]
        if not answers or any(a.refused is not None or a.is_partial for a in answers):
            continue
        names = {str(item.get("name")).lower() for answer in answers for item in answer.items}
        if wanted.role.name.lower() not in names:
            yield error(
                "role-missing",
                f"{wanted.write.address}: there is no role {wanted.role.name} (Azure answers 400 "
                "RoleDefinitionDoesNotExist).",
                wanted.write.span,
                "Assign a role that exists: az role definition list -o table.",
            )


CHECK = Check("which roles exist", _queries_for, _diagnostics_for)


def _roles_query(subscription: str) -> AzureQuery:
    return ask_subscription(ROLE_DEFINITIONS, subscription, is_list=True, query=_ALL)


def _unknown_roles(intent: PlannedChanges) -> Iterator[_AssignedRole]:
    made = {w.id.name.lower() for w in intent.writes if w.type.name == ROLE_DEFINITION_TYPE}
    read = {
        hit.id.name.lower()
        for hit in intent.found.values()
        if hit.id.type.lower() == ROLE_DEFINITION_TYPE.lower()
    }
    for write in intent.writes:
        role = parse_resource_id(lookup(write.body, _ASSIGNED))
        if role is None or role.type.lower() != ROLE_DEFINITION_TYPE.lower():
            continue
        name = role.name.lower()
        if get_built_in_role(name) is None and name not in made | read:
            yield _AssignedRole(write, role)
