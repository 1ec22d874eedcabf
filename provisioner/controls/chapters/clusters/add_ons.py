"""CLU-09: add-ons, those that protect a cluster and those that open it.

Facts: guidelines.md §1.2; AKS "Add-ons, extensions, and other integrations".
"""

from collections.abc import Iterator, Mapping

from provisioner.controls.aks.add_ons import ADD_ONS, is_off, is_on
from provisioner.controls.control import Control, Layer, Mappings, Mode, Severity
from provisioner.controls.predicates import differs, equals
from provisioner.controls.resource_types import CLUSTER
from provisioner.controls.rule import expect, rule
from provisioner.controls.subject import Observation, Subject
from provisioner.model.values import lookup

_ITEM = "Security impact of activating add-ons and dashboard"
_INSIGHTS = "properties.azureMonitorProfile.containerInsights.enabled"
_AGENT = f"{ADD_ONS}.omsagent"
_ALLOWED = ("azurepolicy", "azureKeyvaultSecretsProvider", "omsagent")
"""Those that CLU-09.4 wants. Whoever needs another waives this, and says why."""


def _judge_add_ons(cluster: Subject) -> Iterator[Observation]:
    """Nothing is switched on but what is allowed."""
    found = cluster.value(ADD_ONS)
    names = found if isinstance(found, Mapping) else {}
    on = [name for name in names if lookup(found, (name, "enabled")) is True]
    allowed = {name.lower() for name in _ALLOWED}
    others = [name for name in on if name.lower() not in allowed]
    if others:
        expected = ", ".join(_ALLOWED)
        said = f"{' and '.join(others)} are on, expected no others than {expected}"
        yield cluster.fails(ADD_ONS, said)
    else:
        yield cluster.passes(ADD_ONS, f"on are {', '.join(on) or 'none'}")


def _has_agent(cluster: Subject) -> bool:
    return cluster.value(f"{_AGENT}.enabled") is True


CONTROLS = (
    Control(
        id="CLU-09",
        title="No add-ons but those that are needed",
        severity=Severity.MEDIUM,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale="An add-on runs with high rights in the cluster, and has flaws of its own.",
        remediation="""
            cluster:
              type: Microsoft.ContainerService/managedClusters
              properties:
                addonProfiles:
                  ingressApplicationGateway: {enabled: false}
        """,
        rules=(rule(CLUSTER, _judge_add_ons, ADD_ONS),),
        limits=(
            "Extensions of the cluster (Microsoft.KubernetesConfiguration) are listed by "
            "drift, and not judged here."
        ),
        unmapped="No framework has a check of it.",
    ),
    Control(
        id="CLU-09.1",
        title="There is no dashboard in the cluster",
        severity=Severity.MEDIUM,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale=(
            "The dashboard acted with rights of its own for whoever reached it. The portal acts "
            "with those of its user."
        ),
        remediation="""
            cluster:
              type: Microsoft.ContainerService/managedClusters
              properties:
                addonProfiles:
                  kubeDashboard: {enabled: false}
        """,
        modes=(Mode.ARM, Mode.CLUSTER),
        rules=(is_off("kubeDashboard"),),
        evidence="no such deployment: `kubectl get deployments -A | grep -i dashboard`",
        limits=("A dashboard that somebody deployed is the cluster's to show."),
        mappings=Mappings(checkov=("CKV_AZURE_8",)),
    ),
    Control(
        id="CLU-09.2",
        title="There is no HTTP application routing",
        severity=Severity.MEDIUM,
        layer=Layer.NETWORK,
        item=_ITEM,
        rationale="It is retired, and put what it was given on the internet without encryption.",
        remediation="""
            cluster:
              type: Microsoft.ContainerService/managedClusters
              properties:
                addonProfiles:
                  httpApplicationRouting: {enabled: false}
        """,
        rules=(is_off("httpApplicationRouting"),),
        limits=("Ingresses of other kinds are for ENV-04."),
        mappings=Mappings(psrule=("Azure.AKS.HttpAppRouting",)),
    ),
    Control(
        id="CLU-09.3",
        title="Nothing runs that is no longer maintained",
        severity=Severity.MEDIUM,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale=(
            "Pod identity gave tokens to whoever asked from the node, and gets no patches. Open "
            "Service Mesh has ended too."
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
        limits=("Components that somebody deployed are the cluster's to show."),
        unmapped="No framework has a check of it.",
    ),
    Control(
        id="CLU-09.4",
        title="The add-ons that protect a cluster are on",
        severity=Severity.MEDIUM,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale=(
            "Policies reach pods by an add-on; secrets come from a vault by another; a third one "
            "says what happens, and signs in with Entra ID in the place of a key."
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
                when=_has_agent,
                reading=(f"{_AGENT}.enabled",),
            ),
        ),
        limits=("That an add-on works is not seen."),
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
