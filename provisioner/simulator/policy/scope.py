"""The assignments that apply to a resource, and their effects.

Source: "Azure Policy assignment structure" (enforcement mode, excluded scopes, resource selectors,
overrides) and "Azure Policy exemption structure". A selector of a kind that is not evaluated here
(a principal) selects nothing.
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
class ApplicableAssignment:
    """An assignment whose scope and selectors include a resource.

    definition  the policy; None if it is not stored here: a built-in one, an initiative
    enforced    whether it denies, or only reports compliance (enforcementMode)
    exempt      whether the resource is exempt
    """

    assignment: Record
    definition: Record | None
    enforced: bool
    exempt: bool


def enforced_policies(
    cloud: Cloud, at: ResourceId, resource_type: ResourceType, content: Mapping[str, Any]
) -> Iterator[tuple[Record, Record]]:
    """Yield the assignments that can deny a resource at or below `at`, with their definitions."""
    for applied in applicable_assignments(cloud, at, resource_type, content):
        if applied.definition is not None and applied.enforced and not applied.exempt:
            yield applied.assignment, applied.definition


def applicable_assignments(
    cloud: Cloud, at: ResourceId, resource_type: ResourceType, content: Mapping[str, Any]
) -> Iterator[ApplicableAssignment]:
    """Yield the assignments that apply to a resource at or below `at`.

    Scope, exclusions, selectors and the policy's mode are checked, as far as they are known.
    """
    for assignment in cloud.store.resources.of_type(ASSIGNMENT):
        properties = assignment.body.get("properties")
        if not holds_at(assignment.id.scope, at):
            continue
        excluded = (parse_resource_id(scope) for scope in _list_member(properties, "notScopes"))
        if any(scope is not None and at.is_within(scope) for scope in excluded):
            continue
        if not _any_group_selects(
            _list_member(properties, "resourceSelectors"), resource_type, content
        ):
            continue
        stated = parse_resource_id(lookup(properties, ("policyDefinitionId",)))
        definition = cloud.store.resources.get(stated.key) if stated else None
        if definition is not None and definition.type != DEFINITION:
            definition = None
        if definition is None or _applies_to_type(definition, resource_type):
            mode = str(lookup(properties, ("enforcementMode",))).lower()
            yield ApplicableAssignment(
                assignment,
                definition,
                enforced=mode != "donotenforce",
                exempt=_is_exempt(cloud, assignment, at, resource_type, content),
            )


def _applies_to_type(definition: Record, resource_type: ResourceType) -> bool:
    """Return whether a policy's mode includes a type.

    Indexed leaves out types without tags or location. The modes of resource providers are about
    objects in a cluster or a vault, and not about requests to Azure Resource Manager ("Azure Policy
    definition structure basics").
    """
    mode = lookup(definition.body, ("properties", "mode"))
    word = mode.lower() if isinstance(mode, str) else "indexed"
    if word == "indexed":
        return resource_type.taggable and resource_type.has_location
    return word == "all"


def overridden_effect(
    assignment: Record, resource_type: ResourceType, content: Mapping[str, Any]
) -> str | None:
    """Return the effect that an assignment overrides its policy's with, or None."""
    for override in _list_member(assignment.body.get("properties"), "overrides"):
        kind = str(lookup(override, ("kind",))).lower()
        value = lookup(override, ("value",))
        if (
            kind == _EFFECT
            and isinstance(value, str)
            and _all_select(_list_member(override, "selectors"), resource_type, content)
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
    """Return whether an exemption includes the resource.

    Both categories (Waiver, Mitigated) count, until they expire. The references to single policies
    of an initiative are not read: initiatives are not evaluated.
    """
    for exemption in cloud.store.resources.of_type(EXEMPTION):
        properties = exemption.body.get("properties")
        named = parse_resource_id(lookup(properties, ("policyAssignmentId",)))
        scope = exemption.id.scope
        if (
            named == assignment.id
            and scope is not None
            and at.is_within(scope)
            and not _has_expired(lookup(properties, ("expiresOn",)), cloud.now())
            and _any_group_selects(
                _list_member(properties, "resourceSelectors"), resource_type, content
            )
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


def _any_group_selects(
    groups: Sequence[Any], resource_type: ResourceType, content: Mapping[str, Any]
) -> bool:
    """Return whether one group of selectors matches; without any, everything does."""
    return not groups or any(
        _all_select(_list_member(group, "selectors"), resource_type, content) for group in groups
    )


def _all_select(
    selectors: Sequence[Any], resource_type: ResourceType, content: Mapping[str, Any]
) -> bool:
    return all(_selector_matches(selector, resource_type, content) for selector in selectors)


def _selector_matches(
    selector: object, resource_type: ResourceType, content: Mapping[str, Any]
) -> bool:
    kind = str(lookup(selector, ("kind",))).lower()
    location = content.get("location")
    has_location = isinstance(location, str)
    if kind == "resourcetype":
        value = resource_type.name.lower()
    elif kind == "resourcelocation" and isinstance(location, str):
        value = normalise_location(location)
    elif kind == "resourcewithoutlocation":
        value = "false" if has_location else "true"
    else:
        return False
    named, excluded = (
        {normalise_location(str(item)) for item in _list_member(selector, name)}
        for name in ("in", "notIn")
    )
    return value not in excluded and (not named or value in named)


def _list_member(body: object, name: str) -> Sequence[Any]:
    found = lookup(body, (name,))
    return found if isinstance(found, list) else ()
