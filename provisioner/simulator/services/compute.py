"""Kubernetes versions, VM sizes and vCPU quotas of a region, and their check for node pools.

Versions and sizes are tables of the catalog; the usage of a quota is counted over the node pools.
Shapes: the REST reference of AKS ("List Kubernetes Versions"), Compute ("Resource Skus", "Usage")
and Quota; codes: guidelines.md §3.2.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from provisioner.catalog.kubernetes_versions import (
    COMMUNITY,
    DEFAULT_VERSION,
    OFFERED,
    OfferedVersion,
    offers,
    upgrades_from,
)
from provisioner.catalog.node_pools import CLUSTER, POOL, machines_of
from provisioner.catalog.regions import REGIONS
from provisioner.catalog.registrations import registrations_for
from provisioner.catalog.resource_type import ResourceType
from provisioner.catalog.vm_sizes import SIZES, MachineSize, sizes_in, zones_of
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Json
from provisioner.simulator.bodies.body_paths import value_at
from provisioner.simulator.bodies.validation import normalise_location
from provisioner.simulator.odata.conditions import Property, Vocabulary, compile_filter
from provisioner.simulator.odata.options import check_options, page
from provisioner.simulator.odata.syntax import FilterError
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.services.features import is_registered
from provisioner.simulator.state.cloud import Cloud

_REGIONAL, _SPOT = "cores", "lowPriorityCores"
_LIMIT = 5000
"""The vCPUs of each family, and of a region, that every subscription has to begin with."""


def list_versions(_cloud: Cloud, _request: Request, subscription: str, location: str) -> Answer:
    """Answer the Kubernetes versions of a region, which are the same in all regions."""
    del subscription, location
    return Answer(200, {"values": [_render_version(one) for one in OFFERED]})


def list_sizes(cloud: Cloud, request: Request, subscription: str) -> Answer:
    """Answer the VM sizes of every region, or of the region in `$filter`.

    Compute "Resource Skus - List" filters by location only. The code of a refusal is inferred.

    Raises:
        RefusalError: the filter is another one.
    """
    del subscription
    check_options(request, ("$filter",))
    text = request.query.get("$filter", "")
    try:
        fits = compile_filter(text, _SIZE_FILTER) if text else None
    except FilterError as problem:
        raise RefusalError(
            400, "InvalidFilter", f"Invalid $filter '{text}': location eq 'REGION' ({problem})."
        ) from problem
    rows = [
        (size, region)
        for region in REGIONS
        if fits is None or fits(region)
        for size in sizes_in(region)
    ]
    return page(cloud, request, rows, lambda row: _render_size(*row))


_SIZE_FILTER: Vocabulary[str] = Vocabulary(
    properties={"location": Property(lambda region: region, normalise=normalise_location)}
)


def list_usages(cloud: Cloud, _request: Request, subscription: str, location: str) -> Answer:
    """Answer vCPU limits and usage of a region: by family, in total, and of spot nodes."""
    region = normalise_location(location)
    used = _used_cores(cloud, subscription, region)
    names = (_REGIONAL, _SPOT, *dict.fromkeys(size.series.family for size in SIZES.values()))
    shown: list[Json] = [
        {
            "unit": "Count",
            "currentValue": used[name],
            "limit": _core_limit(cloud, subscription, region, name),
            "name": {"value": name, "localizedValue": name},
        }
        for name in names
    ]
    return Answer(200, {"value": shown})


def put_quota(
    cloud: Cloud, request: Request, subscription: str, location: str, quota: str
) -> Answer:
    """Answer a PUT of a limit, which is granted at once.

    Raises:
        RefusalError: the limit is no whole number.
    """
    document = request.read_object()
    requested = value_at(document, "properties.limit.value")
    if not isinstance(requested, int) or requested < 0:
        raise RefusalError(400, "InvalidRequest", "properties.limit.value is not a whole number.")
    cloud.store.quotas.put(
        _quota_key(subscription, normalise_location(location), quota), str(requested)
    )
    limit: Json = {"limitObjectType": "LimitValue", "value": requested}
    properties: Json = {"limit": limit, "name": {"value": quota}}
    return Answer(200, {"id": request.path, "name": quota, "properties": properties})


def check_nodes(
    cloud: Cloud,
    resource_type: ResourceType,
    resource: ResourceId,
    body: Mapping[str, Any],
    api_version: str,
) -> None:
    """Check the version, features and quota of a cluster or node pool.

    A violation is a RefusalError. Bodies of another API version than the catalog's are not checked.
    """
    if api_version != resource_type.api_version or resource_type.name not in (CLUSTER, POOL):
        return
    before = cloud.store.resources.get(resource.key)
    before_body = before.body if before else None
    _check_features(cloud, resource_type, resource, body)
    if resource_type.name == CLUSTER:
        _check_version(body, before_body, "kubernetesVersion", "K8sVersionNotSupported")
    else:
        _check_version(body, before_body, "orchestratorVersion", "AgentPoolK8sVersionNotSupported")
        _check_quota(cloud, resource, body)


def _check_version(
    body: Mapping[str, Any], before_body: Mapping[str, Any] | None, name: str, code: str
) -> None:
    version = value_at(body, f"properties.{name}")
    # A version that is no longer offered stays accepted where it is running.
    same = before_body is not None and value_at(before_body, f"properties.{name}") == version
    if isinstance(version, str) and version and not same and not offers(version):
        raise RefusalError(
            400,
            code,
            f"Version {version} is not supported in this region.",
            target=name,
            by_provider=True,
        )


def _check_features(
    cloud: Cloud, resource_type: ResourceType, resource: ResourceId, body: Mapping[str, Any]
) -> None:
    """Check the features that a body requires: previews of AKS, and encryption at host.

    Pools in the body of a cluster are checked when they are written themselves.

    Raises:
        RefusalError: a feature is not registered.
    """
    for needed in registrations_for(resource_type, resource, body):
        if not needed.is_feature or "[]" in needed.path:
            continue
        if not is_registered(cloud, needed.subscription, needed.what):
            own = needed.what.startswith(f"{resource_type.namespace}/")
            raise RefusalError(
                400,
                "PreviewFeatureNotRegistered" if own else "SubscriptionNotEnabledEncryptionAtHost",
                f"The subscription does not have the feature {needed.what} registered.",
                target=needed.path,
                by_provider=True,
            )


def _check_quota(cloud: Cloud, resource: ResourceId, body: Mapping[str, Any]) -> None:
    region = _region_of(cloud, resource)
    subscription = resource.subscription
    if region is None or subscription is None:
        return
    used = _used_cores(cloud, subscription, region, without=resource.key)
    for name, requested in _cores_of_pool(body.get("properties")).items():
        limit = _core_limit(cloud, subscription, region, name)
        # What is over its limit already may shrink, and stay.
        if used[name] + requested > max(limit, _used_cores(cloud, subscription, region)[name]):
            raise RefusalError(
                400,
                "QuotaExceeded",
                f"Agent pool '{resource.name}' needs {requested} vCPUs of {name} in {region}: "
                f"{limit} are allowed, {used[name]} used.",
                by_provider=True,
            )


def _used_cores(cloud: Cloud, subscription: str, region: str, without: str = "") -> Counter[str]:
    used: Counter[str] = Counter()
    for row in cloud.store.resources.of_type(POOL):
        in_subscription = (row.id.subscription or "").lower() == subscription.lower()
        if in_subscription and row.id.key != without and _region_of(cloud, row.id) == region:
            used.update(_cores_of_pool(row.body.get("properties")))
    return used


def _cores_of_pool(properties: object) -> Counter[str]:
    """Return the vCPUs of a pool by the quotas that they count against."""
    cores: Counter[str] = Counter()
    # Spot nodes count against a quota of their own, whatever their family.
    spot = isinstance(properties, Mapping) and properties.get("scaleSetPriority") == "Spot"
    for machines in machines_of(properties):
        size = SIZES.get(machines.size.lower())
        if size is not None:
            for name in (_SPOT,) if spot else (size.series.family, _REGIONAL):
                cores[name] += machines.first * size.cores
    return cores


def _region_of(cloud: Cloud, pool: ResourceId) -> str | None:
    cluster = cloud.store.resources.get(pool.parent.key) if pool.parent else None
    location = cluster.body.get("location") if cluster else None
    return normalise_location(location) if isinstance(location, str) else None


def _core_limit(cloud: Cloud, subscription: str, region: str, name: str) -> int:
    changed = cloud.store.quotas.get(_quota_key(subscription, region, name))
    return _LIMIT if changed is None else int(changed)


def _quota_key(subscription: str, region: str, name: str) -> str:
    return f"{subscription}/{region}/{name}".lower()


def _render_version(one: OfferedVersion) -> Json:
    shown: dict[str, Json] = {
        "version": one.minor,
        "capabilities": {"supportPlan": list(one.plans)},
        "patchVersions": {patch: {"upgrades": _upgrade_patches(patch)} for patch in one.patches},
    }
    if one.is_preview:
        shown["isPreview"] = True
    if one.minor == DEFAULT_VERSION:
        shown["isDefault"] = True
    return shown


def _upgrade_patches(patch: str) -> list[Json]:
    """Return the patch versions that a patch version can be upgraded to."""
    offered = upgrades_from(patch, COMMUNITY)
    return [each for one in offered for each in one.patches]


def _render_size(size: MachineSize, region: str) -> Json:
    series, cores = size.series, size.cores
    ephemeral = max(series.cache, series.local, series.nvme) > 0
    capabilities = {
        "vCPUs": cores,
        "vCPUsAvailable": cores,
        "MemoryGB": series.memory * cores,
        "MaxResourceVolumeMB": series.local * cores,
        "CachedDiskBytes": series.cache * cores * 1024**2,
        "NvmeDiskSizeInMiB": series.nvme * cores,
        "HyperVGenerations": series.generations,
        "CpuArchitectureType": series.architecture,
        "PremiumIO": True,
        "EphemeralOSDiskSupported": ephemeral,
        "EncryptionAtHostSupported": series.encrypts,
        "TrustedLaunchDisabled": not series.trusted,
    }
    return {
        "resourceType": "virtualMachines",
        "name": size.name,
        "tier": "Standard",
        "size": size.name.removeprefix("Standard_"),
        "family": series.family,
        "locations": [region],
        "locationInfo": [{"location": region, "zones": list(zones_of(region)), "zoneDetails": []}],
        "capabilities": [{"name": key, "value": str(value)} for key, value in capabilities.items()],
        "restrictions": [],
    }
