"""The rule of a policy as an assignment puts it in force, over one resource.

What is evaluated is a part of the language ("Azure Policy definition structure: policy rule"):
`allOf`, `anyOf`, `not`, and conditions on a `field` or a `value` with the operators at the end of
this file; expressions of the functions in `_FUNCTIONS`, `parameters`, `field` and `claims`.
A rule with anything else cannot be told: UnknownWordsError.
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

_TAG = re.compile(r"tags(?:\.|\['?)([^\]']+)(?:'?\])?", re.IGNORECASE)


class UnknownWordsError(Exception):
    """A rule says what is not evaluated here."""


class PolicyRule:
    """The rule of a definition, over the body of one resource (with `id`, `name` and `type`).

    `claims` are those of a policy token for this assignment; None where there is none: what a
    condition on them comes to is open then.
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
        """The paths that the rule looked at so far."""
        return tuple(self._fields)

    def effect(self) -> str:
        """Return the effect in lower case. Raises UnknownWordsError."""
        overridden = overridden_effect(self._assignment, self._type, self._content)
        if overridden is not None:
            return overridden
        stated = lookup(self._definition.body, ("properties", "policyRule", "then", "effect"))
        return str(self.evaluate(stated)).lower()

    def holds(self) -> bool | None:
        """Return whether the condition holds; None where that depends on claims that are not there.
        Raises UnknownWordsError."""
        return self._holds(lookup(self._definition.body, ("properties", "policyRule", "if")))

    def evaluate(self, value: Any) -> Any:  # noqa: ANN401
        """Return a value of the definition with its expressions evaluated. Raises
        UnknownWordsError."""
        try:
            return evaluate(value, self._functions)
        except RefusalError as problem:
            raise UnknownWordsError from problem

    def _holds(self, condition: Any) -> bool | None:  # noqa: ANN401
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
        if self._claims is None and self._claims_in(condition):
            return None
        operators = [word for word in words if word in _OPERATORS]
        if len(operators) != 1 or ("field" in words) is ("value" in words):
            raise UnknownWordsError
        wanted = self.evaluate(words[operators[0]])
        if "value" in words:
            found = [self.evaluate(words["value"])]
        else:
            found = self._field(self.evaluate(words["field"]))
        return all(_OPERATORS[operators[0]](value, wanted) for value in found)

    @staticmethod
    def _claims_in(condition: Mapping[str, Any]) -> bool:
        try:
            return any(call.function.lower() == "claims" for call in calls_in(condition))
        except RefusalError:
            return False

    @property
    def _functions(self) -> Functions:
        return {
            **_FUNCTIONS,
            "parameters": self._parameter,
            "field": lambda name: self._field(name)[0],
            "claims": lambda: dict(self._claims or {}),
        }

    def _parameter(self, name: str) -> Any:  # noqa: ANN401
        """Return a parameter: the assignment's, or the default of the definition."""
        for stated, last in ((self._assignment, "value"), (self._definition, "defaultValue")):
            found = lookup(stated.body, ("properties", "parameters", name, last))
            if found is not ABSENT:
                return found
        raise UnknownWordsError

    def _field(self, name: str) -> list[Any]:
        """Return the values that a field reaches: one, or those of the entries behind `[*]`."""
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
        found = _reach(self._content, path)
        if name.lower() == "location":
            # A region is one, however it is written.
            return [normalise_location(v) if isinstance(v, str) else v for v in found]
        return found


def _reach(value: Any, path: list[str]) -> list[Any]:  # noqa: ANN401
    if not path:
        return [value]
    name, _, each = path[0].partition("[")
    below = None
    if isinstance(value, Mapping):
        below = next((v for key, v in value.items() if key.lower() == name.lower()), None)
    if not each:
        return _reach(below, path[1:])
    entries = below if isinstance(below, (list, tuple)) else ()
    return [found for entry in entries for found in _reach(entry, path[1:])]


def _equal(value: Any, wanted: Any) -> bool:  # noqa: ANN401
    if isinstance(value, (str, bool)) or isinstance(wanted, (str, bool)):
        return str(value).lower() == str(wanted).lower()
    return bool(value == wanted)


def _is_in(value: Any, wanted: Any) -> bool:  # noqa: ANN401
    return any(_equal(value, one) for one in (wanted if isinstance(wanted, list) else ()))


def _exists(value: Any, wanted: Any) -> bool:  # noqa: ANN401
    return (value is not None) is (str(wanted).lower() == "true")


def _like(value: Any, wanted: Any) -> bool:  # noqa: ANN401
    pattern = str(wanted).lower().replace("[", "[[]").replace("?", "[?]")
    return fnmatchcase(str("" if value is None else value).lower(), pattern)


def _contains(value: Any, wanted: Any) -> bool:  # noqa: ANN401
    if isinstance(value, (list, tuple)):
        return any(_equal(item, wanted) for item in value)
    return str(wanted).lower() in str("" if value is None else value).lower()


def _order(value: Any, wanted: Any) -> int:  # noqa: ANN401
    """Return how two numbers, or two texts, stand to each other; what is neither is no answer."""
    if isinstance(value, str) and isinstance(wanted, str):
        value, wanted = value.lower(), wanted.lower()
    elif not (isinstance(value, (int, float)) and isinstance(wanted, (int, float))):
        raise UnknownWordsError
    return int(value > wanted) - int(value < wanted)


_Operator: TypeAlias = Callable[[Any, Any], bool]


def _coalesce(*values: Any) -> Any:  # noqa: ANN401
    return next((value for value in values if value is not None), None)


def _format(pattern: str, *values: Any) -> str:  # noqa: ANN401
    return re.sub(r"\{(\d+)\}", lambda match: _text(values[int(match[1])]), pattern)


def _text(value: Any) -> str:  # noqa: ANN401
    """Return a value as a text: an absent field is written out as `null` (Azure/azure-policy,
    ExternalEvaluationPolicies, "Defending against an absent field")."""
    if value is None or isinstance(value, bool):
        return str(value).lower() if value is not None else "null"
    return str(value)


def _boolean(value: Any) -> bool:  # noqa: ANN401
    return value.lower() == "true" if isinstance(value, str) else bool(value)


_FUNCTIONS: Functions = {
    "true": lambda: True,
    "false": lambda: False,
    "null": lambda: None,
    "and": lambda *values: all(values),
    "or": lambda *values: any(values),
    "not": lambda value: not value,
    "if": lambda condition, one, other: one if condition else other,
    "equals": lambda one, other: _equal(one, other),
    "greater": lambda one, other: _order(one, other) > 0,
    "less": lambda one, other: _order(one, other) < 0,
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
    "equals": _equal,
    "notequals": lambda value, wanted: not _equal(value, wanted),
    "in": _is_in,
    "notin": lambda value, wanted: not _is_in(value, wanted),
    "exists": _exists,
    "like": _like,
    "notlike": lambda value, wanted: not _like(value, wanted),
    "contains": _contains,
    "notcontains": lambda value, wanted: not _contains(value, wanted),
    "greater": lambda value, wanted: _order(value, wanted) > 0,
    "greaterorequals": lambda value, wanted: _order(value, wanted) >= 0,
    "less": lambda value, wanted: _order(value, wanted) < 0,
    "lessorequals": lambda value, wanted: _order(value, wanted) <= 0,
}
