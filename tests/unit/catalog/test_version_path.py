"""The path of versions of a cluster and its pools, and which versions are no target."""

import pytest

from provisioner.catalog.kubernetes_versions import OFFERED, upgrades_from
from provisioner.catalog.version_path import (
    RunningCluster,
    find_newest,
    find_path,
    find_refusal,
    read_offered,
)

TODAY = "2026-12-31"
COMMUNITY, LONG_TERM = "KubernetesOfficial", "AKSLongTermSupport"


def running(version: str | None, plan: str = COMMUNITY, **pools: str) -> RunningCluster:
    return RunningCluster(version, pools, plan, OFFERED, TODAY)


def shown(cluster: RunningCluster, target: str) -> list[str]:
    names = {"control plane": "plane"}
    return [
        f"{names.get(s.subject, s.subject)} {s.before}>{s.after}"
        for s in find_path(cluster, target)
    ]


@pytest.mark.parametrize(
    ("cluster", "target", "expected"),
    [
        pytest.param(
            running("1.34.7", a="1.34.7"),
            "1.35",
            ["plane 1.34.7>1.35.4", "a 1.34.7>1.35.4"],
            id="the control plane before its pools",
        ),
        pytest.param(
            running("1.34.6", a="1.34.6"),
            "1.36",
            [
                "plane 1.34.6>1.35.4",
                "a 1.34.6>1.35.4",
                "plane 1.35.4>1.36.1",
                "a 1.35.4>1.36.1",
            ],
            id="no minor version is left out",
        ),
        pytest.param(
            running("1.35.4", a="1.33.12"),
            "1.36",
            [
                "plane 1.35.4>1.36.1",
                "a 1.33.12>1.34.7",
                "a 1.34.7>1.35.4",
                "a 1.35.4>1.36.1",
            ],
            id="a pool three behind may stay there until the control plane is up",
        ),
        pytest.param(
            running("1.35.4", a="1.32.13"),
            "1.36",
            [
                "a 1.32.13>1.33.12",
                "plane 1.35.4>1.36.1",
                "a 1.33.12>1.34.7",
                "a 1.34.7>1.35.4",
                "a 1.35.4>1.36.1",
            ],
            id="a pool that would be four behind goes first",
        ),
        pytest.param(
            running("1.35.4", a="1.34.7"),
            "1.35",
            ["a 1.34.7>1.35.4"],
            id="pools that are behind, although the control plane is there",
        ),
        pytest.param(
            running("1.35.3", a="1.35.3"),
            "1.35",
            [],
            id="a minor version stated again upgrades nothing",
        ),
        pytest.param(
            running("1.35.3", a="1.35.3"),
            "1.35.4",
            ["plane 1.35.3>1.35.4", "a 1.35.3>1.35.4"],
            id="a patch",
        ),
        pytest.param(
            running("1.30.14", LONG_TERM, a="1.30.14"),
            "1.33",
            ["plane 1.30.14>1.33.12", "a 1.30.14>1.33.12"],
            id="long-term support skips minor versions",
        ),
        pytest.param(
            running("1.31.14", a="1.31.14"),
            "1.34",
            ["plane 1.31.14>1.34.7", "a 1.31.14>1.34.7"],
            id="out of support, into it",
        ),
        pytest.param(running(None), "1.36", [], id="a cluster that does not exist"),
    ],
)
def test_the_path(cluster: RunningCluster, target: str, expected: list[str]) -> None:
    assert shown(cluster, target) == expected


@pytest.mark.parametrize(
    ("cluster", "target", "code", "words"),
    [
        pytest.param(running("1.34.7"), "1.35", None, "", id="the next minor version"),
        pytest.param(running("1.34.7"), "1.34", None, "", id="the one that runs"),
        pytest.param(
            running("1.34.7"),
            "1.36",
            "version-skipped",
            "Take the steps 1.34.7 -> 1.35 -> 1.36",
            id="a skip, with the steps",
        ),
        pytest.param(running("1.30.14", LONG_TERM), "1.33", None, "", id="a skip by LTS"),
        pytest.param(running("1.35.4"), "1.34", "version-downgrade", "only upgrades", id="back"),
        pytest.param(
            running("1.35.4"), "1.35.3", "version-downgrade", "only upgrades", id="a patch back"
        ),
        pytest.param(running("1.35.4"), "1.99", "version-not-offered", "newest", id="unknown"),
        pytest.param(
            running("1.34.7"), "1.35.9", "version-not-offered", "newest", id="an unknown patch"
        ),
        pytest.param(running("1.35.4"), "newest", "wrong-version", "1.36", id="no version"),
        pytest.param(running("1.35.4"), "1", "wrong-version", "1.36", id="a major version"),
        pytest.param(
            running("1.32.13"),
            "1.33",
            "version-out-of-support",
            LONG_TERM,
            id="long-term support alone, without its plan",
        ),
        pytest.param(running(None), "1.36", None, "", id="a new cluster takes any that is offered"),
    ],
)
def test_what_is_no_target(
    cluster: RunningCluster, target: str, code: str | None, words: str
) -> None:
    told = find_refusal(cluster, target)
    assert (told.code if told else None) == code
    assert words in (f"{told.message} {told.hint}" if told else "")


def test_the_newest_is_no_preview_and_has_the_plan() -> None:
    assert find_newest(running("1.34.7")) == "1.36.1"
    assert find_newest(RunningCluster("1.34.7", {}, COMMUNITY, ())) is None


@pytest.mark.parametrize(
    ("version", "plan", "expected"),
    [
        pytest.param(
            "1.34.6", COMMUNITY, ["1.34.7", "1.35.3", "1.35.4"], id="patches and the next"
        ),
        pytest.param("1.36.1", COMMUNITY, ["1.37.0"], id="a preview"),
        pytest.param("1.31.14", COMMUNITY, ["1.34.6", "1.34.7"], id="out of support"),
        pytest.param(
            "1.34.7", LONG_TERM, ["1.35.3", "1.35.4", "1.36.1", "1.37.0"], id="long-term support"
        ),
        pytest.param("", COMMUNITY, [], id="no version"),
    ],
)
def test_what_the_built_in_azure_offers(version: str, plan: str, expected: list[str]) -> None:
    found = [patch for one in upgrades_from(version, plan) for patch in one.patches]
    assert found == expected


def test_an_answer_that_has_no_versions_offers_none() -> None:
    assert read_offered({"values": None}) == ()
    assert read_offered({}) == ()
