"""WRK-07 and WRK-08: image pull policy, and the admission policies and webhooks of a cluster.

Facts: guidelines.md §1.3.
"""

from provisioner.catalog.built_in_policies import NO_LATEST, PULL_POLICY
from provisioner.controls.aks.admission import DENY, Demand, assign, policy_rule
from provisioner.controls.aks.namespace_rules import (
    PULLS_ALWAYS,
)
from provisioner.controls.control import Control, Layer, Mappings, Mode, Severity, terms
from provisioner.controls.predicates import only

CONTROLS = (
    Control(
        id="WRK-07",
        title="imagePullPolicy is Always, and image tags are not latest",
        severity=Severity.MEDIUM,
        layer=Layer.RUNTIME,
        item="Prose: the image pull policy Always in clusters of several tenants",
        rationale=(
            "With IfNotPresent, a pod starts an image cached on the node without an "
            "authorization check at the registry. The content of the tag latest changes "
            "with every push."
        ),
        synonyms=terms(
            "imagePullPolicy; AlwaysPullImages; latest tag; image tag; pull policy; multi-tenant"
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
            "`kubectl run probe --image=probe:latest --image-pull-policy=IfNotPresent "
            "--dry-run=server` is denied in a team namespace"
        ),
        limits=(
            "Pods created before the policy assignment, and the expiry of exemptions, are "
            "not visible."
        ),
        mappings=Mappings(policies=(PULL_POLICY.guid, NO_LATEST.guid)),
    ),
    Control(
        id="WRK-08",
        title="Admission policies and webhooks are known and reviewed",
        severity=Severity.MEDIUM,
        layer=Layer.RUNTIME,
        item="Prose: admission controllers on AKS",
        rationale=(
            "The built-in admission controllers of AKS are fixed. Additional webhooks can "
            "read, change or block every object that is created."
        ),
        synonyms=terms(
            "admission controllers; admission webhooks; MutatingWebhookConfiguration; "
            "ValidatingWebhookConfiguration; mutating webhook"
        ),
        remediation=(
            "List the admission policies and webhooks of the cluster, and delete those "
            "without an owner. Implement additional checks as ValidatingAdmissionPolicy."
        ),
        modes=(Mode.CLUSTER,),
        evidence=(
            "review of `kubectl get validatingadmissionpolicies,validatingwebhookconfigurations,"
            "mutatingwebhookconfigurations`"
        ),
        mappings=Mappings(cis=("4.1.11",)),
    ),
)
