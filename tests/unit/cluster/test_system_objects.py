"""What Kubernetes makes itself is known by its content, in versions unknown to azsec too."""

from typing import Any

import pytest

from provisioner.cluster.objects import key_of
from provisioner.cluster.system_objects import load_bootstrap

RBAC = "rbac.authorization.k8s.io"
BASIC_USER = [
    {
        "apiGroups": ["authorization.k8s.io"],
        "resources": ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
        "verbs": ["create"],
    },
    {
        "apiGroups": ["authentication.k8s.io"],
        "resources": ["selfsubjectreviews"],
        "verbs": ["create"],
    },
]
EVERYTHING = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}
NEWER = {"apiGroups": ["authorization.k8s.io"], "resources": ["newreviews"], "verbs": ["create"]}
IN_VIEW = {f"{RBAC}/aggregate-to-view": "true"}
READ_PODS = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}
READ_SECRETS = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}
Body = dict[str, Any]


def role(name: str, *rules: Body, labels: dict[str, str] | None = None, **content: Any) -> Body:
    metadata = {"name": name, "labels": labels or {}}
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "ClusterRole",
        "metadata": metadata,
        "rules": list(rules),
        **content,
    }


def view(*rules: Body) -> Body:
    labels = {f"{RBAC}/aggregate-to-edit": "true"}
    selectors = {"clusterRoleSelectors": [{"matchLabels": IN_VIEW}]}
    return role("view", *rules, labels=labels, aggregationRule=selectors)


def knows(minor: str, body: Body, *others: Body) -> bool:
    return load_bootstrap(minor).knows(key_of(body), body, (body, *others))


@pytest.mark.parametrize("minor", ["1.34", "1.35", "1.33", "1.99"])
def test_a_role_as_kubernetes_makes_it_is_known(minor: str) -> None:
    assert knows(minor, role("system:basic-user", *BASIC_USER))


@pytest.mark.parametrize("minor", ["1.34", "1.35", "1.33", "1.99"])
def test_a_role_that_allows_everything_is_known_in_no_version(minor: str) -> None:
    assert not knows(minor, role("system:basic-user", EVERYTHING))


@pytest.mark.parametrize("minor", ["1.34", "1.35", "1.33", "1.99"])
def test_a_label_that_has_rules_copied_elsewhere_is_known_in_no_version(minor: str) -> None:
    assert not knows(minor, role("system:basic-user", *BASIC_USER, labels=IN_VIEW))


def test_another_version_may_add_what_opens_nothing() -> None:
    body = role("system:basic-user", *BASIC_USER, NEWER)
    assert knows("1.99", body)
    assert not knows("1.35", body)


def test_a_binding_with_other_subjects_is_known_in_no_version() -> None:
    for minor in ("1.35", "1.99"):
        body = {
            "apiVersion": f"{RBAC}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "cluster-admin"},
            "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "cluster-admin"},
            "subjects": [{"kind": "User", "apiGroup": RBAC, "name": "mallory"}],
        }
        assert not knows(minor, body)


def test_an_aggregated_role_holds_what_is_aggregated_into_it_alone() -> None:
    source = role("pods", READ_PODS, labels=IN_VIEW)
    assert knows("1.35", view())
    assert knows("1.35", view(READ_PODS), source)
    assert not knows("1.35", view(READ_PODS, READ_SECRETS), source)
    assert not knows("1.35", view(READ_PODS))
