"""Compares a desired body with Azure's answer to it.

It reports two kinds of change. A declared one: the desired body says a value, and Azure has
another. An undeclared one: the body is silent, and Azure has a value off the default. Where no
default is known nothing is reported; the path is listed, so that coverage can be measured.

A change that holds a secret is marked sensitive, so that no document shows its values. Called while
planning, for drift, and to compare environments.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from provisioner.catalog.field import Compare, Disruption, Owner, Repair, chosen_by_service
from provisioner.catalog.property_spelling import read_scalar
from provisioner.catalog.resource_type import ResourceType, Tier
from provisioner.catalog.schema import Kind, SchemaIndex
from provisioner.catalog.sensitive_values import find_sensitive
from provisioner.diff.change import Child, FieldChange
from provisioner.diff.default_objects import is_hollow
from provisioner.diff.entries import (
    Pair,
    are_scalars,
    has_same_scalars,
    is_reserved,
    pair_entries,
)
from provisioner.diff.mutability import Verdict, judge
from provisioner.diff.normal_form import is_same
from provisioner.diff.references import is_same_reference
from provisioner.diff.rules import Rule, Rules, rules_of
from provisioner.diff.stated_values import holds_secret, written
from provisioner.diff.view import View
from provisioner.documents.plan import FieldKind
from provisioner.model.values import (
    ABSENT,
    Absent,
    Body,
    Unknown,
    Value,
    is_empty,
    is_known,
    texts_in,
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a comparison found, each sorted by path.

    changes           what differs
    unknown_defaults  the paths of undeclared values for which no default is known
    kept              undeclared values off the default of a new resource that Azure keeps on
                      writes: nothing tells whether an earlier write of azsec or somebody set them
    tags              tags that the desired body lacks: a policy's or a person's
    """

    changes: tuple[FieldChange, ...]
    unknown_defaults: tuple[str, ...]
    kept: tuple[FieldChange, ...] = ()
    tags: tuple[FieldChange, ...] = ()


def compare(
    resource_type: ResourceType,
    schemas: SchemaIndex,
    desired: Mapping[str, Value],
    actual: Body,
    api_version: str | None = None,
) -> Comparison:
    """Compare two bodies of one type. Never raises, whatever JSON they are.

    `api_version` is the one that the bodies were written and answered with; without it, the one
    that azsec uses for the type.
    `desired` may hold Unknown leaves: each differs from whatever Azure has. Bodies nested deeper
    than Python can follow (hundreds of levels) differ as wholes, unless they are equal.
    """
    rules = rules_of(resource_type, schemas)
    spoken = api_version or resource_type.api_version
    walker = _Walker(rules, View(rules, rules.root, desired, actual, spoken))
    try:
        walker.compare_objects(rules.root, desired, actual, "")
    except RecursionError:
        return Comparison(_compare_wholes(desired, actual), ())
    hidden = _hidden_texts(resource_type, schemas, desired, actual)
    return Comparison(
        _sort_by_path(_with_sensitive_marked(walker.changes, hidden)),
        tuple(sorted(walker.unknown_defaults)),
        _sort_by_path(_with_sensitive_marked(walker.kept, hidden)),
        _sort_by_path(walker.tags),
    )


def _hidden_texts(
    resource_type: ResourceType, schemas: SchemaIndex, *bodies: Mapping[str, Value]
) -> frozenset[str]:
    """Return the texts of two bodies that are called like credentials, of a type without facts."""
    if resource_type.tier is Tier.KNOWN:
        return frozenset()
    return frozenset(
        text for body in bodies for text, _ in find_sensitive(resource_type, schemas, body)
    )


def _with_sensitive_marked(
    changes: Iterable[FieldChange], hidden: frozenset[str]
) -> Iterable[FieldChange]:
    """Return changes, those that hold one of some texts as sensitive."""
    if not hidden:
        return changes
    return [
        replace(change, sensitive=True)
        if not hidden.isdisjoint((*texts_in(change.before), *texts_in(change.after)))
        else change
        for change in changes
    ]


def _sort_by_path(changes: Iterable[FieldChange]) -> tuple[FieldChange, ...]:
    return tuple(sorted(changes, key=lambda change: (change.path, change.kind)))


