"""What a grant amounts to, in plain words: the worst that its actions allow at its scope."""

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
    """Return the worst that a grant allows on a resource, or at a scope (None: the tenant's root),
    in one of the words of ORDER."""
    return next(_capabilities(access, grant, place))


def _capabilities(access: Access, grant: Grant, place: ResourceId | None) -> Iterator[str]:
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
            _is_held(access, action, place) and can(action, data=data) for action, data in asked
        ):
            yield capability.words
    patterns = [
        pattern
        for entry in grant.role.permissions or ()
        for data in (False, True)
        for pattern in entry.patterns(data=data)[0]
        if _is_about(pattern, place) and can(pattern.replace("*", "-"), data=data)
    ]
    verbs = {pattern.lower().rpartition("/")[2] for pattern in patterns}
    if verbs & {"*", "write", "delete"}:
        yield WRITES
    if "action" in verbs:
        yield ACTS
    yield READS if patterns else NOTHING


def _is_held(access: Access, action: str, place: ResourceId | None) -> bool:
    """Tell whether there may be something at a place now that an action is about: who could make a
    cluster in a group without one administers none."""
    if place is not None and place.is_container and not action.startswith(_EXTENSIONS):
        return access.may_hold(place, kind_of(action))
    return _is_about(action, place)


def _is_about(action: str, place: ResourceId | None) -> bool:
    """Tell whether there can be something for an action at a place: it holds containers of all
    kinds, or is of the resource provider and type that the action is of."""
    if place is None or place.is_container or is_management_group(place):
        return True
    if action.startswith((_EXTENSIONS, "*")):
        return True
    return kind_of(place.type) == kind_of(action)
