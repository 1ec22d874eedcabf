"""Which versions AKS offers a cluster and its pools for an upgrade, and the newest node image.

Shapes: the REST reference of AKS ("Managed Clusters - Get Upgrade Profile", "Agent Pools - Get
Upgrade Profile", "- Get Available Agent Pool Versions", "- Upgrade Node Image Version"): full
versions of the control plane and of each pool, and under each what it may go to; a pool goes up to
its control plane's version.
"""

from collections.abc import Mapping

from provisioner.catalog.cluster_offers import ISTIO, MESH_REVISIONS
from provisioner.catalog.kubernetes_versions import (
    OFFERED,
    OfferedVersion,
    running_version,
    upgrades_from,
)
from provisioner.catalog.node_images import newest_image
from provisioner.catalog.node_pools import CLUSTER, POOL
from provisioner.catalog.vm_sizes import SIZES
from provisioner.model.resource_id import ResourceId, resource_group_id
from provisioner.model.values import Body, Json
from provisioner.simulator.actions.cluster_offers import show_mesh_revision
from provisioner.simulator.actions.cluster_power import RUNNING, check_power
from provisioner.simulator.actions.targets import (
    BadRequestError,
    find_target,
    require_resource,
    start_action,
)
from provisioner.simulator.arm.operations import Effect
from provisioner.simulator.bodies.body_paths import value_at
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.records import OperationKind, Record


def get_upgrade_profile(
    cloud: Cloud, _request: Request, subscription: str, group: str, cluster: str
) -> Answer:
    """Answer what a cluster may be upgraded to, by its version and its support plan."""
    found = require_resource(
        cloud, ResourceId(CLUSTER, (cluster,), resource_group_id(subscription, group))
    )
    plan = value_at(found.body, "properties.supportPlan")
    plane = _plane(found)
    pools: list[Json] = [
        {"name": row.id.name, **_pool(row.body, plane, plan)}
        for row in cloud.store.resources.of_type(POOL)
        if row.id.parent == found.id
    ]
    body: Json = {
        "id": f"{found.id.text}/upgradeprofiles/default",
        "name": "default",
        "type": f"{CLUSTER}/upgradeprofiles",
        "properties": {
            "controlPlaneProfile": {
                "kubernetesVersion": plane,
                "osType": "Linux",
                "upgrades": _upgrades(upgrades_from(plane, plan)),
            },
            "agentPoolProfiles": pools,
        },
    }
    return Answer(200, body)


def get_pool_upgrade_profile(cloud: Cloud, request: Request, **_place: str) -> Answer:
    """Answer what a pool may be upgraded to, and its newest node image."""
    pool = find_target(cloud, request, segments=2)
    cluster = _cluster_of(cloud, pool)
    shown = _pool(pool.body, _plane(cluster), value_at(cluster.body, "properties.supportPlan"))
    image = _newest_image(pool)
    if image is not None:
        shown["latestNodeImageVersion"] = image
    body: Json = {
        "id": f"{pool.id.text}/upgradeProfiles/default",
        "name": "default",
        "type": f"{POOL}/upgradeProfiles",
        "properties": shown,
    }
    return Answer(200, body)


def list_pool_versions(cloud: Cloud, request: Request, **_place: str) -> Answer:
    """Answer the versions that a new pool of a cluster may have: up to that of the control plane,
    which is the default."""
    cluster = find_target(cloud, request)
    plane = _plane(cluster)
    patches = (
        (patch, one.is_preview)
        for one in OFFERED
        for patch in one.patches
        if _numbers(patch) <= _numbers(plane)
    )
    found = dict(patches) | {plane: False}
    versions: list[Json] = [
        {
            **({"default": True} if version == plane else {}),
            "kubernetesVersion": version,
            **({"isPreview": True} if is_preview else {}),
        }
        for version, is_preview in sorted(found.items(), key=lambda one: _numbers(one[0]))
    ]
    body: Json = {
        "id": f"{cluster.id.text}/availableagentpoolversions",
        "name": "default",
        "type": f"{CLUSTER}/availableAgentpoolVersions",
        "properties": {"agentPoolVersions": versions},
    }
    return Answer(200, body)


