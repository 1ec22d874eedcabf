"""Waivers and attestations that cannot hold are refused, with what to do instead."""

from datetime import date

import pytest

from provisioner.controls.attestations import check_attestations
from provisioner.controls.control import Mode
from provisioner.controls.verdict import Finding, Verdict
from provisioner.controls.waivers import check_used, check_waivers
from provisioner.model.diagnostic import DiagnosticError
from provisioner.model.estate import Resource
from provisioner.model.resource_id import ResourceId
from tests.unit.controls.sketches import TODAY, attestation, control, waiver

CONTROLS = {
    "WRK-05": control("WRK-05", modes=()),
    "WRK-05.1": control("WRK-05.1"),
    "CLU-07": control("CLU-07", modes=(Mode.CLUSTER,), evidence="the report of kube-bench"),
    "MON-02": control("MON-02", modes=(Mode.PERSON,), evidence="the word of whoever is told"),
}
ADDRESSES = ["vault.vault", "vault.endpoint", "registry.registry"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        pytest.param(
            waiver("WRK-5.1"), "there is no control 'WRK-5.1'. Did you mean 'WRK-05.1'?",
            id="unknown control",
        ),
        pytest.param(
            waiver("WRK-05"), "finds nothing by itself, so there is nothing to waive. "
            "Name the parts that fail, of WRK-05.1.",
            id="a group",
        ),
        pytest.param(
            waiver("MON-02"), "nothing to waive. Attest it.", id="what only a person answers"
        ),
        pytest.param(
            waiver(expires=date(2026, 11, 24)), "was waived for vault until 2026-11-24. "
            "Ask platform@contoso.example: renew it",
            id="expired",
        ),
        pytest.param(
            waiver(scope="vaults"), "no resource at 'vaults'. Expected one of:", id="no such place"
        ),
    ],
)  # fmt: skip
def test_a_waiver_that_cannot_hold_is_refused(wrong: object, said: str) -> None:
    with pytest.raises(DiagnosticError) as refused:
        check_waivers([wrong], CONTROLS, ADDRESSES, TODAY)  # type: ignore[list-item]
    assert said in str(refused.value)
    assert "environments/prod.yaml:20:5" in str(refused.value)


def test_a_waiver_stands_once() -> None:
    with pytest.raises(DiagnosticError, match="is waived for vault at environments"):
        check_waivers([waiver(), waiver()], CONTROLS, ADDRESSES, TODAY)


def test_the_last_day_counts_and_fourteen_days_before_are_warned_of() -> None:
    assert check_waivers([waiver(expires=TODAY)], CONTROLS, ADDRESSES, TODAY)
    (told,) = check_waivers([waiver(expires=date(2026, 12, 9))], CONTROLS, ADDRESSES, TODAY)
    assert told.severity == "warning"
    assert "until 2026-12-09" in told.message
    assert not check_waivers([waiver(expires=date(2026, 12, 10))], CONTROLS, ADDRESSES, TODAY)


def test_a_waiver_that_waives_nothing_is_an_error() -> None:
    vault = Resource(ResourceId.parse("/subscriptions/s/providers/A.B/c/d"), "A.B/c", {}, "vault")
    waived = Finding("WRK-05.1", Verdict.WAIVED, vault, "", "")
    assert not check_used([waiver()], [waived])
    (told,) = check_used([waiver(scope="registry")], [waived])
    assert "does not fail in registry: the waiver until 2027-03-31 waives nothing" in told.message


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        pytest.param(attestation("CLU-7"), "Did you mean 'CLU-07'?", id="unknown control"),
        pytest.param(
            attestation("WRK-05.1"), "evaluated from Azure Resource Manager and cannot be attested",
            id="what azsec answers itself",
        ),
        pytest.param(
            attestation(on=date(2026, 11, 26)), "which is in the future", id="of the future"
        ),
        pytest.param(
            attestation(expires=date(2026, 11, 24)), "expired on 2026-11-24", id="expired"
        ),
    ],
)  # fmt: skip
def test_an_attestation_that_cannot_hold_is_refused(wrong: object, said: str) -> None:
    with pytest.raises(DiagnosticError) as refused:
        check_attestations([wrong], CONTROLS, TODAY)  # type: ignore[list-item]
    assert said in str(refused.value)


def test_an_attestation_stands_once_and_warns_before_its_end() -> None:
    with pytest.raises(DiagnosticError, match="is already attested at"):
        check_attestations([attestation(), attestation()], CONTROLS, TODAY)
    (told,) = check_attestations([attestation(expires=date(2026, 12, 1))], CONTROLS, TODAY)
    assert told.severity == "warning"
