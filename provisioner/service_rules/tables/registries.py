"""Container registries: features by SKU, and settings that depend on each other."""

from collections.abc import Iterator

from provisioner.model.estate import Resource
from provisioner.service_rules.conditions import in_range, is_at
from provisioner.service_rules.partial_bodies import entries_at, id_at, is_silent, text_at
from provisioner.service_rules.rule import Refusal, ServiceRule, Write

_REGISTRY = "Microsoft.ContainerRegistry/registries"
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
_LESSER = ("basic", "standard")
_CONNECTIONS = (
    "properties.privateLinkServiceConnections",
    "properties.manualPrivateLinkServiceConnections",
)
_PAGE = "learn.microsoft.com/azure"


def _judge_sku(write: Write) -> Iterator[Refusal]:
    sku = text_at(write.after, "sku.name") or ""
    for path, value in _PREMIUM if sku.lower() in _LESSER else ():
        if is_at(write.after, path, value):
            name = path.removeprefix("properties.")
            shown = str(value).lower() if value is True else value
            yield Refusal(path, f"{name} {shown} needs sku Premium, and this registry has {sku}")


def _judge_export(write: Write) -> Iterator[Refusal]:
    open_ = is_silent(write.after, _PUBLIC) or is_at(write.after, _PUBLIC, "Enabled")
    if is_at(write.after, _EXPORT, "disabled") and open_:
        yield Refusal(_EXPORT, "exportPolicy disabled needs publicNetworkAccess Disabled")


def _lesser_sku(registry: object) -> str | None:
    sku = text_at(registry.body, "sku.name") if isinstance(registry, Resource) else None
    return sku if sku and sku.lower() in _LESSER else None


def _judge_replication(write: Write) -> Iterator[Refusal]:
    sku = _lesser_sku(write.parent)
    if sku is not None:
        yield Refusal("", f"a replication needs a registry of sku Premium, and this one has {sku}")


def _judge_endpoint(write: Write) -> Iterator[Refusal]:
    for path in _CONNECTIONS:
        for at, _entry in entries_at(write.after, path):
            target = id_at(write.after, f"{at}.properties.privateLinkServiceId")
            if target is None or target.type.lower() != _REGISTRY.lower():
                continue
            sku = _lesser_sku(write.neighbours.lookup(target))
            if sku is not None:
                yield Refusal(
                    f"{at}.properties.privateLinkServiceId",
                    f"a private endpoint needs a registry of sku Premium, and {target.name} has "
                    f"{sku}",
                )


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
        id="registry-replication",
        type=f"{_REGISTRY}/replications",
        code=None,
        source=f"{_PAGE}/container-registry/container-registry-geo-replication (Premium)",
        judge=_judge_replication,
    ),
    ServiceRule(
        id="registry-endpoint",
        type="Microsoft.Network/privateEndpoints",
        code=None,
        source=f"{_PAGE}/container-registry/container-registry-private-link (Premium)",
        judge=_judge_endpoint,
    ),
)
