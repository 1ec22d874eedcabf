"""A small catalog of controls for tests of how they are judged, apart from the real ones."""

from datetime import date

from provisioner.blueprint.waivers import Attestation, Waiver
from provisioner.controls.control import Control, Layer, Mode, Severity
from provisioner.controls.predicates import equals
from provisioner.controls.resource_types import VAULT
from provisioner.controls.rule import expect
from provisioner.model.span import Span

HERE = Span("environments/prod.yaml", 20, 5)
TODAY = date(2026, 11, 25)


def control(
    name: str,
    path: str = "properties.publicNetworkAccess",
    wanted: object = "Disabled",
    *,
    severity: Severity = Severity.HIGH,
    modes: tuple[Mode, ...] = (Mode.ARM,),
    evidence: str = "",
) -> Control:
    return Control(
        id=name,
        title="A vault is closed",
        severity=severity,
        layer=Layer.NETWORK,
        item="Vaults",
        rationale="What is open is found.",
        modes=modes,
        rules=(expect(VAULT, path, equals(wanted)),) if Mode.ARM in modes else (),
        evidence=evidence,
    )


def waiver(
    name: str = "WRK-05.1", scope: str = "vault", expires: date = date(2027, 3, 31)
) -> Waiver:
    return Waiver(
        control=name,
        scope=scope,
        reason="the old build agents push from outside",
        owner="platform@contoso.example",
        expires=expires,
        span=HERE,
        control_span=HERE,
        scope_span=HERE,
    )


def attestation(
    name: str = "CLU-07",
    *,
    on: date = date(2026, 11, 2),
    expires: date = date(2027, 3, 31),
) -> Attestation:
    return Attestation(
        control=name,
        by="auditor@contoso.example",
        on=on,
        expires=expires,
        evidence="report 4711",
        span=HERE,
        control_span=HERE,
    )
