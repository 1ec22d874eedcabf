"""Which versions AKS offers a cluster and its pools for an upgrade.

Shapes: the REST reference of AKS ("Managed Clusters - Get Upgrade Profile"): full versions of the
control plane and of each pool, and under each what it may go to; a pool goes up to its control
plane's version.
"""

from collections.abc import Mapping

from provisioner.catalog.kubernetes_versions import OfferedVersion, running_version, upgrades_from
from provisioner.catalog.node_pools import CLUSTER, POOL
from provisioner.model.resource_id import resource_group_id
from provisioner.model.values import Body, Json
from provisioner.simulator.bodies.body_paths import value_at
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.protocol.exchange import Answer, Request
from provisioner.simulator.state.cloud import Cloud


def get_upgrade_profile(
    cloud: Cloud, _request: Request, subscription: str, group: str, cluster: str
) -> Answer:
    """Answer what a cluster may be upgraded to, by its version and its support plan."""
    place = resource_group_id(subscription, group)
    found = next(
        (
            row
            for row in cloud.store.resources.of_type(CLUSTER)
            if row.id.container == place and row.id.name.lower() == cluster.lower()
        ),
        None,
    )
    if found is None:
        raise RefusalError(
            404,
            "ResourceNotFound",
            f"The Resource '{CLUSTER}/{cluster}' under resource group '{group}' was not found.",
        )
    plan = value_at(found.body, "properties.supportPlan")
    plane = running_version(value_at(found.body, "properties.currentKubernetesVersion"))
    offered = upgrades_from(plane, plan)
    pools: list[Json] = [
        _pool(row.id.name, row.body, plane, plan)
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
                "upgrades": _upgrades(offered),
            },
            "agentPoolProfiles": pools,
        },
    }
    return Answer(200, body)


def _pool(name: str, body: Body, plane: str, plan: object) -> Mapping[str, Json]:
    version = running_version(value_at(body, "properties.currentOrchestratorVersion"))
    kind = value_at(body, "properties.osType")
    most = _numbers(plane)
    reachable = [
        entry
        for entry in _upgrades(upgrades_from(version, plan))
        if _numbers(str(entry["kubernetesVersion"])) <= most
    ]
    return {
        "name": name,
        "kubernetesVersion": version,
        "osType": kind if isinstance(kind, str) else "Linux",
        "upgrades": reachable,
    }


def _upgrades(offered: tuple[OfferedVersion, ...]) -> list[dict[str, Json]]:
    return [
        {"kubernetesVersion": patch, **({"isPreview": True} if one.is_preview else {})}
        for one in offered
        for patch in one.patches
    ]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
