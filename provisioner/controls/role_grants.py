"""What a role assignment names, and how wide it is. What it grants is in `effective_access`."""

from provisioner.controls.subject import Subject

ROLE = "properties.roleDefinitionId"
PRINCIPAL = "properties.principalId"
PRINCIPAL_TYPE = "properties.principalType"
PRINCIPAL_OF_IDENTITY = "properties.principalId"


def is_wide(assignment: Subject) -> bool:
    """Tell whether a role is assigned at a resource group or above."""
    place = assignment.id.scope
    return place is None or place.is_container or "managementgroups" in place.type.lower()
