"""Policy rules: the condition and effect of a policy for one resource, under an assignment.

Evaluated is a part of the language ("Azure Policy definition structure: policy rule"): `allOf`,
`anyOf`, `not`, conditions on a `field` or a `value` with the operators in `_OPERATORS`, and
expressions of the functions in `_FUNCTIONS`, `parameters`, `field` and `claims`. A rule with
anything else is an UnknownWordsError, and counts as neither met nor unmet.
"""

import re
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any, TypeAlias

from provisioner.catalog.resource_type import ResourceType
from provisioner.model.values import ABSENT, lookup
from provisioner.simulator.bodies.validation import normalise_location
from provisioner.simulator.policy.scope import overridden_effect
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.state.records import Record
from provisioner.simulator.template_language.expressions import Functions, evaluate
from provisioner.simulator.template_language.syntax import calls_in
from provisioner.simulator.template_language.template_errors import Value

_TAG = re.compile(r"tags(?:\.|\['?)([^\]']+)(?:'?\])?", re.IGNORECASE)


class UnknownWordsError(Exception):
    """A rule has words of the language that are not evaluated here."""


class PolicyRule:
    """The rule of a definition for the body of one resource (with `id`, `name` and `type`).

    `claims` are those of a policy token for this assignment. If they are None, conditions on claims
    are neither true nor false (None).
    """

    def __init__(
        self,
        definition: Record,
        assignment: Record,
        resource_type: ResourceType,
        content: Mapping[str, Any],
        claims: Mapping[str, Any] | None = None,
    ) -> None:
        self._definition = definition
        self._assignment = assignment
        self._type = resource_type
        self._content = content
        self._claims = claims
        self._fields: dict[str, None] = {}

    @property
    def fields(self) -> tuple[str, ...]:
        """The paths that the rule has read so far."""
        return tuple(self._fields)

    def effect(self) -> str:
        """Return the effect in lower case; unknown words are an UnknownWordsError."""
        overridden = overridden_effect(self._assignment, self._type, self._content)
        if overridden is not None:
            return overridden
        stated = lookup(self._definition.body, ("properties", "policyRule", "then", "effect"))
        return str(self.evaluate(stated)).lower()

    def holds(self) -> bool | None:
        """Return whether the condition holds; None if that depends on absent claims.

        Unknown words are an UnknownWordsError.
        """
        return self._holds(lookup(self._definition.body, ("properties", "policyRule", "if")))

    def evaluate(self, value: Value) -> Value:
        """Return a value of the definition with its expressions evaluated.

        Raises:
            UnknownWordsError: an expression cannot be.
        """
        try:
            return evaluate(value, self._functions)
        except RefusalError as problem:
            raise UnknownWordsError from problem

    def _holds(self, condition: Value) -> bool | None:
        if not isinstance(condition, Mapping):
            raise UnknownWordsError
        words = {key.lower(): value for key, value in condition.items()}
        if "allof" in words or "anyof" in words:
            decisive = "anyof" in words
            parts = [self._holds(one) for one in words["anyof" if decisive else "allof"]]
            return decisive if decisive in parts else None if None in parts else not decisive
        if "not" in words:
            inner = self._holds(words["not"])
            return None if inner is None else not inner
        if self._claims is None and self._uses_claims(condition):
            return None
        operators = [word for word in words if word in _OPERATORS]
        if len(operators) != 1 or ("field" in words) is ("value" in words):
            raise UnknownWordsError
        expected = self.evaluate(words[operators[0]])
        if "value" in words:
            found = [self.evaluate(words["value"])]
        else:
            found = self._field_values(self.evaluate(words["field"]))
        return all(_OPERATORS[operators[0]](value, expected) for value in found)

    @staticmethod
    def _uses_claims(condition: Mapping[str, Any]) -> bool:
        try:
            return any(call.function.lower() == "claims" for call in calls_in(condition))
        except RefusalError:
            return False

    @property
    def _functions(self) -> Functions:
        return {
            **_FUNCTIONS,
            "parameters": self._parameter,
            "field": lambda name: self._field_values(name)[0],
            "claims": lambda: dict(self._claims or {}),
        }

    def _parameter(self, name: str) -> Value:
        """Return a parameter: the assignment's, or the definition's default.

        Raises:
            UnknownWordsError: there is neither.
        """
        for stated, last in ((self._assignment, "value"), (self._definition, "defaultValue")):
            found = lookup(stated.body, ("properties", "parameters", name, last))
            if found is not ABSENT:
                return found
        raise UnknownWordsError

    def _field_values(self, name: str) -> list[Any]:
        """Return the values of a field: one, or those of the entries at `[*]`."""
        tag = _TAG.fullmatch(name)
        if tag is not None:
            path = ["tags", tag[1]]
        elif "/" not in name:
            path = name.split(".")
        elif name.lower().startswith(f"{self._type.name.lower()}/"):
            path = name[len(self._type.name) + 1 :].split(".")
            if path[0].partition("[")[0] not in self._content:
                path = ["properties", *path]
        else:
            return [None]
        self._fields[".".join(path)] = None
        found = _values_at(self._content, path)
        if name.lower() == "location":
            # A region is one, however it is written.
            return [normalise_location(v) if isinstance(v, str) else v for v in found]
        return found


