"""WRK-02: Pod Security Standards by policy initiatives, safeguards and namespace labels.

Facts: guidelines.md §0.2, §1.3 and the field map of MAN-05.
"""

from collections.abc import Iterator

from provisioner.catalog.built_in_policies import (
    BASELINE,
    NO_PRIVILEGED,
    RESTRICTED,
    SAFEGUARDS_INITIATIVE,
)
from provisioner.controls.aks.admission import (
    DENY,
    POLICY_READS,
    RESTRICTED_PODS,
    SAFEGUARD_READS,
    Demand,
    assign,
    excluded_by,
    has_policy_add_on,
    is_safeguarded,
    judge_demands,
    policy_rule,
    safeguards_of,
)
from provisioner.controls.aks.namespace_rules import (
    FORBIDS_ROOT,
    IS_BASELINE,
)
from provisioner.controls.control import Control, Layer, Mappings, Mode, Severity, terms
from provisioner.controls.predicates import equals, one_of
from provisioner.controls.resource_types import CLUSTER, SAFEGUARDS
from provisioner.controls.rule import expect, rule
from provisioner.controls.subject import Observation, Subject
from provisioner.controls.verdict import Verdict

_ITEM = "DenyEscalatingExec / pod security policies: privileged, root, volumes, fsGroup, hostPorts"
_EXCLUDED = "properties.excludedNamespaces"
# The restricted initiative asks for all that the baseline one does, and more.
_BASELINE = (Demand(BASELINE, {"effect": DENY}), Demand(RESTRICTED, {"effect": DENY}))
# A cluster meets the control by the single definition or by an initiative that contains it.
_NO_PRIVILEGED = (Demand(NO_PRIVILEGED, {"effect": DENY}), *_BASELINE)


def _has_baseline(cluster: Subject) -> bool:
    return is_safeguarded(cluster, "Baseline", "Restricted")


def _has_restricted(cluster: Subject) -> bool:
    return is_safeguarded(cluster, "Restricted")


def _judge_safeguards(cluster: Subject) -> Iterator[Observation]:
    """Judge whether a cluster has deployment safeguards or, without them, the initiatives."""
    if safeguards_of(cluster) is not None:
        if has_policy_add_on(cluster):
            yield cluster.passes("", "deployment safeguards are enabled")
        else:
            # AKS page deployment-safeguards, "Prerequisites".
            yield cluster.fails(
                "", ("deployment safeguards are not enforced: the Azure Policy add-on is disabled")
            )
    elif judge_demands(cluster, _BASELINE).verdict is not Verdict.PASS:
        yield cluster.fails(
            "", ("it has neither deployment safeguards nor an enforced policy initiative")
        )


def _judge_excluded_namespaces(guards: Subject) -> Iterator[Observation]:
    """Judge whether the safeguards cover the teams' namespaces."""
    # Deployment safeguards are an extension resource whose scope is the cluster.
    for cluster in guards.all(CLUSTER):
        if guards.id.scope == cluster.id:
            excluded = excluded_by(guards, cluster)
            if excluded:
                names = ", ".join(sorted(excluded))
                yield guards.fails(_EXCLUDED, f"{_EXCLUDED} excludes {names}")


