"""Names and shared facts of Azure Policy types.

Definitions, initiatives, assignments and exemptions.
"""

from provisioner.catalog.field import Field, Owner

ASSIGNMENT = "Microsoft.Authorization/policyAssignments"
DEFINITION = "Microsoft.Authorization/policyDefinitions"
EXEMPTION = "Microsoft.Authorization/policyExemptions"

METADATA = {
    # Free-form metadata that Azure stores; the portal adds `assignedBy` and `parameterScopes`.
    "properties.metadata": Field(owner=Owner.PRESET),
    # Azure writes who made it and when beside that (recorded: test_resource_policy_identity).
    **{
        f"properties.metadata.{name}": Field(read_only=True)
        for name in ("createdBy", "createdOn", "updatedBy", "updatedOn")
    },
}
