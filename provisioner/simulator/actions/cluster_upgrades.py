"""Upgrades that AKS offers for a cluster, its pools, node images and service mesh.

Shapes: the REST reference of AKS ("Managed Clusters - Get Upgrade Profile", "Agent Pools - Get
Upgrade Profile", "- Get Available Agent Pool Versions", "- Upgrade Node Image Version"): full
versions of the control plane and of each pool, each with its possible upgrades; a pool is upgraded
at most to its control plane's version.
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
from provisioner.simulator.arm.operations import OperationEffect
from provisioner.simulator.bodies.body_paths import value_at
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.records import OperationKind, Record


def get_upgrade_profile(
    cloud: Cloud, _request: Request, subscription: str, group: str, cluster: str
) -> Answer:
    """Answer the upgrades of a cluster and its pools, by version and support plan."""
    found = require_resource(
        cloud, ResourceId(CLUSTER, (cluster,), resource_group_id(subscription, group))
    )
    plan = value_at(found.body, "properties.supportPlan")
    control_plane = _control_plane_version(found)
    pools: list[Json] = [
        {"name": row.id.name, **_render_pool(row.body, control_plane, plan)}
        for row in cloud.store.resources.of_type(POOL)
        if row.id.parent == found.id
    ]
    body: Json = {
        "id": f"{found.id.text}/upgradeprofiles/default",
        "name": "default",
        "type": f"{CLUSTER}/upgradeprofiles",
        "properties": {
            "controlPlaneProfile": {
                "kubernetesVersion": control_plane,
                "osType": "Linux",
                "upgrades": _render_upgrades(upgrades_from(control_plane, plan)),
            },
            "agentPoolProfiles": pools,
        },
    }
    return Answer(200, body)


def get_pool_upgrade_profile(cloud: Cloud, request: Request, **_path_parameters: str) -> Answer:
    """Answer the upgrades of a pool, and its latest node image."""
    pool = find_target(cloud, request, segments=2)
    cluster = _cluster_of(cloud, pool)
    shown = _render_pool(
        pool.body, _control_plane_version(cluster), value_at(cluster.body, "properties.supportPlan")
    )
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


def list_pool_versions(cloud: Cloud, request: Request, **_path_parameters: str) -> Answer:
    """Answer the versions that a new pool of a cluster may have.

    They go up to the control plane's version, which is the default.
    """
    cluster = find_target(cloud, request)
    control_plane = _control_plane_version(cluster)
    patches = (
        (patch, one.is_preview)
        for one in OFFERED
        for patch in one.patches
        if _version_numbers(patch) <= _version_numbers(control_plane)
    )
    found = dict(patches) | {control_plane: False}
    versions: list[Json] = [
        {
            **({"default": True} if version == control_plane else {}),
            "kubernetesVersion": version,
            **({"isPreview": True} if is_preview else {}),
        }
        for version, is_preview in sorted(found.items(), key=lambda one: _version_numbers(one[0]))
    ]
    body: Json = {
        "id": f"{cluster.id.text}/availableagentpoolversions",
        "name": "default",
        "type": f"{CLUSTER}/availableAgentpoolVersions",
        "properties": {"agentPoolVersions": versions},
    }
    return Answer(200, body)


def upgrade_node_image(cloud: Cloud, request: Request, **_path_parameters: str) -> Answer:
    """Answer POST upgradeNodeImageVersion: the pool has the latest image when the operation ends.

    Raises:
        BadRequestError: no node image of the pool's OS SKU is known.
    """
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
    return start_action(
        cloud, request, pool, OperationKind.UPGRADE_NODE_IMAGE, OperationEffect(changes)
    )


def list_mesh_upgrades(cloud: Cloud, request: Request, **_path_parameters: str) -> Answer:
    """Answer the upgrades of a cluster's service mesh; an empty list if it has none."""
    cluster = find_target(cloud, request)
    return Answer(200, {"value": _mesh_profiles(cluster)})


def get_mesh_upgrade(cloud: Cloud, request: Request, mode: str, **_path_parameters: str) -> Answer:
    """Answer the upgrades of a cluster's service mesh.

    Raises:
        RefusalError: the cluster has no service mesh of this mode.
    """
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


def _control_plane_version(cluster: Record) -> str:
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


def _render_pool(body: Body, control_plane: str, plan: object) -> dict[str, Json]:
    version = running_version(value_at(body, "properties.currentOrchestratorVersion"))
    kind = value_at(body, "properties.osType")
    # A pool is never newer than its control plane (NodePoolMcVersionIncompatible; guidelines.md
    # §3.2).
    most = _version_numbers(control_plane)
    reachable: list[Json] = [
        entry
        for entry in _render_upgrades(upgrades_from(version, plan))
        if _version_numbers(str(entry["kubernetesVersion"])) <= most
    ]
    return {
        "kubernetesVersion": version,
        "osType": kind if isinstance(kind, str) else "Linux",
        "upgrades": reachable,
    }


def _render_upgrades(offered: tuple[OfferedVersion, ...]) -> list[Mapping[str, Json]]:
    return [
        {"kubernetesVersion": patch, **({"isPreview": True} if one.is_preview else {})}
        for one in offered
        for patch in one.patches
    ]


def _version_numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
