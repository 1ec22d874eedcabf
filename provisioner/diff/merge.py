"""What is written when a resource is updated: the live body, overlaid with the desired one.

So what others own (policy's tags, the autoscaler's counts, service defaults) survives, while
lists that the blueprint declares are exactly as it declares them.
"""

from collections.abc import Mapping

from provisioner.catalog.field import Owner
from provisioner.catalog.resource_type import ResourceType
from provisioner.catalog.schema import SchemaIndex
from provisioner.diff.entries import pair_entries
from provisioner.diff.normal_form import is_same
from provisioner.diff.rules import Rule, Rules
from provisioner.model.values import ABSENT, Body, Value, is_empty


def merge_for_write(
    resource_type: ResourceType, schemas: SchemaIndex, desired: Mapping[str, Value], actual: Body
) -> Mapping[str, Value]:
    """Return the body of an update. An empty `desired` gives what can be written of `actual`.

    A list of child resources that `desired` does not mention is left out whole, because Azure
    then keeps them, and a partial one would delete the rest (peers.md §2, item 3) — but for one
    that is flattened into its parent (node pools), which has to be sent.
    """
    merger = _Merger(Rules(resource_type, schemas), resource_type, desired, actual)
    merged = merger.merge(merger.rules.root, desired, actual)
    assert isinstance(merged, Mapping)
    return merged


class _Merger:
    def __init__(
        self,
        rules: Rules,
        resource_type: ResourceType,
        desired: Mapping[str, Value],
        actual: Body,
    ) -> None:
        self.rules = rules
        self._left_out = {
            embedded.path.lower() for embedded in resource_type.embedded if not embedded.flattened
        }
        self._desired = desired
        self._actual = actual

    def merge(self, rule: Rule, desired: object, actual: object) -> object:
        """Return the value to send for one property."""
        if isinstance(actual, Mapping) and (isinstance(desired, Mapping) or desired is ABSENT):
            return self._merge_objects(rule, desired, actual)
        if desired is ABSENT:
            return self._live(rule, actual)
        if isinstance(desired, (list, tuple)) and isinstance(actual, (list, tuple)):
            return self._merge_lists(rule, desired, actual)
        if rule.fact.owner_in(self._actual) is not Owner.BLUEPRINT and not is_empty(actual):
            return actual
        return desired

    def _merge_objects(self, rule: Rule, desired: object, actual: Mapping[str, object]) -> object:
        wanted: Mapping[str, object] = desired if isinstance(desired, Mapping) else {}
        names = {str(key).lower(): key for key in wanted}
        merged: dict[str, object] = {}
        for key, value in actual.items():
            child = self.rules.child(rule, key)
            own = names.pop(key.lower(), None)
            if own is None and (child.silent or child.path.lower() in self._left_out):
                continue
            item = self.merge(child, wanted[own] if own is not None else ABSENT, value)
            if item is not None:
                merged[child.name if child.name != "[]" else key] = item
        for own in names.values():
            merged[own] = wanted[own]
        return merged

    def _merge_lists(
        self,
        rule: Rule,
        desired: list[object] | tuple[object, ...],
        actual: list[object] | tuple[object, ...],
    ) -> list[object]:
        entry = self.rules.entry(rule)
        keeps_others = rule.fact.embeds or rule.fact.shared
        merged: list[object] = []
        for pair in pair_entries(
            rule, desired, actual, lambda one, other: is_same(entry, one, other)
        ):
            if pair.desired is ABSENT:
                if keeps_others:
                    merged.append(self._live(entry, pair.actual))
            elif isinstance(pair.desired, Mapping) and isinstance(pair.actual, Mapping):
                merged.append(self._merge_entry(entry, pair.desired, pair.actual, rule))
            else:
                merged.append(pair.desired)
        if all(isinstance(item, Mapping) for item in desired):
            return merged
        return [*desired, *merged[len(desired) :]]

    def _merge_entry(
        self, entry: Rule, desired: Mapping[str, object], actual: Mapping[str, object], rule: Rule
    ) -> object:
        """Entries of a security list are as declared; those of child resources are merged."""
        if rule.fact.embeds or rule.fact.shared:
            return self._merge_objects(entry, desired, actual)
        return desired

    def _live(self, rule: Rule, actual: object) -> object:
        """Return what can be written of a live value."""
        if isinstance(actual, Mapping):
            return self._merge_objects(rule, ABSENT, actual)
        if isinstance(actual, (list, tuple)):
            entry = self.rules.entry(rule)
            return [self._live(entry, item) for item in actual]
        return actual
