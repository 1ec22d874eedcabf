"""`azsec access`: who can do what in an environment, and by which path of grants.

Called by `cli` and, for a report, by `workflow.report`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from provisioner.access.capabilities import ORDER, worst_capability
from provisioner.access.effective import (
    Access,
    definition_reads,
    read_access,
    unknown_roles,
)
from provisioner.access.grants import Denial, Effect, Eligibility, Grant, Principal
from provisioner.catalog.built_in_roles import ROLE_DEFINITION_TYPE
from provisioner.catalog.endpoints import ELIGIBLE_ROLES
from provisioner.catalog.permissions import DENY_ASSIGNMENT, ROLE_ASSIGNMENT
from provisioner.catalog.registry import Catalog
from provisioner.documents.access import (
    AccessDocument,
    AccessQuestionDocument,
    AccessState,
    AssignedRoleDocument,
    ConditionDocument,
    DenialDocument,
    DeniedActionsDocument,
    GrantDocument,
    PrincipalDocument,
    UnreadAccessDocument,
)
from provisioner.engine.ports import Reader
from provisioner.model.actual import ActualState
from provisioner.model.diagnostic import Diagnostic, warning
from provisioner.model.estate import Estate, Resource
from provisioner.model.permissions import is_management_group
from provisioner.model.resource_id import ResourceId, parse_resource_id, subscription_id
from provisioner.plan.assembly import documents_of
from provisioner.plan.estates import actual_estate, desired_estate
from provisioner.plan.reads import Answer, Read
from provisioner.workflow.access_question import (
    Question,
    check_action,
    find_principals,
    find_target,
    warn_of_unnamed,
)
from provisioner.workflow.environment_reader import read_environment
from provisioner.workflow.plan import Desired

_ACCESS_TYPES = (ROLE_ASSIGNMENT, ROLE_DEFINITION_TYPE, DENY_ASSIGNMENT)


def explain_access(
    desired: Desired, catalog: Catalog, connect: Callable[[], Reader], question: Question
) -> AccessDocument:
    """Return who can do what in a state of an environment.

    `connect` returns the reader of Azure, and is called only for the actual state. Raises
    DiagnosticError for a query that cannot have an answer (see `access_question`), and AzureError
    where nothing can be read.
    """
    diagnostics = check_action(question, catalog)
    if question.state is AccessState.DESIRED:
        read = _ReadAccess(desired_estate(desired.graph, catalog))
    else:
        read = _read_actual(desired, catalog, connect(), question)
    access = read_access(read.estate, catalog, read.eligible)
    target = find_target(question, read.estate, desired)
    principals = find_principals(question, access, read.estate, desired, read.state)
    chosen = [
        grant
        for grant in (access.grants if target is None else access.reaching(target))
        if principals.is_about(grant.principal)
        and (question.action is None or _may_allow(access, grant, question, target))
    ]
    rows = [_grant_document(access, grant, question, target, desired) for grant in chosen]
    return AccessDocument(
        environment=desired.document,
        state=question.state,
        question=AccessQuestionDocument(
            who=question.principal,
            can=question.action,
            data=question.data,
            on=question.resource,
            eligible=question.eligible,
        ),
        grants=tuple(sorted(rows, key=_severity_and_scope)),
        denials=tuple(
            _denial_document(denial, desired)
            for denial in access.denials
            if target is None or denial.reaches(target)
        ),
        assignments=len(access.grants),
        unreadable=read.unreadable,
        is_partial=read.is_partial,
        diagnostics=documents_of(
            [
                *diagnostics,
                *warn_of_unnamed(question, principals, access),
                *_warn_of_unknown_grants(chosen),
                *_warn_not_judged(read.estate),
            ]
        ),
    )


def _warn_not_judged(estate: Estate) -> list[Diagnostic]:
    """Return what may grant access and is of a type without facts.

    That is what the Authorization provider declares, and role assignments of a service's own data
    plane (`sqlRoleAssignments` of Cosmos DB).
    """
    return [
        warning(
            "access-not-judged",
            f"{each.label} may give access and is not judged: azsec has no facts of {each.type}.",
            each.span,
        )
        for each in estate
        if not each.has_facts and _may_give_access(each.type)
    ]


def _may_give_access(type_name: str) -> bool:
    namespace, _, kinds = type_name.lower().partition("/")
    return namespace == "microsoft.authorization" or any(
        word in kinds for word in ("roleassignment", "roledefinition", "accesspolic")
    )


@dataclass(frozen=True, slots=True)
class _ReadAccess:
    estate: Estate
    state: ActualState | None = None
    eligible: tuple[Resource, ...] = ()
    unreadable: tuple[UnreadAccessDocument, ...] = ()
    is_partial: bool = False


def _read_actual(
    desired: Desired, catalog: Catalog, reader: Reader, question: Question
) -> _ReadAccess:
    environment, graph = desired.environment, desired.graph
    subscriptions = list(environment.subscriptions.values())
    reading = read_environment(graph, catalog, environment.marks, subscriptions, reader)
    estate = actual_estate(reading.state, graph, catalog)
    refused = [answer for answer in reading.refused if answer.read.type in _ACCESS_TYPES]
    # No list at a scope of the environment has built-in roles that are newer than the record of
    # them, or custom roles whose assignable scopes are elsewhere.
    definitions = reader.read(definition_reads(read_access(estate, catalog).grants, catalog))
    eligible = reader.read(_eligible_reads(subscriptions)) if question.eligible else ()
    refused += [answer for answer in definitions if answer.refused is not None]
    not_eligible = [answer for answer in eligible if answer.refused is not None]
    return _ReadAccess(
        Estate.of([*estate, *_unique_resources(definitions)]),
        reading.state,
        tuple(_unique_resources(eligible)),
        tuple(_refusal_document(answer) for answer in (*refused, *not_eligible)),
        # Eligibility schedules need a licence that many directories lack: not a failure.
        is_partial=bool(refused),
    )


def _refusal_document(answer: Answer) -> UnreadAccessDocument:
    assert answer.refused is not None
    reason = f"{answer.refused.code}: {answer.refused.message}"
    return UnreadAccessDocument(path=answer.read.path, type=answer.read.type, reason=reason)


def _eligible_reads(subscriptions: Iterable[str]) -> tuple[Read, ...]:
    return tuple(
        Read(
            ELIGIBLE_ROLES.at(scope=subscription_id(guid).text),
            ELIGIBLE_ROLES.api_version,
            ELIGIBLE_ROLES.path.rpartition("/providers/")[2],
            True,
        )
        for guid in sorted(set(subscriptions))
    )


def _unique_resources(answers: Sequence[Answer]) -> list[Resource]:
    found = {}
    for answer in answers:
        for body in answer.items:
            named = parse_resource_id(body.get("id"))
            if named is not None:
                # An assignment above the subscriptions is in the list of each of them.
                found[named.key] = Resource(named, answer.read.type, body)
    return list(found.values())


def _may_allow(access: Access, grant: Grant, question: Question, target: ResourceId | None) -> bool:
    """Return whether a grant allows the queried action on the resource, or at its own scope.

    A grant whose role could not be read counts: it may allow the action.
    """
    assert question.action is not None
    if not grant.is_known:
        return True
    # A deny assignment takes precedence over every role assignment ("Understand Azure deny
    # assignments").
    place = target or grant.scope
    return grant.gives(question.action, data=question.data) and not (
        place is not None and access.is_denied(grant, question.action, place, data=question.data)
    )


def _grant_document(
    access: Access,
    grant: Grant,
    question: Question,
    target: ResourceId | None,
    desired: Desired,
) -> GrantDocument:
    action = question.action
    return GrantDocument(
        principal=_principal_document(grant.principal),
        role=AssignedRoleDocument(id=grant.role.id, name=grant.role.name, known=grant.is_known),
        scope=grant.scope.text if grant.scope is not None else "/",
        scope_name=_scope_name(grant.scope, desired),
        inherited=grant.scope is None or is_management_group(grant.scope),
        capability=worst_capability(access, grant, target or grant.scope),
        assignment=grant.assignment.id.text,
        declared=grant.assignment.id.key in desired.graph.by_id,
        eligible=grant.eligibility is Eligibility.ELIGIBLE,
        by_assigning=(
            action is not None and grant.is_known and not grant.allows(action, data=question.data)
        ),
        condition=_condition_document(grant),
    )


def _condition_document(grant: Grant) -> ConditionDocument | None:
    if grant.restriction is None:
        return None
    return ConditionDocument(
        text=grant.restriction.text, effect=grant.effect.value, problem=grant.restriction.problem
    )


def _scope_name(scope: ResourceId | None, desired: Desired) -> str:
    """Return the display name of a scope: its address, or what kind of scope it is."""
    if scope is None:
        return "the tenant's root"
    known = desired.graph.by_id.get(scope.key)
    if known is not None:
        return known.address
    holder = desired.graph.by_id.get(scope.parent.key) if scope.parent is not None else None
    if holder is not None:
        return f"{scope.type.rpartition('/')[2]} {scope.name} of {holder.address}"
    if is_management_group(scope):
        return f"management group {scope.name}"
    if scope.is_container and scope.resource_group is None:
        aliases = {guid.lower(): a for a, guid in desired.environment.subscriptions.items()}
        return f"subscription {aliases.get(scope.name.lower(), scope.name)}"
    return scope.text if not scope.is_container else f"resource group {scope.name}"


def _principal_document(principal: Principal) -> PrincipalDocument:
    return PrincipalDocument(id=principal.id, type=principal.type, address=principal.address)


def _denial_document(denial: Denial, desired: Desired) -> DenialDocument:
    return DenialDocument(
        id=denial.assignment.id.text,
        name=denial.name,
        scope=denial.scope.text if denial.scope is not None else "/",
        scope_name=_scope_name(denial.scope, desired),
        for_children=denial.is_for_children,
        conditional=denial.is_conditional,
        permissions=tuple(
            DeniedActionsDocument(
                actions=entry.actions,
                not_actions=entry.not_actions,
                data_actions=entry.data_actions,
                not_data_actions=entry.not_data_actions,
            )
            for entry in denial.permissions
        ),
        principals=tuple(map(_principal_document, denial.principals)),
        excluded=tuple(map(_principal_document, denial.excluded)),
    )


def _severity_and_scope(row: GrantDocument) -> tuple[int, str, str, str]:
    return ORDER.index(row.capability), row.scope, row.role.name, row.principal.id


def _warn_of_unknown_grants(grants: Sequence[Grant]) -> list[Diagnostic]:
    """Return a warning for conditions that were not parsed, and for roles that are not known."""
    warnings = [
        warning(
            "condition-not-understood",
            f"the condition of {grant.assignment.label} cannot be parsed "
            f"({grant.restriction.problem if grant.restriction else ''}): it counts as granting.",
            grant.assignment.span,
            'Write it as "Azure role assignment condition format and syntax" says.',
        )
        for grant in grants
        if grant.effect is Effect.NOT_UNDERSTOOD
    ]
    warnings += [
        warning(
            "role-not-known",
            f"what role {grant.role.name} allows ({grant.assignment.label}) is not known: it may "
            "be anything.",
            grant.assignment.span,
            "Look at the actual state, with the role of `azsec roles ENV --for plan`.",
        )
        for grant in unknown_roles(grants)
    ]
    return warnings