def _compare_wholes(desired: object, actual: object) -> tuple[FieldChange, ...]:
    try:
        equal = desired == actual
    except RecursionError:
        equal = False
    whole = FieldChange(path="", kind=FieldKind.CHANGED, declared=True, before=ABSENT, after=ABSENT)
    return () if equal else (whole,)


_SCALARS = frozenset({str, bool, int, float})


def _is_the_same(desired: object, actual: object) -> bool:
    """Return whether two scalars, or two references to a resource, are equal and of one class."""
    kind = desired.__class__
    if kind is not actual.__class__:
        return False
    if kind in _SCALARS:
        return desired == actual
    is_reference = kind is dict and len(cast(dict[str, object], desired)) == 1
    return (
        is_reference
        and desired == actual
        and cast(dict[str, object], desired).get("id").__class__ is str
    )


class _Walker:
    """Walks two bodies once, and keeps what differs."""

    def __init__(self, rules: Rules, view: View) -> None:
        self.changes: list[FieldChange] = []
        self.unknown_defaults: list[str] = []
        self.kept: list[FieldChange] = []
        self.tags: list[FieldChange] = []
        self._rules = rules
        self._view = view
        self._child: Child | None = None

    def compare_objects(self, rule: Rule, desired: object, actual: object, path: str) -> None:
        """Compare two objects property by property."""
        if not isinstance(desired, Mapping) or not isinstance(actual, Mapping):
            if not (is_empty(desired) and is_empty(actual)):
                self._report_change(rule, path, desired, actual)
            return
        fold = rule.fold if rule.compare is Compare.VERBATIM else str.lower
        theirs = {fold(key): key for key in actual}
        named = "name" in desired or "name" in theirs
        for key, value in desired.items():
            child = self._rules.child(rule, key)
            real = theirs.pop(fold(key), None)
            if real is not None and not child.states and _is_the_same(value, actual[real]):
                continue  # most values of most bodies: whatever the rule, they are the same
            if child.states and real is not None:
                self._judge_state(child, actual[real], _property_path(path, child.name))
            if (child.silent and not child.stated) or (child.generated and named):
                continue
            other = actual[real] if real is not None else ABSENT
            if rule.is_map:
                self._compare_entry_of_map(child, value, other, _property_path(path, key))
            else:
                self._compare_value(child, value, other, _property_path(path, child.name))
        if theirs:
            self._judge_rest(rule, {real: actual[real] for real in theirs.values()}, named, path)

    def _judge_rest(self, rule: Rule, rest: Mapping[str, object], named: bool, path: str) -> None:
        """Judge the properties, or the keys of a map, that the desired object lacks."""
        if rule.is_tags:
            self._list_tags(rest, path)
            return
        for key, value in rest.items():
            child = self._rules.child(rule, key)
            if child.states:
                self._judge_state(child, value, _property_path(path, child.name))
            if rule.is_map:
                if not (child.computed or is_reserved(rule, (key,))):
                    self._judge_extra(rule, child, value, _property_path(path, key))
            elif not (child.silent or (child.generated and named)):
                self._judge_silence(child, value, _property_path(path, child.name))

    def _judge_state(self, rule: Rule, actual: object, path: str) -> None:
        """Judge a state that Azure computes: one that is not healthy is a change."""
        health = rule.fact.health
        if health is None:
            for key, value in actual.items() if isinstance(actual, Mapping) else ():
                child = self._rules.child(rule, key)
                if child.states:
                    self._judge_state(child, value, _property_path(path, child.name))
            return
        ailment = health.ailments.get(actual.lower()) if isinstance(actual, str) else None
        if ailment is not None and ailment.concerns(self._view.before):
            self.changes.append(
                FieldChange(
                    path=path,
                    kind=FieldKind.CHANGED,
                    declared=ailment.repair is not Repair.OTHERS,
                    before=cast("Value", actual),
                    after=health.healthy,
                    forces_replace=ailment.repair is Repair.REPLACE,
                    reason=ailment.meaning,
                    security=rule.fact.security,
                    disruption=rule.fact.disruption,
                    is_state=True,
                )
            )

    def _list_tags(self, tags: Mapping[str, object], path: str) -> None:
        """List tags that the desired body lacks: others', and no write removes them."""
        for name, value in tags.items():
            change = FieldChange.removed(_property_path(path, name), cast(Value, value))
            self.tags.append(replace(change, declared=False))

    def _compare_entry_of_map(self, rule: Rule, desired: object, actual: object, path: str) -> None:
        """Compare an entry of a map, in which a key states something even without a value."""
        is_there = actual is not ABSENT and actual is not None
        if is_there or desired is None or not is_empty(desired):
            self._compare_value(rule, desired, actual, path)
        else:
            self._report_change(rule, path, desired, actual)

    def _compare_value(self, rule: Rule, desired: object, actual: object, path: str) -> None:
        if rule.fact.owner is not Owner.BLUEPRINT and self._view.leaves_to_others(
            rule, desired, actual
        ):
            return
        if rule.reads:
            desired, actual = read_scalar(rule.shape, desired), read_scalar(rule.shape, actual)
        self._compare_read(rule, desired, actual, path)

    def _compare_read(self, rule: Rule, desired: object, actual: object, path: str) -> None:
        """Compare two values that are of the schema's kind, where they can be read as one."""
        if isinstance(desired, Unknown):
            self._report_change(rule, path, desired, actual)
        elif is_empty(desired):
            if not is_empty(actual):
                self._judge_empty(rule, desired, actual, path)
        elif is_empty(actual):
            self._judge_missing(rule, desired, actual, path)
        elif isinstance(desired, Mapping):
            if not is_same_reference(desired, actual):
                self.compare_objects(rule, desired, actual, path)
        elif isinstance(desired, (list, tuple)) and isinstance(actual, (list, tuple)):
            self._compare_lists(rule, desired, actual, path)
        elif not (is_same(rule, desired, actual) or self._view.takes_as(rule, desired, actual)):
            self._report_change(rule, path, desired, actual)

    def _judge_empty(self, rule: Rule, desired: object, actual: object, path: str) -> None:
        """Compare an empty desired value.

        Null and "" state nothing; an empty list states that there are to be no entries, except for
        a list that the service fills in anyway.
        """
        both = isinstance(desired, (list, tuple)) and isinstance(actual, (list, tuple))
        by_others = rule.fact.embeds or rule.fact.shared
        if both and not by_others and rule.fact.default is not chosen_by_service:
            if not self._is_default(rule, actual):
                self._compare_lists(rule, (), cast(Sequence[object], actual), path)
        else:
            self._judge_silence(rule, actual, path)

    def _judge_missing(self, rule: Rule, desired: object, actual: object, path: str) -> None:
        """Judge a desired value that Azure does not return: it leaves out what is at a default."""
        if any(is_same(rule, value, desired) for value in rule.fact.refused):
            self._report_change(rule, path, desired, actual)
            return
        if self._is_default(rule, desired) or self._view.drops(rule):
            return
        if isinstance(desired, Mapping):
            self.compare_objects(rule, desired, {}, path)
        elif isinstance(desired, (list, tuple)) and all(is_empty(item) for item in desired):
            return
        elif desired is not False or not is_empty(self._view.default(rule)):
            self._report_change(rule, path, desired, actual)

    def _compare_lists(
        self, rule: Rule, desired: Sequence[object], actual: Sequence[object], path: str
    ) -> None:
        """Compare lists: one of scalars is reported as a whole, objects one by one."""
        entry = self._rules.entry(rule)
        if are_scalars(desired, actual):
            if not has_same_scalars(rule, entry, desired, actual):
                self._report_change(rule, path, desired, actual)
        elif any(isinstance(item, Unknown) for item in desired):
            self._report_change(rule, path, desired, actual)
        else:
            for pair in pair_entries(
                self._rules, rule, desired, actual, self._distance_from(entry)
            ):
                self._compare_pair(rule, entry, pair, f"{path}[{pair.mark}]")

    def _compare_pair(self, rule: Rule, entry: Rule, pair: Pair, path: str) -> None:
        outer = self._view
        if rule.embedded is not None:
            self._view = outer.entry(entry, rule.embedded, pair.desired, pair.actual)
            self._child = Child(rule.embedded.child, pair.mark)
        if pair.desired is ABSENT:
            if rule.fact.shared:
                self._judge_silence(entry, pair.actual, path)
            elif not rule.fact.embeds:
                self._report_change(entry, path, ABSENT, pair.actual, of=rule)
        elif pair.actual is ABSENT:
            self._report_change(entry, path, pair.desired, ABSENT, of=rule)
        else:
            self._compare_value(entry, pair.desired, pair.actual, path)
        self._view = outer
        if rule.embedded is not None:
            self._child = None

    def _judge_extra(self, rule: Rule, entry: Rule, actual: object, path: str) -> None:
        """Judge an entry of a declared map that the desired body lacks.

        An object is a change because it is there (an identity that somebody attached), unless the
        facts know when such an entry is off; so is a scalar in a map that is known to start empty.
        """
        inner = actual if isinstance(actual, Mapping) else {}
        facts = (entry.fact, *(self._rules.child(entry, key).fact for key in inner))
        known = any(fact.default is not ABSENT for fact in facts)
        counts = entry.shape.kind is Kind.OBJECT or self._view.default(rule) is not ABSENT
        if known or not counts or not self._rules.has_facts or self._view.keeps(entry):
            self._judge_silence(entry, actual, path)
        elif actual is not None and self._view.owner(rule) is Owner.BLUEPRINT:
            self._report_change(entry, path, ABSENT, actual, declared=False, of=rule)

    def _judge_silence(self, rule: Rule, actual: object, path: str) -> None:
        """Judge a value that the desired body does not state."""
        fact = rule.fact
        if is_empty(actual) or fact.embeds:
            return
        if rule.reads:
            actual = read_scalar(rule.shape, actual)
        if (fact.follows or fact.residual is not None) and self._view.passes_over(rule):
            return
        if rule.is_tags:
            if isinstance(actual, Mapping):
                self._list_tags(actual, path)
        elif rule.fact.kept and self._view.keeps(rule):
            probe = self._silent_walker()
            probe._judge_by_default(rule, actual, path)
            self.kept += [replace(change, kept=True) for change in probe.changes] + probe.kept
            self.unknown_defaults += probe.unknown_defaults
        else:
            self._judge_by_default(rule, actual, path)

    def _judge_by_default(self, rule: Rule, actual: object, path: str) -> None:
        if self._view.owner(rule) is not Owner.BLUEPRINT:
            return
        default = self._view.default(rule)
        if default is ABSENT and rule.closed:
            self._report_change(rule, path, default, actual, declared=False)
        elif default is ABSENT or (default is None and rule.whole and _has_parts(rule, actual)):
            self._judge_parts(rule, actual, path)
        elif isinstance(default, Mapping) and isinstance(actual, Mapping):
            probe = self._silent_walker()
            probe.compare_objects(rule, default, actual, path)
            self.changes += [_as_undeclared(change) for change in probe.changes]
            self.unknown_defaults += probe.unknown_defaults
            self.kept += probe.kept
        elif not (
            self._equals_default(rule, default, actual) or self._is_off(rule, default, actual)
        ):
            self._report_change(rule, path, default, actual, declared=False)

    def _judge_parts(self, rule: Rule, actual: object, path: str) -> None:
        if not (_has_parts(rule, actual) or (isinstance(actual, Mapping) and rule.is_map)):
            self.unknown_defaults.append(path)
            return
        for key, value in cast(Mapping[str, object], actual).items():
            child = self._rules.child(rule, key)
            if child.states:
                self._judge_state(child, value, _property_path(path, child.name))
            if not child.silent:
                self._judge_silence(
                    child, value, _property_path(path, key if rule.is_map else child.name)
                )

    def _is_off(self, rule: Rule, default: object, actual: object) -> bool:
        """Return whether Azure spells out what is not set: nothing of it is switched on."""
        return (
            is_empty(default)
            and isinstance(actual, (Mapping, str))
            and is_hollow(self._rules, self._view, rule, written(self._rules, rule, actual))
        )

    def _is_default(self, rule: Rule, value: object) -> bool:
        return self._equals_default(rule, self._view.default(rule), value)

    def _equals_default(self, rule: Rule, default: object, value: object) -> bool:
        """Return whether a value equals a default, spelled out or left out."""
        if default is ABSENT:
            return False
        if is_empty(default) or is_empty(value):
            return is_empty(default) and (
                is_empty(value) or value is False or is_reserved(rule, value)
            )
        if value.__class__ in _SCALARS:
            return is_same(rule, default, value)
        probe = self._silent_walker()
        if isinstance(default, (list, tuple)) and isinstance(value, (list, tuple)):
            probe._compare_lists(rule, default, value, "")
        elif isinstance(default, Mapping) and isinstance(value, Mapping):
            probe.compare_objects(rule, default, value, "")
        else:
            return is_same(rule, default, value)
        return not probe.changes

    def _silent_walker(self) -> "_Walker":
        return _Walker(self._rules, self._view)

    def _distance_from(self, entry: Rule) -> "_Distance":
        return _Distance(self._rules, self._view, entry)

    def _report_change(
        self,
        rule: Rule,
        path: str,
        desired: object,
        actual: object,
        *,
        declared: bool = True,
        of: Rule | None = None,
    ) -> None:
        """Keep a change. `of` is the list whose facts hold for an entry that is gone or new."""
        facts = of or rule
        verdict = judge(facts, self._view, path, desired, actual, self._child)
        hindrance = None if declared else verdict.refused or verdict.reason
        if not declared:
            verdict = Verdict()
        ended = self._ended_access(facts) if declared else None
        disruption = facts.fact.disruption if declared else Disruption.NONE
        if ended is not None:
            disruption = max(disruption, Disruption.ACCESS, key=lambda d: d.rank)
        self.changes.append(
            FieldChange(
                path=path,
                kind=_field_kind(desired, actual),
                declared=declared,
                before=cast("Value | Absent", written(self._rules, rule, actual)),
                after=cast("Value | Absent", written(self._rules, rule, desired)),
                forces_replace=verdict.reason is not None,
                reason=verdict.reason or ended,
                refused=verdict.refused,
                hindrance=hindrance,
                child=verdict.child,
                owner=self._view.owner(facts),
                security=facts.fact.security,
                sensitive=any(
                    holds_secret(self._rules, rule, value) for value in (desired, actual)
                ),
                disruption=disruption,
                unknown=not is_known(desired),
            )
        )

    def _ended_access(self, rule: Rule) -> str | None:
        """Return whose access a change ends, if anybody's."""
        ends = rule.fact.ends
        return ends(self._view.before, self._view.after) if ends is not None else None


