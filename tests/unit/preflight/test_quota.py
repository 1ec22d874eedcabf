"""The quota of vCPUs: what a plan needs at once, and at most."""

import pytest

from provisioner.preflight.quota import CHECK
from tests.unit.preflight.intents import (
    CLUSTER,
    DENIED,
    POOL,
    Intents,
    codes,
    judge,
    make_intent,
)

SCALED = {"enableAutoScaling": True, "minCount": 3, "maxCount": 10}
ERROR, WARNING = ["error: quota-exceeded"], ["warning: quota-short"]


def sizes() -> list[object]:
    shown = (
        ("Standard_D4ds_v5", "standardDDSv5Family", 4),
        ("Standard_D8ds_v5", "standardDDSv5Family", 8),
        ("Standard_D4s_v5", "standardDSv5Family", 4),
    )
    return [
        {
            "resourceType": "virtualMachines",
            "name": name,
            "family": family,
            "capabilities": [{"name": "vCPUs", "value": str(cores)}],
        }
        for name, family, cores in shown
    ]


def usages(family: int = 1000, used: int = 0, region: int = 1000, spot: int = 0) -> list[object]:
    return [
        {"name": {"value": name}, "limit": limit, "currentValue": held}
        for name, limit, held in (
            ("StandardDDSv5Family", family, used),
            ("standardDSv5Family", 0, 0),
            ("cores", region, 0),
            ("lowPriorityCores", spot, 0),
        )
    ]


# (3 + 1) x 4 = 16 to begin with; (10 + 4) x 4 = 56 at most, of a surge of 33%.
THIRD = {"upgradeSettings": {"maxSurge": "33%"}}
ROWS = [
    pytest.param({**SCALED, **THIRD, "count": 3}, usages(), [], id="enough"),
    pytest.param({**SCALED, **THIRD, "count": 3}, usages(56), [], id="just enough at most"),
    pytest.param({**SCALED, **THIRD, "count": 3}, usages(55), WARNING, id="one short at most"),
    pytest.param({**SCALED, **THIRD, "count": 3}, usages(16), WARNING, id="just enough at first"),
    pytest.param({**SCALED, **THIRD, "count": 3}, usages(15), ERROR, id="one short at first"),
    pytest.param(
        {**SCALED, **THIRD, "count": 3}, usages(56, used=41), ERROR, id="others have used it"
    ),
    pytest.param({**SCALED, **THIRD, "count": 3}, usages(region=15), ERROR, id="in the region"),
    pytest.param({"count": 3, "upgradeSettings": {"maxSurge": "2"}}, usages(20), [], id="a number"),
    pytest.param(
        {"count": 3, "upgradeSettings": {"maxSurge": "2"}}, usages(19), ERROR, id="of surge nodes"
    ),
    pytest.param({"count": 3}, usages(16), [], id="the surge of AKS itself is a tenth, rounded up"),
    pytest.param({"count": 3}, usages(15), ERROR, id="which counts too"),
    pytest.param(
        {"count": 3, "scaleSetPriority": "Spot"}, usages(spot=0), ERROR, id="spot is apart"
    ),
    pytest.param(
        {"count": 3, "scaleSetPriority": "Spot"},
        usages(0, region=0, spot=16),
        [],
        id="and takes nothing of the family",
    ),
    pytest.param({"count": 3}, DENIED, ["warning: not-checked"], id="nobody may read usages"),
    pytest.param(
        {"count": 3}, [], ["warning: not-checked"] * 2, id="Azure does not know the quota"
    ),
]


@pytest.mark.parametrize(("properties", "usage", "expected"), ROWS)
def test_a_new_pool(intents: Intents, properties, usage, expected) -> None:
    intent = intents.pool(vmSize="Standard_D4ds_v5", **properties)

    told = judge(CHECK, intent, {"/skus$": sizes(), "/westeurope/usages$": usage})

    assert codes(told) == expected


def test_the_arithmetic_is_told(intents: Intents) -> None:
    intent = intents.pool(vmSize="Standard_D4ds_v5", count=3, **THIRD)

    (told,) = judge(CHECK, intent, {"/skus$": sizes(), "/usages$": usages(20, used=10)})

    assert (
        "20 vCPUs, 10 used, 10 left; needed apps (3 + 1 surge (33%)) x 4 = 16, 6 too many"
        in told.message
    )


HELD = {"vmSize": "Standard_D4ds_v5", "count": 3}
CHANGES = [
    pytest.param(HELD, [], id="unchanged pools ask for nothing"),
    pytest.param({**HELD, "count": 5}, ERROR, id="(5 + 1) x 4 - 12 is 12, one more than is left"),
    pytest.param({**HELD, "count": 2}, [], id="a smaller pool"),
    pytest.param(
        {**HELD, **SCALED, "count": 3},
        WARNING,
        id="(3 + 1) x 4 - 12 fits, (10 + 1) x 4 - 12 does not",
    ),
    pytest.param(
        {"vmSize": "Standard_D8ds_v5", "count": 1}, [], id="other machines of the same family"
    ),
    pytest.param(
        {"vmSize": "Standard_D4s_v5", "count": 1},
        ERROR,
        id="those of another family are not paid for by the old",
    ),
]


@pytest.mark.parametrize(("properties", "expected"), CHANGES)
def test_a_pool_that_changes(intents: Intents, properties, expected) -> None:
    answers = {"/skus$": sizes(), "/usages$": usages(23, used=12)}

    assert codes(judge(CHECK, intents.pool(HELD, **properties), answers)) == expected


def test_what_stands_in_counts_beside_what_it_stands_in_for(intents: Intents) -> None:
    new = {"vmSize": "Standard_D8ds_v5", "count": 3}
    stand_in = intents.write(f"{CLUSTER}/agentPools/appstmp", {"properties": new})
    successor = intents.write(POOL, {"properties": new}, {"properties": HELD})
    intent = make_intent(
        stand_in, successor, found={CLUSTER: {"location": "westeurope"}}, deleted=[POOL]
    )

    (told,) = judge(CHECK, intent, {"/skus$": sizes(), "/usages$": usages(51, used=0)})

    assert "appstmp (3 + 1 surge (10%)) x 8 + apps (3 + 1 surge (10%)) x 8 - 12 it has" in (
        told.message
    )
    assert "= 52, 1 too many" in told.message


def test_the_pools_in_the_body_of_a_cluster_are_summed_up(intents: Intents) -> None:
    pools = [{"name": name, "vmSize": "Standard_D4ds_v5", "count": 1} for name in ("one", "two")]
    body = {"location": "westeurope", "properties": {"agentPoolProfiles": pools}}
    intent = make_intent(intents.write(CLUSTER, body))

    (told,) = judge(CHECK, intent, {"/skus$": sizes(), "/usages$": usages(15)})

    assert (
        "aks[one] (1 + 1 surge (10%)) x 4 + aks[two] (1 + 1 surge (10%)) x 4 = 16" in told.message
    )
