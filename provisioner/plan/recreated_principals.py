"""Resources that hold the principal of a recreated identity, and so are written again.

The body that the blueprint states is the same: it names the identity, and Azure copies who that is
when the resource is written. So no comparison of bodies finds it.
"""

from collections.abc import Iterator
from dataclasses import replace

from provisioner.catalog.held_identities import HeldPrincipal, held_principals, principal_of
from provisioner.diff.change import FieldChange
from provisioner.documents.plan import Action, FieldKind
from provisioner.model.actual import ActualState, Found
from provisioner.model.values import Unknown
from provisioner.plan.changes import Changes, ResourceChange

_MADE = (Action.CREATE, Action.REPLACE)
_STAYS = (Action.NO_OP, Action.UPDATE, Action.ADOPT)
_RENEWED = "an identity that was made again has a new principal"


def renew_holders(changes: Changes, state: ActualState) -> Changes:
    """Return the changes with a write of each resource that holds an earlier principal."""
    made = {change.id.key: change.address for change in changes.resources if change.action in _MADE}
    return replace(
        changes,
        resources=tuple(_with_new_principals(change, made, state) for change in changes.resources),
    )


def _with_new_principals(
    change: ResourceChange, made: dict[str, str], state: ActualState
) -> ResourceChange:
    if change.action not in _STAYS or change.found is None or change.type.changed_by:
        return change
    fields = tuple(_outdated_fields(change, made, state))
    if not fields:
        return change
    action = Action.UPDATE if change.action is Action.NO_OP else change.action
    return replace(
        change,
        action=action,
        reason=change.reason or _RENEWED,
        fields=(*change.fields, *fields),
    )


def _outdated_fields(
    change: ResourceChange, made: dict[str, str], state: ActualState
) -> Iterator[FieldChange]:
    assert change.found is not None
    for held in held_principals(change.type, change.found.body):
        address = made.get(held.identity.key)
        current = state.get(held.identity)
        now = principal_of(current.body) if isinstance(current, Found) else None
        if address is not None:
            path = f"{address}.properties.principalId"
            yield _principal_field(change, held, Unknown(path, {}, (path,)))
        elif now is not None and now != held.principal:
            yield _principal_field(change, held, now)


def _principal_field(
    change: ResourceChange, held: HeldPrincipal, after: str | Unknown
) -> FieldChange:
    return FieldChange(
        path=held.path,
        kind=FieldKind.CHANGED,
        declared=True,
        before=held.principal,
        after=after,
        reason=_RENEWED,
        security=True,
        disruption=change.type.fact("identity.type").disruption,
        unknown=isinstance(after, Unknown),
    )
