"""Which labels of a namespace that nobody declares as an object change what is enforced there."""

from provisioner.cluster.comparison import ABSENT, Difference
from provisioner.cluster.namespace_labels import find_steering_values
from provisioner.cluster.undeclared_values import weakens

AKS = "kubernetes.azure.com"


def found(labels: dict[str, str], *, is_managed: bool) -> dict[str, str]:
    return find_steering_values({"metadata": {"labels": labels}}, {}, is_managed=is_managed)


def test_the_mark_of_azures_namespaces_is_theirs_alone() -> None:
    label = {f"{AKS}/managedByArm": "true"}
    assert found(label, is_managed=True) == {}
    assert found(label, is_managed=False) == label


def test_a_namespace_that_says_it_is_aks_own_is_named() -> None:
    label = {f"{AKS}/managedby": "aks"}
    assert found(label, is_managed=True) == found(label, is_managed=False) == label


def test_a_label_that_aggregates_a_role_weakens_it() -> None:
    for name in ("rbac.authorization.k8s.io/aggregate-to-view", "chart.example/aggregate-to-edit"):
        assert weakens(Difference(("metadata", "labels", name), ABSENT, "true"))
    assert not weakens(Difference(("metadata", "labels", "team"), ABSENT, "payments"))
