"""Data of the report page: counts, sorted rows and wording of a report document.

Nothing is judged here. The template calls these functions, and escapes what they return.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from provisioner.documents.census import ClusterCensusDocument
from provisioner.documents.controls import (
    FAIL,
    ComplianceDocument,
    FindingDocument,
    RequirementDocument,
    ResultDocument,
)
from provisioner.documents.report import (
    AnswerSource,
    EnvironmentReportDocument,
    RegisterEntryDocument,
    TallyDocument,
)
from provisioner.reports.values import plain, plural, shorten, show_path
from provisioner.reports.verdict_wording import MARKS, refusals, worst_first

MOST_WORST = 8
_MOST_FINDINGS = 3
_MOST_FAILING = 20
_VALUE = 90

ENDING_WORDS: Mapping[str, tuple[str, str]] = {
    "passed": ("pass", MARKS["pass"]),
    "partial": ("partial", MARKS["partial"]),
    "failed": ("fail", MARKS[FAIL]),
    "waived": ("waived", MARKS["waived"]),
    "unknown": ("unknown", MARKS["unknown"]),
    "not_assessed": ("not assessed", MARKS["manual"]),
}
"""The word and the mark of each part of a tally."""

VERDICT_ENDINGS = {
    "pass": "passed",
    "partial": "partial",
    FAIL: "failed",
    "waived": "waived",
    "unknown": "unknown",
    "manual": "not_assessed",
    "not applicable": "not_applicable",
}
"""The part of a tally that a verdict counts for."""


def worst(entry: EnvironmentReportDocument) -> tuple[list[ResultDocument], int]:
    """Return the controls that fail, the most severe first, and how many more there are."""
    results = entry.check.results if entry.check else ()
    failing = worst_first(r for r in results if r.verdict == FAIL and not r.is_group)
    return failing[:MOST_WORST], max(0, len(failing) - MOST_WORST)


def findings(result: ResultDocument) -> tuple[list[FindingDocument], int]:
    """Return the findings that decided a result, and how many more there are."""
    verdict = "pass" if result.verdict == "partial" else result.verdict
    deciding = [seen for seen in result.findings if seen.verdict == verdict]
    most = _MOST_FAILING if verdict == FAIL else _MOST_FINDINGS
    return deciding[:most], max(0, len(deciding) - most)


def finding_place(seen: FindingDocument) -> str:
    """Return the resource and the property of a finding."""
    where = plain(seen.address or shorten(seen.id, _VALUE))
    return f"{where} · {show_path(seen.path)}" if seen.path else where


def by_chapter(
    entry: EnvironmentReportDocument,
) -> Iterator[tuple[TallyDocument, list[ResultDocument]]]:
    """Yield each chapter with its controls."""
    results = entry.check.results if entry.check else ()
    for chapter in entry.chapters:
        yield (
            chapter,
            [r for r in results if r.control.chapter == chapter.name and not r.is_group],
        )


def ending_of(entry: EnvironmentReportDocument, result: ResultDocument) -> str:
    """Return the part of a tally that a result counts for: unanswered ones are not assessed."""
    if result.verdict == "unknown" and result.control.id in entry.not_assessed:
        return "not_assessed"
    return VERDICT_ENDINGS[result.verdict]


def answered_by(entry: EnvironmentReportDocument, result: ResultDocument) -> str:
    """Return the source of a control's verdict.

    It includes the age of an observation and the expiry of an attestation.
    """
    told: list[str] = []
    for source in entry.answers.get(result.control.id, ()):
        if source is AnswerSource.CLUSTER and entry.check and entry.check.census.cluster:
            seen = entry.check.census.cluster
            told.append(
                f"observation of the cluster of {plain(seen.read_on)}{_age_in_days(entry, seen)}"
            )
        elif source is AnswerSource.ATTESTATION and result.attestation:
            attested = result.attestation
            told.append(f"attested by {plain(attested.by)} until {plain(attested.expires)}")
        elif source is AnswerSource.NOBODY:
            told.append("nobody")
        else:
            told.append(_SOURCES[source])
    return "; ".join(told)


def _age_in_days(entry: EnvironmentReportDocument, seen: ClusterCensusDocument) -> str:
    """Return how old an observation was when the report was made, in whole days."""
    if entry.posture is None:
        return ""
    made = date.fromisoformat(entry.posture.at[:10])
    days = (made - date.fromisoformat(seen.read_on)).days
    return f", {days:,} {'day' if days == 1 else 'days'} old"


_SOURCES = {
    AnswerSource.BLUEPRINT: "blueprint",
    AnswerSource.PLAN: "plan",
    AnswerSource.AZURE: "Azure",
    AnswerSource.CLUSTER: "observation of the cluster",
    AnswerSource.ATTESTATION: "attestation",
}


def requirement_sources(entry: EnvironmentReportDocument, requirement: RequirementDocument) -> str:
    """Return the sources that answered the controls of a requirement, each once."""
    results = {r.control.id: r for r in (entry.check.results if entry.check else ())}
    told = [
        words
        for control in requirement.controls
        if control in results and (words := answered_by(entry, results[control]))
    ]
    return "; ".join(dict.fromkeys(part for words in told for part in words.split("; ")))


def others(requirement: RequirementDocument, controls: Sequence[str]) -> list[str]:
    """Return the controls that answer a requirement.

    The requirement itself is listed only where no other control answers it.
    """
    named = [control for control in controls if control != requirement.id]
    return named or list(controls)


def framework_tally(document: ComplianceDocument) -> TallyDocument:
    """Return the requirements of a framework as a tally: manual ones are not assessed."""
    summary = document.summary
    counted = {ending: summary[verdict] for verdict, ending in VERDICT_ENDINGS.items()}
    return TallyDocument(
        name=document.framework,
        title=document.title,
        applicable=summary["total"] - summary["not applicable"],
        **counted,
    )


def framework_tallies(entry: EnvironmentReportDocument) -> list[TallyDocument]:
    """Return the tally of each framework."""
    return [framework_tally(document) for document in entry.frameworks]


def framework_links(entry: EnvironmentReportDocument, anchor: str) -> list[str]:
    """Return the id of each framework's details on the page."""
    return [f"{anchor}-{slug(document.framework)}" for document in entry.frameworks]


def gate_sentence(entry: EnvironmentReportDocument) -> str:
    """Return how many controls each gate of an environment refuses."""
    if entry.check is None:
        return ""
    told = [
        f"gate {said} refuses {plural(len(ids), 'control')}" for said, ids in refusals(entry.check)
    ]
    return "; ".join(told) or f"no gate refuses anything (controls: {entry.check.gate or 'none'})"


def expiry(entry: RegisterEntryDocument) -> str:
    """Return when an entry of the register ends, in days."""
    days = entry.days_left
    return {0: "today", 1: "tomorrow"}.get(days, f"in {days:,} days")


def slug(*parts: str) -> str:
    """Return an id for an element: letters, digits, dots and hyphens of some texts."""
    text = "-".join(parts)
    return "".join(c if c.isascii() and (c.isalnum() or c in "-.") else "_" for c in text)


def environment_slugs(entries: Sequence[EnvironmentReportDocument]) -> list[str]:
    """Return an id for each environment: those of the same name differ by their position."""
    return [f"e{number}-{slug(entry.name)}" for number, entry in enumerate(entries, 1)]
