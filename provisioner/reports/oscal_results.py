"""Renders a report as OSCAL assessment results.

There is an observation for each source that answered a control, a finding for each control, and a
risk for each waiver. OSCAL has only satisfied and not satisfied. An unknown verdict is not
satisfied, for the reason `other`; the verdict itself is a property. What does not apply is excluded
from the reviewed controls. `cli/report.py` calls it.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from provisioner.documents.census import CensusDocument
from provisioner.documents.controls import FindingDocument, ResultDocument
from provisioner.documents.report import (
    AnswerSource,
    EnvironmentReportDocument,
    ReportDocument,
)
from provisioner.reports.census_text import not_assessed
from provisioner.reports.oscal_parts import (
    GUIDELINES,
    Json,
    content_identifier,
    environment_key,
    identifier,
    mapping_props,
    markup,
    metadata,
    prop,
    render,
    source_of,
    token,
)
from provisioner.reports.values import plain, show_path
from provisioner.reports.verdict_wording import MARKS

_SATISFIED = {
    "pass": ("satisfied", "pass"),
    "fail": ("not-satisfied", "fail"),
    "waived": ("not-satisfied", "fail"),
    "partial": ("not-satisfied", "other"),
    "unknown": ("not-satisfied", "other"),
}
_METHODS = {AnswerSource.ATTESTATION: "INTERVIEW", AnswerSource.NOBODY: "UNKNOWN"}
_MOST_SHOWN = 200


def render_assessment_results(report: ReportDocument) -> str:
    """Return the assessment results of a report as JSON.

    There is a result for each environment that could be assessed. The others are in the remarks.
    """
    assessed = [entry for entry in report.environments if entry.check is not None]
    plan = identifier("assessment-plan")
    content: Json = {
        "metadata": metadata(report, "Security assessment by azsec"),
        "import-ap": {"href": f"#{plan}"},
        "results": [_oscal_result(entry) for entry in assessed] or [_empty_result(report)],
        "back-matter": {
            "resources": [
                {
                    "uuid": plan,
                    "title": "Assessment by azsec",
                    "description": "Every control of azsec is judged on one state of an "
                    "environment (docs/check.md). There is no assessment plan in OSCAL.",
                },
                source_of(GUIDELINES, ""),
            ]
        },
    }
    missing = [entry for entry in report.environments if entry.check is None]
    if missing:
        told = "; ".join(f"{e.name}: {' '.join(d.message for d in e.diagnostics)}" for e in missing)
        content["metadata"]["remarks"] += markup(f" Not assessed: {told}")
    return render(
        {
            "assessment-results": {
                "uuid": content_identifier("assessment-results", content),
                **content,
            }
        }
    )


def _empty_result(report: ReportDocument) -> Json:
    """Return the result of an assessment in which nothing could be assessed."""
    return {
        "uuid": identifier("result", "none"),
        "title": "Nothing was assessed",
        "description": "No environment could be assessed; the remarks of the metadata say why.",
        "start": report.generated_at,
        "reviewed-controls": {
            "control-selections": [{"description": "none", "include-all": {}}],
            "remarks": "No control was judged.",
        },
    }


def _oscal_result(entry: EnvironmentReportDocument) -> Json:
    check, environment, posture = entry.check, entry.environment, entry.posture
    if check is None or environment is None or posture is None:
        raise ValueError(f"{entry.name} was not assessed")
    key = f"{environment_key(environment)}/{entry.state}"
    judged = [r for r in check.results if not r.is_group and r.verdict != "not applicable"]
    excluded = [r for r in check.results if not r.is_group and r.verdict == "not applicable"]
    # OSCAL has no empty arrays, and requires one of the two.
    selection: Json = {"include-all": {}}
    if judged:
        selection = {"include-controls": [{"control-id": r.control.id} for r in judged]}
    if excluded:
        selection["exclude-controls"] = [{"control-id": r.control.id} for r in excluded]
        selection["remarks"] = "Excluded is what has nothing to apply to."
    observations = [o for result in judged for o in _oscal_observations(entry, result, key)]
    observations += _not_assessed(check.census, posture.at, key)
    risks = [risk for result in judged for risk in _oscal_risks(result, key)]
    made: Json = {
        "uuid": identifier("result", key),
        "title": markup(f"{entry.name}: {entry.state} state"),
        "description": markup(
            f"{posture.tally.passed} of {posture.tally.applicable} controls that apply pass"
            + ("" if posture.certain else ", of what could be read")
        ),
        "start": posture.at,
        "end": posture.at,
        "props": [
            prop("environment", entry.name),
            prop("state", entry.state),
            prop("cloud", environment.cloud),
            prop("unreadable", str(len(check.census.unreadable))),
            prop("not-covered", str(len(check.census.not_covered))),
        ],
        "reviewed-controls": {"control-selections": [selection]},
    }
    if observations:
        made["observations"] = observations
    if judged:
        made["findings"] = [_oscal_finding(entry, result, key) for result in judged]
    items = _inventory_items(judged, key)
    if items:
        made["local-definitions"] = {"inventory-items": items}
    if risks:
        made["risks"] = risks
    return made


def _not_assessed(census: CensusDocument, at: str, key: str) -> Iterator[Json]:
    """Yield an observation of what was not assessed; nothing where all was."""
    lines = [markup(f"{what}: {reason}") for what, reason in not_assessed(census)]
    if lines:
        yield {
            "uuid": identifier("observation", key, "not-assessed"),
            "title": "Not assessed",
            "description": "\n\n".join(lines),
            "methods": ["UNKNOWN"],
            "collected": at,
        }


def _inventory_items(results: Sequence[ResultDocument], key: str) -> list[Json]:
    seen = {f.id.lower(): f for result in results for f in result.findings}
    return [
        {
            "uuid": identifier("resource", key, low),
            "description": markup(found.address or found.id),
            "props": [prop("asset-id", found.id), prop("asset-type", found.type)],
        }
        for low, found in sorted(seen.items())
    ]


def _oscal_observations(
    entry: EnvironmentReportDocument, result: ResultDocument, key: str
) -> Iterator[Json]:
    """Yield an observation for each source that answered a control, with its evidence."""
    for source in entry.answers.get(result.control.id, ()):
        shown = [f for f in result.findings if _is_from(f, source, entry)]
        observation: Json = {
            "uuid": _observation_id(result, source, key),
            "title": markup(f"{result.control.id} by {source.value}"),
            "description": _observation_text(result, source, shown),
            "methods": [_METHODS.get(source, "TEST")],
            "types": ["control-objective"],
            "collected": _collection_time(entry, result, source),
        }
        if source is AnswerSource.ATTESTATION and result.attestation:
            observation["expires"] = f"{result.attestation.expires}T23:59:59Z"
        subjects = dict.fromkeys(f.id.lower() for f in shown)
        if subjects:
            observation["subjects"] = [
                {"subject-uuid": identifier("resource", key, low), "type": "inventory-item"}
                for low in subjects
            ]
        yield observation


def _is_from(seen: FindingDocument, source: AnswerSource, entry: EnvironmentReportDocument) -> bool:
    if source is AnswerSource.ATTESTATION:
        return False
    is_observed = entry.check is not None and entry.check.census.cluster is not None
    in_cluster = is_observed and "kubernetes." in f"{seen.address or ''} {seen.path}"
    return in_cluster == (source is AnswerSource.CLUSTER)


def _observation_id(result: ResultDocument, source: AnswerSource, key: str) -> str:
    return identifier("observation", key, result.control.id, source.value)


def _collection_time(
    entry: EnvironmentReportDocument, result: ResultDocument, source: AnswerSource
) -> str:
    """Return when evidence was collected, which may be before the report."""
    if source is AnswerSource.ATTESTATION and result.attestation:
        return f"{result.attestation.on}T00:00:00Z"
    if source is AnswerSource.CLUSTER and entry.check and entry.check.census.cluster:
        return f"{entry.check.census.cluster.read_on}T00:00:00Z"
    return entry.posture.at if entry.posture else ""


def _observation_text(
    result: ResultDocument, source: AnswerSource, shown: Sequence[FindingDocument]
) -> str:
    if source is AnswerSource.ATTESTATION and result.attestation:
        attested = result.attestation
        return markup(f"Attested by {attested.by}: {attested.evidence or 'no evidence is named'}")
    lines = [
        markup(f"{f.verdict}: {f.address or f.id} {show_path(f.path)}: {f.evidence}")
        for f in shown[:_MOST_SHOWN]
    ]
    if len(shown) > _MOST_SHOWN:
        lines.append(f"and {len(shown) - _MOST_SHOWN:,} more")
    return "\n\n".join(lines) or markup(result.why or result.control.title)


def _oscal_finding(entry: EnvironmentReportDocument, result: ResultDocument, key: str) -> Json:
    control = result.control
    state, reason = _SATISFIED[result.verdict]
    sources = entry.answers.get(control.id, ())
    made: dict[str, Any] = {
        "uuid": identifier("finding", key, control.id),
        "title": markup(f"{control.id} {control.title}"),
        "description": markup(control.rationale or control.title),
        "props": [
            prop("verdict", result.verdict),
            prop("severity", control.severity),
            prop("layer", control.layer),
            *mapping_props(control),
        ],
        "target": {
            "type": "objective-id",
            "target-id": token(control.id),
            "status": {
                "state": state,
                "reason": reason,
                "remarks": f"{MARKS[result.verdict]} {plain(result.verdict)}",
            },
        },
    }
    if sources:
        made["related-observations"] = [
            {"observation-uuid": _observation_id(result, source, key)} for source in sources
        ]
    risks = list(_oscal_risks(result, key))
    if risks:
        made["related-risks"] = [{"risk-uuid": risk["uuid"]} for risk in risks]
    if result.outstanding:
        made["remarks"] = markup(f"To be shown: {result.outstanding}")
    return made


def _oscal_risks(result: ResultDocument, key: str) -> Iterator[Json]:
    """Yield a risk for each waiver of a control: accepted by its owner until its last day."""
    waivers = {f.waiver for f in result.findings if f.waiver is not None}
    for waiver in sorted(waivers, key=lambda each: (each.scope, each.expires, each.reason)):
        yield {
            "uuid": identifier(
                "risk",
                key,
                result.control.id,
                waiver.scope,
                waiver.owner,
                waiver.expires,
                waiver.reason,
            ),
            "title": markup(f"{result.control.id} is waived for {waiver.scope}"),
            "description": markup(waiver.reason),
            "statement": markup(f"Accepted by {waiver.owner} until {waiver.expires}."),
            "status": "deviation-approved",
            "deadline": f"{waiver.expires}T23:59:59Z",
        }
