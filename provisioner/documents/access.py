"""Access: who can do what in an environment, and by which role assignment."""

from enum import StrEnum
from typing import Literal

from provisioner.documents.document import (
    FORMAT_VERSION,
    DiagnosticDocument,
    Document,
    EnvironmentDocument,
)


class AccessState(StrEnum):
    """The state whose assignments are read: `desired` or `actual`.

    Desired are those that the blueprint declares, actual all that were read in Azure.
    """

    DESIRED = "desired"
    ACTUAL = "actual"


class PrincipalDocument(Document):
    """A principal: its object id, its type, and the resource that signs in as it.

    The id is one of the directory, or an expression that is not known before apply. The address is
    that of the blueprint's resource, where it has one.
    """

    id: str
    type: str | None = None
    address: str | None = None


class AssignedRoleDocument(Document):
    """The role of an assignment: the GUID of its definition, and its name.

    `known` is whether its permissions were known.
    """

    id: str
    name: str
    known: bool


class ConditionDocument(Document):
    """The condition of an assignment, and its effect.

    That is `narrows`, `allows all`, or `not understood` (`problem` says why; it counts as
    granting).
    """

    text: str
    effect: str
    problem: str | None = None


class GrantDocument(Document):
    """One path to access: who, by which assignment of which role, at which scope.

    `capability` is the worst that it allows, in plain words. `scope` is an id, `/` for the
    tenant's root. `inherited` says that it comes from above the subscriptions. `declared` says
    whether the blueprint has the assignment; `assignment` is its id. `eligible` assignments hold
    once they are activated. `byAssigning` says that what was asked for is to be had by assigning
    roles, and not by the role itself.
    """

    principal: PrincipalDocument
    role: AssignedRoleDocument
    scope: str
    scope_name: str
    inherited: bool
    capability: str
    assignment: str
    declared: bool
    eligible: bool = False
    by_assigning: bool = False
    condition: ConditionDocument | None = None


class DeniedActionsDocument(Document):
    """One entry of a deny assignment: actions and data actions that it denies, with exceptions."""

    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()
    not_data_actions: tuple[str, ...] = ()


class DenialDocument(Document):
    """A deny assignment: what it denies at its scope, to whom, and whom it excludes.

    `scope` is an id, `/` for the tenant's root. `forChildren` is false where it applies at its
    scope alone, and `conditional` is true where a condition narrows it.
    """

    id: str
    name: str
    scope: str
    scope_name: str
    for_children: bool = True
    conditional: bool = False
    permissions: tuple[DeniedActionsDocument, ...]
    principals: tuple[PrincipalDocument, ...]
    excluded: tuple[PrincipalDocument, ...]


class AccessQuestionDocument(Document):
    """The query: about which principal, action (`data` for a data action) and resource."""

    who: str | None = None
    can: str | None = None
    data: bool = False
    on: str | None = None
    eligible: bool = False


class UnreadAccessDocument(Document):
    """A read that Azure refused: the path, the type that it would have returned, and the reason."""

    path: str
    type: str
    reason: str


class AccessDocument(Document):
    """Who can do what, the worst first, of all `assignments` that were read in the subscriptions.

    It states nothing about what is `unreadable`; `isPartial` is true where role assignments,
    definitions or deny assignments are among that.
    """

    kind: Literal["azsec/access"] = "azsec/access"
    format_version: str = FORMAT_VERSION
    environment: EnvironmentDocument
    state: AccessState
    question: AccessQuestionDocument
    grants: tuple[GrantDocument, ...]
    denials: tuple[DenialDocument, ...] = ()
    assignments: int
    unreadable: tuple[UnreadAccessDocument, ...] = ()
    is_partial: bool = False
    diagnostics: tuple[DiagnosticDocument, ...] = ()
