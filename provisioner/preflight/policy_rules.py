"""Evaluation of a policy rule on a body, for assignments that the plan itself changes.

A plan may change an assignment and write, after it, what the old one or the new one denies: Azure
evaluates only the assignments that it has. Evaluated here is the part of the rule language that
policies on Azure Resource Manager mostly use ("Azure Policy definition structure: policy rule").
Everything else, and a value that is known after apply only, leaves the ruling open.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from fnmatch import fnmatchcase

from provisioner.catalog.resource_type import ResourceType
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import ABSENT, Unknown, lookup

_PARAMETER = re.compile(r"\[parameters\('([^']+)'\)\]", re.IGNORECASE)
_TAG = re.compile(r"tags(?:\.|\[')([^\]']+)(?:'\])?", re.IGNORECASE)
_DENY = "deny"


class Ruling(Enum):
    """The effect of an assignment on a write."""

    DENIES = "denies"
    ALLOWS = "allows"
    OPEN = "cannot be told"


@dataclass(frozen=True, slots=True)
class Exemption:
    """A policy exemption after the plan, and the scope that it exempts."""

    scope: ResourceId
    body: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Assigned:
    """An assignment after the plan, with its definition and exemptions.

    `definition` is None where it was not read.
    """

    assignment: Mapping[str, object]
    definition: Mapping[str, object] | None
    exemptions: tuple[Exemption, ...] = ()


@dataclass(frozen=True, slots=True)
class Subject:
    """A resource that is written: its id, type and body, with Unknown leaves."""

    id: ResourceId
    type: ResourceType
    body: Mapping[str, object]


def rule_on(assigned: Assigned, subject: Subject) -> tuple[Ruling, tuple[str, ...]]:
    """Return the effect of an assignment on a write, with the fields that its rule looked at.

    Resource selectors, overrides, and exemptions with an expiry or selectors are not evaluated
    here: they leave the ruling open.
    """
    judges = _applies_at(assigned, subject.id)
    if judges is not True:
        return Ruling.OPEN if judges is None else Ruling.ALLOWS, ()
    definition = assigned.definition
    effect = _effect_of(assigned)
    if effect is not None and effect != _DENY:
        return Ruling.ALLOWS, ()
    if definition is None or effect is None:
        return Ruling.OPEN, ()
    if not _mode_covers(definition, subject.type):
        return Ruling.ALLOWS, ()
    rule = _Rule(assigned, subject)
    holds = rule.holds(lookup(definition, ("properties", "policyRule", "if")))
    ruling = Ruling.OPEN if holds is None else Ruling.DENIES if holds else Ruling.ALLOWS
    return ruling, tuple(rule.fields)


def _applies_at(assigned: Assigned, at: ResourceId) -> bool | None:
    """Return whether an assignment applies to a write at a place; None where that is open."""
    exemptions = [exemption for exemption in assigned.exemptions if at.is_within(exemption.scope)]
    if not _is_enforced(assigned.assignment, at):
        return False
    if any(not _has_any(exemption.body, *_NARROWING) for exemption in exemptions):
        return False
    if exemptions or _has_any(assigned.assignment, "overrides", "resourceSelectors"):
        return None
    return True


_NARROWING = ("expiresOn", "resourceSelectors", "policyDefinitionReferenceIds")
"""What of an exemption may leave a write in its scope judged all the same."""


def _has_any(body: Mapping[str, object], *names: str) -> bool:
    """Return whether a body states one of some properties with a value that is not empty."""
    stated = (lookup(body, ("properties", name)) for name in names)
    return any(value is not ABSENT and value not in (None, (), [], "") for value in stated)


def _is_enforced(assignment: Mapping[str, object], at: ResourceId) -> bool:
    mode = lookup(assignment, ("properties", "enforcementMode"))
    left_out = lookup(assignment, ("properties", "notScopes"))
    scopes = [
        parse_resource_id(s) for s in (left_out if isinstance(left_out, (list, tuple)) else ())
    ]
    without = any(scope is not None and at.is_within(scope) for scope in scopes)
    return str(mode).lower() != "donotenforce" and not without


def _mode_covers(definition: Mapping[str, object], resource_type: ResourceType) -> bool:
    """Return whether the mode of a policy covers a type.

    `Indexed` covers types with tags and location; the mode of a resource provider (such as that of
    Kubernetes data) covers none of Azure Resource Manager.
    """
    mode = lookup(definition, ("properties", "mode"))
    word = mode.lower() if isinstance(mode, str) else "indexed"
    indexed = resource_type.taggable and resource_type.has_location
    return word == "all" or (word == "indexed" and indexed)


def _effect_of(assigned: Assigned) -> str | None:
    """Return the effect in lower case, None where it cannot be determined."""
    stated = lookup(assigned.definition, ("properties", "policyRule", "then", "effect"))
    if stated is ABSENT:
        # Nearly every built-in policy takes its effect as the parameter of that name.
        stated = "[parameters('effect')]"
    found = _evaluate_value(assigned, stated)
    return found.lower() if isinstance(found, str) else None


def _evaluate_value(assigned: Assigned, value: object) -> object:
    """Return a value of the rule, ABSENT where it cannot be determined.

    A parameter has the value of the assignment, or else the default of the definition.
    """
    if isinstance(value, (list, tuple)):
        items = [_evaluate_value(assigned, item) for item in value]
        return ABSENT if any(item is ABSENT for item in items) else items
    if not isinstance(value, str) or not value.startswith("[") or value.startswith("[["):
        return ABSENT if isinstance(value, Unknown) else value
    match = _PARAMETER.fullmatch(value)
    if match is None:
        return ABSENT
    for body, last in ((assigned.assignment, "value"), (assigned.definition, "defaultValue")):
        found = lookup(body, ("properties", "parameters", match[1], last))
        if found is not ABSENT:
            return ABSENT if isinstance(found, Unknown) else found
    return ABSENT


@dataclass(frozen=True, slots=True)
class _Rule:
    assigned: Assigned
    subject: Subject
    fields: dict[str, None] = field(default_factory=dict)

    def holds(self, condition: object) -> bool | None:
        """Return whether a condition holds; None where it cannot be determined."""
        if not isinstance(condition, Mapping):
            return None
        words = {str(key).lower(): value for key, value in condition.items()}
        if "allof" in words or "anyof" in words:
            wanted = "anyof" in words
            parts = words["anyof" if wanted else "allof"]
            results = [
                self.holds(part) for part in (parts if isinstance(parts, (list, tuple)) else ())
            ]
            return wanted if wanted in results else None if None in results else not wanted
        if "not" in words:
            inner = self.holds(words["not"])
            return None if inner is None else not inner
        return self._holds_comparison(words)

    def _holds_comparison(self, words: Mapping[str, object]) -> bool | None:
        operators = [word for word in words if word in _OPERATORS]
        name = words.get("field")
        if not isinstance(name, str) or len(operators) != 1 or len(words) != 2:
            return None
        wanted = _evaluate_value(self.assigned, words[operators[0]])
        values = self._field_values(name)
        if wanted is ABSENT or values is None:
            return None
        results = [_OPERATORS[operators[0]](value, wanted) for value in values]
        return all(results)

    def _field_values(self, name: str) -> list[object] | None:
        """Return the values that a field refers to: one, or one for each entry that `[*]` selects.

        None where one of them is known after apply, or the name is an alias of another property.
        """
        tag, lower = _TAG.fullmatch(name), name.lower()
        own = f"{self.subject.type.name.lower()}/"
        if tag is not None:
            path = ["tags", tag[1]]
        elif lower in ("type", "name"):
            return [self.subject.type.name if lower == "type" else self.subject.id.name]
        elif "/" not in name:
            path = name.split(".")
        elif lower.startswith(own):
            path = name[len(own) :].split(".")
            if lookup(self.subject.body, (path[0].partition("[")[0],)) is ABSENT:
                path = ["properties", *path]
        else:
            return [None]
        self.fields[".".join(path)] = None
        found = list(_values_at(self.subject.body, path))
        if any(isinstance(value, Unknown) for value in found):
            return None
        return [_normalised_region(value) for value in found] if lower == "location" else found


def _normalised_region(value: object) -> object:
    return value.replace(" ", "").lower() if isinstance(value, str) else value


def _property_named(value: object, name: str) -> object:
    entries = value.items() if isinstance(value, Mapping) else ()
    return next((item for key, item in entries if key.lower() == name.lower()), None)


def _values_at(value: object, path: list[str]) -> Iterator[object]:
    if not path or isinstance(value, Unknown):
        yield value
        return
    name, _, each = path[0].partition("[")
    below = _property_named(value, name)
    if below is None:
        # An alias leaves out the `properties` of an entry (`subnets[*].addressPrefix`).
        below = _property_named(_property_named(value, "properties"), name)
    if not each or isinstance(below, Unknown):
        yield from _values_at(below, path[1:])
        return
    for entry in below if isinstance(below, (list, tuple)) else ():
        yield from _values_at(entry, path[1:])


def _is_equal(value: object, wanted: object) -> bool:
    return str(value).lower() == str(wanted).lower()


def _is_in(value: object, wanted: object) -> bool:
    return isinstance(wanted, list) and any(_is_equal(value, one) for one in wanted)


def _is_existence(value: object, wanted: object) -> bool:
    return (value is not None) is (str(wanted).lower() == "true")


def _is_like(value: object, wanted: object) -> bool:
    pattern = str(wanted).lower().replace("[", "[[]").replace("?", "[?]")
    return fnmatchcase(str("" if value is None else value).lower(), pattern)


def _has_text(value: object, wanted: object) -> bool:
    if isinstance(value, (list, tuple)):
        return any(_is_equal(item, wanted) for item in value)
    return str(wanted).lower() in str("" if value is None else value).lower()


_OPERATORS: Mapping[str, Callable[[object, object], bool]] = {
    "equals": _is_equal,
    "notequals": lambda value, wanted: not _is_equal(value, wanted),
    "in": _is_in,
    "notin": lambda value, wanted: not _is_in(value, wanted),
    "exists": _is_existence,
    "like": _is_like,
    "notlike": lambda value, wanted: not _is_like(value, wanted),
    "contains": _has_text,
    "notcontains": lambda value, wanted: not _has_text(value, wanted),
}
