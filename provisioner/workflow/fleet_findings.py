"""Findings of one environment's document, in words that are equal across environments.

Called by the worker of a fleet (`cli.fleet_worker`).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from provisioner.controls.evaluation import UnknownReason
from provisioner.documents.controls import FAIL, CheckDocument, ComplianceDocument
from provisioner.documents.drift import DriftDocument
from provisioner.documents.fleet import FleetAnswer, FleetFindingDocument
from provisioner.documents.plan import Action, FieldChangeDocument, PlanDocument
from provisioner.documents.proof import FAILS
from provisioner.documents.trace import StateKind
from provisioner.model.diagnostic import Severity

_LONGEST_VALUE = 60

_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict of a document: the answer, the counts, and the findings."""

    answer: FleetAnswer
    summary: Mapping[str, int]
    findings: tuple[FleetFindingDocument, ...]


def read_verdict(
    document: DriftDocument | PlanDocument | CheckDocument | ComplianceDocument,
) -> Verdict:
    """Return the verdict of a document.

    One with findings is FINDINGS whether or not all was read; one without is CLEAN only where all
    of its scope was read, else UNCERTAIN.
    """
    if isinstance(document, DriftDocument):
        return _drift_verdict(document)
    if isinstance(document, PlanDocument):
        return _plan_verdict(document)
    if isinstance(document, CheckDocument):
        return _check_verdict(document)
    return _compliance_verdict(document)


def read_adoption(document: PlanDocument) -> Verdict:
    """Return how far an environment is adopted, by the plan of its files.

    It counts what is marked and what an apply would still adopt.
    """
    left = (
        _finding(f"to adopt: {change.type}", change.address)
        for change in document.changes
        if change.action is Action.ADOPT
    )
    summary = document.summary
    marked = summary.unchanged + summary.update + summary.replace
    return _verdict(
        left,
        is_certain=not _has_error(document) and not _has_unreadable(document),
        marked=marked,
        to_adopt=summary.adopt,
        missing=summary.create,
        blocked=summary.blocked,
    )


def _verdict(
    findings: Iterator[FleetFindingDocument], *, is_certain: bool, **summary: int
) -> Verdict:
    found = tuple(findings)
    clean = FleetAnswer.CLEAN if is_certain else FleetAnswer.UNCERTAIN
    return Verdict(FleetAnswer.FINDINGS if found else clean, summary, found)


def _finding(
    what: str, address: str | None = None, writers: tuple[str, ...] = ()
) -> FleetFindingDocument:
    return FleetFindingDocument(what=what, address=address, writers=writers)


def _writers_of(document: DriftDocument, resource: str) -> tuple[str, ...]:
    """Return the principals that wrote a resource, by the logs, each once."""
    attribution = document.attributions.get(resource)
    writers = attribution.writers if attribution is not None else ()
    return tuple(dict.fromkeys(one.actor for one in writers if one.actor))


def _drift_verdict(document: DriftDocument) -> Verdict:
    return _verdict(
        _drift_findings(document),
        is_certain=document.is_certain,
        in_sync=document.in_sync,
        drifted=len(document.drifted),
        additions=len(document.additions),
        unreadable=len(document.census.unreadable),
    )


def _drift_findings(document: DriftDocument) -> Iterator[FleetFindingDocument]:
    yield from _changed_findings(document)
    for addition in document.additions:
        what = f" {addition.role}" if addition.role else ""
        writers = _writers_of(document, addition.id)
        yield _finding(f"added: {addition.type}{what} ({addition.adds})", addition.address, writers)
    if document.strict_tags:
        for tag in document.tags:
            yield _finding(f"undeclared tag: {tag.path}", tag.address)
    yield from _judged_findings(document)


