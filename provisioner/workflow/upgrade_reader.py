"""Reads from Azure what the upgrade of a cluster depends on.

Called by `workflow.upgrade`; `workflow.roles` derives the permissions from it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from provisioner.access.needs import Need
from provisioner.blueprint.graph import DesiredGraph, DesiredResource
from provisioner.catalog.endpoints import KUBERNETES_VERSIONS, UPGRADE_PROFILE, Endpoint
from provisioner.catalog.kubernetes_versions import OfferedVersion
from provisioner.catalog.maintenance_windows import WINDOW
from provisioner.catalog.node_pools import CLUSTER, POOL
from provisioner.catalog.registry import Catalog
from provisioner.catalog.version_path import read_offered, read_upgrades
from provisioner.engine.ports import Source
from provisioner.model.values import ABSENT, Body, lookup
from provisioner.plan.reads import Answer, Read
from provisioner.preflight.azure_queries import AzureQuery, Replies, ask_subscription
from provisioner.preflight.surge import inquiries_for_surge


@dataclass(frozen=True, slots=True)
class ClusterReading:
    """Azure's answers about one cluster.

    `body` is None where it does not exist. `pools` and `windows` are by name, and None where they
    could not be read. `upgrades` are the versions of its upgrade profile, `offered` those of its
    region. `replies` are those about sizes and quotas. `unreadable` is what was refused, and why.
    """

    resource: DesiredResource
    location: str
    body: Body | None
    pools: Mapping[str, Body]
    windows: Mapping[str, Body] | None
    upgrades: tuple[str, ...]
    offered: tuple[OfferedVersion, ...]
    replies: Replies
    unreadable: tuple[str, ...] = ()

    @property
    def subscription(self) -> str:
        """The subscription of the cluster."""
        return (self.resource.id.subscription or "").lower()


def find_clusters(graph: DesiredGraph) -> tuple[DesiredResource, ...]:
    """Return the clusters of an environment, including those that it only reads."""
    return tuple(resource for resource in graph if resource.type.name == CLUSTER)


def read_clusters(
    clusters: Sequence[DesiredResource], catalog: Catalog, azure: Source
) -> tuple[ClusterReading, ...]:
    """Read clusters with their pools and windows, and the versions that their regions offer.

    Raises AzureError where nothing can be read at all.
    """
    answers = azure.read([read for each in clusters for read in _cluster_reads(each, catalog)])
    asked = [
        _cluster_queries(each, catalog, _cluster_region(each, _first_body(answers[3 * number])))
        for number, each in enumerate(clusters)
    ]
    # Clusters of one region share the queries of its versions, sizes and usage.
    inquiries = tuple(dict.fromkeys(inquiry for entry in asked for inquiry in entry))
    replies = {reply.inquiry: reply for reply in azure.ask(inquiries)}
    return tuple(
        _cluster_reading(each, answers[3 * number : 3 * number + 3], asked[number], replies)
        for number, each in enumerate(clusters)
    )


def upgrade_needs(graph: DesiredGraph) -> frozenset[Need]:
    """Return the permissions that `azsec upgrade` needs beside the preflight's."""
    return frozenset(Need(UPGRADE_PROFILE.action, each.id) for each in find_clusters(graph))


def _cluster_reads(cluster: DesiredResource, catalog: Catalog) -> tuple[Read, Read, Read]:
    path, version = cluster.id.text, cluster.type.api_version
    pools, windows = catalog.get(POOL), catalog.get(WINDOW)
    return (
        Read(path, version, CLUSTER, False),
        Read(f"{path}/{pools.kind}", pools.api_version, POOL, True),
        Read(f"{path}/{windows.kind}", windows.api_version, WINDOW, True),
    )


def _cluster_queries(
    cluster: DesiredResource, catalog: Catalog, location: str
) -> tuple[AzureQuery, AzureQuery, AzureQuery, AzureQuery]:
    subscription = (cluster.id.subscription or "").lower()
    version = catalog.get(CLUSTER).api_version
    offered = ask_subscription(
        _in_api_version(KUBERNETES_VERSIONS, version), subscription, location=location
    )
    profile = ask_subscription(
        _in_api_version(UPGRADE_PROFILE, version),
        subscription,
        group=cluster.id.resource_group or "",
        cluster=cluster.id.name,
    )
    # The read is an action on the cluster, not on the subscription.
    sizes, usage = inquiries_for_surge(subscription, location)
    return offered, replace(profile, scope=cluster.id), sizes, usage


def _in_api_version(endpoint: Endpoint, version: str) -> Endpoint:
    """Return an endpoint in the api version that the cloud offers for the provider's types."""
    return replace(endpoint, api_version=version)


def _cluster_reading(
    cluster: DesiredResource,
    answers: Sequence[Answer],
    asked: tuple[AzureQuery, AzureQuery, AzureQuery, AzureQuery],
    replies: Replies,
) -> ClusterReading:
    itself, pools, windows = answers
    body = _first_body(itself)
    offered, profile = replies[asked[0]], replies[asked[1]]
    refused = [(answer.read.path, answer.refused) for answer in answers]
    refused += [(inquiry.path, replies[inquiry].refused) for inquiry in asked]
    # What does not exist yet has no answer.
    gone = body is None and itself.refused is None
    return ClusterReading(
        resource=cluster,
        location=_cluster_region(cluster, body),
        body=body,
        pools=_bodies_by_name(pools),
        windows=_bodies_by_name(windows) if windows.refused is None else None,
        upgrades=read_upgrades(profile.items[0]) if profile.items else (),
        offered=read_offered(offered.items[0]) if offered.items else (),
        replies={inquiry: replies[inquiry] for inquiry in asked[2:]},
        unreadable=tuple(
            f"{path}: {failure.code}: {failure.message}"
            for path, failure in refused
            if failure is not None and not (gone and failure.status == 404)
        ),
    )


def _first_body(answer: Answer) -> Body | None:
    return answer.items[0] if answer.items else None


def _bodies_by_name(answer: Answer) -> Mapping[str, Body]:
    named = ((str(body.get("name")), body) for body in answer.items)
    return dict(sorted(named))


def _cluster_region(cluster: DesiredResource, body: Body | None) -> str:
    found = lookup(body, ("location",)) if body is not None else ABSENT
    stated = found if isinstance(found, str) else cluster.body.get("location")
    return str(stated).replace(" ", "").lower()
