"""AKS auto-upgrade channels, and what each upgrades by itself.

Source: "Automatically upgrade an AKS cluster" (the channels none, patch, stable, rapid and
node-image), "Autoupgrade node OS images" (None, Unmanaged, SecurityPatch, NodeImage).
"""

from collections.abc import Mapping

_VERSION_EFFECTS: Mapping[str, str] = {
    "none": "AKS does not upgrade Kubernetes by itself",
    "patch": "AKS moves to the newest patch of the minor version that runs",
    "stable": "AKS moves to the newest patch of the minor version before the newest",
    "rapid": "AKS moves to the newest patch of the newest minor version",
    "node-image": "AKS updates the node images, and leaves the Kubernetes version",
}
_IMAGE_EFFECTS: Mapping[str, str] = {
    "none": "nobody patches the nodes",
    "unmanaged": "the operating system of each node patches itself",
    "securitypatch": "AKS applies security patches to the nodes",
    "nodeimage": "AKS replaces the node images every week",
}


def describe_version_channel(channel: str) -> str:
    """Return what AKS does with the version of a cluster in an upgrade channel."""
    return _VERSION_EFFECTS.get(channel.lower(), "the effect of this channel is not known")


def describe_image_channel(channel: str) -> str:
    """Return what AKS does with the nodes' operating system in a node OS upgrade channel."""
    return _IMAGE_EFFECTS.get(channel.lower(), "the effect of this channel is not known")


def find_channel_conflict(channel: str, stated: str) -> str | None:
    """Return how an upgrade channel and a stated version (`1.35`, `1.35.4`) conflict, or None.

    A stated minor version is met by each of its patches; `stable` and `rapid` leave it behind.
    """
    is_patch = stated.count(".") == 2
    moves_minor = channel.lower() in ("stable", "rapid")
    if is_patch and (moves_minor or channel.lower() == "patch"):
        return f"the channel {channel} moves the cluster past the stated patch {stated}"
    if moves_minor:
        return f"the channel {channel} moves the cluster past the stated minor version {stated}"
    return None
