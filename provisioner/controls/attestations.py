"""Attestations of an environment: what people attest where Azure cannot answer, and its checks.

Called by `workflow.security_evaluation`.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from provisioner.blueprint.waivers import Attestation
from provisioner.controls.control import Control
from provisioner.controls.waivers import NOTICE, unknown_control
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error, warning


def check_attestations(
    attestations: Sequence[Attestation], controls: Mapping[str, Control], today: date
) -> tuple[Diagnostic, ...]:
    """Return the diagnostics on attestations that expire in a few days.

    Raises:
        DiagnosticError: Where attestations are of a control that there is not or that azsec answers
            by itself, are of the future, have expired, or are stated twice.
    """
    wrong = [
        *_repeated(attestations),
        *(seen for entry in attestations for seen in _wrong_with(entry, controls, today)),
    ]
    if wrong:
        raise DiagnosticError(*wrong)
    return tuple(
        warning(
            "attestation-expires",
            f"The attestation of {entry.control} by {entry.by} expires on {entry.expires}.",
            entry.span,
            "Verify the control again and renew the attestation.",
        )
        for entry in attestations
        if entry.expires - today <= NOTICE
    )


def _repeated(attestations: Sequence[Attestation]) -> Iterator[Diagnostic]:
    seen: dict[str, Attestation] = {}
    for entry in attestations:
        first = seen.setdefault(entry.control, entry)
        if first is not entry:
            yield error(
                "attested-twice",
                f"{entry.control} is already attested at {first.span}.",
                entry.span,
                "Remove one of them.",
            )


def _wrong_with(
    entry: Attestation, controls: Mapping[str, Control], today: date
) -> Iterator[Diagnostic]:
    control = controls.get(entry.control)
    if control is None:
        yield unknown_control(entry.control, controls, entry.control_span)
    elif not control.evidence:
        yield error(
            "nothing-to-attest",
            f"{entry.control} is evaluated from Azure Resource Manager and cannot be attested.",
            entry.control_span,
            "Fix the findings, or add a waiver.",
        )
    if entry.on > today:
        yield error(
            "attested-in-the-future",
            f"the attestation of {entry.control} is dated {entry.on}, which is in the future.",
            entry.span,
            "State the date of the verification.",
        )
    if entry.expires < today:
        yield error(
            "attestation-expired",
            f"the attestation of {entry.control} by {entry.by} expired on {entry.expires}.",
            entry.span,
            "Verify the control again and renew the attestation, or remove it.",
        )
