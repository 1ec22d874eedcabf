"""WRK-02: what pods may be, where pod security policies once said it.

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
    ask_any,
    assign,
    has_policy_add_on,
    is_safeguarded,
    left_out_by,
    policy_rule,
    safeguards_of,
)
from provisioner.controls.aks.namespace_rules import (
    FORBIDS_ROOT,
    IS_BASELINE,
)
from provisioner.controls.control import Control, Layer, Mappings, Mode, Severity
from provisioner.controls.predicates import equals, one_of
from provisioner.controls.resource_types import CLUSTER, SAFEGUARDS
from provisioner.controls.rule import expect, rule
from provisioner.controls.subject import Observation, Subject
from provisioner.controls.verdict import Verdict

_ITEM = "DenyEscalatingExec / pod security policies: privileged, root, volumes, fsGroup, hostPorts"
_LEFT_OUT = "properties.excludedNamespaces"
# The restricted initiative asks for all that the baseline one does, and more.
_BASELINE = (Demand(BASELINE, {"effect": DENY}), Demand(RESTRICTED, {"effect": DENY}))
_NO_PRIVILEGED = (Demand(NO_PRIVILEGED, {"effect": DENY}), *_BASELINE)


def _has_baseline(cluster: Subject) -> bool:
    return is_safeguarded(cluster, "Baseline", "Restricted")


def _has_restricted(cluster: Subject) -> bool:
    return is_safeguarded(cluster, "Restricted")


def _judge_safeguards(cluster: Subject) -> Iterator[Observation]:
    """A cluster without safeguards has the initiatives; one with neither lacks the safeguards."""
    if safeguards_of(cluster) is not None:
        if has_policy_add_on(cluster):
            yield cluster.passes("", "it has deployment safeguards")
        else:
            # AKS page deployment-safeguards, "Prerequisites".
            yield cluster.fails("", "nothing asks its safeguards: the Azure Policy add-on is off")
    elif ask_any(cluster, _BASELINE).verdict is not Verdict.PASS:
        yield cluster.fails("", "it has neither deployment safeguards nor an initiative enforced")


def _judge_left_out(guards: Subject) -> Iterator[Observation]:
    """The safeguards reach the teams' namespaces."""
    for cluster in guards.all(CLUSTER):
        if guards.id.scope == cluster.id:
            kept = left_out_by(guards, cluster)
            if kept:
                names = ", ".join(sorted(kept))
                yield guards.fails(_LEFT_OUT, f"{_LEFT_OUT} leaves out {names}")


