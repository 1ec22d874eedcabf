"""Azure Policy: which assignments would deny a resource, asked beforehand and on its write.

What is evaluated is a part of the language ("Azure Policy definition structure: policy rule"):
`allOf`, `anyOf`, `not`, and conditions on a `field` with `equals`, `notEquals`, `in`, `notIn`,
`exists`, `like`, `notLike`, `contains` and `notContains`; `[parameters('name')]`; the effect Deny,
also by an override. Where an assignment judges at all stands in `policy_scope`.
A rule with anything else, a built-in definition and an initiative are passed over.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, TypeAlias

from provisioner.catalog.policies import ASSIGNMENT
from provisioner.catalog.resource_type import ResourceType
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import ABSENT, Json, lookup
from provisioner.simulator.cloud import Cloud
from provisioner.simulator.errors import RefusalError
from provisioner.simulator.exchange import Answer, Request
from provisioner.simulator.policy_scope import judges, overridden_effect
from provisioner.simulator.records import Record
from provisioner.simulator.validation import normalise_location

_PARAMETER = re.compile(r"\[parameters\('([^']+)'\)\]", re.IGNORECASE)
_TAG = re.compile(r"tags(?:\.|\[')([^\]']+)(?:'\])?", re.IGNORECASE)


class _UnknownWordsError(Exception):
    """A rule says what is not evaluated here."""


@dataclass(frozen=True, slots=True)
class _Denial:
    """One assignment that denies a resource, with the fields that its rule looked at."""

    assignment: Record
    definition: Record
    fields: tuple[str, ...]
    message: str


def check_restrictions(cloud: Cloud, request: Request, scope: str) -> Answer:
    """Answer which policies would deny the resource in the request."""
    document = request.read_object()
    content = lookup(document, ("resourceDetails", "resourceContent"))
    if not isinstance(content, Mapping) or not isinstance(content.get("type"), str):
        raise RefusalError(
            400, "InvalidCheckRestrictionsRequest", "resourceContent states no type."
        )
    at = parse_resource_id(scope)
    resource_type = cloud.catalog.find(content["type"])
    denials = list(_denials(cloud, at, resource_type, content)) if at and resource_type else []
    return Answer(
        200,
        {
            "fieldRestrictions": [],
            "contentEvaluationResult": {"policyEvaluations": [_evaluation(d) for d in denials]},
        },
    )


def check_policies(
    cloud: Cloud, resource_type: ResourceType, resource: ResourceId, document: Mapping[str, Any]
) -> None:
    """Refuse a write that a policy denies (`RequestDisallowedByPolicy`, guidelines.md §3.2)."""
    content = {**document, "name": resource.name, "type": resource_type.name}
    denials = list(_denials(cloud, resource, resource_type, content))
    if denials:
        named: Json = [
            {
                "policyAssignment": {"name": d.assignment.id.name, "id": d.assignment.id.text},
                "policyDefinition": {"name": d.definition.id.name, "id": d.definition.id.text},
            }
            for d in denials
        ]
        reasons = "".join(f" {d.message}" for d in denials if d.message)
        raise RefusalError(
            403,
            "RequestDisallowedByPolicy",
            f"Resource '{resource.name}' was disallowed by policy.{reasons} "
            f"Policy identifiers: '{json.dumps(named)}'.",
            target=resource.name,
        )


def _denials(
    cloud: Cloud,
    at: ResourceId,
    resource_type: ResourceType,
    content: Mapping[str, Any],
) -> Iterator[_Denial]:
    """Yield what denies a resource at or below a scope."""
    for assignment in cloud.store.resources.of_type(ASSIGNMENT):
        holder = assignment.id.scope
        if holder is None or not at.is_within(holder):
            continue
        if not judges(cloud, assignment, at, resource_type, content):
            continue
        stated = parse_resource_id(lookup(assignment.body, ("properties", "policyDefinitionId")))
        definition = cloud.store.resources.get(stated.key) if stated else None
        if definition is None or not _covers(definition, resource_type):
            continue
        rule = _Rule(definition, assignment, resource_type, content)
        fields = rule.deny()
        if fields is not None:
            yield _Denial(assignment, definition, fields, _message(assignment))


def _covers(definition: Record, resource_type: ResourceType) -> bool:
    """Tell whether a policy looks at a type: Indexed leaves out what has no tags or location.

    The modes of resource providers are about what is in a cluster or a vault, and not about what
    Azure Resource Manager is asked for ("Azure Policy definition structure basics").
    """
    mode = lookup(definition.body, ("properties", "mode"))
    word = mode.lower() if isinstance(mode, str) else "indexed"
    if word == "indexed":
        return resource_type.taggable and resource_type.has_location
    return word == "all"


def _message(assignment: Record) -> str:
    messages = lookup(assignment.body, ("properties", "nonComplianceMessages"))
    for entry in messages if isinstance(messages, list) else ():
        text = lookup(entry, ("message",))
        if isinstance(text, str):
            return text
    return ""


def _evaluation(denial: _Denial) -> Json:
    return {
        "policyInfo": {
            "policyDefinitionId": denial.definition.id.text,
            "policyAssignmentId": denial.assignment.id.text,
        },
        "evaluationResult": "NonCompliant",
        "evaluationDetails": {
            "evaluatedExpressions": [
                {"result": "True", "expressionKind": "Field", "expression": field, "path": field}
                for field in denial.fields
            ],
            "reason": denial.message,
        },
        "effectDetails": {"policyEffect": "Deny"},
    }


class _Rule:
    """The rule of a definition as an assignment states it, over one resource."""

    def __init__(
        self,
        definition: Record,
        assignment: Record,
        resource_type: ResourceType,
        content: Mapping[str, Any],
    ) -> None:
        self._definition = definition
        self._assignment = assignment
        self._type = resource_type
        self._content = content
        self._fields: dict[str, None] = {}

    def deny(self) -> tuple[str, ...] | None:
        """Return the paths that the rule looked at where it denies the resource, else None."""
        rule = lookup(self._definition.body, ("properties", "policyRule"))
        try:
            effect = overridden_effect(self._assignment, self._type, self._content)
            if effect is None:
                effect = str(self._value(lookup(rule, ("then", "effect")))).lower()
            holds = effect == "deny" and self._holds(lookup(rule, ("if",)))
        except _UnknownWordsError:
            return None
        return tuple(self._fields) if holds else None

    def _holds(self, condition: Any) -> bool:  # noqa: ANN401
        if not isinstance(condition, Mapping):
            raise _UnknownWordsError
        words = {key.lower(): value for key, value in condition.items()}
        if "allof" in words:
            return all([self._holds(one) for one in words["allof"]])
        if "anyof" in words:
            return any([self._holds(one) for one in words["anyof"]])
        if "not" in words:
            return not self._holds(words["not"])
        operators = [word for word in words if word in _OPERATORS]
        if "field" not in words or len(operators) != 1:
            raise _UnknownWordsError
        wanted = self._value(words[operators[0]])
        return all(_OPERATORS[operators[0]](v, wanted) for v in self._field(words["field"]))

    def _value(self, value: Any) -> Any:  # noqa: ANN401
        """Return a value of the rule; a parameter is the assignment's, or the default."""
        if isinstance(value, list):
            return [self._value(item) for item in value]
        if not isinstance(value, str) or not value.startswith("[") or value.startswith("[["):
            return value
        match = _PARAMETER.fullmatch(value)
        if match is None:
            raise _UnknownWordsError
        for stated, last in ((self._assignment, "value"), (self._definition, "defaultValue")):
            found = lookup(stated.body, ("properties", "parameters", match[1], last))
            if found is not ABSENT:
                return found
        raise _UnknownWordsError

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


_Operator: TypeAlias = Callable[[Any, Any], bool]
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
}
