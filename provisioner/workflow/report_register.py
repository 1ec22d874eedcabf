"""The register of what expires: waivers, attestations and accepted additions.

Called by `workflow.report`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from provisioner.controls.waivers import NOTICE
from provisioner.documents.controls import CheckDocument
from provisioner.documents.drift import DriftDocument
from provisioner.documents.report import RegisterEntryDocument, RegisterKind


@dataclass(frozen=True, slots=True)
class _Ending:
    """The last day of an entry, and the days left until it."""

    day: str
    days_left: int
    is_soon: bool


def list_register(
    check: CheckDocument, drift: DriftDocument | None, today: date
) -> tuple[RegisterEntryDocument, ...]:
    """Return the register of an environment, the next to expire first.

    Accepted additions are known only where drift was checked.
    """
    found = [
        *_waiver_entries(check, today),
        *_attestation_entries(check, today),
        *(_accepted_entries(drift, today) if drift is not None else ()),
    ]
    return tuple(sorted(found, key=lambda entry: (entry.days_left, entry.subject, entry.scope)))


def _waiver_entries(check: CheckDocument, today: date) -> Iterator[RegisterEntryDocument]:
    for waiver in check.waivers:
        ending = _find_ending(waiver.expires, today)
        yield RegisterEntryDocument(
            kind=RegisterKind.WAIVER,
            subject=waiver.control,
            scope=waiver.scope,
            reason=waiver.reason,
            owner=waiver.owner,
            expires=ending.day,
            days_left=ending.days_left,
            expires_soon=ending.is_soon,
            place=waiver.place,
        )


def _attestation_entries(check: CheckDocument, today: date) -> Iterator[RegisterEntryDocument]:
    for result in check.results:
        attested = result.attestation
        if attested is not None:
            ending = _find_ending(attested.expires, today)
            yield RegisterEntryDocument(
                kind=RegisterKind.ATTESTATION,
                subject=attested.control,
                reason=attested.evidence or "no evidence is named",
                owner=attested.by,
                since=attested.on,
                expires=ending.day,
                days_left=ending.days_left,
                expires_soon=ending.is_soon,
            )


def _accepted_entries(drift: DriftDocument, today: date) -> Iterator[RegisterEntryDocument]:
    for entry in drift.accepted:
        ending = _find_ending(entry.expires, today)
        yield RegisterEntryDocument(
            kind=RegisterKind.ACCEPTED,
            subject=entry.addition.id,
            scope=entry.addition.address or entry.addition.on,
            reason=entry.reason,
            owner=entry.owner,
            expires=ending.day,
            days_left=ending.days_left,
            expires_soon=ending.is_soon,
            place=entry.place,
        )


def _find_ending(expires: str, today: date) -> _Ending:
    left = date.fromisoformat(expires) - today
    return _Ending(expires, left.days, left <= NOTICE)
