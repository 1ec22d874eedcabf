"""API versions that Kubernetes stops serving, and who uses them."""

import json
from typing import Any

import pytest

from provisioner.catalog.removed_apis import REMOVED_APIS, find_removal
from provisioner.cluster.removed_apis import find_unobserved, find_uses

APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def item(name: str, applied: object = None) -> dict[str, Any]:
    text = applied if isinstance(applied, str) else json.dumps(applied)
    notes = {} if applied is None else {APPLIED: text}
    return {"metadata": {"namespace": "shop", "name": name, "annotations": notes}}


def uses(api_version: str, kind: str, *items: dict[str, Any], target: int = 37) -> list[str]:
    found = find_uses([(api_version, kind, items)], target)
    return [
        f"{u.api.api_version} {u.kind} {u.api.removed} {u.how} {','.join(u.objects)}" for u in found
    ]


@pytest.mark.parametrize(
    ("api_version", "kind", "given", "target", "expected"),
    [
        pytest.param("apps/v1", "Deployment", item("web"), 41, [], id="nothing goes"),
        pytest.param(
            "networking.k8s.io/v1beta1",
            "IPAddress",
            item("a"),
            37,
            ["networking.k8s.io/v1beta1 IPAddress 37 listed shop/a"],
            id="the server lists it in a version that goes",
        ),
        pytest.param(
            "networking.k8s.io/v1beta1",
            "IPAddress",
            item("a"),
            34,
            ["networking.k8s.io/v1beta1 IPAddress 37 listed shop/a"],
            id="deprecated by then, and removed later",
        ),
        pytest.param("networking.k8s.io/v1beta1", "IPAddress", item("a"), 33, [], id="not yet"),
        pytest.param(
            "policy/v1",
            "PodDisruptionBudget",
            item("b", {"apiVersion": "policy/v1beta1", "kind": "PodDisruptionBudget"}),
            36,
            ["policy/v1beta1 PodDisruptionBudget 25 applied shop/b"],
            id="kubectl applied it in an older version",
        ),
        pytest.param(
            "policy/v1",
            "PodDisruptionBudget",
            item("b", {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget"}),
            36,
            [],
            id="kubectl applied it as it is",
        ),
        pytest.param("policy/v1", "PodDisruptionBudget", item("b", "{"), 36, [], id="no JSON"),
        pytest.param("policy/v1", "PodDisruptionBudget", item("b", [1]), 36, [], id="no object"),
        pytest.param(
            "networking.k8s.io/v1beta1",
            "Ingress",
            item("i"),
            36,
            ["networking.k8s.io/v1beta1 Ingress 22 listed shop/i"],
            id="a version whose kinds go at different times",
        ),
    ],
)
def test_a_use(
    api_version: str, kind: str, given: dict[str, Any], target: int, expected: list[str]
) -> None:
    assert uses(api_version, kind, given, target=target) == expected


def test_the_objects_of_one_use_stand_together() -> None:
    found = uses("networking.k8s.io/v1beta1", "ServiceCIDR", item("b"), item("a"))
    assert found == ["networking.k8s.io/v1beta1 ServiceCIDR 37 listed shop/a,shop/b"]


def test_kinds_that_nobody_listed_are_named_for_the_way() -> None:
    assert find_unobserved([], 35, 36) == ["storagemigration.k8s.io/StorageVersionMigration"]
    seen = [("storagemigration.k8s.io", "StorageVersionMigration")]
    assert find_unobserved(seen, 35, 36) == []
    assert find_unobserved([], 36, 36) == []


def test_a_kind_stands_once_in_an_api_version() -> None:
    pairs = [(each.api_version, kind) for each in REMOVED_APIS for kind in each.kinds]
    assert len(pairs) == len(set(pairs))
    assert all(each.deprecated < each.removed for each in REMOVED_APIS)


def test_a_successor_is_served_longer() -> None:
    for each in REMOVED_APIS:
        for kind in each.kinds:
            later = find_removal(each.successor, kind) if each.successor else None
            assert later is None or later.removed > each.removed, (each.api_version, kind)
