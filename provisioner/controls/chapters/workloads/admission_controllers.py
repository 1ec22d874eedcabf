"""WRK-07 and WRK-08: what the API server asks of images, and by which controllers.

Facts: guidelines.md §1.3.
"""

from provisioner.catalog.built_in_policies import NO_LATEST, PULL_POLICY
from provisioner.controls.aks.admission import DENY, Demand, assign, policy_rule
from provisioner.controls.aks.namespace_rules import (
    PULLS_ALWAYS,
)
from provisioner.controls.control import Control, Layer, Mappings, Mode, Severity
from provisioner.controls.predicates import only

CONTROLS = (
    Control(
        id="WRK-07",
        title="Images are pulled for each pod, and have a version",
        severity=Severity.MEDIUM,
        layer=Layer.RUNTIME,
        item="Prose: the image pull policy Always in clusters of several tenants",
        rationale=(
            "A node starts what it has, for whoever asks: without a pull nobody checks whether "
            "this tenant may have the image. What `latest` is, is decided by whoever pushed last."
        ),
        remediation=assign(
            "pulls",
            PULL_POLICY,
            effect="Deny",
            allowedPullPolicy="[Always]",
        )
        + assign("versions", NO_LATEST, effect="Deny"),
        modes=(Mode.CLUSTER, Mode.ARM),
        rules=(
            policy_rule(Demand(PULL_POLICY, {"effect": DENY, "allowedPullPolicy": only("Always")})),
            policy_rule(Demand(NO_LATEST, {"effect": DENY})),
        ),
        in_cluster=(PULLS_ALWAYS,),
        evidence=(
            "a pod that is refused: `kubectl run probe --image=probe:latest "
            "--image-pull-policy=IfNotPresent --dry-run=server` in a team's namespace"
        ),
        limits=(
            "Pods that ran before the assignment, and the day on which an exemption ends, are"
            " not seen."
        ),
        mappings=Mappings(policies=(PULL_POLICY.guid, NO_LATEST.guid)),
    ),
    Control(
        id="WRK-08",
        title="What checks objects at admission is known",
        severity=Severity.MEDIUM,
        layer=Layer.RUNTIME,
        item="Prose: admission controllers on AKS",
        rationale=(
            "The controllers of AKS are fixed. What is added are policies and webhooks, and a "
            "webhook sees, changes or blocks everything that is deployed."
        ),
        remediation=(
            "List the policies and webhooks of the cluster, and take away those that nobody owns. "
            "What AKS does not check is a ValidatingAdmissionPolicy of one's own."
        ),
        modes=(Mode.CLUSTER,),
        evidence=(
            "the inventory of what admits: `kubectl get validatingadmissionpolicies,"
            "validatingwebhookconfigurations,mutatingwebhookconfigurations`"
        ),
        mappings=Mappings(cis=("4.1.11",)),
    ),
)
