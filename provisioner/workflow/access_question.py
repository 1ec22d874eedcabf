"""The query of `azsec access`: its principal, resource and action, checked before it is answered.

"Nobody" is an answer about a principal that exists. A misspelled address, action or subscription is
an error instead, and so is an identity whose object id was not read.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from provisioner.access.actions import Actions
from provisioner.access.effective import Access
from provisioner.access.grants import Principal
from provisioner.access.principals import principals_of
from provisioner.blueprint.graph import DesiredGraph
from provisioner.catalog.registry import Catalog
from provisioner.documents.access import AccessState
from provisioner.model.actual import ActualState, Unreadable
from provisioner.model.diagnostic import (
    Diagnostic,
    DiagnosticError,
    Severity,
    error,
    nearest,
    warning,
)
from provisioner.model.estate import Estate, Resource
from provisioner.model.guid import is_guid
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.workflow.plan import Desired


@dataclass(frozen=True, slots=True)
class Question:
    """The query: a principal, an action and a resource, None for all of each.

    A principal is an object id or an address; a resource is an address or an id. The action is one
    of the control plane or a data action. `eligible` also reads assignments that can be activated.
    """

    state: AccessState
    principal: str | None = None
    action: str | None = None
    resource: str | None = None
    data: bool = False
    eligible: bool = False


def check_action(question: Question, catalog: Catalog) -> tuple[Diagnostic, ...]:
    """Return warnings about the queried action.

    Raises:
        DiagnosticError: Where no such action exists, and where it is one of the other plane
            (control or data).
    """
    if question.action is None:
        return ()
    found = Actions(catalog).check(question.action, data=question.data)
    if found is None:
        return ()
    if found.severity is Severity.ERROR:
        raise DiagnosticError(found)
    return (found,)


def find_target(question: Question, estate: Estate, desired: Desired) -> ResourceId | None:
    """Return the queried resource, None for all resources.

    Raises:
        DiagnosticError: Where the text is neither an address of the environment nor a resource id,
            and where the id is in a subscription that is not the environment's.
    """
    if question.resource is None:
        return None
    found = _find_resource(question.resource, estate, desired.graph)
    if found is not None:
        return found.id
    named = parse_resource_id(question.resource)
    if named is None:
        raise DiagnosticError(
            error(
                "unknown-address",
                f"{question.resource!r} is neither an address of the environment nor a resource "
                "id.",
                None,
                nearest(question.resource, _all_addresses(estate, desired.graph)),
            )
        )
    subscriptions = desired.environment.subscriptions
    if named.subscription is not None and named.subscription.lower() not in {
        guid.lower() for guid in subscriptions.values()
    }:
        listed = ", ".join(f"{guid} ({alias})" for alias, guid in subscriptions.items())
        raise DiagnosticError(
            error(
                "unknown-subscription",
                f"{question.resource} is in the subscription {named.subscription}, which is not of "
                "the environment: its role assignments are not read.",
                None,
                f"Expected an id in one of: {listed}.",
            )
        )
    return named


@dataclass(frozen=True, slots=True)
class PrincipalFilter:
    """The queried principals, by object id and address in lower case; None for all principals."""

    names: frozenset[str] | None = None

    def is_about(self, principal: Principal) -> bool:
        """Return whether the query covers a principal."""
        if self.names is None:
            return True
        return bool(self.names & {principal.id.lower(), (principal.address or "").lower()})


def find_principals(
    question: Question, access: Access, estate: Estate, desired: Desired, state: ActualState | None
) -> PrincipalFilter:
    """Return the queried principals: a resource stands for all principals that it signs in as.

    `state` is the actual state read from Azure, None for the desired state.

    Raises:
        DiagnosticError: Where the text is neither an object id nor the address of a resource that
            signs in, and where the object id of such a resource was not read.
    """
    stated = question.principal
    if stated is None:
        return PrincipalFilter()
    principals = PrincipalFilter(frozenset({stated.lower()}))
    if is_guid(stated):
        return principals
    resource = _find_resource(stated, estate, desired.graph)
    if resource is None:
        # A principal unknown before apply is named by the property that will hold its id.
        if any(principals.is_about(grant.principal) for grant in access.grants):
            return principals
        raise DiagnosticError(_unknown_principal(stated, estate, desired.graph))
    names = principals_of(resource, estate)
    # In the blueprint an identity is named by the property that will hold its object id; in Azure
    # the id is known, or was not read.
    if state is not None and not any(map(is_guid, names)):
        raise DiagnosticError(_principal_not_read(resource, desired.graph, state))
    if not names:
        raise DiagnosticError(_without_identity(resource))
    return PrincipalFilter(frozenset(name.lower() for name in names))


def warn_of_unnamed(
    question: Question, principals: PrincipalFilter, access: Access
) -> Iterator[Diagnostic]:
    """Yield a warning for an object id that is in no assignment: it may be misspelled."""
    if question.principal is None or not is_guid(question.principal):
        return
    denied = (other for denial in access.denials for other in denial.principals)
    if any(map(principals.is_about, (*(grant.principal for grant in access.grants), *denied))):
        return
    yield warning(
        "principal-not-named",
        f"no role assignment that was looked at names {question.principal}.",
        None,
        "Members of a group have its permissions: use the object id of the group.",
    )


def _find_resource(text: str, estate: Estate, graph: DesiredGraph) -> Resource | None:
    """Return the resource at an address (case ignored), as the state has it, or as declared."""
    folded = text.lower()
    for found in estate:
        if (found.address or "").lower() == folded:
            return found
    for address, stated in graph.resources.items():
        if address.lower() == folded:
            return Resource(stated.id, stated.type.name, stated.body, address, stated.span)
    return None


def _all_addresses(estate: Estate, graph: DesiredGraph) -> list[str]:
    return [*graph.resources, *(each.address for each in estate if each.address)]


def _unknown_principal(stated: str, estate: Estate, graph: DesiredGraph) -> Diagnostic:
    declared = (Resource(r.id, r.type.name, r.body, r.address) for r in graph)
    signing_in = {
        found.address for found in (*declared, *estate)
        if found.address and principals_of(found, estate)
    }  # fmt: skip
    return error(
        "unknown-principal",
        f"{stated!r} is neither an object id nor the address of an identity.",
        None,
        nearest(stated, sorted(signing_in)),
    )


def _principal_not_read(resource: Resource, graph: DesiredGraph, state: ActualState) -> Diagnostic:
    """Return the error for a resource of the actual state without an object id.

    The reasons are: its read was refused, it does not exist, or it is of a type without an
    identity.
    """
    seen = state.get(resource.id)
    label = resource.label
    if isinstance(seen, Unreadable):
        return error(
            "principal-not-read",
            f"the object id of {label} could not be read: {seen.reason}",
            None,
            "Grant the role of `azsec roles ENV --for access`, or use the object id.",
        )
    stated = graph.by_id.get(resource.id.key)
    if resource.id.key not in state.found and stated is not None:
        return error(
            "principal-not-read",
            f"{label} does not exist in Azure, and has no principal.",
            None,
            "`azsec apply` makes it; without --of actual, the question is about the blueprint.",
        )
    return _without_identity(resource)


def _without_identity(resource: Resource) -> Diagnostic:
    return error(
        "unknown-principal",
        f"{resource.label} ({resource.type}) has no identity: it has no principal.",
        None,
        "Expected an object id, or the address of an identity or of a resource that has one.",
    )