CONTROLS = (
    Control(
        id="WRK-02",
        title="Pods cannot become the node that they run on",
        severity=Severity.MEDIUM,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale=(
            "A privileged pod, one with the host's files or one that may become root is the node, "
            "and the node has the secrets of all pods on it."
        ),
        modes=(),
        mappings=Mappings(cis=("4.2.1", "4.2.2", "4.2.3", "4.2.4", "4.2.5", "4.6.2")),
    ),
    Control(
        id="WRK-02.1",
        title="The baseline pod security standard is enforced everywhere",
        severity=Severity.MEDIUM,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale=(
            "It refuses what only agents on nodes need. The initiative audits by default, and what "
            "is audited runs."
        ),
        remediation=assign("baseline", BASELINE, effect="Deny"),
        rules=(policy_rule(*_BASELINE, unless=_has_baseline),),
        limits=(
            "Pods that ran before the assignment, and the day on which an exemption ends, are"
            " not seen."
        ),
        mappings=Mappings(policies=(BASELINE.guid,)),
    ),
    Control(
        id="WRK-02.2",
        title="The restricted pod security standard is enforced in the teams' namespaces",
        severity=Severity.MEDIUM,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale=(
            "Workloads need no root and no capabilities. The initiative lets them keep both unless "
            "its parameters say otherwise."
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
            "Pods that ran before the assignment, and the day on which an exemption ends, are"
            " not seen."
        ),
        mappings=Mappings(policies=(RESTRICTED.guid,)),
    ),
    Control(
        id="WRK-02.3",
        title="Deployment safeguards are enforced",
        severity=Severity.MEDIUM,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale="AKS itself keeps the rules up to date and mends what pods leave out.",
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
            rule(SAFEGUARDS, _judge_left_out, others=SAFEGUARD_READS),
        ),
        limits="What the safeguards refuse is AKS's, and changes with its releases.",
        mappings=Mappings(policies=(SAFEGUARDS_INITIATIVE.guid,)),
    ),
    Control(
        id="WRK-02.4",
        title="No privileged containers",
        severity=Severity.MEDIUM,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale="A privileged container has every device and every right of its node.",
        remediation=assign("privileged", NO_PRIVILEGED, effect="Deny"),
        modes=(Mode.CLUSTER, Mode.ARM),
        rules=(policy_rule(*_NO_PRIVILEGED, unless=_has_baseline),),
        in_cluster=(IS_BASELINE,),
        evidence=(
            "an empty list of privileged containers outside of the namespaces of agents (MAN-04): "
            "`kubectl get pods -A -o json`, those with securityContext.privileged"
        ),
        limits=(
            "Pods that ran before the assignment, and the day on which an exemption ends, are"
            " not seen."
        ),
        mappings=Mappings(cis=("4.2.1",), policies=(NO_PRIVILEGED.guid,)),
    ),
    Control(
        id="WRK-02.5",
        title="Containers run as somebody, and cannot become root",
        severity=Severity.MEDIUM,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale="Root in a container is one flaw of the kernel away from root on its node.",
        remediation=(
            "Label the teams' namespaces pod-security.kubernetes.io/enforce: restricted "
            "(CLU-05.5), and give pods runAsNonRoot: true, allowPrivilegeEscalation: false and "
            "groups above 0. The restricted initiative (WRK-02.2) asks for the groups, which the "
            "label does not."
        ),
        modes=(Mode.CLUSTER,),
        in_cluster=(FORBIDS_ROOT,),
        evidence=(
            "a pod that is refused: `kubectl run probe --image=probe --dry-run=server "
            '--overrides=\'{"spec":{"securityContext":{"runAsUser":0}}}\'` in each team\'s '
            "namespace"
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
        title="No namespaces and no ports of the host",
        severity=Severity.MEDIUM,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale=(
            "A pod in the host's network listens to the node's own traffic and passes by network "
            "policies; one among its processes reads their memory."
        ),
        remediation=(
            "Label namespaces pod-security.kubernetes.io/enforce: baseline or restricted "
            "(CLU-05.5); the initiative of WRK-02.1 refuses the same."
        ),
        modes=(Mode.CLUSTER,),
        in_cluster=(IS_BASELINE,),
        evidence=(
            "an empty list of pods with hostNetwork, hostPID, hostIPC or a hostPort outside of the "
            "namespaces of agents (MAN-04): `kubectl get pods -A -o json`"
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
        title="No volumes of the host",
        severity=Severity.MEDIUM,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale="Who may write the node's files decides what the node runs next.",
        remediation=(
            "Use volumes of the restricted standard: configMap, csi, downwardAPI, emptyDir, "
            "ephemeral, persistentVolumeClaim, projected, secret. The initiatives of WRK-02.1 and "
            "WRK-02.2 refuse hostPath."
        ),
        modes=(Mode.CLUSTER,),
        in_cluster=(IS_BASELINE,),
        evidence=(
            "an empty list of volumes with a hostPath outside of the namespaces of agents "
            "(MAN-04): `kubectl get pods,pv -A -o json`"
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
        title="What pod security policies once refused is refused by their successors",
        severity=Severity.INFO,
        layer=Layer.RUNTIME,
        item="Prose: AKS does not support pod security policies",
        rationale=(
            "Kubernetes 1.25 took them away. Their place is taken by the pod security standards, "
            "Azure Policy and the safeguards of AKS."
        ),
        modes=(),
        same_as=("WRK-02",),
        unmapped="Pod security policies are gone; their successors are mapped.",
    ),
)
