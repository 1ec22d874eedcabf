"""An acceptance covers what it states, and nothing that opens more."""

from datetime import date
from typing import Any

import pytest

from provisioner.blueprint.kubernetes import AcceptedObject
from provisioner.cluster.accepted_objects import find_acceptance
from provisioner.cluster.objects import key_of
from provisioner.cluster.permissions import read_roles

RBAC = "rbac.authorization.k8s.io"


def accepted(*allows: str) -> AcceptedObject:
    stated = {"kind": "ClusterRole", "name": "own-*", "allows": allows, "reason": "r"}
    return AcceptedObject.model_validate({**stated, "owner": "o", "expires": date(2027, 6, 30)})


def role(group: str, resource: str, **labels: str) -> dict[str, Any]:
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "own-role", "labels": labels},
        "rules": [{"apiGroups": [group], "resources": [resource], "verbs": ["*"]}],
    }


def objection(body: dict[str, Any], *allows: str) -> str | None:
    today = date(2026, 11, 30)
    entry, why = find_acceptance(key_of(body), body, [accepted(*allows)], read_roles([body]), today)
    assert (entry is None) == (why is not None)
    return why


BYPASSES = (
    ("helm.toolkit.fluxcd.io", "helmreleases"),
    ("argoproj.io", "applications"),
    ("cilium.io", "ciliumnetworkpolicies"),
    ("networking.k8s.io", "networkpolicies"),
    ("constraints.gatekeeper.sh", "*"),
    ("", "pods/proxy"),
    ("", "nodes"),
)


@pytest.mark.parametrize(("group", "resource"), BYPASSES)
def test_what_goes_around_what_is_enforced_is_accepted_in_words_alone(
    group: str, resource: str
) -> None:
    body = role(group, resource)
    why = objection(body)
    assert why is not None
    words = why.rpartition("that it ")[2]
    assert objection(body, words) is None


def test_harmless_rules_need_no_words() -> None:
    assert objection(role("cert-manager.io", "certificates")) is None


def test_a_role_that_is_aggregated_is_accepted_in_words_alone() -> None:
    into_view = {f"{RBAC}/aggregate-to-view": "true"}
    body = role("", "secrets", **into_view)
    assert objection(body, "reads secrets") == (
        "ClusterRole/own-* does not accept that it aggregates to view"
    )
    assert objection(body, "reads secrets", "aggregates to view") is None
    assert objection(role("cert-manager.io", "certificates", **into_view)) is not None