class _Distance:
    """How many properties of two entries of a list differ, and how many more only one has."""

    def __init__(self, rules: Rules, view: View, entry: Rule) -> None:
        self._rules = rules
        self._view = view
        self._entry = entry

    def __call__(self, desired: object, actual: object) -> tuple[int, int]:
        probe = _Walker(self._rules, self._view)
        probe._compare_value(self._entry, desired, actual, "")
        return len(probe.changes), len(probe.unknown_defaults)


def _has_parts(rule: Rule, actual: object) -> bool:
    return isinstance(actual, Mapping) and rule.shape.kind is Kind.OBJECT


def _as_undeclared(change: FieldChange) -> FieldChange:
    if change.is_state:
        return change
    return replace(
        change,
        declared=False,
        hindrance=change.refused or change.reason,
        forces_replace=False,
        reason=None,
        refused=None,
        child=None,
        disruption=Disruption.NONE,
    )


def _field_kind(desired: object, actual: object) -> FieldKind:
    if is_empty(desired):
        return FieldKind.ADDED if is_empty(actual) else FieldKind.REMOVED
    return FieldKind.ADDED if is_empty(actual) else FieldKind.CHANGED


def _property_path(path: str, name: str) -> str:
    """Return the path of a property; a key that is an id is put in brackets, to be readable."""
    if "/" in name:
        return f"{path}[{name}]"
    return f"{path}.{name}" if path else name
