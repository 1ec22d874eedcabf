"""Storage accounts: features by SKU and kind, and settings that depend on each other."""

import ipaddress
import re
from collections.abc import Iterator

from provisioner.model.estate import Resource
from provisioner.service_rules.addresses import read_loosely
from provisioner.service_rules.conditions import in_range, is_at, is_off
from provisioner.service_rules.partial_bodies import (
    entries_at,
    is_silent,
    is_stated,
    number_at,
    text_at,
)
from provisioner.service_rules.rule import Refusal, ServiceRule, Write
from provisioner.service_rules.service_endpoints import rules_without_endpoint

_ACCOUNT = "Microsoft.Storage/storageAccounts"
_BLOBS = f"{_ACCOUNT}/blobServices"
_CONTAINER = f"{_BLOBS}/containers"
_ADDRESSES = "properties.networkAcls.ipRules"
# RFC 1918: traffic from such addresses arrives through a subnet or a private endpoint, never by an
# IP rule ("Azure Storage firewall and virtual networks").
_PRIVATE = tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
_LONGEST_PREFIX = 30
_SKU, _TIER = "sku.name", "properties.accessTier"
_OPEN, _PUBLIC = "properties.allowBlobPublicAccess", "properties.publicAccess"
_RESTORE, _DELETED = "properties.restorePolicy", "properties.deleteRetentionPolicy"
_VERSIONS = "properties.isVersioningEnabled"
_PAGE = "learn.microsoft.com/azure/storage"
_DAYS = "properties.keyPolicy.keyExpirationPeriodInDays"


def _judge_days(write: Write) -> Iterator[Refusal]:
    """Yield a negative key expiration period; 0 is not known to be refused."""
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


def _judge_addresses(write: Write) -> Iterator[Refusal]:
    """Yield IP rules that are private, no IPv4, or ranges that are too small.

    Host bits in a range are not known to be refused.
    """
    for at, entry in entries_at(write.after, _ADDRESSES):
        text = text_at(entry, "value")
        found = read_loosely(text) if text else None
        if text is None:
            continue
        if found is None or found.version != 4:
            yield Refusal(f"{at}.value", f"{text!r} is neither an IPv4 address nor a range of them")
        elif any(found.overlaps(private) for private in _PRIVATE):
            yield Refusal(
                f"{at}.value",
                f"{text} is private, and a rule takes public addresses alone",
                "State a subnet (virtualNetworkRules), or make a private endpoint.",
            )
        elif "/" in text and found.prefixlen > _LONGEST_PREFIX:
            yield Refusal(
                f"{at}.value",
                f"{text} is smaller than /{_LONGEST_PREFIX}, the smallest range of a rule",
                f"State each address by itself: {', '.join(map(str, found))}.",
            )


def _judge_subnets(write: Write) -> Iterator[Refusal]:
    yield from rules_without_endpoint(write, "Microsoft.Storage")


def _judge_required_tier(write: Write) -> Iterator[Refusal]:
    if is_at(write.after, "kind", "BlobStorage") and is_silent(write.after, _TIER):
        yield Refusal(_TIER, "an account of kind BlobStorage needs an accessTier")


def _judge_performance(write: Write) -> Iterator[Refusal]:
    """Yield a change between Standard and Premium; which redundancy changes is not covered here."""
    before, after = text_at(write.before or {}, _SKU), text_at(write.after, _SKU)
    if before is None or after is None:
        return
    if before.lower().startswith("premium") != after.lower().startswith("premium"):
        yield Refusal(_SKU, f"an account of sku {before} cannot become {after}: make another one")


def _judge_public(write: Write) -> Iterator[Refusal]:
    """Yield containers with public access in an account that does not allow it.

    One that had it before is not known to be refused: an account that is closed later keeps it.
    """
    service = write.id.parent
    account = write.neighbours.lookup(service.parent) if service and service.parent else None
    was = text_at(write.before or {}, _PUBLIC)
    wanted = text_at(write.after, _PUBLIC)
    closed = isinstance(account, Resource) and is_at(account.body, _OPEN, False)
    if closed and is_at(write.after, _PUBLIC, "Blob", "Container") and was != wanted:
        yield Refusal(
            _PUBLIC,
            f"publicAccess {wanted} needs an account with allowBlobPublicAccess true",
            "Set publicAccess to None.",
        )


def _judge_restore(write: Write) -> Iterator[Refusal]:
    if not is_at(write.after, f"{_RESTORE}.enabled", True):
        return
    for path in (f"{_DELETED}.enabled", "properties.changeFeed.enabled", _VERSIONS):
        if is_off(write.after, path):
            yield Refusal(
                f"{_RESTORE}.enabled", f"restorePolicy needs {path.removeprefix('properties.')}"
            )
    days, kept = (number_at(write.after, f"{policy}.days") for policy in (_RESTORE, _DELETED))
    if days is not None and kept is not None and days >= kept:
        yield Refusal(
            f"{_RESTORE}.days",
            f"{days} days can be restored where what is deleted is kept for {kept}: it has to be "
            "kept for longer",
        )


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
    ServiceRule(
        id="account-addresses",
        type=_ACCOUNT,
        code="InvalidValuesForRequestParameters",
        source="Azure/azure-cli#7417, #13828; hashicorp/terraform-provider-azurerm#5444 (/32); "
        f"{_PAGE}/common/storage-network-security (restrictions for IP network rules)",
        judge=_judge_addresses,
    ),
    ServiceRule(
        id="account-subnet-endpoint",
        type=_ACCOUNT,
        code="NetworkAclsValidationFailure",
        source="hashicorp/terraform-provider-azurerm#16547, Azure/azure-cli#32434",
        judge=_judge_subnets,
    ),
    ServiceRule(
        id="account-required-tier",
        type=_ACCOUNT,
        code=None,
        source="REST reference of storage accounts: accessTier is required of kind BlobStorage",
        judge=_judge_required_tier,
    ),
    ServiceRule(
        id="account-performance",
        type=_ACCOUNT,
        code=None,
        source="REST reference of storage accounts (update): accounts of Premium skus are not "
        "updated to others, nor others to them",
        judge=_judge_performance,
    ),
    ServiceRule(
        id="container-public",
        type=_CONTAINER,
        status=409,
        code="PublicAccessNotPermitted",
        source="pivotal/paving#89, hashicorp/terraform-provider-azurerm#8214",
        judge=_judge_public,
    ),
    ServiceRule(
        id="blobs-kept-days",
        type=_BLOBS,
        code=None,
        source="REST reference of blob services: deleteRetentionPolicy.days is 1 to 365",
        judge=in_range(f"{_DELETED}.days", 1, 365),
    ),
    ServiceRule(
        id="containers-kept-days",
        type=_BLOBS,
        code=None,
        source="REST reference of blob services: containerDeleteRetentionPolicy.days is 1 to 365",
        judge=in_range("properties.containerDeleteRetentionPolicy.days", 1, 365),
    ),
    ServiceRule(
        id="blobs-restored",
        type=_BLOBS,
        code=None,
        source=f"{_PAGE}/blobs/point-in-time-restore-overview (prerequisites); REST reference of "
        "blob services: restorePolicy.days is less than deleteRetentionPolicy.days",
        judge=_judge_restore,
    ),
)
