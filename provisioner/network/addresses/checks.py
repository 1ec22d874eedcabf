"""The checks of an address plan, in one function: overlaps, subnets and cluster ranges.

`workflow.plan` and `workflow.network` call it.
"""

from collections.abc import Mapping

from provisioner.model.diagnostic import Diagnostic
from provisioner.model.estate import Estate
from provisioner.network.addresses.cluster_checks import check_clusters
from provisioner.network.addresses.overlaps import check_overlaps
from provisioner.network.addresses.plan import read_address_plan
from provisioner.network.addresses.subnet_checks import check_subnets

_NONE: Mapping[str, Estate] = {}


def check_addresses(estate: Estate, others: Mapping[str, Estate] = _NONE) -> tuple[Diagnostic, ...]:
    """Return what is wrong with the addresses of an estate, with the arithmetic of each.

    `others` are the estates of other environments by name: an overlap with one is an error where
    networks are peered, and a warning elsewhere. Overlaps among the others are reported by their
    own checks.
    """
    plan = read_address_plan(estate)
    others_plans = {name: read_address_plan(other) for name, other in others.items()}
    return (
        *check_overlaps(plan, others_plans),
        *check_subnets(plan, estate),
        *check_clusters(plan),
    )
