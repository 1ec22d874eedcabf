"""Kubernetes versions: offered, under which support plan, running already."""

import pytest

from provisioner.preflight.versions import CHECK
from tests.unit.preflight.intents import (
    CLUSTER,
    DENIED,
    POOL,
    Intents,
    codes,
    judge,
    make_intent,
)

BOTH, LTS = ["KubernetesOfficial", "AKSLongTermSupport"], ["AKSLongTermSupport"]


def entry(version: str, patch: str, plans: list[str], **more: object) -> dict[str, object]:
    return {
        "version": version,
        "patchVersions": {patch: {"upgrades": []}},
        "capabilities": {"supportPlan": plans},
        **more,
    }


OFFERED = [
    {
        "values": [
            entry("1.36", "1.36.0", BOTH, isPreview=True),
            entry("1.35", "1.35.4", BOTH),
            entry("1.34", "1.34.7", BOTH),
            entry("1.31", "1.31.9", LTS),
        ]
    }
]

ROWS = [
    pytest.param("1.35", {}, OFFERED, [], id="a minor version"),
    pytest.param("1.35.4", {}, OFFERED, [], id="a patch"),
    pytest.param("1.35.1", {}, OFFERED, ["error: version-not-offered"], id="a patch of the past"),
    pytest.param("1.3", {}, OFFERED, ["error: version-not-offered"], id="no prefix of a number"),
    pytest.param("1.31", {}, OFFERED, ["error: version-long-term-only"], id="long-term alone"),
    pytest.param(
        "1.31", {"supportPlan": "AKSLongTermSupport"}, OFFERED, [], id="long-term, as asked"
    ),
    pytest.param("1.36", {}, OFFERED, ["warning: version-preview"], id="a preview"),
    pytest.param("1.35", {}, DENIED, ["warning: not-checked"], id="nobody may list versions"),
]


@pytest.mark.parametrize(("version", "more", "offered", "expected"), ROWS)
def test_a_new_cluster(intents: Intents, version, more, offered, expected) -> None:
    body = {"location": "westeurope", "properties": {"kubernetesVersion": version, **more}}
    intent = make_intent(intents.write(CLUSTER, body))

    assert codes(judge(CHECK, intent, {"westeurope/kubernetesVersions": offered})) == expected


def test_what_is_offered_is_told_without_what_one_should_not_take(intents: Intents) -> None:
    body = {"location": "westeurope", "properties": {"kubernetesVersion": "1.20"}}

    (told,) = judge(
        CHECK, make_intent(intents.write(CLUSTER, body)), {"kubernetesVersions": OFFERED}
    )

    assert "expected one of 1.34, 1.35." in told.message


def test_a_version_that_runs_is_not_asked_about(intents: Intents) -> None:
    body = {"location": "westeurope", "properties": {"kubernetesVersion": "1.29"}}
    found = {"properties": {"kubernetesVersion": "1.29", "currentKubernetesVersion": "1.29.15"}}

    assert list(CHECK.ask(make_intent(intents.write(CLUSTER, body, found)))) == []


def test_a_pool_is_looked_up_where_its_cluster_is(intents: Intents) -> None:
    write = intents.write(POOL, {"properties": {"orchestratorVersion": "1.20"}})
    intent = make_intent(write, found={CLUSTER: {"location": "northeurope"}})

    told = judge(CHECK, intent, {"northeurope/kubernetesVersions": OFFERED})

    assert codes(told) == ["error: version-not-offered"]


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        pytest.param({}, ["error: version-beside-default"], id="newer than the default"),
        pytest.param({"kubernetesVersion": "1.35"}, [], id="the cluster states its version"),
    ],
)
def test_a_pool_beside_the_default_of_its_new_cluster(intents: Intents, stated, expected) -> None:
    offered = [
        {"values": [entry("1.35", "1.35.4", BOTH), entry("1.34", "1.34.7", BOTH, isDefault=True)]}
    ]
    cluster = intents.write(CLUSTER, {"location": "westeurope", "properties": stated})
    pool = intents.write(POOL, {"properties": {"orchestratorVersion": "1.35"}})

    told = judge(CHECK, make_intent(cluster, pool), {"kubernetesVersions": offered})

    assert codes(told) == expected
