"""What role assignments grant: the role, to whom, and where.

Facts: guidelines.md §2.5; the documentation "Azure built-in roles".
"""

from provisioner.catalog.built_in_roles import get_built_in_role
from provisioner.controls.kinds import ROLE_ASSIGNMENT, ROLE_DEFINITION
from provisioner.controls.subject import Subject
from provisioner.model.resource_id import ResourceId, parse_resource_id

ROLE = "properties.roleDefinitionId"
PRINCIPAL = "properties.principalId"
PRINCIPAL_TYPE = "properties.principalType"
PRINCIPAL_OF_IDENTITY = "properties.principalId"


def role_of(assignment: Subject) -> str | None:
    """Return the name of the built-in role that is assigned, the GUID of any other; None where it
    names no role."""
    named = parse_resource_id(assignment.value(ROLE))
    if named is None or named.type.lower() != ROLE_DEFINITION.lower():
        return None
    known = get_built_in_role(named.name)
    return known.name if known is not None else named.name


def place_of(assignment: Subject) -> ResourceId | None:
    """Return the id of what a role is assigned at; None for the whole tenant."""
    return assignment.id.scope


def is_wide(assignment: Subject) -> bool:
    """Tell whether a role is assigned at a resource group or above."""
    place = assignment.id.scope
    return place is None or place.is_container or "managementgroups" in place.type.lower()


def grants_to(target: Subject, role: str) -> tuple[Subject, ...]:
    """Return the assignments of a built-in role that hold for a resource: there, or above it."""
    return tuple(found for found in target.reaching(ROLE_ASSIGNMENT) if role_of(found) == role)
