"""Warnings for raw resources without a location: a type without a model inherits none."""

from provisioner.blueprint.graph import DesiredGraph
from provisioner.catalog.resource_type import Tier
from provisioner.model.diagnostic import Diagnostic, warning
from provisioner.model.resource_id import RESOURCE_GROUP


def warn_of_unstated_locations(graph: DesiredGraph) -> tuple[Diagnostic, ...]:
    """Return a warning for each raw resource directly in a resource group without a location.

    Azure Resource Manager refuses a tracked resource without one (`LocationRequired`), and whether
    a raw type is tracked is not known.
    """
    return tuple(
        warning(
            "no-location",
            f"{each.address} states no location, and a raw type inherits none from its group.",
            each.span,
            f"State `location:` (and `tags:`), unless {each.type.name} has none.",
        )
        for each in graph
        if each.managed
        and each.type.tier is Tier.RAW
        and each.id.parent is None
        and each.id.scope is not None
        and each.id.scope.type == RESOURCE_GROUP
        and "location" not in each.body
    )
