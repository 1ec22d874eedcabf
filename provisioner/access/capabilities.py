"""Capabilities of a grant in plain words: the worst that its actions allow at its scope."""

from collections.abc import Iterator

from provisioner.access.effective import Access, kind_of
from provisioner.access.grants import Grant
from provisioner.catalog.capabilities import CAPABILITIES
from provisioner.catalog.permissions import ASSIGN_ROLE, ROLE_ASSIGNMENT
from provisioner.model.permissions import is_management_group
from provisioner.model.resource_id import ResourceId

_EXTENSIONS = f"{ROLE_ASSIGNMENT.partition('/')[0]}/"
"""How actions begin that are about something on any scope: assignments, policies, locks."""

ADMINISTERS_ACCESS = "administers access"
ASSIGNS_ROLES = "assigns some roles"
UNKNOWN = "not known: its role definition was not read"
READS = "reads configuration"
WRITES = "writes resources"
ACTS = "runs actions"
NOTHING = "nothing at this scope"

ORDER = (
    UNKNOWN,
    ADMINISTERS_ACCESS,
    ASSIGNS_ROLES,
    *(capability.words for capability in CAPABILITIES),
    WRITES,
    ACTS,
    READS,
    NOTHING,
)
"""All words that `worst_capability` returns, the worst first: what is not known may be anything."""


def worst_capability(access: Access, grant: Grant, place: ResourceId | None) -> str:
    """Return the worst capability that a grant has on a resource or at a scope, one of ORDER.

    `place` is None for the tenant's root.
    """
    return next(_held_capabilities(access, grant, place))


def _held_capabilities(access: Access, grant: Grant, place: ResourceId | None) -> Iterator[str]:
    if not grant.is_known:
        yield UNKNOWN

    def can(action: str, *, data: bool = False) -> bool:
        if not grant.allows(action, data=data):
            return False
        return place is None or not access.is_denied(grant, action, place, data=data)

    if grant.escalates and not (place and access.is_denied(grant, ASSIGN_ROLE, place)):
        yield ADMINISTERS_ACCESS
    if can(ASSIGN_ROLE):
        yield ASSIGNS_ROLES
    for capability in CAPABILITIES:
        asked = [(action, False) for action in capability.actions]
        asked += [(action, True) for action in capability.data_actions]
        if any(
            _may_be_held(access, action, place) and can(action, data=data) for action, data in asked
        ):
            yield capability.words
    # A wildcard is replaced by a name that no exclusion has, for a typical action of the pattern.
    patterns = [
        pattern
        for entry in grant.role.permissions or ()
        for data in (False, True)
        for pattern in entry.patterns(data=data)[0]
        if _can_apply(pattern, place) and can(pattern.replace("*", "-"), data=data)
    ]
    verbs = {pattern.lower().rpartition("/")[2] for pattern in patterns}
    if verbs & {"*", "write", "delete"}:
        yield WRITES
    if "action" in verbs:
        yield ACTS
    yield READS if patterns else NOTHING


def _may_be_held(access: Access, action: str, place: ResourceId | None) -> bool:
    """Return whether a place may hold, as it is now, a resource that an action applies to.

    The permission to create a cluster in a resource group that has none does not make its holder
    an administrator of a cluster, so such capabilities are not reported there.
    """
    if place is not None and place.is_container and not action.startswith(_EXTENSIONS):
        return access.may_hold(place, kind_of(action))
    return _can_apply(action, place)


def _can_apply(action: str, place: ResourceId | None) -> bool:
    """Return whether an action can apply to a resource at or below a place.

    That is so for containers, which hold resources of all types, and for a resource of the
    provider and type of the action.
    """
    if place is None or place.is_container or is_management_group(place):
        return True
    if action.startswith((_EXTENSIONS, "*")):
        return True
    return kind_of(place.type) == kind_of(action)
