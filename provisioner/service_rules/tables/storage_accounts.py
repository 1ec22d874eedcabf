"""Storage accounts: what a sku or a kind has, and what goes together."""

import re
from collections.abc import Iterator

from provisioner.service_rules.bodies import is_silent, is_stated, number_at, text_at
from provisioner.service_rules.conditions import is_at
from provisioner.service_rules.rule import Refusal, ServiceRule, Write

_ACCOUNT = "Microsoft.Storage/storageAccounts"
_PAGE = "learn.microsoft.com/azure/storage"
_DAYS = "properties.keyPolicy.keyExpirationPeriodInDays"


def _judge_days(write: Write) -> Iterator[Refusal]:
    """0 is not held to be refused."""
    days = number_at(write.after, _DAYS)
    if days is not None and days < 0:
        yield Refusal(_DAYS, f"the keys of an account expire after {days} days: 0 is the least")


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
        id="storage-key-expiration",
        type=_ACCOUNT,
        code="InvalidValuesForRequestParameters",
        source="recorded (errors.jsonl, of a negative number)",
        judge=_judge_days,
    ),
    ServiceRule(
        id="account-kind",
        type=_ACCOUNT,
        code=None,
        source=f"{_PAGE}/common/storage-account-overview",
        judge=_judge_kind,
    ),
    ServiceRule(
        id="account-hierarchy",
        type=_ACCOUNT,
        code=None,
        source=f"{_PAGE}/blobs/network-file-system-protocol-support",
        judge=_judge_hierarchy,
    ),
    ServiceRule(
        id="account-tier",
        type=_ACCOUNT,
        code=None,
        source=f"{_PAGE}/blobs/access-tiers-overview",
        judge=_judge_tier,
    ),
)
