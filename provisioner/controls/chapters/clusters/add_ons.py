"""CLU-09: AKS add-ons that protect a cluster, and those that expose it.

Facts: guidelines.md §1.2; AKS "Add-ons, extensions, and other integrations".
"""

from collections.abc import Iterator, Mapping

from provisioner.controls.aks.add_ons import ADD_ONS, is_off, is_on
from provisioner.controls.control import (
    NO_EQUIVALENT,
    Control,
    Layer,
    Mappings,
    Mode,
    Severity,
    terms,
)
from provisioner.controls.predicates import differs, equals
from provisioner.controls.resource_types import CLUSTER
from provisioner.controls.rule import expect, rule
from provisioner.controls.subject import Observation, Subject
from provisioner.model.values import lookup

_ITEM = "Security impact of activating add-ons and dashboard"
_INSIGHTS = "properties.azureMonitorProfile.containerInsights.enabled"
_AGENT = f"{ADD_ONS}.omsagent"
_ALLOWED_ADD_ONS = ("azurepolicy", "azureKeyvaultSecretsProvider", "omsagent")
"""Those that CLU-09.4 wants. Whoever needs another waives this, and says why."""


def _judge_add_ons(cluster: Subject) -> Iterator[Observation]:
    """Judge whether all enabled add-ons are allowed."""
    found = cluster.value(ADD_ONS)
    names = found if isinstance(found, Mapping) else {}
    # A list of what is allowed, since add-ons come and go: a retired one (openServiceMesh) and a
    # new one are found without a change here.
    enabled = [name for name in names if lookup(found, (name, "enabled")) is True]
    allowed = {name.lower() for name in _ALLOWED_ADD_ONS}
    others = [name for name in enabled if name.lower() not in allowed]
    if others:
        expected = ", ".join(_ALLOWED_ADD_ONS)
        evidence = f"add-ons {' and '.join(others)} are enabled, expected no others than {expected}"
        yield cluster.fails(ADD_ONS, evidence)
    else:
        yield cluster.passes(ADD_ONS, f"enabled add-ons: {', '.join(enabled) or 'none'}")


def _has_omsagent(cluster: Subject) -> bool:
    return cluster.value(f"{_AGENT}.enabled") is True


