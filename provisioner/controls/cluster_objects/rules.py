"""Registry of the rules on a cluster's objects, by the id of the control that each answers.

Called by `control`.
"""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from provisioner.controls.cluster_objects import (
    access,
    admission,
    namespaces,
    network,
    nodes,
    pods,
    services,
)
from provisioner.controls.cluster_objects.view import ObservedRule


@lru_cache(maxsize=1)
def observed_rules() -> Mapping[str, ObservedRule]:
    """Return the rule of each control that the cluster can answer.

    Raises:
        ValueError: Where two modules have a rule for one control.
    """
    found: dict[str, ObservedRule] = {}
    for module in (pods, namespaces, access, network, services, admission, nodes):
        for control, rule in module.RULES.items():
            if found.setdefault(control, rule) is not rule:
                raise ValueError(f"{control} has two rules")
    return MappingProxyType(found)
