"""Container registries and storage accounts: what a sku or a kind has, and what goes together."""

import re
from collections.abc import Iterator

from provisioner.service_rules.bodies import is_silent, is_stated, text_at
from provisioner.service_rules.conditions import in_range, is_at
from provisioner.service_rules.rule import Refusal, ServiceRule, Write

_REGISTRY, _ACCOUNT = "Microsoft.ContainerRegistry/registries", "Microsoft.Storage/storageAccounts"
_EXPORT = "properties.policies.exportPolicy.status"
_PUBLIC = "properties.publicNetworkAccess"
_PREMIUM: tuple[tuple[str, str | bool], ...] = (
    (_PUBLIC, "Disabled"),
    ("properties.networkRuleSet.defaultAction", "Deny"),
    ("properties.zoneRedundancy", "Enabled"),
    ("properties.dataEndpointEnabled", True),
    ("properties.policies.retentionPolicy.status", "enabled"),
    ("properties.policies.trustPolicy.status", "enabled"),
    (_EXPORT, "disabled"),
    ("properties.encryption.status", "enabled"),
)
_PAGE = "learn.microsoft.com/azure"


def _judge_sku(write: Write) -> Iterator[Refusal]:
    sku = text_at(write.after, "sku.name") or ""
    for path, value in _PREMIUM if sku.lower() in ("basic", "standard") else ():
        if is_at(write.after, path, value):
            name = path.removeprefix("properties.")
            shown = str(value).lower() if value is True else value
            yield Refusal(path, f"{name} {shown} needs sku Premium, and this registry has {sku}")


def _judge_export(write: Write) -> Iterator[Refusal]:
    open_ = is_silent(write.after, _PUBLIC) or is_at(write.after, _PUBLIC, "Enabled")
    if is_at(write.after, _EXPORT, "disabled") and open_:
        yield Refusal(_EXPORT, "exportPolicy disabled needs publicNetworkAccess Disabled")


def _judge_kind(write: Write) -> Iterator[Refusal]:
    kind, sku = text_at(write.after, "kind"), text_at(write.after, "sku.name")
    if kind is None or sku is None:
        return
    premium = re.match("premium", sku, re.IGNORECASE) is not None
    if kind.lower() in ("filestorage", "blockblobstorage") and not premium:
        yield Refusal("sku.name", f"an account of kind {kind} has a Premium sku, and not {sku}")
    if kind.lower() == "blobstorage" and premium:
        yield Refusal("sku.name", f"an account of kind {kind} has no Premium sku")


def _judge_hierarchy(write: Write) -> Iterator[Refusal]:
    flat = is_silent(write.after, "properties.isHnsEnabled") or is_at(
        write.after, "properties.isHnsEnabled", False
    )
    for path in ("properties.isNfsV3Enabled", "properties.isSftpEnabled"):
        if flat and is_at(write.after, path, True):
            name = path.removeprefix("properties.")
            yield Refusal(path, f"{name} needs a hierarchical namespace (isHnsEnabled)")


def _judge_tier(write: Write) -> Iterator[Refusal]:
    kind = text_at(write.after, "kind") or ""
    if kind.lower() == "storage" and is_stated(write.after, "properties.accessTier"):
        yield Refusal("properties.accessTier", "an account of kind Storage has no accessTier")


RULES = (
    ServiceRule(
        id="registry-sku",
        type=_REGISTRY,
        code=None,
        source=f"{_PAGE}/container-registry/container-registry-skus",
        judge=_judge_sku,
    ),
    ServiceRule(
        id="registry-export",
        type=_REGISTRY,
        code=None,
        source="guidelines.md WRK-01.4",
        judge=_judge_export,
    ),
    ServiceRule(
        id="registry-retention",
        type=_REGISTRY,
        code=None,
        source=f"{_PAGE}/container-registry/container-registry-retention-policy",
        judge=in_range("properties.policies.retentionPolicy.days", 0, 365),
    ),
    ServiceRule(
        id="account-kind",
        type=_ACCOUNT,
        code=None,
        source=f"{_PAGE}/storage/common/storage-account-overview",
        judge=_judge_kind,
    ),
    ServiceRule(
        id="account-hierarchy",
        type=_ACCOUNT,
        code=None,
        source=f"{_PAGE}/storage/blobs/network-file-system-protocol-support",
        judge=_judge_hierarchy,
    ),
    ServiceRule(
        id="account-tier",
        type=_ACCOUNT,
        code=None,
        source=f"{_PAGE}/storage/blobs/access-tiers-overview",
        judge=_judge_tier,
    ),
)
