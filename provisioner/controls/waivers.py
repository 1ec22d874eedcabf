"""Checks the waivers of an environment: failures that it accepts, for a reason and for a time."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta

from provisioner.blueprint.waivers import Waiver
from provisioner.controls.control import Control
from provisioner.controls.verdict import Finding, Verdict
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error, nearest, warning
from provisioner.model.span import Span

NOTICE = timedelta(days=14)
"""How long before the end of a waiver or an attestation it is warned of."""


def covers(waiver: Waiver, seen: Finding) -> bool:
    """Tell whether a finding is one that a waiver accepts."""
    address = seen.resource.address
    return seen.control == waiver.control and address is not None and waiver.holds(address)


def check_waivers(
    waivers: Sequence[Waiver],
    controls: Mapping[str, Control],
    addresses: Collection[str],
    today: date,
) -> tuple[Diagnostic, ...]:
    """Return what is to be said of waivers that hold for a few days more.

    Raises DiagnosticError for those of a control that there is not (or that only its parts
    answer), that have expired, that stand twice, or whose scope matches nothing.
    """
    wrong = [
        *_repeated(waivers),
        *(seen for waiver in waivers for seen in _wrong_with(waiver, controls, addresses, today)),
    ]
    if wrong:
        raise DiagnosticError(*wrong)
    return tuple(
        warning(
            "waiver-expires",
            f"{waiver.control} is waived for {waiver.scope} until {waiver.expires} by "
            f"{waiver.owner} ({waiver.reason}).",
            waiver.span,
            "Renew it, or satisfy the control.",
        )
        for waiver in waivers
        if waiver.expires - today <= NOTICE
    )


def check_used(waivers: Iterable[Waiver], found: Collection[Finding]) -> tuple[Diagnostic, ...]:
    """Return an error for each waiver that waives nothing among some findings."""
    waived = [seen for seen in found if seen.verdict is Verdict.WAIVED]
    return tuple(
        error(
            "waiver-unused",
            f"{waiver.control} does not fail in {waiver.scope}: the waiver until "
            f"{waiver.expires} waives nothing.",
            waiver.span,
            "Remove it.",
        )
        for waiver in waivers
        if not any(covers(waiver, seen) for seen in waived)
    )


def unknown_control(name: str, controls: Collection[str], span: Span) -> Diagnostic:
    """Return the error that there is no control of a name, with the nearest one."""
    message = f"there is no control {name!r}."
    return error("unknown-control", message, span, nearest(name, [*controls]))


def _repeated(waivers: Iterable[Waiver]) -> Iterator[Diagnostic]:
    seen: dict[tuple[str, str], Waiver] = {}
    for waiver in waivers:
        first = seen.setdefault((waiver.control, waiver.scope), waiver)
        if first is not waiver:
            yield error(
                "waived-twice",
                f"{waiver.control} is waived for {waiver.scope} at {first.span} already.",
                waiver.span,
                "Remove one of them.",
            )


def _wrong_with(
    waiver: Waiver, controls: Mapping[str, Control], addresses: Collection[str], today: date
) -> Iterator[Diagnostic]:
    control = controls.get(waiver.control)
    if control is None:
        yield unknown_control(waiver.control, controls, waiver.control_span)
    elif not control.has_findings:
        parts = [part.id for part in control.parts_in(controls.values())]
        hint = f"Name the parts that fail, of {', '.join(parts)}." if parts else "Attest it."
        yield error(
            "nothing-to-waive",
            f"{waiver.control} finds nothing by itself, so there is nothing to waive.",
            waiver.control_span,
            hint,
        )
    if waiver.expires < today:
        yield error(
            "waiver-expired",
            f"{waiver.control} was waived for {waiver.scope} until {waiver.expires}.",
            waiver.span,
            f"Ask {waiver.owner}: renew it, or remove it and satisfy the control.",
        )
    if not any(waiver.holds(address) for address in addresses):
        yield error(
            "unknown-scope",
            f"there is no resource at {waiver.scope!r}.",
            waiver.scope_span,
            nearest(waiver.scope, sorted(addresses)),
        )
