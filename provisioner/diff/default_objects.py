"""Compares an object that Azure returns with the defaults of a property that nobody sets.

Azure spells out objects that nobody sets, with every switch off; such an object is no change.
Called by `diff.comparison`.
"""

from collections.abc import Mapping

from provisioner.diff.normal_form import is_same, is_scalar
from provisioner.diff.rules import Rule, Rules
from provisioner.diff.view import View
from provisioner.model.values import ABSENT, is_empty

_OFF = frozenset({"disabled", "none", "off"})
_UNSAID = frozenset({"unspecified"}) | _OFF
_SWITCHES = frozenset({"enabled", "managed"})


def is_hollow(rules: Rules, view: View, rule: Rule, value: object) -> bool:
    """Return whether a value states nothing but that nothing is set or switched on.

    That is false, nothing, a part's own default, or the "off" of an enumeration, and an object or
    list with nothing else in it. Where the facts know a part's default, that alone is it: false is
    none where the default is true, and "Disabled" is none where it is "Enabled". A switch that is
    on states something, whatever its default: that is one of an object that is stated.
    """
    if isinstance(value, Mapping):
        return all(is_hollow(rules, view, rules.child(rule, k), v) for k, v in value.items())
    if is_empty(value):
        return True
    if isinstance(value, (list, tuple)):
        entry = rules.entry(rule)
        return all(is_hollow(rules, view, entry, item) for item in value)
    if value is True and rule.name.lower() in _SWITCHES:
        return False
    default = view.default(rule) if rule.fact.default is not ABSENT else ABSENT
    if is_empty(default) or not is_scalar(default):
        return value is False or (_is_off(value) and _is_member(rule, value))
    return is_same(rule, default, value) or (_is_unsaid(default) and _is_off(value))


def _is_off(value: object) -> bool:
    return isinstance(value, str) and value.lower() in _OFF


def _is_unsaid(default: object) -> bool:
    return isinstance(default, str) and default.lower() in _UNSAID


def _is_member(rule: Rule, value: object) -> bool:
    return str(value).lower() in map(str.lower, rule.shape.enum or ())
