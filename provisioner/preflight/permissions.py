"""Permissions that the caller lacks for the steps of the plan.

Source: Authorization "Permissions - List For Resource Group"; "Understand Azure role definitions"
(an action is granted by a role whose `actions` hold it, with wildcards, and whose `notActions` do
not; roles add up). Deny assignments and conditions are not in that answer, nor are roles on a
resource itself: what such a role may grant is a warning and no error.
"""

from collections.abc import Iterator, Sequence

from provisioner.catalog.endpoints import PERMISSIONS
from provisioner.catalog.permissions import is_polled
from provisioner.model.diagnostic import Diagnostic, Severity
from provisioner.model.permissions import grants, parse_permissions
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body
from provisioner.preflight.azure_queries import AzureQuery, Replies, ask_scope, scope_of
from provisioner.preflight.check import Check
from provisioner.preflight.planned_changes import Permission, PlannedChanges

_SHOWN = 8


def _queries_for(intent: PlannedChanges) -> Iterator[AzureQuery]:
    scopes = {scope.key: scope for _, scope in _needed_permissions(intent)}
    return (_permissions_query(scopes[key]) for key in sorted(scopes))


def _diagnostics_for(intent: PlannedChanges, replies: Replies) -> Iterator[Diagnostic]:
    lacking: dict[tuple[str, bool], tuple[ResourceId, set[str]]] = {}
    for wanted, scope in _needed_permissions(intent):
        reply = replies[_permissions_query(scope)]
        if reply.refused is None and not _is_allowed(wanted.action, reply.items):
            # A role on the resource itself is not in the answer of its group.
            stands = wanted.scope.key in intent.found and not wanted.scope.is_container
            maybe = stands or is_polled(wanted.action)
            entry = lacking.setdefault((scope.key, maybe), (scope, set()))
            entry[1].add(wanted.action)
    for (_, maybe), (scope, actions) in sorted(lacking.items()):
        yield _missing_permission(scope, sorted(actions), intent, maybe=maybe)


CHECK = Check("what the caller may do", _queries_for, _diagnostics_for)


def _needed_permissions(intent: PlannedChanges) -> Iterator[tuple[Permission, ResourceId]]:
    for wanted in intent.permissions:
        scope = scope_of(wanted.scope, intent.groups)
        if scope is not None:
            yield wanted, scope


def _permissions_query(scope: ResourceId) -> AzureQuery:
    return ask_scope(PERMISSIONS, scope, is_list=True)


def _is_allowed(action: str, roles: Sequence[Body]) -> bool:
    """Return whether roles grant an action.

    An answer that cannot be parsed grants nothing: a false warning is better than a false pass.
    """
    try:
        return grants(parse_permissions(roles), action)
    except ValueError:
        return False


def _missing_permission(
    scope: ResourceId, actions: list[str], intent: PlannedChanges, *, maybe: bool
) -> Diagnostic:
    shown = ", ".join(actions[:_SHOWN])
    more = f" and {len(actions) - _SHOWN} more" if len(actions) > _SHOWN else ""
    # Who plans need not be who applies: the plan of a reader is as good as any.
    severity = Severity.ERROR if intent.applies and not maybe else Severity.WARNING
    who = "this caller"
    apart = (
        "; Azure may let it: a role on the resources themselves does not show here" if maybe else ""
    )
    return Diagnostic(
        severity,
        "permission-missing",
        f"{who} may not do in {scope.text} what the plan takes: {shown}{more}{apart}.",
        None,
        "`azsec roles ENV --for apply` (or `--for delete`) writes the roles that it takes.",
    )
