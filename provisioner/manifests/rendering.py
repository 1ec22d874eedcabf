"""Renders all Kubernetes objects of an environment, in the order in which they are created.

`workflow/manifests.py` calls it for plans, drift checks and `azsec manifests`.
"""

from dataclasses import dataclass

from provisioner.blueprint.kubernetes import KubernetesSettings
from provisioner.blueprint.yaml_source import Node
from provisioner.manifests.admission_policies import AdmissionPolicy
from provisioner.manifests.cis_benchmark_job import render_benchmark
from provisioner.manifests.cluster_facts import ClusterFacts
from provisioner.manifests.exemptions import check_exempted, exempt
from provisioner.manifests.manifest import Manifest, Place, make_manifest
from provisioner.manifests.named_hosts import warn_of_needs
from provisioner.manifests.namespace_objects import render_namespace
from provisioner.manifests.namespaces import (
    WantedNamespace,
    check_namespaces,
    find_namespaces,
    warn_of_clients,
)
from provisioner.manifests.network_policies import render_network_policies
from provisioner.manifests.observer import render_observer, warn_of_observer, without_observer
from provisioner.manifests.pod_rules import admission_policies
from provisioner.manifests.policy_objects import render_policies
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error


@dataclass(frozen=True, slots=True)
class ClusterObjects:
    """The desired objects of a cluster, with its namespaces and admission policies."""

    facts: ClusterFacts
    namespaces: tuple[WantedNamespace, ...]
    policies: tuple[AdmissionPolicy, ...]
    manifests: tuple[Manifest, ...]
    diagnostics: tuple[Diagnostic, ...]


def render_cluster(settings: KubernetesSettings, facts: ClusterFacts, node: Node) -> ClusterObjects:
    """Return the objects of a cluster.

    `node` is the `kubernetes:` that the settings were read from.

    Raises:
        DiagnosticError: Where the settings need something that the cluster does not have.
    """
    problems = list(check_namespaces(settings, facts, node))
    for key, stated in (("benchmark", settings.benchmark), ("observer", settings.observer)):
        if stated is not None and not facts.registries:
            problems.append(
                error(
                    "no-registry",
                    f"the {key}'s image comes from the environment's registry, and it has none.",
                    node.find((key,)).span,
                )
            )
    namespaces = find_namespaces(settings, without_observer(facts) if settings.observer else facts)
    registries = tuple(dict.fromkeys((*facts.registries, *settings.registries)))
    policies = admission_policies(namespaces, settings, facts, registries)
    problems += check_exempted(settings, policies, namespaces, node)
    if problems:
        raise DiagnosticError(*problems)
    policies = exempt(policies, settings.exemptions)
    manifests: list[Manifest] = []
    for namespace in namespaces:
        manifests += render_namespace(namespace, facts)
        manifests += render_network_policies(namespace, facts)
    if settings.benchmark is not None:
        manifests += render_benchmark(settings.benchmark, facts)
    if settings.observer is not None:
        manifests += render_observer(settings.observer, settings.observation.blob, facts)
    # Policies come last: they apply to objects that are created after them.
    manifests += render_policies(policies)
    if facts.has_istio:
        manifests.append(_strict_mesh())
    return ClusterObjects(
        facts=facts,
        namespaces=namespaces,
        policies=policies,
        manifests=tuple(manifests),
        diagnostics=(
            *warn_of_clients(namespaces, facts),
            *warn_of_observer(settings, facts),
            *warn_of_needs(namespaces, facts),
        ),
    )


def _strict_mesh() -> Manifest:
    return make_manifest(
        Place("security.istio.io/v1", "PeerAuthentication", "default", "aks-istio-system"),
        ("CLU-10.2",),
        "Services of the mesh take encrypted traffic alone.",
        {"spec": {"mtls": {"mode": "STRICT"}}},
    )
