"""Renders a report as OCSF compliance findings (class 2003), for a SIEM.

There is one for each finding of a control, or for the control where it has none. OCSF 1.5.0, which
collectors read today: https://schema.ocsf.io/1.5.0/classes/compliance_finding. An unknown verdict
is `Unknown`, a partial pass a `Warning`; a waived failure is a suppressed finding. What does not
apply is left out. What was not assessed is an `Unknown` finding of its own, one for each
environment. `cli/report.py` calls it.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from provisioner.documents.controls import ControlDocument, FindingDocument, ResultDocument
from provisioner.documents.report import EnvironmentReportDocument, ReportDocument
from provisioner.model.resource_id import parse_resource_id
from provisioner.reports.census_text import census_sentence, not_assessed
from provisioner.reports.oscal_parts import environment_key, identifier
from provisioner.reports.report_view import answered_by
from provisioner.reports.values import plain, show_path

OCSF_VERSION = "1.5.0"
_CLASS, _CATEGORY, _CREATE = 2003, 2, 1
_SEVERITIES = {"info": 1, "low": 2, "medium": 3, "high": 4, "critical": 5}
_NEW, _SUPPRESSED, _RESOLVED = (1, "New"), (3, "Suppressed"), (4, "Resolved")
_COMPLIANCE = {
    "pass": (1, "Pass"),
    "partial": (2, "Warning"),
    "fail": (3, "Fail"),
    "waived": (3, "Fail"),
    "unknown": (0, "Unknown"),
}

_GUIDELINES = "Guidelines for Securing Kubernetes on Azure"


def render_ocsf_findings(report: ReportDocument) -> str:
    """Return the findings of a report as a JSON array.

    An environment that could not be assessed has none: the exit code of the command reports it.
    """
    events = [event for entry in report.environments for event in _environment_events(entry)]
    return json.dumps(events, indent=2, ensure_ascii=True) + "\n"


def _environment_events(entry: EnvironmentReportDocument) -> Iterator[dict[str, Any]]:
    for result in entry.check.results if entry.check else ():
        if result.is_group or result.verdict == "not applicable":
            continue
        seen = [f for f in result.findings if f.verdict != "not applicable"]
        yield from (_finding_event(entry, result, finding) for finding in seen)
        if not seen:
            yield _finding_event(entry, result, None)
    yield from _not_assessed(entry)


def _not_assessed(entry: EnvironmentReportDocument) -> Iterator[dict[str, Any]]:
    """Yield the finding for what was not assessed of an environment; nothing where all was."""
    check, environment, posture = entry.check, entry.environment, entry.posture
    if check is None or environment is None or posture is None:
        return
    told = [f"{what}: {reason}" for what, reason in not_assessed(check.census)]
    if told:
        key = f"{environment_key(environment)}/{entry.state}"
        yield {
            **_shared_attributes(entry, posture.at, "info", _NEW),
            "message": plain(f"Not assessed: {'; '.join(told)}"),
            "cloud": _cloud_attributes(entry, None),
            "finding_info": {
                "uid": identifier("ocsf", key, "not-assessed"),
                "title": "Not assessed",
                "desc": "What azsec did not look at, could not read, or has no facts of.",
                "types": ["Scope of the assessment"],
            },
            "compliance": {
                "control": "not assessed",
                "status_id": 0,
                "status": "Unknown",
                "status_detail": census_sentence(check.census),
                "standards": [_GUIDELINES],
                "requirements": [],
            },
        }


def _shared_attributes(
    entry: EnvironmentReportDocument, at: str, severity: str, state: tuple[int, str]
) -> dict[str, Any]:
    """Return the attributes that all findings of an environment share."""
    return {
        "activity_id": _CREATE,
        "activity_name": "Create",
        "category_uid": _CATEGORY,
        "category_name": "Findings",
        "class_uid": _CLASS,
        "class_name": "Compliance Finding",
        "type_uid": _CLASS * 100 + _CREATE,
        "type_name": "Compliance Finding: Create",
        "time": _to_milliseconds(at),
        "severity_id": _SEVERITIES[severity],
        "severity": "Informational" if severity == "info" else severity.title(),
        "status_id": state[0],
        "status": state[1],
        "metadata": {
            "version": OCSF_VERSION,
            "product": {"name": "azsec", "vendor_name": "azsec"},
            "profiles": ["cloud"],
        },
        "unmapped": {"environment": plain(entry.name), "state": entry.state},
    }


def _finding_event(
    entry: EnvironmentReportDocument, result: ResultDocument, seen: FindingDocument | None
) -> dict[str, Any]:
    environment, posture = entry.environment, entry.posture
    if environment is None or posture is None:
        raise ValueError(f"{entry.name} was not assessed")
    control = result.control
    verdict = _finding_verdict(result, seen)
    status_id, status = _COMPLIANCE[verdict]
    state = {"waived": _SUPPRESSED, "pass": _RESOLVED}.get(verdict, _NEW)
    key = f"{environment_key(environment)}/{entry.state}"
    names = (seen.id.lower(), seen.path) if seen else ()
    told = f"{show_path(seen.path)}: {seen.evidence}" if seen and seen.path else ""
    told = told or (seen.evidence if seen else result.why) or control.title
    event: dict[str, Any] = {
        **_shared_attributes(entry, posture.at, control.severity, state),
        "message": plain(f"{control.id} {verdict}: {told}"),
        "cloud": _cloud_attributes(entry, seen),
        "finding_info": {
            "uid": identifier("ocsf", key, control.id, *names),
            "title": plain(control.title),
            "desc": plain(control.rationale),
            "types": [control.chapter_title],
        },
        "compliance": {
            "control": control.id,
            "status_id": status_id,
            "status": status,
            "status_detail": plain(f"{verdict}; answered by {answered_by(entry, result)}"),
            "standards": [_origin_of(control), *_standards_of(result)],
            "requirements": [control.item or control.title, *_requirements_of(result)],
        },
        "remediation": {"desc": control.source or f"azsec controls show {control.id}"},
    }
    if seen is not None:
        event["resources"] = [_resource_attributes(seen)]
        if seen.waiver is not None:
            waiver = seen.waiver
            event["comment"] = plain(
                f"Waived by {waiver.owner} until {waiver.expires}: {waiver.reason}"
            )
    return event


def _origin_of(control: ControlDocument) -> str:
    """Return the source of a control: the guidelines, or a repository's own rules."""
    return (
        control.chapter_title if control.source else "Guidelines for Securing Kubernetes on Azure"
    )