def upgrade_node_image(cloud: Cloud, request: Request, **_place: str) -> Answer:
    """Answer POST upgradeNodeImageVersion: the pool has the newest image in the end."""
    pool = find_target(cloud, request)
    check_power(_cluster_of(cloud, pool), RUNNING, "upgrading the node image")
    image = _newest_image(pool)
    if image is None:
        raise BadRequestError(
            "The built-in Azure knows no node image of the osSKU "
            f"'{value_at(pool.body, 'properties.osSKU')}'.",
            "osSKU",
        )
    changes = {pool.id.key: {"properties": {"nodeImageVersion": image}}}
    return start_action(cloud, request, pool, OperationKind.UPGRADE_NODE_IMAGE, Effect(changes))


def list_mesh_upgrades(cloud: Cloud, request: Request, **_place: str) -> Answer:
    """Answer what the service mesh of a cluster may go to; an empty list where it has none."""
    cluster = find_target(cloud, request)
    return Answer(200, {"value": _mesh_profiles(cluster)})


def get_mesh_upgrade(cloud: Cloud, request: Request, mode: str, **_place: str) -> Answer:
    """Answer what the service mesh of a cluster may go to. 404 where it has none."""
    cluster = find_target(cloud, request, segments=2)
    found = _mesh_profiles(cluster) if mode.lower() == ISTIO else []
    if not found:
        raise RefusalError(
            404,
            "NotFound",
            f"The cluster '{cluster.id.name}' has no service mesh of the mode '{mode}'.",
            by_provider=True,
        )
    return Answer(200, found[0])


def _mesh_profiles(cluster: Record) -> list[Json]:
    named = value_at(cluster.body, "properties.serviceMeshProfile.istio.revisions")
    if value_at(cluster.body, "properties.serviceMeshProfile.mode") != "Istio":
        return []
    names = named if isinstance(named, (list, tuple)) and named else (MESH_REVISIONS[0].name,)
    revision = next((one for one in MESH_REVISIONS if one.name == names[0]), None)
    if revision is None:
        return []
    properties = show_mesh_revision(revision)
    return [
        {
            "id": f"{cluster.id.text}/meshUpgradeProfiles/{ISTIO}",
            "name": ISTIO,
            "type": f"{CLUSTER}/meshUpgradeProfiles",
            "properties": properties,
        }
    ]


def _cluster_of(cloud: Cloud, pool: Record) -> Record:
    assert pool.id.parent is not None
    return require_resource(cloud, pool.id.parent)


def _plane(cluster: Record) -> str:
    return running_version(value_at(cluster.body, "properties.currentKubernetesVersion"))


def _newest_image(pool: Record) -> str | None:
    properties = pool.body.get("properties")
    size = SIZES.get(str(value_at(properties, "vmSize")).lower())
    return newest_image(
        value_at(properties, "osSKU"),
        value_at(properties, "osType"),
        value_at(properties, "currentOrchestratorVersion"),
        is_arm=size is not None and size.series.architecture != "x64",
    )


def _pool(body: Body, plane: str, plan: object) -> dict[str, Json]:
    version = running_version(value_at(body, "properties.currentOrchestratorVersion"))
    kind = value_at(body, "properties.osType")
    most = _numbers(plane)
    reachable: list[Json] = [
        entry
        for entry in _upgrades(upgrades_from(version, plan))
        if _numbers(str(entry["kubernetesVersion"])) <= most
    ]
    return {
        "kubernetesVersion": version,
        "osType": kind if isinstance(kind, str) else "Linux",
        "upgrades": reachable,
    }


def _upgrades(offered: tuple[OfferedVersion, ...]) -> list[Mapping[str, Json]]:
    return [
        {"kubernetesVersion": patch, **({"isPreview": True} if one.is_preview else {})}
        for one in offered
        for patch in one.patches
    ]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
