"""`azsec drift`: changes in Azure that the blueprint does not have.

Called by `cli` and `workflow.report`.
"""

from collections.abc import Iterator
from dataclasses import replace

from provisioner.blueprint.environment import Environment
from provisioner.catalog.registry import Catalog
from provisioner.documents.drift import DriftDocument, DriftKind, ResourceDriftDocument
from provisioner.documents.plan import Action, FieldChangeDocument, FieldKind
from provisioner.engine.ports import Reader
from provisioner.model.actual import ActualState, Missing, Unreadable
from provisioner.model.diagnostic import Diagnostic, Severity, error, warning
from provisioner.plan.assembly import documents_of, field_document, shown_fields
from provisioner.plan.changes import ResourceChange
from provisioner.plan.estates import actual_estate, stated_estate
from provisioner.plan.provisioning_progress import failures_of
from provisioner.workflow.plan import Desired, plan_environment
from provisioner.workflow.security_evaluation import (
    compare_evaluations,
    evaluate_origin,
    evaluate_state,
)

_REVERSED = {
    FieldKind.ADDED: FieldKind.REMOVED,
    FieldKind.REMOVED: FieldKind.ADDED,
    FieldKind.CHANGED: FieldKind.CHANGED,
}


def check_drift(
    desired: Desired, catalog: Catalog, reader: Reader, *, strict_tags: bool = False
) -> DriftDocument:
    """Return the differences of Azure from an environment's blueprint.

    It is the plan reversed: what the plan would change back has drifted. With `strict_tags`, tags
    that the blueprint does not declare are drift too. Raises what `plan_environment` raises.
    """
    # Drift is a plan's comparison, so that both state the same; only the judgement is of another
    # pair of states.
    planned = plan_environment(desired, catalog, reader, assess=False)
    changes = planned.changes.resources
    state = planned.state
    drifted = [c for c in changes if c.action in _DRIFTED or _is_irreversible(c, state)]
    diagnostics = [
        *map(_raise_severity, planned.changes.diagnostics),
        *_not_comparable_and_orphans(changes, planned.state),
        *_unreadable_resources(changes, planned.state, desired.environment),
    ]
    graph, environment = desired.graph, desired.environment
    found = actual_estate(planned.state, graph, catalog)
    actual = evaluate_state(
        found, graph, environment, catalog, planned.state, planned.changes.accepted
    )
    origin = stated_estate(planned.changes, planned.state, graph, catalog)
    stated = evaluate_origin(actual, origin, graph, environment, catalog)
    return DriftDocument(
        environment=desired.document,
        in_sync=sum(change.action is Action.NO_OP for change in changes),
        drifted=tuple(_drift_document(change, state) for change in drifted),
        undeclared=planned.plan.document.undeclared,
        tags=planned.plan.document.tags,
        strict_tags=strict_tags,
        ignored=tuple(
            entry.model_copy(update={"field": _reverse_change(entry.field)})
            for entry in planned.plan.document.ignored
        ),
        additions=planned.plan.document.additions,
        accepted=planned.plan.document.accepted,
        unmanaged=planned.plan.document.unmanaged,
        in_progress=planned.plan.document.in_progress,
        proofs=actual.proof_documents,
        security=compare_evaluations(stated, actual).security,
        census=actual.complete(planned.census),
        diagnostics=documents_of(diagnostics),
    )


def _is_irreversible(change: ResourceChange, state: ActualState) -> bool:
    """Return whether a resource drifted in a way that no plan can revert."""
    blocked = change.action is Action.BLOCKED
    return blocked and (bool(change.fields) or _is_missing(change, state))


def _is_missing(change: ResourceChange, state: ActualState) -> bool:
    """Return whether Azure lacks a resource of the blueprint, also one that cannot be created."""
    blocked = change.action is Action.BLOCKED and change.desired is not None
    return change.action is Action.CREATE or (blocked and isinstance(state.get(change.id), Missing))


_UNCERTAIN_CODES = frozenset({"cannot-list", "not-looked-into", "acceptance-exceeded"})
"""The codes of what a plan only warns of and a drift check must not ignore."""


