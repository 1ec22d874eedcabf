"""Staleness of a plan: whether Azure has changed since the plan was made, field by field.

`workflow.apply` calls it before the first write; `plan_verification` explains a refusal by it.
"""

from collections.abc import Mapping
from typing import cast

from provisioner.blueprint.expression import ExpressionError, resolve
from provisioner.catalog.registry import Catalog
from provisioner.diff.comparison import compare
from provisioner.model.actual import ActualState, Found, Unreadable
from provisioner.model.diagnostic import Diagnostic, error
from provisioner.model.values import Value, is_known
from provisioner.plan.assembly import field_document
from provisioner.plan.plan import Observed, Plan
from provisioner.plan.redaction import with_live_bodies
from provisioner.plan.value_text import show_value

_HINT = "Plan again and have the new plan reviewed."


def find_stale(
    plan: Plan, state: ActualState, values: Mapping[str, Mapping[str, Value]], catalog: Catalog
) -> tuple[Diagnostic, ...]:
    """Return one diagnostic for each thing that moved since the plan was made; none means fresh.

    `state` is a new read of what the plan observed; `values` holds the new bodies by address.
    """
    moved: list[Diagnostic] = []
    live = with_live_bodies(values)
    for entry in plan.observed:
        moved += find_stale_fields(entry, state, live, catalog)
    for given in plan.inputs:
        try:
            now = resolve(given.source, values.get)
        except ExpressionError as problem:
            now = f"no value ({problem})"
        if now != given.value:
            moved.append(
                _stale_diagnostic(
                    ", ".join(given.source.paths),
                    f"was {show_value(given.value)} and is {show_value(now)}",
                )
            )
    return tuple(moved)


def observed_values(plan: Plan, state: ActualState) -> Mapping[str, Mapping[str, Value]]:
    """Return what expressions may read of the resources that a plan observed, by address.

    `state` is a new read of them.
    """
    found = {entry.address: (entry, state.get(entry.id)) for entry in plan.observed}
    return {
        address: {**actual.body, "id": entry.id.text, "name": entry.id.name, "type": entry.type}
        for address, (entry, actual) in found.items()
        if isinstance(actual, Found)
    }


def find_stale_fields(
    entry: Observed,
    state: ActualState,
    live: Mapping[str, Mapping[str, Value]],
    catalog: Catalog,
) -> list[Diagnostic]:
    """Return one diagnostic for each field of one resource that moved since a plan was made.

    `live` are the new bodies as `with_live_bodies` gives them: once for all entries of a plan.
    """
    actual = state.get(entry.id)
    if isinstance(actual, Unreadable):
        return [_stale_diagnostic(entry.address, f"cannot be read any more: {actual.reason}")]
    if not isinstance(actual, Found):
        return (
            []
            if entry.body is None
            else [_stale_diagnostic(entry.address, "was there and was deleted")]
        )
    if entry.body is None:
        return [_stale_diagnostic(entry.address, f"was absent and exists now: {entry.id}")]
    if not entry.touched:
        return []
    seen = _with_secrets(entry.body, live)
    if seen is None:
        return [_stale_diagnostic(entry.address, "held a secret that is gone")]
    result = compare(catalog.get(entry.type), catalog.schemas, seen, actual.body)
    # A state that Azure computes is not what was seen of the body; the plan shows it by itself.
    documents = (field_document(change) for change in result.changes if not change.is_state)
    return [
        _stale_diagnostic(
            f"{entry.address} {field.path}",
            f"was {show_value(field.after)} and is {show_value(field.before)}",
        )
        for field in documents
    ]


def _with_secrets(
    body: Mapping[str, Value], values: Mapping[str, Mapping[str, Value]]
) -> Mapping[str, Value] | None:
    """Return an observed body with the secrets that Azure has now, None where one is not there.

    A plan does not hold secrets, so a rotated one cannot be detected: apply keeps what Azure has.
    """
    try:
        seen = resolve(body, values.get)
    except ExpressionError:
        return None
    return cast(Mapping[str, Value], seen) if is_known(seen) else None


def _stale_diagnostic(what: str, how: str) -> Diagnostic:
    return error("plan-stale", f"the plan is stale: {what} {how}.", None, _HINT)
