"""The comparison of a desired body with Azure's answer to it.

It reports two kinds of change. A declared one: the desired body says a value, and Azure has
another. An undeclared one: the body is silent, and Azure has a value off the default. Where no
default is known nothing is reported; the path is listed, so that coverage can be measured.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

from provisioner.catalog.field import Disruption, Owner
from provisioner.catalog.resource_type import ResourceType
from provisioner.catalog.schema import Kind, SchemaIndex
from provisioner.diff.change import FieldChange
from provisioner.diff.entries import Pair, pair_entries
from provisioner.diff.normal_form import is_newer, is_same
from provisioner.diff.rules import Rule, Rules
from provisioner.documents.plan import FieldKind
from provisioner.model.resource_id import parse_resource_id
from provisioner.model.values import ABSENT, Body, Unknown, Value, is_empty, lookup


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a comparison found: the changes, sorted by path, and the paths of undeclared values
    for which no default is known."""

    changes: tuple[FieldChange, ...]
    unknown_defaults: tuple[str, ...]


def compare(
    resource_type: ResourceType,
    schemas: SchemaIndex,
    desired: Mapping[str, Value],
    actual: Body,
) -> Comparison:
    """Compare two bodies of one type. Never raises, whatever JSON they are.

    `desired` may hold Unknown leaves: each differs from whatever Azure has.
    """
    rules = _rules(_Key(resource_type, schemas))
    # To a fact, a value that is not known yet is a value like any other.
    walker = _Walker(rules, cast(Body, desired), actual)
    walker.compare_objects(walker.rules.root, desired, actual, "")
    return Comparison(
        tuple(sorted(walker.changes, key=lambda change: change.path)),
        tuple(sorted(walker.unknown_defaults)),
    )


class _Key:
    """A type and its schemas, known to the cache of their rules by which objects they are."""

    def __init__(self, resource_type: ResourceType, schemas: SchemaIndex) -> None:
        self.resource_type = resource_type
        self.schemas = schemas

    def __hash__(self) -> int:
        return hash((id(self.resource_type), id(self.schemas)))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, _Key)
            and other.resource_type is self.resource_type
            and other.schemas is self.schemas
        )


@lru_cache(maxsize=256)
def _rules(key: _Key) -> Rules:
    return Rules(key.resource_type, key.schemas)


