"""Facts that most types of Microsoft.Network share: names, and the `resourceGuid`."""

from collections.abc import Mapping

from provisioner.catalog.resource_type import ComputationContext, NameRule
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json

NETWORK_NAME = NameRule(
    r"[a-zA-Z0-9](?:[a-zA-Z0-9_.-]{0,78}[a-zA-Z0-9_])?",
    "1 to 80 letters, digits, underscores, periods and hyphens, starting with a letter or "
    "digit and ending with one or an underscore",
)
"""The names of nearly all network resources (documentation: naming rules for Azure resources)."""


def compute_guid(
    resource: ResourceId, _body: Body, context: ComputationContext
) -> Mapping[str, Json]:
    """Return the GUID that the provider gives a resource, and nothing else."""
    return {"properties": {"resourceGuid": context.guid(resource.text)}}
