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
    errors = [
        *_find_repeated(attestations),
        *(seen for entry in attestations for seen in _find_errors(entry, controls, today)),
    ]
    if errors:
        raise DiagnosticError(*errors)
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


def _find_repeated(attestations: Sequence[Attestation]) -> Iterator[Diagnostic]:
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


def _find_errors(
    entry: Attestation, controls: Mapping[str, Control], today: date
) -> Iterator[Diagnostic]:
    control = controls.get(entry.control)
    if control is None:
        yield unknown_control(entry.control, controls, entry.control_span)
    # Nobody can attest against what Azure shows; accepting a failure is what a waiver is for.
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
