"""The type of what puts a policy in force, by its name in the catalog."""

ASSIGNMENT = "Microsoft.Authorization/policyAssignments"
