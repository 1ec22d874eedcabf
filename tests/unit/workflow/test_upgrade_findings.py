"""What stands in the way of an upgrade: what blocks it, and what is only to be known."""

from datetime import UTC, datetime
from typing import Any

import pytest

from provisioner.documents.upgrade import (
    ApiUseDocument,
    ChannelDocument,
    ClusterUpgradeDocument,
    HindranceDocument,
    MaintenanceWindowDocument,
    ObjectsDocument,
    PoolUpgradeDocument,
    SurgeQuotaDocument,
    UpgradeStepDocument,
    VersionSupportDocument,
)
from provisioner.workflow.upgrade_findings import find_upgrade_problems

NOW = datetime(2026, 11, 30, tzinfo=UTC)
STEP = UpgradeStepDocument(subject="control plane", before="1.35.3", after="1.36.1", by="apply")
SEEN = ObjectsDocument(
    source="seen.json",
    observed="2026-11-30T00:00:00+00:00",
    age="2 h ago",
    version="1.35.3",
    objects=1,
    pods=1,
    budgets=1,
)
CLUSTER = ClusterUpgradeDocument(
    address="aks",
    id="/id",
    location="westeurope",
    plan="KubernetesOfficial",
    stated="1.35",
    running="1.35.3",
    target="1.36.1",
    steps=(STEP,),
    upgrades=("1.35.4", "1.36.1"),
    objects=SEEN,
)


def channel(name: str) -> ChannelDocument:
    return ChannelDocument(property="upgradeChannel", channel=name, effect="")


def support(until: str, long_term: str = "2028-03-31", **more: Any) -> VersionSupportDocument:
    return VersionSupportDocument(
        version="1.35", offered=True, community_until=until, long_term_until=long_term, **more
    )


def pool(version: str) -> PoolUpgradeDocument:
    return PoolUpgradeDocument(
        name="apps",
        mode="User",
        version=version,
        nodes=3,
        max_surge="1",
        surge=1,
        max_unavailable="0",
        drain_timeout_minutes=30,
        soak_minutes=0,
        undrainable="Schedule",
    )


def quota(largest: int, all_at_once: int, limit: int | None = 20) -> SurgeQuotaDocument:
    return SurgeQuotaDocument(
        quota="cores", limit=limit, used=10, largest=largest, all_at_once=all_at_once, words="w"
    )


def api(removed: str, how: str = "listed") -> ApiUseDocument:
    return ApiUseDocument(
        api_version="g/v1beta1",
        kind="Thing",
        deprecated="1.34",
        removed=removed,
        how=how,
        objects=("a", "b", "c", "d"),
    )


def hindrance(kind: str) -> HindranceDocument:
    return HindranceDocument(kind=kind, address="shop/web", reason="r", hint="h")


def window(name: str, schedule: str | None) -> MaintenanceWindowDocument:
    return MaintenanceWindowDocument(name=name, purpose="", schedule=schedule)


