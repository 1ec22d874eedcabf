"""What rules allow: one table, for drift, for what AKS' roles may allow, and for controls."""

from typing import Any

import pytest

from provisioner.cluster.permissions import Risk, find_capabilities, find_risks, read_roles

RBAC = "rbac.authorization.k8s.io"
ADMISSION = "admissionregistration.k8s.io"
CERTIFICATES = "certificates.k8s.io"

APPLIES = "applies manifests with the rights of their controller"

RISKS = [
    ("", "secrets", "watch", Risk.ESCALATION, "reads secrets"),
    ("authentication.k8s.io", "userextras", "impersonate", Risk.ESCALATION, "impersonates"),
    ("authentication.k8s.io", "uids", "impersonate", Risk.ESCALATION, "impersonates"),
    (RBAC, "clusterroles", "bind", Risk.ESCALATION, "escalates roles"),
    (RBAC, "rolebindings", "create", Risk.ESCALATION, "grants access"),
    ("", "serviceaccounts/token", "create", Risk.ESCALATION, "issues tokens of service accounts"),
    ("", "nodes/proxy", "get", Risk.ESCALATION, "reaches the kubelet of nodes"),
    (ADMISSION, "mutatingadmissionpolicies", "patch", Risk.ESCALATION, "changes admission"),
    ("", "namespaces", "patch", Risk.ESCALATION, "changes what namespaces enforce"),
    (
        CERTIFICATES, "certificatesigningrequests/approval", "update", Risk.ESCALATION,
        "approves certificates",
    ),
    ("", "persistentvolumes", "create", Risk.ESCALATION, "mounts folders of nodes"),
    ("", "pods/exec", "get", Risk.SHELL, "runs commands in pods"),
    ("", "pods/ephemeralcontainers", "patch", Risk.SHELL, "changes containers of running pods"),
    ("", "pods", "patch", Risk.SHELL, "changes images of running pods"),
    ("", "pods/portforward", "create", Risk.BYPASS, "forwards ports of pods"),
    ("", "pods/proxy", "get", Risk.BYPASS, "reaches ports of pods"),
    ("", "nodes", "patch", Risk.BYPASS, "changes nodes"),
    ("cilium.io", "ciliumnetworkpolicies", "delete", Risk.BYPASS, "changes network policies"),
    ("constraints.gatekeeper.sh", "*", "patch", Risk.BYPASS, "changes what Gatekeeper enforces"),
    ("config.gatekeeper.sh", "configs", "update", Risk.BYPASS, "changes what Gatekeeper enforces"),
    ("helm.toolkit.fluxcd.io", "helmreleases", "create", Risk.BYPASS, APPLIES),
    ("kustomize.toolkit.fluxcd.io", "kustomizations", "patch", Risk.BYPASS, APPLIES),
    ("argoproj.io", "applications", "create", Risk.BYPASS, APPLIES),
    ("", "pods", "create", Risk.OTHER, "creates pods"),
]  # fmt: skip


@pytest.mark.parametrize(("group", "resource", "verb", "risk", "words"), RISKS)
def test_a_rule_has_its_risk_and_no_other(
    group: str, resource: str, verb: str, risk: Risk, words: str
) -> None:
    rules = [{"apiGroups": [group], "resources": [resource], "verbs": [verb]}]
    assert find_capabilities(rules) == (words,)
    assert {each: find_risks(rules, each) for each in Risk} == {
        each: (words,) if each is risk else () for each in Risk
    }


def test_a_rule_for_all_groups_is_no_rule_for_each_kind_of_an_add_on() -> None:
    rules = [{"apiGroups": ["*"], "resources": ["widgets"], "verbs": ["*"]}]
    assert find_capabilities(rules) == ()
    assert find_capabilities([{**rules[0], "resources": ["*"], "verbs": ["patch"]}])[-1] == (
        "changes what Gatekeeper enforces"
    )


def test_who_may_do_everything_has_every_risk() -> None:
    rules = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]
    assert all(find_risks(rules, risk) == ("may do everything",) for risk in Risk)


SELECTORS = {
    "by label": [{"matchLabels": {"into": "own"}}],
    "by expression": [{"matchExpressions": [{"key": "into", "operator": "Exists"}]}],
    "every role": [{}],
    "one of two": [{"matchLabels": {"a": "b"}}, {"matchLabels": {"into": "own"}}],
}


@pytest.mark.parametrize("name", SELECTORS)
def test_an_aggregated_role_allows_what_its_sources_allow(name: str) -> None:
    def role(called: str, **content: Any) -> dict[str, Any]:
        metadata = {"name": called, "labels": content.pop("labels", {})}
        return {"kind": "ClusterRole", "metadata": metadata, **content}

    rules = [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]
    bodies = (
        role("own", aggregationRule={"clusterRoleSelectors": SELECTORS[name]}),
        role("source", labels={"into": "own"}, rules=rules),
    )
    bound = {"metadata": {"name": "b"}, "roleRef": {"kind": "ClusterRole", "name": "own"}}
    assert read_roles(bodies).allowed_by(bound) == ("reads secrets",)
