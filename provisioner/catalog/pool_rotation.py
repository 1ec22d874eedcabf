"""Rotation of a node pool: the temporary pool, and the pool that replaces the old one.

Names follow guidelines.md §3.2 and §3.6: up to 12 small letters and digits, 6 on Windows.
"""

from collections.abc import Collection, Mapping
from itertools import count

from provisioner.catalog.resource_type import Rotation
from provisioner.model.values import Body, Value, lookup

# guidelines.md §3.2 (WindowsAgentPoolNameTooLong) and §3.6.
_LONGEST, _LONGEST_ON_WINDOWS = 12, 6
OWN_LABEL = "agentpool"
"""The label by which AKS names the pool of each node."""

RESERVED = "kubernetes.azure.com/"
"""The prefix of labels and taints that AKS reserves for itself."""

_SIZE = ("enableAutoScaling", "count", "minCount", "maxCount")


def _name_stand_in(name: str, desired: Mapping[str, Value], taken: Collection[str]) -> str:
    """Return the first free name of `systemtmp`, `systemtmp1`, …, cut to what Azure takes."""
    is_windows = str(lookup(desired, ("properties", "osType"))).lower() == "windows"
    longest = _LONGEST_ON_WINDOWS if is_windows else _LONGEST
    avoided = {other.lower() for other in (name, *taken)}
    endings = ("tmp" if number == 0 else f"tmp{number}" for number in count())
    names = (f"{name[: longest - len(ending)]}{ending}" for ending in endings)
    return next(candidate for candidate in names if candidate.lower() not in avoided)


def _stand_in(desired: Mapping[str, Value], live: Body) -> Mapping[str, Value]:
    """Return a pool of the new shape and the live size; a system pool's is one too.

    Autoscaling and its bounds are taken together: a count alone may lie outside of new bounds.
    """
    new, old = _properties(desired), _properties(live)
    sized = {
        **{key: value for key, value in new.items() if key not in _SIZE},
        **{key: old[key] for key in _SIZE if old.get(key) is not None},
    }
    # AKS refuses a cluster without a system pool at any moment (guidelines.md §3.2,
    # MustDefineAtLeastOneSystemPool).
    if str(old.get("mode")).lower() == "system":
        sized["mode"] = "System"
    return {"properties": _without_service_labels(sized)}


def _without_service_labels(properties: Mapping[str, Value]) -> Mapping[str, Value]:
    """Return the properties of a pool without the labels that AKS puts on its nodes by itself.

    It refuses the label `agentpool` with another value than the pool's own name
    (hashicorp/terraform-provider-azurerm#28636), and all with its own prefix
    (ams0/aks-nvme-ssd-provisioner#5: "preserved by aks system labels").
    """
    labels = properties.get("nodeLabels")
    if not isinstance(labels, Mapping):
        return properties
    kept = {
        key: value
        for key, value in labels.items()
        if key.lower() != OWN_LABEL and not key.lower().startswith(RESERVED)
    }
    return {**properties, "nodeLabels": kept}


def _successor_body(desired: Mapping[str, Value], live: Body) -> Mapping[str, Value]:
    """Return the pool as desired, with the live count where the blueprint is silent."""
    new, nodes = dict(_properties(desired)), _properties(live).get("count")
    scaled = new.get("enableAutoScaling") is True
    if isinstance(nodes, int) and (scaled or new.get("count") is None):
        least, most = (new.get(key) if scaled else None for key in ("minCount", "maxCount"))
        # AKS refuses a count outside of the autoscaler's bounds.
        nodes = max(nodes, least) if isinstance(least, int) else nodes
        new["count"] = min(nodes, most) if isinstance(most, int) else nodes
    return {**desired, "properties": new}


def _properties(body: Mapping[str, Value]) -> Mapping[str, Value]:
    properties = body.get("properties")
    return properties if isinstance(properties, Mapping) else {}


NODE_POOL = Rotation(
    name=_name_stand_in, stand_in=_stand_in, successor=_successor_body, marks="properties.tags"
)
