"""How a requirement of a framework ends, by how the controls that answer it ended."""

from dataclasses import replace

import pytest

from provisioner.controls.cis_aks import RECOMMENDATIONS, Place
from provisioner.controls.control import Mappings, Mode
from provisioner.controls.evaluation import Result, UnknownReason
from provisioner.controls.frameworks import Framework, comply
from provisioner.controls.registry import all_controls
from provisioner.controls.verdict import Verdict
from provisioner.documents.controls import RequirementDocument
from tests.unit.controls.sketches import control

AZURE, NODES = "5.3.1", "3.2.1"
BOTH = (Mode.ARM, Mode.CLUSTER)


def result(name: str, verdict: Verdict, cis: str = AZURE, **more: object) -> Result:
    modes = more.pop("modes", (Mode.ARM,))
    said = control(name, modes=modes, evidence="" if modes == (Mode.ARM,) else "a report")
    mapped = replace(said, mappings=Mappings(cis=(cis,)))
    return replace(Result(mapped, verdict), **more)


def requirement(*results: Result, cis: str = AZURE) -> RequirementDocument:
    (found,) = (r for r in comply(results, Framework.CIS) if r.id == cis)
    return found


PASSES = result("A-1", Verdict.PASS)
HALF = result("A-2", Verdict.PASS, outstanding="a report", modes=BOTH)
WAIVED = result("A-3", Verdict.WAIVED)
FAILS = result("A-4", Verdict.FAIL)
NOT_LOOKED = result(
    "A-5", Verdict.UNKNOWN, unknown_reason=UnknownReason.CLUSTER, modes=(Mode.CLUSTER,)
)
UNREAD = result("A-6", Verdict.UNKNOWN, unknown_reason=UnknownReason.UNREADABLE)
NOTHING = result("A-7", Verdict.NOT_APPLICABLE)


@pytest.mark.parametrize(
    ("results", "verdict"),
    [
        pytest.param((PASSES, NOTHING), "pass", id="all that applies passes"),
        pytest.param((PASSES, FAILS, NOT_LOOKED), "fail", id="one fails"),
        pytest.param((HALF,), "partial", id="a part of one control was seen"),
        pytest.param((PASSES, NOT_LOOKED), "partial", id="one of two was seen"),
        pytest.param((PASSES, UNREAD), "partial", id="one of two could not be read"),
        pytest.param((NOT_LOOKED, NOTHING), "manual", id="nobody looked"),
        pytest.param((UNREAD, NOT_LOOKED), "unknown", id="what could be read was refused"),
        pytest.param((PASSES, WAIVED), "waived", id="one is waived"),
        pytest.param((NOTHING,), "not applicable", id="there is nothing"),
        pytest.param((), "manual", id="no control answers it"),
    ],
)
def test_it_ends_by_what_was_seen(results: tuple[Result, ...], verdict: str) -> None:
    assert requirement(*results).verdict == verdict


@pytest.mark.parametrize("ends", [Verdict.PASS, Verdict.WAIVED, Verdict.UNKNOWN, Verdict.FAIL])
def test_it_fails_where_another_way_is_judged(ends: Verdict) -> None:
    other = replace(control("A-8"), refutes=Mappings(cis=(AZURE,)))
    told = requirement(PASSES, Result(other, ends))
    assert (told.verdict, told.failing) == ("fail", ("A-8",))
    assert requirement(PASSES, Result(other, Verdict.NOT_APPLICABLE)).verdict == "pass"


def test_an_allow_list_is_no_private_api_server() -> None:
    (named,) = (control for control in all_controls() if control.id == "CLU-01.3")
    told = [Result(c, Verdict.NOT_APPLICABLE) for c in all_controls() if c is not named]
    told.append(Result(named, Verdict.PASS))
    for framework, names in (
        (Framework.CIS, ["5.4.2"]),
        (Framework.POLICY, ["040732e8-d947-40b8-95d6-854c95024bf8"]),
        (Framework.CHECKOV, ["CKV_AZURE_115"]),
    ):
        assert [r.id for r in comply(told, framework) if r.verdict == "fail"] == names


def test_it_names_what_was_seen_and_what_was_not() -> None:
    told = requirement(PASSES, HALF, NOT_LOOKED)
    assert told.seen == ("A-1",)
    assert [(e.control, e.reason) for e in told.unanswered] == [
        ("A-2", "a report"),
        ("A-5", "need the cluster"),
    ]


def test_what_needs_the_nodes_is_manual_until_somebody_looked() -> None:
    by_arm = result("A-1", Verdict.PASS, NODES)
    assert requirement(by_arm, cis=NODES).verdict == "manual"
    half = result("A-2", Verdict.PASS, NODES, outstanding="a report", modes=BOTH)
    assert requirement(by_arm, half, cis=NODES).verdict == "manual"
    attested = replace(half, outstanding="")
    assert requirement(by_arm, attested, cis=NODES).verdict == "pass"
    fails = result("A-3", Verdict.FAIL, NODES)
    assert requirement(attested, fails, cis=NODES).verdict == "fail"


def test_every_recommendation_of_cis_is_told() -> None:
    told = comply((), Framework.CIS)
    assert len(told) == len(RECOMMENDATIONS) == 51
    assert {requirement.verdict for requirement in told} == {"manual"}
    mapped = {number for control in all_controls() for number in control.mappings.cis}
    assert mapped <= {found.number for found in RECOMMENDATIONS}
    assert {found.place for found in RECOMMENDATIONS} == set(Place)