CONTROLS = (
    Control(
        id="CLU-09",
        title="Only required AKS add-ons are enabled (addonProfiles)",
        severity=Severity.MEDIUM,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale=(
            "Each add-on runs with elevated permissions in the cluster and adds its own "
            "vulnerabilities."
        ),
        synonyms=terms("add-ons; addons; addonProfiles; attack surface"),
        remediation="""
            cluster:
              type: Microsoft.ContainerService/managedClusters
              properties:
                addonProfiles:
                  ingressApplicationGateway: {enabled: false}
        """,
        rules=(rule(CLUSTER, _judge_add_ons, ADD_ONS),),
        limits=(
            "Cluster extensions (Microsoft.KubernetesConfiguration) are listed by drift "
            "and not evaluated here."
        ),
        unmapped=NO_EQUIVALENT,
    ),
    Control(
        id="CLU-09.1",
        title="The kube-dashboard add-on is disabled",
        severity=Severity.MEDIUM,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale=(
            "The Kubernetes dashboard acts with the permissions of its own service account "
            "for everyone who reaches it. The Kubernetes resource view of the Azure portal "
            "uses the permissions of the signed-in user."
        ),
        synonyms=terms("Kubernetes dashboard; kube-dashboard; kubeDashboard; web UI"),
        remediation="""
            cluster:
              type: Microsoft.ContainerService/managedClusters
              properties:
                addonProfiles:
                  kubeDashboard: {enabled: false}
        """,
        modes=(Mode.ARM, Mode.CLUSTER),
        rules=(is_off("kubeDashboard"),),
        evidence="`kubectl get deployments -A | grep -i dashboard` returns no row",
        limits=("A dashboard deployed as a workload is visible only in the cluster."),
        mappings=Mappings(checkov=("CKV_AZURE_8",)),
    ),
    Control(
        id="CLU-09.2",
        title="The HTTP application routing add-on is disabled (httpApplicationRouting)",
        severity=Severity.MEDIUM,
        layer=Layer.NETWORK,
        item=_ITEM,
        rationale="The add-on is retired. It publishes ingresses on the internet without TLS.",
        synonyms=terms("HTTP application routing; httpApplicationRouting; ingress add-on"),
        remediation="""
            cluster:
              type: Microsoft.ContainerService/managedClusters
              properties:
                addonProfiles:
                  httpApplicationRouting: {enabled: false}
        """,
        rules=(is_off("httpApplicationRouting"),),
        limits=("Other ingress controllers are checked by ENV-04."),
        mappings=Mappings(psrule=("Azure.AKS.HttpAppRouting",)),
    ),
    Control(
        id="CLU-09.3",
        title="Retired components are not installed: pod identity, Open Service Mesh",
        severity=Severity.MEDIUM,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale=(
            "Microsoft Entra pod-managed identity is deprecated and does not receive "
            "patches; pods on a node could obtain tokens of other identities. Open Service "
            "Mesh is retired."
        ),
        synonyms=terms(
            "aad-pod-identity; pod identity; OSM; Open Service Mesh; deprecated; retired"
        ),
        remediation="""
            cluster:
              type: Microsoft.ContainerService/managedClusters
              properties:
                podIdentityProfile: {enabled: false}
                addonProfiles:
                  openServiceMesh: {enabled: false}
        """,
        rules=(
            expect(CLUSTER, "properties.podIdentityProfile.enabled", differs(True)),
            is_off("openServiceMesh"),
        ),
        limits=("Components deployed as workloads are visible only in the cluster."),
        unmapped=NO_EQUIVALENT,
    ),
    Control(
        id="CLU-09.4",
        title="Security add-ons are enabled: Azure Policy, Key Vault secrets provider, monitoring",
        severity=Severity.MEDIUM,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale=(
            "Without the Azure Policy add-on, no policy reaches pods. The Key Vault "
            "secrets provider mounts secrets from a vault. The monitoring add-on collects "
            "container logs and authenticates with Entra ID instead of a key."
        ),
        synonyms=terms(
            "Azure Policy add-on; azurepolicy; Gatekeeper; OPA; omsagent; "
            "azureKeyvaultSecretsProvider"
        ),
        remediation="""
            cluster:
              type: Microsoft.ContainerService/managedClusters
              properties:
                addonProfiles:
                  azurepolicy: {enabled: true}
                  azureKeyvaultSecretsProvider: {enabled: true}
                  omsagent: {enabled: true, config: {useAADAuth: "true"}}
                azureMonitorProfile:
                  containerInsights: {enabled: true}
        """,
        rules=(
            is_on("azurepolicy"),
            is_on("azureKeyvaultSecretsProvider"),
            expect(CLUSTER, _INSIGHTS, equals(True), reading=(f"{_AGENT}.enabled",)),
            expect(
                CLUSTER,
                f"{_AGENT}.config.useAADAuth",
                equals("true"),
                when=_has_omsagent,
                reading=(f"{_AGENT}.enabled",),
            ),
        ),
        limits=("Whether an enabled add-on works is not checked."),
        mappings=Mappings(
            policies=(
                "0a15ec92-a229-4763-bb14-0ea34a568f8d",
                "a8eff44f-8c92-45c3-a3fb-9880802d67a7",
                "c5110b6e-5272-4989-9935-59ad06fdf341",
            ),
            checkov=("CKV_AZURE_116", "CKV_AZURE_4"),
            psrule=(
                "Azure.AKS.AzurePolicyAddOn",
                "Azure.AKS.ContainerInsights",
                "Azure.AKS.SecretStore",
            ),
        ),
    ),
)
