"""Fields that the policy rules in force look at, so that similar writes are checked once.

Two writes of one type at one place that are equal in those fields get the same answer from Azure
Policy, so that one request is enough. Each write is checked by itself where the fields cannot be
determined: an assignment or a definition is not readable, there are more than MOST_DEFINITIONS, or
a rule computes the name of a field.

Source: "Azure Policy definition structure: policy rule" and "... aliases"; "Policy Assignments -
List", which without a filter has those of the management groups above and of the groups below.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioner.catalog.endpoints import (
    POLICY_ASSIGNMENTS,
    POLICY_DEFINITION,
    POLICY_SET_DEFINITION,
)
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import lookup
from provisioner.preflight.azure_queries import AzureQuery, Replies, ask_subscription

MOST_DEFINITIONS = 40
"""Definitions that are read before a plan: beyond, Azure is asked about each write."""

_HARMLESS = frozenset(
    {"audit", "auditifnotexists", "deployifnotexists", "disabled", "denyaction", "manual"}
)
"""Effects that neither refuse nor change what is written."""
_FIELD_CALL = re.compile(r"\bfield\s*\(\s*('(?:[^']|'')*')?", re.IGNORECASE)
_PARAMETER = re.compile(r"\[\s*parameters\(\s*'([^']+)'\s*\)\s*\]", re.IGNORECASE)
_TAG_EXPRESSION = re.compile(r"\[\s*concat\(\s*'tags\[", re.IGNORECASE)
_COMMON = ("type", "location", "kind", "tags", "identity", "sku", "zones")
_UNIQUE = ("name", "fullname", "id")


@dataclass(frozen=True, slots=True)
class InspectedFields:
    """The fields that the rules at a subscription look at, in lower case; None: any field."""

    fields: frozenset[str] | None = None

    def shape(self, resource: ResourceId, content: Mapping[str, Any]) -> str:
        """Return a key that is equal for two writes of one type that no rule tells apart."""
        if self.fields is None or any(name in self.fields for name in _UNIQUE):
            return _json_text([resource.key, content])
        seen: dict[str, object] = {}
        for field in sorted(self.fields):
            if not _collect_field(field, resource, content, seen):
                return _json_text({**content, "name": None})
        return _json_text(seen)


ANY_FIELD = InspectedFields()
"""Of which nothing is known: each write is asked about."""


def ask_assignments(subscriptions: Iterable[str]) -> tuple[AzureQuery, ...]:
    """Return the request for all assignments in force in each subscription."""
    return tuple(
        ask_subscription(POLICY_ASSIGNMENTS, subscription, is_list=True)
        for subscription in sorted(set(subscriptions))
    )


def ask_definitions(replies: Replies) -> tuple[AzureQuery, ...]:
    """Return the requests for definitions that are named in what was read and were not read yet.

    Assignments name policies or sets of them, and sets name policies. None where there are more
    than MOST_DEFINITIONS.
    """
    read = {
        inquiry.path.lower()
        for inquiry in replies
        if inquiry.path.lower() in _definition_ids(replies)
    }
    missing = {key: text for key, text in _definition_ids(replies).items() if key not in read}
    if len(read) + len(missing) > MOST_DEFINITIONS:
        return ()
    return tuple(_ask_definition(text) for _, text in sorted(missing.items()))


def read_inspected_fields(
    subscriptions: Iterable[str], replies: Replies
) -> Mapping[str, InspectedFields]:
    """Return the fields that policies look at in each subscription (lower case).

    `replies` are those to `ask_assignments` and to both rounds of `ask_definitions`: policies, and
    the policies of sets.
    """
    return {
        subscription.lower(): _inspected_fields_of(subscription, replies)
        for subscription in sorted(set(subscriptions))
    }


def _inspected_fields_of(subscription: str, replies: Replies) -> InspectedFields:
    (inquiry,) = ask_assignments([subscription])
    reply = replies.get(inquiry)
    if reply is None or reply.refused is not None or reply.is_partial:
        return ANY_FIELD
    fields: set[str] = set()
    for assignment in reply.items:
        found = _fields_of_assignment(assignment, replies)
        if found is None:
            return ANY_FIELD
        fields |= found
        if lookup(assignment, ("properties", "resourceSelectors")):
            fields.add("location")
    return InspectedFields(frozenset(fields))


def _fields_of_assignment(
    assignment: Mapping[str, object], replies: Replies
) -> frozenset[str] | None:
    given = _parameter_values(lookup(assignment, ("properties", "parameters")))
    named = lookup(assignment, ("properties", "policyDefinitionId"))
    if lookup(assignment, ("properties", "overrides")) or not isinstance(named, str):
        return None
    definition = _definition_read(named, replies)
    if definition is None:
        return None
    members = lookup(definition, ("properties", "policyDefinitions"))
    if not isinstance(members, (list, tuple)):
        return _fields_of_policy(definition, given)
    outer = {**_parameter_defaults(definition), **given}
    fields: set[str] = set()
    for member in members:
        text = lookup(member, ("policyDefinitionId",))
        inner = _definition_read(text, replies) if isinstance(text, str) else None
        if inner is None:
            return None
        stated = _parameter_values(lookup(member, ("parameters",)))
        found = _fields_of_policy(
            inner, {name: _resolve_parameter(value, outer) for name, value in stated.items()}
        )
        if found is None:
            return None
        fields |= found
    return frozenset(fields)


def _fields_of_policy(
    definition: Mapping[str, object], given: Mapping[str, object]
) -> frozenset[str] | None:
    """Return the fields that a policy looks at; none if its effect neither denies nor modifies."""
    parameters = {**_parameter_defaults(definition), **given}
    stated = lookup(definition, ("properties", "policyRule", "then", "effect"))
    effect = _resolve_parameter(stated, parameters)
    if isinstance(effect, str) and effect.lower() in _HARMLESS:
        return frozenset()
    rule = lookup(definition, ("properties", "policyRule"))
    found: set[str] = set()
    for field in _fields_in(rule, parameters):
        if field is None:
            return None
        found.add(field)
    return frozenset(found)


def _fields_in(node: object, parameters: Mapping[str, object]) -> Iterator[str | None]:
    """Yield each field that a rule names, in lower case; None for a name that is computed."""
    if isinstance(node, Mapping):
        for name, value in node.items():
            if str(name).lower() == "field":
                yield _field_name(_resolve_parameter(value, parameters))
            else:
                yield from _fields_in(value, parameters)
    elif isinstance(node, (list, tuple)):
        for item in node:
            yield from _fields_in(item, parameters)
    elif isinstance(node, str) and node.startswith("["):
        for call in _FIELD_CALL.finditer(node):
            yield _field_name(call[1][1:-1]) if call[1] else None


def _field_name(name: object) -> str | None:
    if not isinstance(name, str):
        return None
    if name.startswith("["):
        return "tags" if _TAG_EXPRESSION.match(name) else None
    return name.lower()


def _collect_field(
    field: str, resource: ResourceId, content: Mapping[str, Any], seen: dict[str, object]
) -> bool:
    """Put into `seen` the values of a write that a field may refer to; return whether it could.

    It cannot where an alias is not named like the property that it maps to.
    """
    head = re.split(r"[.\[]", field, maxsplit=1)[0]
    if head in _COMMON:
        seen[head] = _property_named(content, head)
        return True
    kind, _, path = field.rpartition("/")
    if kind != resource.type.lower():
        return bool(kind)  # Of another type, it shows nothing of this one.
    first = re.split(r"[.\[]", path, maxsplit=1)[0]
    properties = content.get("properties")
    places = [content, properties] if isinstance(properties, Mapping) else [content]
    shown = [value for place in places if (value := _property_named(place, first)) is not None]
    seen[first] = shown
    return bool(shown)


def _property_named(content: Mapping[str, Any], name: str) -> object:
    return next((value for key, value in content.items() if key.lower() == name), None)


def _definition_ids(replies: Replies) -> Mapping[str, str]:
    """Return the ids of the definitions that assignments and sets name, by their lower case."""
    texts: list[object] = []
    for inquiry, reply in replies.items():
        for item in reply.items:
            if inquiry.is_list:
                texts.append(lookup(item, ("properties", "policyDefinitionId")))
            members = lookup(item, ("properties", "policyDefinitions"))
            if isinstance(members, (list, tuple)):
                texts += [lookup(member, ("policyDefinitionId",)) for member in members]
    ids = (parse_resource_id(text) for text in texts)
    return {one.text.lower(): one.text for one in ids if one is not None}


def _ask_definition(text: str) -> AzureQuery:
    resource = ResourceId.parse(text)
    is_set = resource.type.lower().endswith("/policysetdefinitions")
    endpoint = POLICY_SET_DEFINITION if is_set else POLICY_DEFINITION
    return AzureQuery(endpoint.method, text, endpoint.api_version, endpoint.action, resource)


def _definition_read(text: str, replies: Replies) -> Mapping[str, object] | None:
    for inquiry, reply in replies.items():
        if inquiry.path.lower() == text.lower():
            return reply.items[0] if reply.items and reply.refused is None else None
    return None


def _parameter_defaults(definition: Mapping[str, object]) -> Mapping[str, object]:
    declared = lookup(definition, ("properties", "parameters"))
    if not isinstance(declared, Mapping):
        return {}
    return {
        str(name).lower(): entry["defaultValue"]
        for name, entry in declared.items()
        if isinstance(entry, Mapping) and "defaultValue" in entry
    }


def _parameter_values(stated: object) -> Mapping[str, object]:
    if not isinstance(stated, Mapping):
        return {}
    return {
        str(name).lower(): entry["value"]
        for name, entry in stated.items()
        if isinstance(entry, Mapping) and "value" in entry
    }


def _resolve_parameter(value: object, parameters: Mapping[str, object]) -> object:
    """Return a value with its parameter replaced, if it is a reference to a single one."""
    match = _PARAMETER.fullmatch(value) if isinstance(value, str) else None
    return parameters.get(match[1].lower(), value) if match is not None else value


def _json_text(value: object) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def subscriptions_of(resources: Sequence[ResourceId]) -> tuple[str, ...]:
    """Return the subscriptions of some resources, in lower case."""
    return tuple(sorted({(one.subscription or "").lower() for one in resources} - {""}))
