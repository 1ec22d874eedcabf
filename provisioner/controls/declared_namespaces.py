"""Namespaces that an environment's `kubernetes:` declares, as resources that rules read.

No API of Azure has them: `azsec manifests` renders them, and somebody applies them. Each stands
under its id in the cluster, at which Azure RBAC assigns roles (guidelines.md §0.4), with what the
manifests make of it. What Azure Resource Manager keeps of one goes first, as in the cluster.

Called by `evaluation_context` and `workflow.security_evaluation`.
"""

from collections.abc import Iterator

from provisioner.blueprint.environment import Environment
from provisioner.blueprint.kubernetes import KubernetesSettings
from provisioner.controls.resource_types import CLUSTER, STATED_NAMESPACE
from provisioner.manifests.cluster_facts import ClusterFacts, read_cluster
from provisioner.manifests.manifest import Manifest
from provisioner.manifests.namespace_objects import pod_security_labels, render_bounds
from provisioner.manifests.namespaces import WantedNamespace, find_namespaces
from provisioner.manifests.network_policies import render_network_policies
from provisioner.model.estate import Estate, Resource
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Json


def namespace_addresses(settings: KubernetesSettings) -> tuple[str, ...]:
    """Return the addresses of the stated namespaces, as findings and waivers name them."""
    return tuple(_address_of(namespace.name) for namespace in settings.namespaces)


def state_namespaces(environment: Environment, estate: Estate) -> Iterator[Resource]:
    """Yield the declared namespaces of an environment's cluster.

    Manifests are of one cluster: there are none for an environment that has none or several (`azsec
    manifests` refuses them).
    """
    settings = environment.kubernetes
    clusters = estate.of_type(CLUSTER)
    # Which cluster a namespace is for is not stated: with two, either answer may be wrong.
    if not settings.namespaces or len(clusters) != 1:
        return
    facts = read_cluster(estate, environment.cloud_names, environment.tenant_id)
    node = environment.node.find(("kubernetes", "namespaces"))
    declared = {namespace.name: namespace for namespace in find_namespaces(settings, facts)}
    cluster = clusters[0].id
    for number, stated in enumerate(settings.namespaces):
        yield Resource(
            ResourceId(STATED_NAMESPACE, (*cluster.names, stated.name), cluster.scope),
            STATED_NAMESPACE,
            {"properties": _render_properties(declared[stated.name], facts, settings.registries)},
            _address_of(stated.name),
            node.find((number,)).span,
        )


def _address_of(name: str) -> str:
    return f"kubernetes.namespaces[{name}]"


def _render_properties(
    namespace: WantedNamespace, facts: ClusterFacts, registries: tuple[str, ...]
) -> dict[str, Json]:
    # Judged by the objects that `azsec manifests` would write, so that the two cannot disagree.
    objects = [*render_bounds(namespace, facts), *render_network_policies(namespace, facts)]
    quotas = [quota.body["spec"]["hard"] for quota in _of_kind(objects, "ResourceQuota")]
    return {
        "isKeptByAzure": namespace.managed is not None,
        "labels": pod_security_labels(namespace.pod_security, facts.version),
        "quota": dict(quotas[0]) if quotas else {},
        "limits": [
            entry
            for limits in _of_kind(objects, "LimitRange")
            for entry in limits.body["spec"]["limits"]
        ],
        "networkPolicies": [
            {"name": policy.name, **policy.body["spec"]}
            for kind in ("NetworkPolicy", "CiliumNetworkPolicy")
            for policy in _of_kind(objects, kind)
        ],
        "serviceAccounts": [
            {
                "name": account.name,
                "automountServiceAccountToken": account.body.get("automountServiceAccountToken"),
            }
            for account in _of_kind(objects, "ServiceAccount")
        ],
        "registries": list(registries),
        "pullAlways": namespace.settings.pull_always,
    }


def _of_kind(objects: list[Manifest], kind: str) -> list[Manifest]:
    return [declared for declared in objects if declared.kind == kind]
