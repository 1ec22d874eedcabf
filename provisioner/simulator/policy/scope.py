"""Whether an assignment judges a resource, and with which effect.

Sources: learn.microsoft.com, "Azure Policy assignment structure" (enforcement mode, excluded
scopes, resource selectors, overrides) and "Azure Policy exemption structure". A selector of a kind
that is not evaluated here (a principal) selects nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from provisioner.catalog.policies import ASSIGNMENT, DEFINITION, EXEMPTION
from provisioner.catalog.resource_type import ResourceType
from provisioner.model.permissions import holds_at
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import lookup
from provisioner.simulator.bodies.validation import normalise_location
from provisioner.simulator.state.clock import parse_time
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.records import Record

_EFFECT = "policyeffect"


@dataclass(frozen=True, slots=True)
class Applied:
    """An assignment that is about a resource.

    definition  the policy, None where it does not stand here: a built-in one, an initiative
    enforced    whether it denies, and does not only state compliance
    exempt      whether an exemption takes the resource out of it
    """

    assignment: Record
    definition: Record | None
    enforced: bool
    exempt: bool


def policies_at(
    cloud: Cloud, at: ResourceId, resource_type: ResourceType, content: Mapping[str, Any]
) -> Iterator[tuple[Record, Record]]:
    """Yield the assignments that judge a resource at or below `at`, with their definitions."""
    for applied in assignments_about(cloud, at, resource_type, content):
        if applied.definition is not None and applied.enforced and not applied.exempt:
            yield applied.assignment, applied.definition


def assignments_about(
    cloud: Cloud, at: ResourceId, resource_type: ResourceType, content: Mapping[str, Any]
) -> Iterator[Applied]:
    """Yield the assignments whose scope and selectors hold a resource at or below `at`, and whose
    policy looks at its type, as far as that is known."""
    for assignment in cloud.store.resources.of_type(ASSIGNMENT):
        properties = assignment.body.get("properties")
        if not holds_at(assignment.id.scope, at):
            continue
        left_out = (parse_resource_id(scope) for scope in _list(properties, "notScopes"))
        if any(scope is not None and at.is_within(scope) for scope in left_out):
            continue
        if not _selects(_list(properties, "resourceSelectors"), resource_type, content):
            continue
        stated = parse_resource_id(lookup(properties, ("policyDefinitionId",)))
        definition = cloud.store.resources.get(stated.key) if stated else None
        if definition is not None and definition.type != DEFINITION:
            definition = None
        if definition is None or _covers(definition, resource_type):
            mode = str(lookup(properties, ("enforcementMode",))).lower()
            yield Applied(
                assignment,
                definition,
                enforced=mode != "donotenforce",
                exempt=_is_exempt(cloud, assignment, at, resource_type, content),
            )


def _covers(definition: Record, resource_type: ResourceType) -> bool:
    """Return whether a policy looks at a type: Indexed leaves out what has no tags or location.

    The modes of resource providers are about what is in a cluster or a vault, and not about what
    Azure Resource Manager is asked for ("Azure Policy definition structure basics").
    """
    mode = lookup(definition.body, ("properties", "mode"))
    word = mode.lower() if isinstance(mode, str) else "indexed"
    if word == "indexed":
        return resource_type.taggable and resource_type.has_location
    return word == "all"


def overridden_effect(
    assignment: Record, resource_type: ResourceType, content: Mapping[str, Any]
) -> str | None:
    """Return the effect that an assignment has for a resource in the place of its policy's own, or
    None where it overrides nothing."""
    for override in _list(assignment.body.get("properties"), "overrides"):
        kind = str(lookup(override, ("kind",))).lower()
        value = lookup(override, ("value",))
        if (
            kind == _EFFECT
            and isinstance(value, str)
            and _all_select(_list(override, "selectors"), resource_type, content)
        ):
            return value.lower()
    return None


def _is_exempt(
    cloud: Cloud,
    assignment: Record,
    at: ResourceId,
    resource_type: ResourceType,
    content: Mapping[str, Any],
) -> bool:
    """Exemptions of both categories (Waiver, Mitigated) hold, until they expire. Which policies of
    an initiative one is about is not looked at: initiatives are not evaluated."""
    for exemption in cloud.store.resources.of_type(EXEMPTION):
        properties = exemption.body.get("properties")
        named = parse_resource_id(lookup(properties, ("policyAssignmentId",)))
        scope = exemption.id.scope
        if (
            named == assignment.id
            and scope is not None
            and at.is_within(scope)
            and not _has_expired(lookup(properties, ("expiresOn",)), cloud.now())
            and _selects(_list(properties, "resourceSelectors"), resource_type, content)
        ):
            return True
    return False


def _has_expired(stated: object, now: datetime) -> bool:
    if not isinstance(stated, str):
        return False
    try:
        moment = parse_time(stated)
    except ValueError:
        return True
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) <= now


def _selects(
    groups: Sequence[Any], resource_type: ResourceType, content: Mapping[str, Any]
) -> bool:
    """One group of selectors suffices; where there is none, everything is selected."""
    return not groups or any(
        _all_select(_list(group, "selectors"), resource_type, content) for group in groups
    )


def _all_select(
    selectors: Sequence[Any], resource_type: ResourceType, content: Mapping[str, Any]
) -> bool:
    return all(_select(selector, resource_type, content) for selector in selectors)


def _select(selector: object, resource_type: ResourceType, content: Mapping[str, Any]) -> bool:
    kind = str(lookup(selector, ("kind",))).lower()
    location = content.get("location")
    placed = isinstance(location, str)
    if kind == "resourcetype":
        value = resource_type.name.lower()
    elif kind == "resourcelocation" and isinstance(location, str):
        value = normalise_location(location)
    elif kind == "resourcewithoutlocation":
        value = "false" if placed else "true"
    else:
        return False
    named, left_out = (
        {normalise_location(str(item)) for item in _list(selector, name)}
        for name in ("in", "notIn")
    )
    return value not in left_out and (not named or value in named)


def _list(body: object, name: str) -> Sequence[Any]:
    found = lookup(body, (name,))
    return found if isinstance(found, list) else ()