def _finding_verdict(result: ResultDocument, seen: FindingDocument | None) -> str:
    """Return the verdict of one finding.

    A passing finding is a partial pass where a part of its control is still to be attested.
    """
    if seen is None:
        return result.verdict
    return "partial" if seen.verdict == "pass" and result.verdict == "partial" else seen.verdict


def _to_milliseconds(moment: str) -> int:
    return round(datetime.fromisoformat(moment).timestamp() * 1000)


def _cloud_attributes(
    entry: EnvironmentReportDocument, seen: FindingDocument | None
) -> dict[str, Any]:
    named = parse_resource_id(seen.id) if seen else None
    cloud: dict[str, Any] = {"provider": "Azure"}
    if entry.environment is not None:
        cloud["org"] = {"uid": entry.environment.tenant_id}
    if named is not None and named.subscription:
        cloud["account"] = {"uid": named.subscription, "type": "Azure Account"}
    return cloud


def _resource_attributes(seen: FindingDocument) -> dict[str, Any]:
    return {"uid": seen.id, "name": plain(seen.address or seen.id), "type": seen.type}


def _standards_of(result: ResultDocument) -> list[str]:
    mapped = result.control.mappings
    return [
        name
        for name, values in (
            ("CIS AKS 1.8", mapped.cis),
            ("Azure Policy", mapped.policies),
            ("checkov", mapped.checkov),
            ("PSRule for Azure", mapped.psrule),
        )
        if values
    ]


def _requirements_of(result: ResultDocument) -> tuple[str, ...]:
    mapped = result.control.mappings
    cis = tuple(f"CIS AKS 1.8: {number}" for number in mapped.cis)
    return (*cis, *mapped.policies, *mapped.checkov, *mapped.psrule)
