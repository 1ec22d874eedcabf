"""CLU-04: Defender for Containers: runtime threat detection and vulnerability assessment.

Facts: guidelines.md §1.2 and §2.4.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from provisioner.catalog.built_in_policies import RUNNING_IMAGES
from provisioner.controls.aks.admission import POLICY_READS, Demand, judge_assignments
from provisioner.controls.control import (
    MAPPED_BY_PARTS,
    Control,
    Layer,
    Mappings,
    Mode,
    Severity,
    terms,
)
from provisioner.controls.predicates import equals, is_set, show
from provisioner.controls.resource_types import CLUSTER, DEFENDER_PLAN
from provisioner.controls.rule import expect, rule
from provisioner.controls.subject import Observation, Subject
from provisioner.controls.verdict import Verdict
from provisioner.model.resource_id import SUBSCRIPTION
from provisioner.model.values import Unknown

_ITEM = "Continuous security using tools like Aqua, NeuVector, Twistlock, Sysdig"
_CLOUDS = ("AzureCloud", "AzureUSGovernment")
"""Defender for Cloud is not offered in China any more (guidelines.md §2.4)."""

_TIER = "properties.pricingTier"
_EXTENSIONS = "properties.extensions"
_DEFENDER = "properties.securityProfile.defender"
_ASSESSMENT = "ContainerRegistriesVulnerabilityAssessments"
_EXTENSION_NAMES = (
    _ASSESSMENT,
    "AgentlessDiscoveryForKubernetes",
    "AgentlessVmScanning",
    "ContainerSensor",
    "ContainerIntegrityContribution",
)


def _plan_of(cluster: Subject) -> Subject | None:
    """Return the plan of Defender for Containers on the subscription of a cluster."""
    above = next((a for a in cluster.id.ancestors if a.type == SUBSCRIPTION), None)
    # Pricings are extension resources of the subscription with fixed names, one for each plan.
    plans = cluster.children(DEFENDER_PLAN, above) if above else ()
    return next((plan for plan in plans if plan.name.lower() == "containers"), None)


def _is_on(plan: Subject | None, extension: str) -> bool:
    """Return whether an extension of a plan is on: it is a text, not a boolean."""
    # Extensions are parts of the paid plan, whose tier is Standard.
    if plan is None or plan.value(_TIER) != "Standard":
        return False
    return any(
        str(entry.get("name")).lower() == extension.lower()
        # The string "True" or "False" (guidelines.md §3.6).
        and str(entry.get("isEnabled")).lower() == "true"
        for entry in plan.entries(_EXTENSIONS)
    )


def _judge_plan(cluster: Subject) -> Iterator[Observation]:
    """Judge whether the Defender plan is enabled with all its extensions."""
    plan = _plan_of(cluster)
    if plan is None:
        yield cluster.fails("", "the Defender plan Containers of its subscription is not visible")
        return
    # Read by hand, not by `look`: the finding belongs to the cluster, whose team may not own the
    # subscription.
    tier = plan.value(_TIER)
    off = [name for name in _EXTENSION_NAMES if not _is_on(plan, name)]
    if isinstance(tier, Unknown):
        yield cluster.unknown("", f"pricingTier of {plan.label} is {tier}")
    elif tier != "Standard":
        yield cluster.fails("", f"pricingTier of {plan.label} is {show(tier)}, expected Standard")
    elif off:
        yield cluster.fails("", f"extensions {', '.join(off)} of {plan.label} are disabled")
    else:
        yield cluster.passes("", f"{plan.label} is enabled with all extensions")


def _judge_findings(cluster: Subject) -> Iterator[Observation]:
    """Judge whether running images are scanned, or the policy on their findings is assigned."""
    plan = _plan_of(cluster)
    if _is_on(plan, _ASSESSMENT) and plan is not None:
        yield cluster.passes("", f"{plan.label} scans images")
        return
    assigned = judge_assignments(cluster, (_FINDINGS_DEMAND,))
    if assigned.verdict is not Verdict.PASS:
        assigned = replace(
            assigned, evidence=(f"extension {_ASSESSMENT} is disabled, and {assigned.evidence}")
        )
    yield assigned


_FINDINGS_DEMAND = Demand(RUNNING_IMAGES, {"effect": equals("AuditIfNotExists")})
_READS: Mapping[str, tuple[str, ...]] = {DEFENDER_PLAN: (_TIER, _EXTENSIONS)}
_PLAN_REMEDIATION = """
            plan:
              type: Microsoft.Security/pricings
              name: Containers
              scope: ${subscription.id}
              properties:
                pricingTier: Standard
                extensions:
                  - {name: ContainerRegistriesVulnerabilityAssessments, isEnabled: "True"}
                  - {name: AgentlessDiscoveryForKubernetes, isEnabled: "True"}
                  - {name: AgentlessVmScanning, isEnabled: "True"}
                  - {name: ContainerSensor, isEnabled: "True"}
                  - {name: ContainerIntegrityContribution, isEnabled: "True"}
