"""Deployments, which azsec exports and never makes: they are no resource of a blueprint.

The template limits are those of "Azure subscription and service limits", ARM template limits.
"""

DEPLOYMENT_TYPE = "Microsoft.Resources/deployments"
DEPLOYMENT_VERSION = "2022-09-01"
RESOURCE_GROUP_TYPE = "Microsoft.Resources/resourceGroups"
MANAGEMENT_GROUP_TYPE = "Microsoft.Management/managementGroups"
TEMPLATE_SPEC_VERSION_TYPE = "Microsoft.Resources/templateSpecs/versions"
API_VERSIONS = {
    DEPLOYMENT_TYPE: (
        "2025-04-01",
        "2024-11-01",
        "2024-07-01",
        "2024-03-01",
        "2023-07-01",
        "2022-09-01",
    ),
    "Microsoft.Resources/templateSpecs": ("2022-02-01", "2021-05-01"),
    TEMPLATE_SPEC_VERSION_TYPE: ("2022-02-01", "2021-05-01"),
}
"""Types of which no blueprint has a resource, with api versions that clients take for them, the
newest first ("Template reference": Microsoft.Resources)."""

LONGEST_NAME = 64
MOST_RESOURCES = 800
MOST_PARAMETERS = 256
MOST_OUTPUTS = 64
LARGEST_TEMPLATE = 4 * 1024 * 1024
"""In bytes."""