CONTROLS = (
    Control(
        id="WRK-02",
        title="Pods meet the Pod Security Standards",
        severity=Severity.MEDIUM,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale=(
            "A privileged pod, a pod with hostPath volumes or one that can become root can "
            "take over its node and the secrets of all pods on it."
        ),
        synonyms=terms(
            "PSP; PSS; Pod Security Standards; pod security policy; privileged pods; security "
            "context"
        ),
        modes=(),
        mappings=Mappings(cis=("4.2.1", "4.2.2", "4.2.3", "4.2.4", "4.2.5", "4.6.2")),
    ),
    Control(
        id="WRK-02.1",
        title="The Pod security baseline standards initiative is assigned with effect Deny",
        severity=Severity.MEDIUM,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale=(
            "The baseline standard prevents known privilege escalations. The initiative's "
            "default effect is Audit, which does not block pods."
        ),
        synonyms=terms(
            "baseline; PSS; PSP; Azure Policy initiative; Gatekeeper; pod security baseline"
        ),
        remediation=assign("baseline", BASELINE, effect="Deny"),
        rules=(policy_rule(*_BASELINE, unless=_has_baseline),),
        limits=(
            "Pods created before the policy assignment, and the expiry of exemptions, are "
            "not visible."
        ),
        mappings=Mappings(policies=(BASELINE.guid,)),
    ),
    Control(
        id="WRK-02.2",
        title=(
            "The Pod security restricted standards initiative is assigned to team namespaces (Deny)"
        ),
        severity=Severity.MEDIUM,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale=(
            "Application workloads need neither root nor Linux capabilities. The "
            "initiative allows both unless its parameters are set."
        ),
        synonyms=terms(
            "restricted; PSS; PSP; Azure Policy initiative; Gatekeeper; pod security restricted"
        ),
        remediation=assign(
            "restricted",
            RESTRICTED,
            effect="Deny",
            requiredDropCapabilities="[ALL]",
            allowedCapabilities="[NET_BIND_SERVICE]",
        ),
        rules=(policy_rule(RESTRICTED_PODS, unless=_has_restricted),),
        limits=(
            "Pods created before the policy assignment, and the expiry of exemptions, are "
            "not visible."
        ),
        mappings=Mappings(policies=(RESTRICTED.guid,)),
    ),
    Control(
        id="WRK-02.3",
        title="Deployment safeguards are in Enforce mode (safeguardsProfile.level)",
        severity=Severity.MEDIUM,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale=(
            "AKS maintains the deployment safeguards and sets secure defaults in pods that "
            "omit them."
        ),
        synonyms=terms(
            "deployment safeguards; safeguardsProfile; guardrailsProfile; Enforcement; guardrails; "
            "AKS best practices"
        ),
        remediation="""
            guards:
              type: Microsoft.ContainerService/deploymentSafeguards
              name: default
              scope: ${cluster.id}
              properties: {level: Enforce, podSecurityStandardsLevel: Restricted}
        """,
        rules=(
            rule(CLUSTER, _judge_safeguards, others={**SAFEGUARD_READS, **POLICY_READS}),
            expect(SAFEGUARDS, "properties.level", equals("Enforce")),
            expect(
                SAFEGUARDS, "properties.podSecurityStandardsLevel", one_of("Baseline", "Restricted")
            ),
            rule(SAFEGUARDS, _judge_excluded_namespaces, others=SAFEGUARD_READS),
        ),
        limits="The checks of deployment safeguards change with AKS releases.",
        mappings=Mappings(policies=(SAFEGUARDS_INITIATIVE.guid,)),
    ),
    Control(
        id="WRK-02.4",
        title="Privileged containers are denied (securityContext.privileged)",
        severity=Severity.MEDIUM,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale="A privileged container has access to all devices and capabilities of its node.",
        synonyms=terms("privileged; securityContext; PSP; PSS; root; container escape"),
        remediation=assign("privileged", NO_PRIVILEGED, effect="Deny"),
        modes=(Mode.CLUSTER, Mode.ARM),
        rules=(policy_rule(*_NO_PRIVILEGED, unless=_has_baseline),),
        in_cluster=(IS_BASELINE,),
        evidence=(
            "`kubectl get pods -A -o json` shows no container with "
            "securityContext.privileged outside the namespaces of node agents (MAN-04)"
        ),
        limits=(
            "Pods created before the policy assignment, and the expiry of exemptions, are "
            "not visible."
        ),
        mappings=Mappings(cis=("4.2.1",), policies=(NO_PRIVILEGED.guid,)),
    ),
    Control(
        id="WRK-02.5",
        title="Containers run as non-root without privilege escalation (runAsNonRoot)",
        severity=Severity.MEDIUM,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale=(
            "For root in a container, one kernel vulnerability is enough to become root on the "
            "node."
        ),
        synonyms=terms(
            "root; runAsNonRoot; runAsUser; runAsGroup; fsGroup; allowPrivilegeEscalation; setuid; "
            "PSP"
        ),
        remediation=(
            "Label team namespaces pod-security.kubernetes.io/enforce: restricted "
            "(CLU-05.5). Set runAsNonRoot: true, allowPrivilegeEscalation: false and group "
            "IDs above 0 in pods. Group IDs are enforced by the restricted initiative "
            "(WRK-02.2), not by the label."
        ),
        modes=(Mode.CLUSTER,),
        in_cluster=(FORBIDS_ROOT,),
        evidence=(
            "`kubectl run probe --image=probe --dry-run=server "
            '--overrides=\'{"spec":{"securityContext":{"runAsUser":0}}}\'` is denied '
            "in each team namespace"
        ),
        mappings=Mappings(
            cis=("4.2.5",),
            policies=(
                "1c6e92c9-99f0-4e55-9cf2-0c234dc48f99",
                "f06ddb64-5fa3-4b77-b166-acb36f7f6042",
            ),
        ),
    ),
    Control(
        id="WRK-02.6",
        title="Host namespaces and host ports are denied (hostNetwork, hostPID, hostIPC, hostPort)",
        severity=Severity.MEDIUM,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale=(
            "A pod with hostNetwork can capture node traffic and is not subject to "
            "NetworkPolicies. A pod with hostPID or hostIPC can read the memory of other "
            "processes."
        ),
        synonyms=terms("hostNetwork; hostPID; hostIPC; hostPort; host namespaces; PSP"),
        remediation=(
            "Label namespaces pod-security.kubernetes.io/enforce: baseline or restricted "
            "(CLU-05.5). The initiative of WRK-02.1 denies the same fields."
        ),
        modes=(Mode.CLUSTER,),
        in_cluster=(IS_BASELINE,),
        evidence=(
            "`kubectl get pods -A -o json` shows no pod with hostNetwork, hostPID, hostIPC "
            "or a hostPort outside the namespaces of node agents (MAN-04)"
        ),
        mappings=Mappings(
            cis=("4.2.2", "4.2.3", "4.2.4"),
            policies=(
                "47a1ee2f-2a2a-4576-bf2a-e0e36709c2b8",
                "82985f06-dc18-4a48-bc1c-b9f4f0098cfe",
            ),
        ),
    ),
    Control(
        id="WRK-02.7",
        title="hostPath volumes are denied",
        severity=Severity.MEDIUM,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale="Write access to node files allows running code on the node.",
        synonyms=terms("hostPath; volumes; volume types; node file system; docker.sock; PSP"),
        remediation=(
            "Use the volume types of the restricted standard: configMap, csi, downwardAPI, "
            "emptyDir, ephemeral, persistentVolumeClaim, projected, secret. The "
            "initiatives of WRK-02.1 and WRK-02.2 deny hostPath."
        ),
        modes=(Mode.CLUSTER,),
        in_cluster=(IS_BASELINE,),
        evidence=(
            "`kubectl get pods,pv -A -o json` shows no hostPath outside the namespaces of "
            "node agents (MAN-04)"
        ),
        mappings=Mappings(
            cis=("4.1.8",),
            policies=(
                "16697877-1118-4fb1-9b65-9898ec2509ec",
                "098fc59e-46c7-4d99-9b16-64990e543d75",
            ),
        ),
    ),
    Control(
        id="WRK-10",
        title="PodSecurityPolicy is replaced by Pod Security Admission and Azure Policy",
        severity=Severity.INFO,
        layer=Layer.RUNTIME,
        item="Prose: AKS does not support pod security policies",
        rationale=(
            "Kubernetes 1.25 removed PodSecurityPolicy. Pod Security Admission, Azure "
            "Policy and AKS deployment safeguards replace it."
        ),
        synonyms=terms("PSP; PodSecurityPolicy; pod security policies; policy/v1beta1"),
        modes=(),
        same_as=("WRK-02",),
        unmapped="PodSecurityPolicy no longer exists; its successors are mapped.",
    ),
)
