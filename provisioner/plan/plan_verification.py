"""Verification of an approved plan against the plan that is derived at apply.

Apply sends steps that it derived a moment ago, never those of a file. What decides is that the two
plans have one digest; everything else here is the explanation of a refusal.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from provisioner.catalog.registry import Catalog
from provisioner.documents.plan import Action, FieldChangeDocument, ResourceChangeDocument
from provisioner.model.actual import ActualState
from provisioner.model.diagnostic import Diagnostic, error
from provisioner.model.values import unknowns
from provisioner.plan.json_differences import ABSENT, json_differences
from provisioner.plan.plan import (
    Observed,
    Plan,
    content_of,
    digest_of,
    encode_value,
    step_to_json,
)
from provisioner.plan.redaction import with_live_bodies
from provisioner.plan.staleness import find_stale_fields, observed_values
from provisioner.plan.value_text import mask_output, named_by, show_value

_HINT = "Plan again and have the new plan reviewed."
_APPLIED = error(
    "plan-stale",
    "the plan was already applied, or Azure was changed to the same: a plan of now has no changes.",
    None,
    "There is nothing left to apply.",
)
_MOST = 20
_MOST_PATHS = 5


@dataclass(slots=True)
class _Comparison:
    """Collects the differences of two plans.

    `code` and `because` are the cause of differences that no single moved value explains.
    """

    approved: Plan
    derived: Plan
    code: str
    because: str
    reasons: list[Diagnostic] = field(default_factory=list)
    explained: set[str] = field(default_factory=set)

    def add(self, what: str, address: str | None = None) -> None:
        """Note one difference, and the address that it explains."""
        self.reasons.append(error(self.code, f"{self.because}: {what}.", None, _HINT))
        if address is not None:
            self.explained.add(address)


def find_disagreement(
    approved: Plan, derived: Plan, state: ActualState, catalog: Catalog
) -> tuple[Diagnostic, ...]:
    """Return why the plan that was derived just now is not the approved one; nothing if it is.

    `state` is what was read to derive it. What moved in Azure is `plan-stale`, what changed in the
    files or in azsec `plan-outdated`; what neither explains was never derived by azsec:
    `plan-edited`.
    """
    if digest_of(approved) == digest_of(derived):
        return ()
    moved, addresses = _find_moved(approved, derived, state, catalog)
    code, because = _cause_of_differences(approved, derived, moved)
    comparison = _Comparison(approved, derived, code, because, explained=addresses)
    _compare_changes(comparison)
    _compare_steps(comparison)
    if not moved and not comparison.reasons:
        _compare_parts(comparison)
    reasons = [*moved, *comparison.reasons]
    if approved.steps and not derived.steps and code == "plan-stale":
        reasons.insert(0, _APPLIED)
    if len(reasons) > _MOST:
        comparison.add(f"{len(reasons) - _MOST} more things differ")
        reasons = [*reasons[:_MOST], comparison.reasons[-1]]
    return tuple(reasons)


def _find_moved(
    approved: Plan, derived: Plan, state: ActualState, catalog: Catalog
) -> tuple[list[Diagnostic], set[str]]:
    """Return what changed in Azure since the plan, and the addresses that this explains.

    A file may hold anything: what it says of a resource counts where it agrees with the derived
    plan on which resource that is, and none of its expressions is evaluated.
    """
    known = {entry.address: entry for entry in derived.observed}
    live = with_live_bodies(observed_values(derived, state))
    seen = [
        entry
        for entry in approved.observed
        if catalog.find(entry.type) is not None
        and (
            (entry.address in known and known[entry.address].id == entry.id)
            or entry.id.key in state.found
        )
    ]
    moved: list[Diagnostic] = []
    addresses: set[str] = set()
    for entry in seen:
        if not _expressions_in(entry) <= _expressions_in(known.get(entry.address)):
            gone = f"the plan is stale: {entry.address} held a secret that was removed."
            moved.append(error("plan-stale", gone, None, _HINT))
            addresses.add(entry.address)
            continue
        stale = find_stale_fields(entry, state, live, catalog)
        moved += stale
        addresses |= {entry.address} if stale else set()
    now = {_text_of_expression(given.source): given.value for given in derived.inputs}
    for given in approved.inputs:
        value = now.get(_text_of_expression(given.source), given.value)
        if value != given.value:
            path = ", ".join(given.source.paths)
            before, after = (mask_output(v, named_by(path)) for v in (given.value, value))
            change = f"{path} was {show_value(before)} and is {show_value(after)}"
            moved.append(error("plan-stale", f"the plan is stale: {change}.", None, _HINT))
    return moved, addresses


def _expressions_in(entry: Observed | None) -> frozenset[str]:
    """Return the expressions in an observed body: references to secrets that Azure keeps."""
    body = entry.body if entry is not None else None
    return frozenset(_text_of_expression(source) for source in unknowns(body or {}))


def _text_of_expression(source: Any) -> str:  # noqa: ANN401  an Unknown
    return str(encode_value(source))


_INPUTS = {
    "environment": "the environment's file changed since the plan was made",
    "controls": "the files of custom controls changed since the plan was made",
    "modules": "the modules from git changed since the plan was made",
    "blueprint": "the blueprint changed since the plan was made",
    "catalog": (
        "this azsec has other api versions, or other azure-mgmt packages, than the one that made "
        "the plan"
    ),
}


def _cause_of_differences(
    approved: Plan, derived: Plan, moved: list[Diagnostic]
) -> tuple[str, str]:
    """Return code and cause of the differences that no changed live value explains."""
    changed = [
        cause
        for name, cause in _INPUTS.items()
        if approved.digests.get(name) != derived.digests.get(name)
    ]
    if changed:
        return "plan-outdated", changed[0]
    arrived = {entry.id.lower() for entry in derived.document.unmanaged} - {
        entry.id.lower() for entry in approved.document.unmanaged
    }
    if moved or arrived or approved.digests.get("state") != derived.digests.get("state"):
        return "plan-stale", "the plan is stale, Azure moved since it was made"
    return (
        "plan-edited",
        "the plan is not what azsec derives of the same files and Azure",
    )


def _compare_changes(comparison: _Comparison) -> None:
    before = {change.address: change for change in comparison.approved.document.changes}
    after = {change.address: change for change in comparison.derived.document.changes}
    for address in sorted(before.keys() | after.keys()):
        one, other = before.get(address), after.get(address)
        if one != other and address not in comparison.explained:
            comparison.add(f"{address} {_describe_difference(one, other)}", address)


def _describe_difference(
    one: ResourceChangeDocument | None, other: ResourceChangeDocument | None
) -> str:
    if one is None:
        assert other is not None
        return f"is not in the plan, and is now planned as {_describe_action(other)}"
    if other is None:
        return f"is planned as {_describe_action(one)}, and nothing is to be done to it now"
    if (one.action, one.id.lower()) != (other.action, other.id.lower()):
        then, now = (f"{_describe_action(each)} of {each.id}" for each in (one, other))
        return f"is planned as {then}, and now as {now}"
    paths = list(_differing_properties(one.fields, other.fields))
    if not paths:
        return f"is planned as {_describe_action(one)}, and now as {_describe_action(other)}"
    more = f" and {len(paths) - _MOST_PATHS} more" if len(paths) > _MOST_PATHS else ""
    return f"is planned otherwise now: {', '.join(paths[:_MOST_PATHS])}{more}"


def _describe_action(change: ResourceChangeDocument) -> str:
    reason = f" ({change.reason})" if change.reason else ""
    paths = ", ".join(entry.path for entry in change.fields[:_MOST_PATHS])
    shown = f" of {paths}" if paths and change.action is Action.UPDATE else ""
    return f"{change.action}{shown}{reason}"


def _differing_properties(
    before: tuple[FieldChangeDocument, ...], after: tuple[FieldChangeDocument, ...]
) -> Iterator[str]:
    """Yield each property whose planned change differs, with the value planned then and now."""
    one = {entry.path: entry for entry in before}
    other = {entry.path: entry for entry in after}
    for path in sorted(one.keys() | other.keys()):
        if one.get(path) != other.get(path):
            then, now = (_planned_value(each.get(path)) for each in (one, other))
            yield f"{path} to {then} (now {now})"


def _planned_value(entry: FieldChangeDocument | None) -> str:
    return "no change" if entry is None else show_value(entry.after)


def _compare_steps(comparison: _Comparison) -> None:
    before = {step.key: step_to_json(step) for step in comparison.approved.steps}
    after = {step.key: step_to_json(step) for step in comparison.derived.steps}
    # Where other steps come or go for a known reason, the waits of the rest follow from that.
    follows = comparison.code != "plan-edited" and bool(comparison.reasons)
    for key in sorted(before.keys() | after.keys()):
        one, other = before.get(key), after.get(key)
        address = (one or after[key])["address"]
        if one == other or address in comparison.explained:
            continue
        if one is None:
            comparison.add(f"it lacks the step {key!r}", address)
        elif other is None:
            held = f"it holds the step {key!r} ({one['verb']} of {one['id']})"
            comparison.add(f"{held}, which azsec does not derive", address)
        elif not (follows and {**one, "after": []} == {**other, "after": []}):
            paths = list(_differing_paths(one, other))[:_MOST_PATHS]
            comparison.add(f"its step {key!r} has {', '.join(paths)}", address)
    if len(before) < len(comparison.approved.steps):
        comparison.add("it holds one step twice")


def _compare_parts(comparison: _Comparison) -> None:
    """Name the parts that differ, where neither a change nor a step does."""
    one, other = content_of(comparison.approved), content_of(comparison.derived)
    shown, now = one.pop("plan"), other.pop("plan")
    for differing in (*_differing_paths(one, other), *_differing_paths(shown, now)):
        comparison.add(f"it has {differing}")
    if not comparison.reasons:
        comparison.add("its steps come in another order")


def _differing_paths(one: Any, other: Any) -> Iterator[str]:  # noqa: ANN401  any JSON
    """Yield the paths at which two JSON values differ.

    Values of bodies are not shown: they may hold what a plan hides.
    """
    for found in json_differences(one, other):
        if found.before is ABSENT or found.after is ABSENT:
            yield f"{found.path} {'left out' if found.before is ABSENT else 'added'}"
        elif found.path.partition(".")[0] in _SHOWN_PARTS:
            shown = show_value(found.before)
            yield f"{found.path} {shown} instead of {show_value(found.after)}"
        else:
            yield f"another {found.path}"


_SHOWN_PARTS = (
    "verb",
    "id",
    "type",
    "apiVersion",
    "address",
    "after",
    "guarded",
    "lock",
    "seconds",
)
