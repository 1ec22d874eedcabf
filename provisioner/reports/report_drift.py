"""Drift section of the HTML report: every departure from the blueprint, and who caused it.

`report_html` calls it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from provisioner.documents.drift import DriftDocument, DriftKind
from provisioner.documents.plan import FieldChangeDocument
from provisioner.documents.proof import FAILS
from provisioner.documents.report import EnvironmentReportDocument
from provisioner.reports.additions_text import addition_label, describe_addition
from provisioner.reports.attribution_wording import attribution_sentences
from provisioner.reports.census_text import census_sentence
from provisioner.reports.values import plain, shorten, show_value
from provisioner.reports.wording import ORPHANED, UNMARKED, parts_of

_VALUE = 90
"""The longest value that the page shows in full."""


@dataclass(frozen=True, slots=True)
class Change:
    """One property that drifted: declared, and in Azure."""

    path: str
    before: str
    after: str
    security: bool


@dataclass(frozen=True, slots=True)
class DriftRow:
    """One departure from the blueprint: resource, change, properties, and who caused it."""

    label: str
    how: str
    changes: tuple[Change, ...] = ()
    who: tuple[str, ...] = ()


def departures(document: DriftDocument) -> Iterator[DriftRow]:
    """Yield what is not as declared and makes a drift check fail.

    They are changed resources, additions, values and tags that the blueprint does not declare, and
    objects in the cluster.
    """
    yield from _resource_rows(document)
    yield from _addition_rows(document)
    yield from _undeclared_rows(document)
    yield from _object_rows(document)


def broken(document: DriftDocument) -> tuple[str, ...]:
    """Return the ids of the controls that drift breaks and that make a drift check fail.

    Network proofs are among them.
    """
    turned = (turn.control for turn in document.security.refused)
    proofs = (proof.control for proof in document.proofs if proof.verdict == FAILS)
    return tuple(dict.fromkeys((*turned, *proofs)))


def _resource_rows(document: DriftDocument) -> Iterator[DriftRow]:
    for drifted in document.drifted:
        how = _KINDS[drifted.kind] + (f": {plain(drifted.reason)}" if drifted.reason else "")
        changes = tuple(change for field in drifted.fields for change in _field_changes(field))
        yield DriftRow(plain(drifted.address), how, changes, _attribution_of(document, drifted.id))


def _addition_rows(document: DriftDocument) -> Iterator[DriftRow]:
    for addition in document.additions:
        how = f"added: {describe_addition(addition)}"
        yield DriftRow(addition_label(addition), how, (), _attribution_of(document, addition.id))


def _undeclared_rows(document: DriftDocument) -> Iterator[DriftRow]:
    for entry in document.undeclared:
        if entry.drifted:
            changes = tuple(_field_changes(entry.field))
            how = "changed where the blueprint is silent"
            yield DriftRow(plain(entry.address), how, changes, _attribution_of(document, entry.id))
    for tag in document.tags if document.strict_tags else ():
        yield DriftRow(plain(tag.address), f"undeclared tag {plain(tag.path)}")


def _object_rows(document: DriftDocument) -> Iterator[DriftRow]:
    cluster = document.cluster
    for address in cluster.drifted if cluster else ():
        yield DriftRow(plain(address), "object in the cluster: changed")
    for address in cluster.additions if cluster else ():
        yield DriftRow(plain(address), "object in the cluster: added")


_KINDS = {
    DriftKind.CHANGED: "changed",
    DriftKind.MISSING: "missing: declared, and not in Azure",
    DriftKind.UNMARKED: UNMARKED,
    DriftKind.ORPHANED: ORPHANED,
}


def _field_changes(field: FieldChangeDocument) -> Iterator[Change]:
    for part in parts_of(field):
        before = "" if part.before is None else shorten(show_value(part.before), _VALUE)
        after = "" if part.after is None else shorten(show_value(part.after), _VALUE)
        yield Change(part.path, before, after, field.security)


def _attribution_of(document: DriftDocument, resource: str) -> tuple[str, ...]:
    attribution = document.attributions.get(resource)
    return tuple(attribution_sentences(attribution)) if attribution else ("not looked up",)


def drift_messages(entry: EnvironmentReportDocument) -> Iterator[str]:
    """Yield the diagnostics of a drift check, without those on the environment's files."""
    for told in entry.drift.diagnostics if entry.drift else ():
        if told not in entry.diagnostics:
            yield f"{told.message} {told.hint or ''}".strip()


def drift_scope(document: DriftDocument) -> str:
    """Return the scope of a drift check; the controls that it leaves open are listed elsewhere."""
    return census_sentence(document.census.model_copy(update={"unknown": ()}))
