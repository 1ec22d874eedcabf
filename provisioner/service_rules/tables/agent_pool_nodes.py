"""Nodes of an AKS pool: names, OS SKUs, zones, LocalDNS, kubelet configuration.

"AKS error codes" are AKS's own list of error codes ("apierror", Microsoft; guidelines.md §3.2).
"""

import re
from collections.abc import Iterator, Mapping

from provisioner.catalog.node_pools import POOL
from provisioner.model.values import ABSENT, Unknown
from provisioner.service_rules.conditions import in_range, is_at, is_off
from provisioner.service_rules.partial_bodies import (
    is_number,
    is_silent,
    is_stated,
    number_at,
    text_at,
    texts_at,
    value_at,
)
from provisioner.service_rules.rule import Refusal, ServiceRule, Write

_SYSTEM_TYPE, _IMAGE = "properties.osType", "properties.osSKU"
_PUBLIC, _PREFIX = "properties.enableNodePublicIP", "properties.nodePublicIPPrefixID"
_DNS = "properties.localDNSProfile"

# guidelines.md §3.2, WindowsAgentPoolNameTooLong: the computer names of Windows have 15 characters,
# and the pool's is part of them.
_LONGEST_WINDOWS_NAME = 6

_CODES = "AKS error codes; guidelines.md §3.2"
_PAGE = "learn.microsoft.com/azure/aks"


def _is_windows(write: Write) -> bool:
    return is_at(write.after, _SYSTEM_TYPE, "Windows")


def _judge_windows_name(write: Write) -> Iterator[Refusal]:
    if _is_windows(write) and len(write.id.name) > _LONGEST_WINDOWS_NAME:
        yield Refusal(
            "name",
            f"the name {write.id.name} has {len(write.id.name)} characters; a pool of Windows "
            f"nodes has {_LONGEST_WINDOWS_NAME} at most",
        )


def _judge_image(write: Write) -> Iterator[Refusal]:
    image = text_at(write.after, _IMAGE)
    is_linux = is_silent(write.after, _SYSTEM_TYPE) or is_at(write.after, _SYSTEM_TYPE, "Linux")
    if image is None or not (is_linux or _is_windows(write)):
        return
    if image.lower().startswith("windows") is is_linux:
        system = "Linux" if is_linux else "Windows"
        yield Refusal(_IMAGE, f"osSKU {image} does not match osType {system}")


def _judge_sandbox(write: Write) -> Iterator[Refusal]:
    runtime = text_at(write.after, "properties.workloadRuntime") or ""
    image = text_at(write.after, _IMAGE)
    if not runtime.lower().startswith("kata"):
        return
    if _is_windows(write) or (image is not None and not image.lower().startswith("azurelinux")):
        yield Refusal(
            "properties.workloadRuntime",
            f"workloadRuntime {runtime} runs on osSKU AzureLinux alone",
        )


def _judge_prefix(write: Write) -> Iterator[Refusal]:
    if is_stated(write.after, _PREFIX) and is_off(write.after, _PUBLIC):
        yield Refusal(
            _PREFIX, "nodePublicIPPrefixID is for nodes with public addresses (enableNodePublicIP)"
        )


def _judge_zones(write: Write) -> Iterator[Refusal]:
    for at, zone in texts_at(write.after, "properties.availabilityZones"):
        if not re.fullmatch(r"[1-9]", zone):
            yield Refusal(at, f"{zone!r} is not an availability zone: expected the number of one")


def _is_set(write: Write) -> bool:
    return is_at(write.after, "properties.type", "AvailabilitySet")


def _judge_zones_of_set(write: Write) -> Iterator[Refusal]:
    if _is_set(write) and is_stated(write.after, "properties.availabilityZones"):
        yield Refusal(
            "properties.availabilityZones",
            "only pools of type VirtualMachineScaleSets and VirtualMachines are in zones",
        )


