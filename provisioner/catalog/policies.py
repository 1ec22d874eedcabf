"""The types of policies, and of what puts one in force, by their names in the catalog."""

ASSIGNMENT = "Microsoft.Authorization/policyAssignments"
DEFINITION = "Microsoft.Authorization/policyDefinitions"
EXEMPTION = "Microsoft.Authorization/policyExemptions"