"""

CONTROLS = (
    Control(
        id="CLU-04",
        title="Runtime threat detection and vulnerability assessment cover the cluster",
        severity=Severity.CRITICAL,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale=(
            "Preventive controls do not stop every attack; the remaining attacks must be detected."
        ),
        synonyms=terms(
            "threat detection; runtime security; Aqua; NeuVector; Twistlock; Sysdig; Falco; CWPP"
        ),
        modes=(),
        unmapped=MAPPED_BY_PARTS,
    ),
    Control(
        id="CLU-04.1",
        title="Microsoft Defender for Containers is enabled with all extensions",
        severity=Severity.CRITICAL,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale=(
            "The plan detects vulnerable images, misconfigurations and attacks. Each "
            "extension is enabled separately; a disabled one reports nothing."
        ),
        synonyms=terms(
            "Defender; MDC; Microsoft Defender for Cloud; Defender plan; security pricing; "
            "ContainerRegistriesVulnerabilityAssessments"
        ),
        remediation=_PLAN_REMEDIATION,
        rules=(rule(CLUSTER, _judge_plan, others=_READS, clouds=_CLOUDS),),
        limits=("Defender settings on individual resources and unhandled alerts are not visible."),
        mappings=Mappings(
            policies=(
                "1c988dd6-ade4-430f-a608-2a3e5b0a6d38",
                "efd4031d-b232-4595-babf-ae817348e91b",
            ),
            psrule=("Azure.Defender.Containers",),
            checkov=("CKV_AZURE_85", "CKV_AZURE_86"),
        ),
    ),
    Control(
        id="CLU-04.2",
        title="The Defender sensor is enabled on the cluster (securityProfile.defender)",
        severity=Severity.CRITICAL,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale="Only a sensor on the node detects process activity such as a container escape.",
        synonyms=terms(
            "Defender; sensor; eBPF; runtime detection; securityMonitoring; DaemonSet; microsoft-"
            "defender-collector-ds"
        ),
        remediation="""
            cluster:
              type: Microsoft.ContainerService/managedClusters
              properties:
                securityProfile:
                  defender:
                    securityMonitoring: {enabled: true}
                    logAnalyticsWorkspaceResourceId: ${workspace.id}
        """,
        modes=(Mode.ARM, Mode.CLUSTER),
        rules=(
            expect(
                CLUSTER, f"{_DEFENDER}.securityMonitoring.enabled", equals(True), clouds=_CLOUDS
            ),
            expect(
                CLUSTER, f"{_DEFENDER}.logAnalyticsWorkspaceResourceId", is_set(), clouds=_CLOUDS
            ),
        ),
        evidence=(
            "`kubectl get daemonset -n kube-system microsoft-defender-collector-ds` shows "
            "as many ready pods as nodes"
        ),
        limits=("Whether a sensor runs on each node is visible only in the cluster."),
        mappings=Mappings(
            policies=(
                "a1840de2-8088-4ea8-b153-b4c723e9cb01",
                "64def556-fbad-4622-930e-72d1d5589bf5",
            ),
            psrule=("Azure.AKS.DefenderProfile",),
        ),
    ),
    Control(
        id="CLU-04.3",
        title="Vulnerabilities of running images are assessed",
        severity=Severity.HIGH,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale="New vulnerabilities are published for images that are already running.",
        synonyms=terms(
            "vulnerability assessment; CVE; image scanning; running images; Defender; Trivy"
        ),
        remediation=_PLAN_REMEDIATION,
        rules=(
            rule(
                CLUSTER,
                _judge_findings,
                others={**_READS, **POLICY_READS},
                clouds=_CLOUDS,
            ),
        ),
        limits=("Whether findings are remediated is not visible."),
        mappings=Mappings(policies=(RUNNING_IMAGES.guid,)),
    ),
)