def _values_at(value: Value, path: list[str]) -> list[Value]:
    if not path:
        return [value]
    name, _, rest = path[0].partition("[")
    member = None
    if isinstance(value, Mapping):
        member = next((v for key, v in value.items() if key.lower() == name.lower()), None)
    if not rest:
        return _values_at(member, path[1:])
    entries = member if isinstance(member, (list, tuple)) else ()
    return [found for entry in entries for found in _values_at(entry, path[1:])]


def _equals(value: Value, expected: Value) -> bool:
    if isinstance(value, (str, bool)) or isinstance(expected, (str, bool)):
        return str(value).lower() == str(expected).lower()
    return bool(value == expected)


def _is_in(value: Value, expected: Value) -> bool:
    return any(_equals(value, one) for one in (expected if isinstance(expected, list) else ()))


def _exists(value: Value, expected: Value) -> bool:
    return (value is not None) is (str(expected).lower() == "true")


def _like(value: Value, expected: Value) -> bool:
    # Of a glob's wildcards `like` has `*` only ("Azure Policy definition structure: policy rule").
    pattern = str(expected).lower().replace("[", "[[]").replace("?", "[?]")
    return fnmatchcase(str("" if value is None else value).lower(), pattern)


def _contains(value: Value, expected: Value) -> bool:
    if isinstance(value, (list, tuple)):
        return any(_equals(item, expected) for item in value)
    return str(expected).lower() in str("" if value is None else value).lower()


def _compare_order(value: Value, expected: Value) -> int:
    """Return -1, 0 or 1 for two numbers or two texts.

    Raises:
        UnknownWordsError: the values are neither.
    """
    if isinstance(value, str) and isinstance(expected, str):
        value, expected = value.lower(), expected.lower()
    elif not (isinstance(value, (int, float)) and isinstance(expected, (int, float))):
        raise UnknownWordsError
    return int(value > expected) - int(value < expected)


_Operator: TypeAlias = Callable[[Any, Any], bool]


def _coalesce(*values: Value) -> Value:
    return next((value for value in values if value is not None), None)


def _format(pattern: str, *values: Value) -> str:
    return re.sub(r"\{(\d+)\}", lambda match: _text(values[int(match[1])]), pattern)


def _text(value: Value) -> str:
    """Return a value as text; an absent field is `null`.

    Source: Azure/azure-policy, ExternalEvaluationPolicies, "Defending against an absent field".
    """
    if value is None or isinstance(value, bool):
        return str(value).lower() if value is not None else "null"
    return str(value)


def _boolean(value: Value) -> bool:
    return value.lower() == "true" if isinstance(value, str) else bool(value)


_FUNCTIONS: Functions = {
    "true": lambda: True,
    "false": lambda: False,
    "null": lambda: None,
    "and": lambda *values: all(values),
    "or": lambda *values: any(values),
    "not": lambda value: not value,
    "if": lambda condition, one, other: one if condition else other,
    "equals": lambda one, other: _equals(one, other),
    "greater": lambda one, other: _compare_order(one, other) > 0,
    "less": lambda one, other: _compare_order(one, other) < 0,
    "coalesce": _coalesce,
    "empty": lambda value: value is None or value in ("", [], {}),
    "bool": _boolean,
    "int": int,
    "string": _text,
    "length": len,
    "concat": lambda *values: "".join(_text(value) for value in values),
    "format": _format,
    "tolower": lambda text: str(text).lower(),
    "toupper": lambda text: str(text).upper(),
}

_OPERATORS: Mapping[str, _Operator] = {
    "equals": _equals,
    "notequals": lambda value, expected: not _equals(value, expected),
    "in": _is_in,
    "notin": lambda value, expected: not _is_in(value, expected),
    "exists": _exists,
    "like": _like,
    "notlike": lambda value, expected: not _like(value, expected),
    "contains": _contains,
    "notcontains": lambda value, expected: not _contains(value, expected),
    "greater": lambda value, expected: _compare_order(value, expected) > 0,
    "greaterorequals": lambda value, expected: _compare_order(value, expected) >= 0,
    "less": lambda value, expected: _compare_order(value, expected) < 0,
    "lessorequals": lambda value, expected: _compare_order(value, expected) <= 0,
}
