"""Decides whether Azure makes a change in place, and what the change needs where it does not.

A change is made in place, needs a replacement, or is refused, by the facts of the property. A live
value that is missing and not known to be filled in is no reason to replace: it may be one that
Azure never returns. Called by `diff.comparison`.
"""

from dataclasses import dataclass

from provisioner.diff.change import Child
from provisioner.diff.normal_form import is_same
from provisioner.diff.rules import Rule
from provisioner.diff.view import View
from provisioner.model.values import is_empty


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a change takes a new resource, or is refused, and the child that this is about."""

    reason: str | None = None
    refused: str | None = None
    child: Child | None = None


def judge(
    rule: Rule, view: View, path: str, desired: object, actual: object, child: Child | None
) -> Verdict:
    """Judge the change of one property from `actual` to `desired`.

    `child` is the resource in whose part of the body it stands, None for the resource itself.
    """
    refused = _reason_refused(rule, view, path, desired, actual)
    fixed = rule.fact.parent_fixed
    beyond = fixed(view.before, view.after) if fixed is not None else None
    if beyond is not None:
        return Verdict(refused=beyond) if child is None else Verdict(reason=beyond)
    return Verdict(_reason_to_replace(rule, view, path, actual), refused, child)


def _reason_to_replace(rule: Rule, view: View, path: str, actual: object) -> str | None:
    if callable(rule.create_only):
        return rule.create_only(view.before, view.after)
    # A value that is neither there nor known to be filled in may be one that Azure never
    # answers, and a replacement is too much to plan on that.
    if rule.create_only and (rule.definite or not is_empty(actual)):
        return f"{_short_name(path)} cannot change in place"
    return None


def _reason_refused(
    rule: Rule, view: View, path: str, desired: object, actual: object
) -> str | None:
    fact = rule.fact
    present = view.default(rule) if is_empty(actual) else actual
    if any(is_same(rule, value, present) for value in fact.irreversible):
        return _one_way(_short_name(path), present)
    if any(is_same(rule, value, desired) for value in fact.refused):
        return f"{_short_name(path)} cannot be {_as_stated(desired)}: Azure does not accept that"
    if fact.forbidden is not None:
        return fact.forbidden(view.before, view.after)
    return None


def _one_way(path: str, present: object) -> str:
    if present is True:
        return f"{path} can be turned on, and never off again"
    return f"{path} can never change again once it is {_as_stated(present)}"


def _as_stated(value: object) -> str:
    """Return a value as a blueprint states it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _short_name(path: str) -> str:
    """Return the short name of a property that a path leads to: `zones` for an entry of it."""
    return path.removeprefix("properties.")