def _judge_host_encryption(write: Write) -> Iterator[Refusal]:
    if _is_set(write) and is_at(write.after, "properties.enableEncryptionAtHost", True):
        yield Refusal(
            "properties.enableEncryptionAtHost",
            "a pool of type AvailabilitySet does not encrypt at the host",
        )


def _judge_set_addresses(write: Write) -> Iterator[Refusal]:
    if _is_set(write) and is_at(write.after, _PUBLIC, True):
        yield Refusal(_PUBLIC, "a pool of type AvailabilitySet has no public addresses of nodes")


def _judge_spot_price(write: Write) -> Iterator[Refusal]:
    price = value_at(write.after, "properties.spotMaxPrice")
    # -1 is the price of pay-as-you-go machines, above which no spot price rises.
    if is_number(price) and price != -1 and price <= 0:
        yield Refusal(
            "properties.spotMaxPrice",
            f"spotMaxPrice is {price}, and has to be -1 (the price of other machines) or more than "
            "0",
        )


_DNS_OVERRIDES = ("vnetDNSOverrides", "kubeDNSOverrides")
_DNS_ZONES = (".", "cluster.local")


def _judge_dns_mode(write: Write) -> Iterator[Refusal]:
    if is_silent(write.after, _DNS) and value_at(write.after, _DNS) != {}:
        return
    mode = f"{_DNS}.mode"
    if is_silent(write.after, mode) or (
        text_at(write.after, mode) is not None
        and not is_at(write.after, mode, "Preferred", "Required", "Disabled")
    ):
        yield Refusal(mode, "localDNSProfile.mode is none of Preferred, Required, Disabled")


def _has_stated(write: Write, path: str) -> bool:
    """Return whether a property is stated, be it as an empty object."""
    value = value_at(write.after, path)
    return value is not None and value is not ABSENT


def _judge_dns_overrides(write: Write) -> Iterator[Refusal]:
    """Yield LocalDNS overrides that lack one of the two kinds, unless the pool has it already.

    A write that is silent about one kind keeps it (recorded:
    ext/test_aks_nodepool_update_with_localdns_required_mode_to_dns_partial_puts.yaml).
    """
    stated = [name for name in _DNS_OVERRIDES if _has_stated(write, f"{_DNS}.{name}")]
    for name in _DNS_OVERRIDES if stated else ():
        path = f"{_DNS}.{name}"
        if name not in stated and is_silent(write.before, path):
            yield Refusal(
                path, f"localDNSProfile has {stated[0]}, and needs {name} beside them", "Add them."
            )
        zones = value_at(write.after, path)
        held = zones if isinstance(zones, Mapping) else dict.fromkeys(_DNS_ZONES)
        for zone in (zone for zone in _DNS_ZONES if zone not in held):
            yield Refusal(path, f"localDNSProfile.{name} needs the zone {zone!r}")


def _judge_managed(write: Write) -> Iterator[Refusal]:
    mode = "properties.mode"
    if is_at(write.after, mode, "ManagedSystem"):
        for other in write.siblings:
            if is_at(other.body, mode, "ManagedSystem"):
                yield Refusal(
                    mode,
                    f"{other.id.name} is a pool of mode ManagedSystem, and a cluster has one of "
                    "them",
                )


def _judge_garbage(write: Write) -> Iterator[Refusal]:
    low = number_at(write.after, "properties.kubeletConfig.imageGcLowThreshold")
    high = number_at(write.after, "properties.kubeletConfig.imageGcHighThreshold")
    if low is not None and high is not None and low > high:
        yield Refusal(
            "properties.kubeletConfig.imageGcLowThreshold",
            f"imageGcLowThreshold {low} is more than imageGcHighThreshold {high}",
        )


def _judge_swap(write: Write) -> Iterator[Refusal]:
    size = number_at(write.after, "properties.linuxOSConfig.swapFileSizeMB")
    fails = value_at(write.after, "properties.kubeletConfig.failSwapOn")
    if size and fails is not False and not isinstance(fails, Unknown):
        yield Refusal(
            "properties.linuxOSConfig.swapFileSizeMB",
            "a swap file (swapFileSizeMB) needs kubeletConfig.failSwapOn: false",
        )


