"""Builds the body of an update: the live body, overlaid with the desired one.

So what others own (policy's tags, the autoscaler's counts, service defaults) survives, while lists
that the blueprint declares are exactly as it declares them (design: updates merge).

Called while planning (`plan`) and adopting (`adoption.minimal_body`).
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import cast

from provisioner.catalog.field import Owner
from provisioner.catalog.resource_type import ResourceType
from provisioner.catalog.schema import Kind, SchemaIndex
from provisioner.diff.entries import Pair, are_scalars, pair_entries
from provisioner.diff.normal_form import normal_form
from provisioner.diff.rules import Rule, Rules, rules_of
from provisioner.diff.view import View
from provisioner.model.values import ABSENT, Body, Value, is_empty


def merge_for_write(
    resource_type: ResourceType, schemas: SchemaIndex, desired: Mapping[str, Value], actual: Body
) -> Mapping[str, Value]:
    """Return the body of an update. An empty `desired` gives what can be written of `actual`.

    A list of child resources that `desired` does not mention is left out whole, because Azure
    then keeps them, and a partial one would delete the rest (peers.md §2, item 3) — but for one
    that is flattened into its parent (node pools), which has to be sent.
    """
    rules = rules_of(resource_type, schemas)
    view = View(rules, rules.root, desired, actual, resource_type.api_version)
    merged = _Merger(rules, view).merge(rules.root, desired, actual)
    assert isinstance(merged, Mapping)
    return merged


class _Merger:
    def __init__(self, rules: Rules, view: View) -> None:
        self._rules = rules
        self._view = view

    def merge(self, rule: Rule, desired: object, actual: object) -> object:
        """Return the value to send for one property, or None for nothing.

        Null and "" say nothing, so the live value stays; an empty list empties it.
        """
        if desired is ABSENT or desired is None or desired == "":
            return self._writable_part(rule, actual)
        if isinstance(actual, Mapping) and isinstance(desired, Mapping):
            if not desired:
                return self._writable_object(rule, actual)
            return self._merge_objects(rule, desired, actual)
        if isinstance(desired, (list, tuple)) and isinstance(actual, (list, tuple)):
            return self._merge_lists(rule, desired, actual)
        if self._view.takes_as(rule, desired, actual):
            return actual
        others = rule.fact.owner is not Owner.BLUEPRINT and not is_empty(actual)
        return actual if others and self._view.leaves_to_others(rule, desired, actual) else desired

    def _merge_objects(
        self, rule: Rule, desired: Mapping[str, object], actual: Mapping[str, object]
    ) -> Mapping[str, object]:
        names = {rule.fold(key): key for key in desired}
        named = "name" in actual or "name" in names
        merged: dict[str, object] = {}
        for key, value in actual.items():
            child = self._rules.child(rule, key)
            own = names.pop(rule.fold(key), None)
            if child.generated and named:
                continue
            if own is not None:
                item = self.merge(child, desired[own], None if child.silent else value)
            elif _is_left_out(child) or self._view.is_outdated(child):
                continue
            else:
                item = self._writable_part(child, value)
            if item is not None:
                merged[key if rule.is_map else child.name] = item
        for own in names.values():
            child = self._rules.child(rule, own)
            if desired[own] is not None and not (child.generated and named):
                merged[own] = desired[own]
        return merged

    def _merge_lists(
        self, rule: Rule, desired: Sequence[object], actual: Sequence[object]
    ) -> list[object]:
        """Merge lists: entries are as declared; those of child resources are merged, and kept."""
        entry = self._rules.entry(rule)
        keeps_others = rule.fact.embeds or rule.fact.shared
        if not keeps_others:
            return list(desired)
        if are_scalars(desired, actual):
            ours = {normal_form(entry, item) for item in desired}
            return [*desired, *(item for item in actual if normal_form(entry, item) not in ours)]
        pairs = pair_entries(self._rules, rule, desired, actual, _is_different)
        return [self._merge_pair(rule, entry, pair) for pair in pairs]

    def _merge_pair(self, rule: Rule, entry: Rule, pair: Pair) -> object:
        if pair.desired is ABSENT:
            return self._writable_part(entry, pair.actual)
        if not (isinstance(pair.desired, Mapping) and isinstance(pair.actual, Mapping)):
            return pair.desired
        outer = self._view
        if rule.embedded is not None:
            self._view = outer.entry(entry, rule.embedded, pair.desired, pair.actual)
        merged = self._merge_objects(entry, pair.desired, pair.actual)
        self._view = outer
        return merged

    def _writable_part(self, rule: Rule, actual: object) -> object:
        """Return what can be written of a live value, or None for nothing."""
        if actual.__class__ is str:  # most values
            return actual
        if isinstance(actual, (list, tuple)):
            entry = self._rules.entry(rule)
            return [self._writable_part(entry, item) for item in actual]
        if actual.__class__ is not dict and not isinstance(actual, Mapping):
            return None if actual is ABSENT else actual
        kept = self._writable_object(rule, cast(Mapping[str, object], actual))
        # An object of computed values alone says nothing, but a key of a map does.
        is_computed = actual and not kept and rule.shape.kind is Kind.OBJECT and not rule.is_entry
        return None if is_computed else kept

    def _writable_object(self, rule: Rule, actual: Mapping[str, object]) -> Mapping[str, object]:
        names = tuple(actual)
        # What others write may have any number of names, and is not kept.
        sort_out = _writable_names if len(names) > _MOST_NAMES_KEPT else _kept_writable_names
        kept: dict[str, object] = {}
        for key, name, child in sort_out(self._rules, rule, names):
            if child.fact.follows and self._view.is_outdated(child):
                continue
            item = self._writable_part(child, actual[key])
            if item is not None:
                kept[name] = item
        return kept


def _writable_names(
    rules: Rules, rule: Rule, names: tuple[str, ...]
) -> tuple[tuple[str, str, Rule], ...]:
    """Return (name, name to send, rule) of the properties of a live object that can be written."""
    return tuple(
        (key, key if rule.is_map else child.name, child)
        for key in names
        if not _is_left_out(child := rules.child(rule, key))
        and not (child.generated and "name" in names)
    )


_MOST_NAMES_KEPT = 200

# The digest of the state asks this of every resource, and Azure's bodies have few shapes.
_kept_writable_names = lru_cache(maxsize=4096)(_writable_names)


def _is_left_out(rule: Rule) -> bool:
    """Return whether an update leaves a property out.

    Azure refuses or ignores what it computes, fills in anew what a write is silent about, and keeps
    children that are not mentioned. A secret in Azure's answer is left out too, because a plan is a
    file.
    """
    if rule.computed or rule.unmodelled:
        return True
    fact, embedded = rule.fact, rule.embedded
    children = embedded is not None and embedded.kept and not embedded.flattened
    return fact.write_only or fact.secret or fact.refilled or children


def _is_different(one: object, other: object) -> tuple[int, int]:
    return int(one != other), 0