def objects(**changes: Any) -> dict[str, Any]:
    return {"objects": SEEN.model_copy(update=changes)}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, [], id="nothing"),
        pytest.param({"objects": None}, ["warning not-observed"], id="no observation"),
        pytest.param(objects(version="1.34.1"), ["warning observed-before"], id="seen before"),
        pytest.param(objects(unreadable=("x",)), ["warning not-observed"], id="a list refused"),
        pytest.param(objects(unobserved=("g/K",)), ["warning not-observed"], id="a kind unlisted"),
        pytest.param(objects(apis=(api("1.36"),)), ["error api-removed"], id="an API goes"),
        pytest.param(objects(apis=(api("1.38"),)), ["warning api-deprecated"], id="it goes later"),
        pytest.param(
            objects(apis=(api("1.25", "applied"),)), ["warning api-removed"], id="it went before"
        ),
        pytest.param(
            objects(hindrances=(hindrance("blocked"),)), ["error drain-hindered"], id="a budget"
        ),
        pytest.param(
            objects(hindrances=(hindrance("several budgets"),)), ["error drain-hindered"], id="two"
        ),
        pytest.param(
            objects(hindrances=(hindrance("no room"),)), ["warning drain-hindered"], id="no room"
        ),
        pytest.param(
            {"upgrades": ("1.35.4",)}, ["error upgrade-not-offered"], id="its profile has it not"
        ),
        pytest.param({"upgrades": ()}, [], id="no profile says nothing"),
        pytest.param({"quotas": (quota(11, 11),)}, ["error quota-exceeded"], id="no room"),
        pytest.param({"quotas": (quota(10, 12),)}, ["warning quota-short"], id="room for one"),
        pytest.param({"quotas": (quota(10, 10),)}, [], id="room for all"),
        pytest.param({"quotas": (quota(1, 1, None),)}, ["warning not-checked"], id="no such quota"),
        pytest.param(
            {"support": (support("2026-11-29"),)}, ["warning version-unsupported"], id="over"
        ),
        pytest.param(
            {"support": (support("2026-11-30"),)}, ["warning support-ends"], id="last day"
        ),
        pytest.param({"support": (support("2027-03-31"),)}, [], id="long to go"),
        pytest.param(
            {"support": (support("2026-01-31"),), "plan": "AKSLongTermSupport"}, [], id="long-term"
        ),
        pytest.param(
            {"support": (support("2027-03-31", preview=True),)},
            ["warning version-preview"],
            id="a preview",
        ),
        pytest.param({"pools": (pool("1.36.1"),)}, ["warning version-skew"], id="a pool ahead"),
        pytest.param({"pools": (pool("1.31.1"),)}, ["warning version-skew"], id="far behind"),
        pytest.param({"pools": (pool("1.32.1"),)}, [], id="three behind"),
        pytest.param(
            {"steps": (STEP.model_copy(update={"by": "azure"}),)},
            ["warning not-by-apply"],
            id="nobody states it",
        ),
        pytest.param({"channels": (channel("patch"),)}, [], id="a minor version and patches"),
        pytest.param(
            {"channels": (channel("rapid"),)}, ["warning channel-conflict"], id="a minor pinned"
        ),
        pytest.param(
            {"channels": (channel("patch"),), "stated": "1.35.3"},
            ["warning channel-conflict"],
            id="a patch pinned",
        ),
        pytest.param({"channels": (channel("none"),), "stated": "1.35.3"}, [], id="no channel"),
        pytest.param(
            {
                "channels": (channel("patch"),),
                "windows": (window("aksManagedAutoUpgradeSchedule", None),),
            },
            ["warning no-window"],
            id="no window",
        ),
        pytest.param(
            {"windows": (window("default", "every week on Sunday"),)},
            ["warning window-closed"],
            id="a window that never opens",
        ),
        pytest.param(
            {"steps": (), "objects": None, "quotas": (quota(99, 99),)}, [], id="up to date"
        ),
    ],
)
def test_what_stands_in_the_way(changes: dict[str, Any], expected: list[str]) -> None:
    told = find_upgrade_problems(CLUSTER.model_copy(update=changes), {}, NOW)
    assert [f"{each.severity} {each.code}" for each in told] == expected


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        pytest.param({"provisioningState": "Succeeded"}, [], id="settled"),
        pytest.param({"provisioningState": "Failed"}, ["cluster-failed"], id="failed"),
        pytest.param({"provisioningState": "Upgrading"}, ["in-progress"], id="under way"),
        pytest.param(
            {
                "upgradeSettings": {
                    "overrideSettings": {"forceUpgrade": True, "until": "2027-01-01T00:00:00Z"}
                }
            },
            ["force-upgrade"],
            id="forced",
        ),
        pytest.param(
            {
                "upgradeSettings": {
                    "overrideSettings": {"forceUpgrade": True, "until": "2026-01-01T00:00:00Z"}
                }
            },
            [],
            id="forced in the past",
        ),
    ],
)
def test_how_the_cluster_is(properties: dict[str, Any], expected: list[str]) -> None:
    told = find_upgrade_problems(CLUSTER, {"properties": properties}, NOW)
    assert [each.code for each in told] == expected