def _changed_findings(document: DriftDocument) -> Iterator[FleetFindingDocument]:
    for entry in document.drifted:
        what, writers = f"{entry.kind}: {entry.type}", _writers_of(document, entry.id)
        if not entry.fields:
            yield _finding(what, entry.address, writers)
        for field in entry.fields:
            yield _finding(f"{what} {_describe_field(field)}", entry.address, writers)
    for undeclared in document.undeclared:
        if undeclared.drifted:
            yield _finding(
                f"undeclared: {undeclared.type} {_describe_field(undeclared.field)}",
                undeclared.address,
                _writers_of(document, undeclared.id),
            )


def _judged_findings(document: DriftDocument) -> Iterator[FleetFindingDocument]:
    for turn in document.security.refused:
        yield _finding(f"control {turn.control} fails: {turn.title}", turn.address)
    for proof in document.proofs:
        if proof.verdict == FAILS:
            yield _finding(f"proof {proof.control} fails: {proof.name}")
    cluster = document.cluster
    if cluster is not None:
        for each in (*cluster.drifted, *cluster.additions):
            yield _finding(f"in the cluster: {each}")


def _describe_field(field: FieldChangeDocument) -> str:
    # Findings are grouped by their text across environments, so that a value would leak into the
    # census of a fleet.
    if field.sensitive:
        return f"{field.path} (sensitive)"
    before, after = _value_text(field.before), _value_text(field.after)
    return f"{field.path}: {before} -> {after}"


def _value_text(value: object) -> str:
    if value is None:
        return "none"
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def _plan_verdict(document: PlanDocument) -> Verdict:
    summary = document.summary
    return _verdict(
        _plan_findings(document),
        is_certain=not _has_error(document) and not _has_unreadable(document),
        create=summary.create,
        update=summary.update,
        adopt=summary.adopt,
        replace=summary.replace,
        delete=summary.delete,
        blocked=summary.blocked,
        unchanged=summary.unchanged,
    )


def _plan_findings(document: PlanDocument) -> Iterator[FleetFindingDocument]:
    for change in document.changes:
        if change.action is not Action.NO_OP:
            yield _finding(f"{change.action}: {change.type}", change.address)
    for gate in document.gates:
        yield _finding(f"gate: {gate.gate}")
    for diagnostic in document.diagnostics:
        if diagnostic.severity is Severity.ERROR:
            yield _finding(f"error: {diagnostic.code}")


def _has_error(document: PlanDocument) -> bool:
    return any(diagnostic.severity is Severity.ERROR for diagnostic in document.diagnostics)


def _has_unreadable(document: PlanDocument) -> bool:
    return document.census is not None and bool(document.census.unreadable)


def _check_verdict(document: CheckDocument) -> Verdict:
    failing = (
        _finding(f"control {result.control.id} fails: {result.control.title}", finding.address)
        for result in document.results
        if result.verdict == FAIL
        for finding in result.findings
        if finding.verdict == FAIL and finding.waiver is None
    )
    return _verdict(failing, is_certain=_is_read_as_asked(document), **document.summary)


def _is_read_as_asked(document: CheckDocument) -> bool:
    """Return whether a check read all that it looks at.

    What it does not look at leaves controls unknown that no repetition answers.
    """
    outside = {*_ANSWERED_ELSEWHERE}
    if document.state == StateKind.DESIRED:
        outside.add(UnknownReason.AZURE_ALONE)
    unknown = {each.reason for each in document.census.unknown}
    return not document.census.unreadable and unknown <= outside


_ANSWERED_ELSEWHERE = (
    UnknownReason.CLUSTER,
    UnknownReason.DIRECTORY,
    UnknownReason.LOGS,
    UnknownReason.PERSON,
)


def _compliance_verdict(document: ComplianceDocument) -> Verdict:
    failing = (
        _finding(f"{document.framework} {each.id} fails: {each.title}")
        for each in document.requirements
        if each.verdict == FAIL
    )
    is_certain = not document.summary.get(_UNKNOWN, 0) and not document.census.unreadable
    return _verdict(failing, is_certain=is_certain, **document.summary)
