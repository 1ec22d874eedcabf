"""Checks the attestations of an environment: what people vouch for where Azure cannot answer."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from provisioner.blueprint.waivers import Attestation
from provisioner.controls.control import Control
from provisioner.controls.waivers import NOTICE, unknown_control
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error, warning


def check_attestations(
    attestations: Sequence[Attestation], controls: Mapping[str, Control], today: date
) -> tuple[Diagnostic, ...]:
    """Return what is to be said of attestations that hold for a few days more.

    Raises DiagnosticError for those of a control that there is not or that azsec answers by
    itself, of the future, that have expired, or that stand twice.
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
            f"{entry.control} is attested until {entry.expires} by {entry.by}.",
            entry.span,
            "Look again, and attest it anew.",
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
                f"{entry.control} is attested at {first.span} already.",
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
            f"{entry.control} is answered by Azure Resource Manager: nobody can attest it.",
            entry.control_span,
            "Satisfy it, or waive it.",
        )
    if entry.on > today:
        yield error(
            "attested-in-the-future",
            f"{entry.control} is attested on {entry.on}, which is yet to come.",
            entry.span,
            "State the day on which somebody looked.",
        )
    if entry.expires < today:
        yield error(
            "attestation-expired",
            f"{entry.control} was attested until {entry.expires} by {entry.by}.",
            entry.span,
            "Look again and attest it anew, or remove it.",
        )