RULES = (
    ServiceRule(
        id="pool-windows-name",
        type=POOL,
        code="WindowsAgentPoolNameTooLong",
        source=_CODES,
        judge=_judge_windows_name,
    ),
    ServiceRule(
        id="pool-image",
        type=POOL,
        code="InvalidOSSKU",
        source="AKS error codes",
        judge=_judge_image,
    ),
    ServiceRule(
        id="pool-sandbox",
        type=POOL,
        code="InvalidWorkloadRuntimeSettingError",
        source=f"{_CODES}; {_PAGE}/use-pod-sandboxing",
        judge=_judge_sandbox,
    ),
    ServiceRule(
        id="pool-address-prefix",
        type=POOL,
        code="NodePublicIPCanNotBeFalseWithIPPrefixSet",
        source="AKS error codes",
        judge=_judge_prefix,
    ),
    ServiceRule(
        id="pool-zone-form",
        type=POOL,
        code="InvalidAvailabilityZoneFormat",
        source="AKS error codes",
        judge=_judge_zones,
    ),
    ServiceRule(
        id="pool-zones-of-set",
        type=POOL,
        code="VMSSRequiredForAvailabilityZone",
        source="AKS error codes",
        judge=_judge_zones_of_set,
    ),
    ServiceRule(
        id="pool-set-host-encryption",
        type=POOL,
        code="EncryptionAtHostNotAllowedOnVMAS",
        source=_CODES,
        judge=_judge_host_encryption,
    ),
    ServiceRule(
        id="pool-set-public-addresses",
        type=POOL,
        code="NodePublicIPRequiresVMSS",
        source="AKS error codes",
        judge=_judge_set_addresses,
    ),
    ServiceRule(
        id="pool-spot-price",
        type=POOL,
        code="InvalidParameter",
        source=f"{_PAGE}/spot-node-pool",
        judge=_judge_spot_price,
    ),
    ServiceRule(
        id="pool-dns-mode",
        type=POOL,
        code="InvalidParameter",
        source="recorded: ext/test_aks_nodepool_update_with_localdns_empty_config.yaml",
        judge=_judge_dns_mode,
    ),
    ServiceRule(
        id="pool-dns-overrides",
        type=POOL,
        code="InvalidParameter",
        source="recorded: ext/test_aks_nodepool_add_with_localdns_required_mode_single_*.yaml",
        judge=_judge_dns_overrides,
    ),
    ServiceRule(
        id="pool-managed-system",
        type=POOL,
        code="InvalidParameter",
        source="recorded: ext/test_aks_create_with_managed_system_pool_multiple_fails.yaml",
        judge=_judge_managed,
    ),
    ServiceRule(
        id="pool-kubelet-garbage",
        type=POOL,
        code="InvalidCustomKubeletConfig",
        source=f"AKS error codes; {_PAGE}/custom-node-configuration-reference",
        judge=_judge_garbage,
    ),
    ServiceRule(
        id="pool-kubelet-garbage-high",
        type=POOL,
        code="InvalidCustomKubeletConfig",
        source=f"AKS error codes; {_PAGE}/custom-node-configuration-reference",
        judge=in_range("properties.kubeletConfig.imageGcHighThreshold", 0, 100),
    ),
    ServiceRule(
        id="pool-kubelet-log-files",
        type=POOL,
        code="InvalidCustomKubeletConfig",
        source=f"AKS error codes; {_PAGE}/custom-node-configuration-reference",
        judge=in_range("properties.kubeletConfig.containerLogMaxFiles", 2, 2**31),
    ),
    ServiceRule(
        id="pool-swap",
        type=POOL,
        code="InvalidCustomLinuxOSConfig",
        source=f"AKS error codes; {_PAGE}/custom-node-configuration-reference",
        judge=_judge_swap,
    ),
)
