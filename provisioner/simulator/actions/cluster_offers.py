"""The offers of AKS in a region, and the endpoints that the nodes of a cluster must reach.

Shapes: the REST reference of AKS ("Managed Clusters - List Mesh Revision Profiles", "Trusted Access
Roles - List", "Managed Clusters - List Outbound Network Dependencies Endpoints", "- Get OS
Options") and "Container Service - List Orchestrators" (2019-04-01, which Ansible calls). The values
are those of `catalog.cluster_offers`, `catalog.kubernetes_versions` and `catalog.egress`.
"""

from provisioner.catalog.cluster_offers import (
    ISTIO,
    MESH_REVISIONS,
    NODE_SYSTEMS,
    TRUSTED_ACCESS_ROLES,
    MeshRevision,
)
from provisioner.catalog.egress import EgressRule, egress_of, features_of
from provisioner.catalog.kubernetes_versions import (
    COMMUNITY,
    DEFAULT_VERSION,
    OFFERED,
    OfferedVersion,
    running_version,
    upgrades_from,
)
from provisioner.catalog.node_pools import POOL
from provisioner.catalog.service_actions import AKS_REGION
from provisioner.model.values import Json
from provisioner.simulator.actions.targets import find_target
from provisioner.simulator.bodies.body_paths import value_at
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.cloud import Cloud

_LOCATION = f"/subscriptions/{{}}/providers/{AKS_REGION}/{{}}"
_KUBERNETES = "Kubernetes"


def list_orchestrators(
    _cloud: Cloud, _request: Request, subscription: str, location: str
) -> Answer:
    """Answer the Kubernetes versions in the shape of the older operation."""
    shown: list[Json] = [
        {
            "orchestratorType": _KUBERNETES,
            "orchestratorVersion": patch,
            **({"default": True} if patch == running_version(DEFAULT_VERSION) else {}),
            **({"isPreview": True} if one.is_preview else {}),
            "upgrades": _render_orchestrators(upgrades_from(patch, COMMUNITY)),
        }
        for one in OFFERED
        for patch in one.patches
    ]
    return _answer_default_resource(
        subscription, location, "orchestrators", {"orchestrators": shown}
    )


def get_os_options(_cloud: Cloud, _request: Request, subscription: str, location: str) -> Answer:
    """Answer the operating systems of nodes."""
    shown: list[Json] = [
        {"os-type": system, "enable-fips-image": has_fips} for system, has_fips in NODE_SYSTEMS
    ]
    return _answer_default_resource(
        subscription, location, "osOptions", {"osOptionPropertyList": shown}
    )


def list_mesh_revisions(
    _cloud: Cloud, _request: Request, subscription: str, location: str
) -> Answer:
    """Answer the revisions of each service mesh mode."""
    return Answer(200, {"value": [_render_mesh_profile(subscription, location)]})


def get_mesh_revisions(
    _cloud: Cloud, _request: Request, subscription: str, location: str, mode: str
) -> Answer:
    """Answer the revisions of one service mesh mode.

    Raises:
        RefusalError: there is no such mode.
    """
    if mode.lower() != ISTIO:
        raise RefusalError(
            404, "NotFound", f"There is no service mesh of the mode '{mode}'.", by_provider=True
        )
    return Answer(200, _render_mesh_profile(subscription, location))


def show_mesh_revision(revision: MeshRevision) -> dict[str, Json]:
    """Return the JSON of a service mesh revision."""
    return {
        "revision": revision.name,
        "upgrades": list(revision.upgrades),
        "compatibleWith": [{"name": "kubernetes", "versions": list(revision.kubernetes)}],
    }


def list_trusted_access_roles(
    _cloud: Cloud, _request: Request, subscription: str, location: str
) -> Answer:
    """Answer the trusted access roles, without their rules, which are not documented."""
    del subscription, location
    shown: list[Json] = [
        {"sourceResourceType": source, "name": name} for source, name in TRUSTED_ACCESS_ROLES
    ]
    return Answer(200, {"value": shown})


def list_outbound_endpoints(cloud: Cloud, request: Request, **_path_parameters: str) -> Answer:
    """Answer the endpoints that a cluster's nodes must reach, by the features it has enabled."""
    cluster = find_target(cloud, request)
    pools = [row.body for row in cloud.store.resources.inside(cluster.id.key) if row.type == POOL]
    region = str(value_at(cluster.body, "location"))
    shown: list[Json] = []
    for feature in features_of(cluster.body, pools):
        rules = egress_of("AzureCloud", feature, region) or ()
        endpoints = [one for rule in rules if not rule.optional for one in _render_endpoints(rule)]
        if endpoints:
            shown.append({"category": feature, "endpoints": endpoints})
    return Answer(200, {"value": shown})


def _render_endpoints(rule: EgressRule) -> list[Json]:
    details: Json = [{"port": rule.port, "protocol": rule.protocol.upper()}]
    return [{"domainName": host, "endpointDetails": details} for host in rule.hosts]


def _render_mesh_profile(subscription: str, location: str) -> Json:
    kind = "meshRevisionProfiles"
    return {
        "id": f"{_LOCATION.format(subscription, location)}/{kind}/{ISTIO}",
        "name": ISTIO,
        "type": f"{AKS_REGION}/{kind}",
        "properties": {"meshRevisions": [show_mesh_revision(one) for one in MESH_REVISIONS]},
    }


def _render_orchestrators(offered: tuple[OfferedVersion, ...]) -> list[Json]:
    return [
        {
            "orchestratorType": _KUBERNETES,
            "orchestratorVersion": patch,
            **({"isPreview": True} if one.is_preview else {}),
        }
        for one in offered
        for patch in one.patches
    ]


def _answer_default_resource(
    subscription: str, location: str, kind: str, properties: Json
) -> Answer:
    body: Json = {
        "id": f"{_LOCATION.format(subscription, location)}/{kind}/default",
        "name": "default",
        "type": f"{AKS_REGION}/{kind}",
        "properties": properties,
    }
    return Answer(200, body)