def _raise_severity(diagnostic: Diagnostic) -> Diagnostic:
    """Return a diagnostic of a plan with its severity in a drift check.

    Orphans and additions may be in a list that was refused: that is an error, so that they never
    count as absent. A plan only warns of it, since it can be applied all the same.
    """
    if diagnostic.code not in _UNCERTAIN_CODES:
        return diagnostic
    return replace(diagnostic, severity=Severity.ERROR)


_DRIFTED = (Action.CREATE, Action.UPDATE, Action.ADOPT, Action.REPLACE)


def _not_comparable_and_orphans(
    changes: tuple[ResourceChange, ...], state: ActualState
) -> list[Diagnostic]:
    """Return what is neither in sync nor drifted: resources not comparable, and orphans."""
    diagnostics: list[Diagnostic] = []
    for change in changes:
        if _is_irreversible(change, state):
            diagnostics.append(_not_reversible(change, missing=_is_missing(change, state)))
        elif change.action is Action.BLOCKED:
            # Unreadable resources are reported once for each refused read, and not once for each
            # resource.
            if not isinstance(state.get(change.id), Unreadable):
                diagnostics.append(error("not-comparable", f"{change.address}: {change.reason}."))
        elif change.action is Action.DELETE:
            diagnostics.append(
                warning(
                    "leftover",
                    f"{change.address} {change.reason}: {change.id}.",
                    None,
                    "`azsec apply` deletes it.",
                )
            )
    return diagnostics


def _not_reversible(change: ResourceChange, *, missing: bool) -> Diagnostic:
    if missing:
        message = f"{change.address} is missing, and cannot be created: {change.reason}."
        return warning("not-reversible", message, None, "`azsec plan` shows what prevents it.")
    return warning(
        "not-reversible",
        f"{change.address} cannot be changed back: {change.reason}.",
        None,
        "Change the blueprint to what Azure has, or recreate the resource manually.",
    )


def _unreadable_resources(
    changes: tuple[ResourceChange, ...], state: ActualState, environment: Environment
) -> Iterator[Diagnostic]:
    """Yield an error for each refused read, with the resources of the blueprint that it hides.

    One refused list hides every resource of its type in a subscription.
    """
    hidden: dict[tuple[str, str, str], list[str]] = {}
    for change in changes:
        found = state.get(change.id)
        if change.action is Action.BLOCKED and isinstance(found, Unreadable):
            key = change.type.name, change.id.subscription or "", found.reason
            hidden.setdefault(key, []).append(change.address)
    aliases = {guid.lower(): alias for alias, guid in environment.subscriptions.items()}
    for (kind, guid, reason), addresses in hidden.items():
        place = f" in subscription {aliases.get(guid.lower(), guid)}" if guid else ""
        many = f"{kind}{place} ({len(addresses)} declared resources)"
        named = addresses[0] if len(addresses) == 1 else many
        hint = f"Grant the role of `azsec roles {environment.name} --for plan`."
        yield error(
            "not-comparable",
            f"{named} cannot be read: {reason}.",
            None,
            hint if reason.startswith(_REFUSED) else None,
        )


_REFUSED = "AuthorizationFailed"
"""The beginning of Azure's reason where the credential lacks a permission."""


def _drift_document(change: ResourceChange, state: ActualState) -> ResourceDriftDocument:
    missing = _is_missing(change, state)
    kind = DriftKind.UNMARKED if change.action is Action.ADOPT else DriftKind.CHANGED
    return ResourceDriftDocument(
        address=change.address,
        id=change.id.text,
        type=change.type.name,
        resource_group=change.id.resource_group,
        kind=DriftKind.MISSING if missing else kind,
        reason=", ".join(failures_of(change)) or None,
        fields=()
        if missing
        else tuple(_reverse_change(field_document(f)) for f in shown_fields(change)),
    )


def _reverse_change(field: FieldChangeDocument) -> FieldChangeDocument:
    """Reverse a planned change: before is the blueprint's value, after is Azure's.

    A reason that states whose access the planned change would end is left out: the drift granted
    it.
    """
    says_what_it_is = field.forces_replace or field.state
    return field.model_copy(
        update={
            "before": field.after,
            "after": field.before,
            "kind": _REVERSED[field.kind],
            "reason": field.reason if says_what_it_is else None,
        }
    )