class _Walker:
    """Walks two bodies once, and keeps what differs."""

    def __init__(self, rules: Rules, desired: Body, actual: Body) -> None:
        self.rules = rules
        self.changes: list[FieldChange] = []
        self.unknown_defaults: list[str] = []
        self._desired = desired
        self._actual = actual

    def compare_objects(self, rule: Rule, desired: object, actual: object, path: str) -> None:
        """Compare two objects property by property."""
        if not isinstance(desired, Mapping) or not isinstance(actual, Mapping):
            if not (is_empty(desired) and is_empty(actual)):
                self._report(rule, path, desired, actual)
            return
        theirs = {key.lower(): key for key in actual}
        for key, value in desired.items():
            child = self.rules.child(rule, str(key))
            real = theirs.pop(str(key).lower(), None)
            below = _join(path, str(key), child)
            if not child.silent:
                self._compare_value(
                    child, value, actual[real] if real is not None else ABSENT, below
                )
        if rule.path == "tags":
            return  # what the blueprint lacks here belongs to others
        for real in theirs.values():
            child = self.rules.child(rule, real)
            if not child.silent:
                self._judge_silence(child, actual[real], _join(path, real, child))

    def _compare_value(self, rule: Rule, desired: object, actual: object, path: str) -> None:
        if isinstance(desired, Unknown):
            self._report(rule, path, desired, actual)
        elif is_empty(desired):
            if not is_empty(actual):
                self._judge_empty(rule, desired, actual, path)
        elif is_empty(actual):
            self._judge_missing(rule, desired, actual, path)
        elif self._is_owned_elsewhere(rule, desired, actual):
            return
        elif isinstance(desired, Mapping):
            if not _is_same_reference(desired, actual):
                self.compare_objects(rule, desired, actual, path)
        elif isinstance(desired, (list, tuple)) and isinstance(actual, (list, tuple)):
            self._compare_lists(rule, desired, actual, path)
        elif not is_same(rule, desired, actual):
            self._report(rule, path, desired, actual)

    def _judge_empty(self, rule: Rule, desired: object, actual: object, path: str) -> None:
        """Null and "" say nothing; an empty list or object says that there is to be nothing."""
        says_none = isinstance(desired, (list, tuple)) and not rule.fact.embeds
        if says_none and rule.fact.shared is False and isinstance(actual, (list, tuple)):
            if self._is_default(rule, actual):
                return
            self._compare_lists(rule, desired, actual, path)  # type: ignore[arg-type]
        else:
            self._judge_silence(rule, actual, path)

    def _judge_missing(self, rule: Rule, desired: object, actual: object, path: str) -> None:
        """Azure leaves out what is as it would be anyway."""
        if self._is_default(rule, desired) or self._is_owned_elsewhere(rule, desired, actual):
            return
        if isinstance(desired, Mapping):
            for key, value in desired.items():
                child = self.rules.child(rule, str(key))
                if not child.silent:
                    self._compare_value(child, value, ABSENT, _join(path, str(key), child))
        elif desired is not False or not is_empty(rule.fact.default_in(self._desired)):
            self._report(rule, path, desired, actual)

    def _compare_lists(
        self,
        rule: Rule,
        desired: list[object] | tuple[object, ...],
        actual: list[object] | tuple[object, ...],
        path: str,
    ) -> None:
        entry = self.rules.entry(rule)

        def is_equal(one: object, other: object) -> bool:
            probe = _Walker(self.rules, self._desired, self._actual)
            probe._compare_value(entry, one, other, "")
            return not probe.changes

        for pair in pair_entries(rule, desired, actual, is_equal):
            self._compare_pair(rule, entry, pair, f"{path}[{pair.mark}]")

    def _compare_pair(self, rule: Rule, entry: Rule, pair: Pair, path: str) -> None:
        if pair.desired is ABSENT:
            if not (rule.fact.embeds or rule.fact.shared):
                self._report(rule, path, ABSENT, self._written(entry, pair.actual))
        elif pair.actual is ABSENT:
            self._report(rule, path, pair.desired, ABSENT)
        else:
            self._compare_value(entry, pair.desired, pair.actual, path)

    def _written(self, rule: Rule, actual: object) -> object:
        """Return of a value what somebody wrote: nothing that only Azure does, nothing empty."""
        if not isinstance(actual, Mapping):
            return actual
        kept: dict[str, object] = {}
        for key, value in actual.items():
            child = self.rules.child(rule, str(key))
            generated = "name" in actual and key in ("id", "etag", "type", "provisioningState")
            if not (child.silent or generated or is_empty(value)):
                kept[key] = self._written(child, value)
        return kept

    def _judge_silence(self, rule: Rule, actual: object, path: str) -> None:
        """Judge a value that the desired body does not speak of."""
        if is_empty(actual) or rule.fact.embeds:
            return
        if rule.fact.owner_in(self._actual) is not Owner.BLUEPRINT:
            return
        default = rule.fact.default_in(self._desired)
        if default is ABSENT:
            if isinstance(actual, Mapping) and rule.shape.kind in (Kind.OBJECT, Kind.MAP):
                for key, value in actual.items():
                    child = self.rules.child(rule, str(key))
                    if not child.silent:
                        self._judge_silence(child, value, _join(path, str(key), child))
            elif isinstance(actual, (list, tuple)) and any(isinstance(i, Mapping) for i in actual):
                self.unknown_defaults.append(path)
            else:
                self.unknown_defaults.append(path)
        elif isinstance(default, Mapping) and isinstance(actual, Mapping):
            probe = _Walker(self.rules, self._desired, self._actual)
            probe.compare_objects(rule, default, actual, path)
            self.changes += [_as_undeclared(change) for change in probe.changes]
        elif not self._is_default(rule, actual):
            self._report(rule, path, default, actual, declared=False)

    def _is_default(self, rule: Rule, value: object) -> bool:
        default = rule.fact.default_in(self._desired)
        if default is ABSENT:
            return False
        if is_empty(default) or is_empty(value):
            return is_empty(default) and (is_empty(value) or value is False)
        probe = _Walker(self.rules, self._desired, self._actual)
        if isinstance(default, (list, tuple)) and isinstance(value, (list, tuple)):
            probe._compare_lists(rule, default, value, "")
            return not probe.changes
        if isinstance(default, Mapping) and isinstance(value, Mapping):
            probe.compare_objects(rule, default, value, "")
            return not probe.changes
        return is_same(rule, default, value)

    def _is_owned_elsewhere(self, rule: Rule, desired: object, actual: object) -> bool:
        owner = rule.fact.owner_in(self._desired)
        if owner is Owner.UPGRADE_CHANNEL:
            # The channel has upgraded: planning the old version back would be a downgrade.
            return not (
                isinstance(desired, str) and isinstance(actual, str) and is_newer(desired, actual)
            )
        return owner is not Owner.BLUEPRINT

    def _report(
        self, rule: Rule, path: str, desired: object, actual: object, *, declared: bool = True
    ) -> None:
        reason = self._reason_to_replace(rule, path, actual) if declared else None
        self.changes.append(
            FieldChange(
                path=path,
                kind=_kind(desired, actual),
                declared=declared,
                before=actual,  # type: ignore[arg-type]
                after=desired,  # type: ignore[arg-type]
                forces_replace=reason is not None,
                reason=reason,
                refused=self._refusal(rule, path, actual) if declared else None,
                owner=rule.fact.owner_in(self._desired),
                security=rule.fact.security,
                disruption=rule.fact.disruption if declared else Disruption.NONE,
                unknown=isinstance(desired, Unknown),
            )
        )

    def _reason_to_replace(self, rule: Rule, path: str, actual: object) -> str | None:
        create_only = rule.fact.create_only
        if callable(create_only):
            return create_only(self._actual, self._desired)
        if create_only and not is_empty(actual):
            return f"{_short(path)} cannot change in place"
        return None

    def _refusal(self, rule: Rule, path: str, actual: object) -> str | None:
        if any(is_same(rule, value, actual) for value in rule.fact.irreversible):
            return f"{_short(path)} cannot be changed from {actual} again"
        return None


def _short(path: str) -> str:
    return path.removeprefix("properties.")


def _as_undeclared(change: FieldChange) -> FieldChange:
    return FieldChange(
        path=change.path,
        kind=change.kind,
        declared=False,
        before=change.before,
        after=change.after,
        owner=change.owner,
        security=change.security,
    )


def _kind(desired: object, actual: object) -> FieldKind:
    if is_empty(actual) and not is_empty(desired):
        return FieldKind.ADDED
    if desired is ABSENT or desired is None:
        return FieldKind.REMOVED
    return FieldKind.CHANGED


def _join(path: str, key: str, rule: Rule) -> str:
    name = rule.name if rule.name != "[]" else key
    if "." in name or "/" in name:
        return f"{path}[{name}]"
    return f"{path}.{name}" if path else name


def _is_same_reference(desired: Mapping[str, object], actual: object) -> bool:
    """Tell whether both point to one resource: Azure sometimes answers more of it than its id."""
    if len(desired) != 1:
        return False
    one = parse_resource_id(lookup(desired, ("id",)))
    return one is not None and one == parse_resource_id(lookup(actual, ("id",)))
