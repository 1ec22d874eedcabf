"""Renders checks as SARIF 2.1.0 for code scanning: failing controls, at their blueprint line.

A waived control is a suppressed result, with the reason. GitHub takes the severity from
`security-severity` (0 to 10) and requires a location of every result, so a finding without a place
in the blueprint is reported at its first line. What could not be read is a notification of the run.
`cli/ci.py` and `cli/output.py` call it.
"""

import hashlib
import json
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from provisioner.documents.controls import (
    FAIL,
    CheckDocument,
    ControlDocument,
    FindingDocument,
    ResultDocument,
    WaiverDocument,
)
from provisioner.documents.document import EnvironmentDocument
from provisioner.model.source_location import is_local
from provisioner.reports.census_text import unreadable_name
from provisioner.reports.values import plain

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "note", "info": "note"}
_SCORES = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "3.0", "info": "0.0"}


def render_check_sarif(document: CheckDocument, version: str) -> str:
    """Return a check as SARIF. `version` is azsec's own."""
    return render_checks_sarif((document,), version)


def render_checks_sarif(documents: Sequence[CheckDocument], version: str) -> str:
    """Return the checks of several environments as SARIF, one run for each environment.

    Each run has a category of its own, since GitHub accepts one run of a tool and category in a
    file.
    """
    log: Mapping[str, Any] = {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [_sarif_run(document, version) for document in documents],
    }
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _sarif_run(document: CheckDocument, version: str) -> Mapping[str, Any]:
    found = [result for result in document.results if _is_reported(result)]
    return {
        "tool": {
            "driver": {
                "name": "azsec",
                "semanticVersion": version,
                "rules": [_sarif_rule(result.control) for result in found],
            }
        },
        "automationDetails": {"id": f"azsec/{document.environment.name}/"},
        "columnKind": "unicodeCodePoints",
        "invocations": [_sarif_invocation(document)],
        "results": [
            entry
            for number, result in enumerate(found)
            for entry in _sarif_results(number, result, document)
        ],
    }


def _sarif_invocation(document: CheckDocument) -> Mapping[str, Any]:
    """Return whether the whole state was read, which the absence of results does not show."""
    unreadable = document.census.unreadable
    return {
        "executionSuccessful": not unreadable,
        "toolExecutionNotifications": [
            {
                "level": "error",
                "message": {"text": f"{unreadable_name(entry)}: {plain(entry.reason)}"},
            }
            for entry in unreadable
        ],
    }


def _is_reported(result: ResultDocument) -> bool:
    return any(seen.verdict in (FAIL, "waived") for seen in result.findings)


def _sarif_rule(control: ControlDocument) -> Mapping[str, Any]:
    remediation = f"\n\n```yaml\n{control.remediation}\n```" if control.remediation else ""
    mappings = control.mappings
    tags = ["security", control.layer, *(f"CIS-AKS-1.8-{number}" for number in mappings.cis)]
    return {
        "id": control.id,
        "name": control.title,
        "shortDescription": {"text": control.title},
        "fullDescription": {"text": control.rationale},
        "help": {
            "text": f"{control.rationale}\n\n{control.remediation}".strip(),
            "markdown": f"{control.rationale}{remediation}",
        },
        "defaultConfiguration": {"level": _LEVELS[control.severity]},
        "properties": {
            "tags": [*tags, *mappings.checkov, *mappings.psrule],
            "security-severity": _SCORES[control.severity],
            "precision": "very-high",
        },
    }


def _sarif_results(
    number: int, result: ResultDocument, document: CheckDocument
) -> Iterator[Mapping[str, Any]]:
    for seen in result.findings:
        if seen.verdict not in (FAIL, "waived"):
            continue
        entry: dict[str, Any] = {
            "ruleId": result.control.id,
            "ruleIndex": number,
            "level": _LEVELS[result.control.severity],
            "message": {"text": _result_message(seen)},
            "locations": [_sarif_location(seen, document.environment)],
            "partialFingerprints": {"azsec/v1": _finding_fingerprint(result.control, seen)},
        }
        waiver = seen.waiver
        if waiver is not None:
            entry["suppressions"] = [_sarif_suppression(waiver)]
        yield entry


def _result_message(seen: FindingDocument) -> str:
    place = f" ({plain(seen.place)})" if seen.place and not is_local(seen.place) else ""
    return f"{plain(seen.address or seen.id)}: {plain(seen.evidence)}{place}"


def _sarif_location(seen: FindingDocument, environment: EnvironmentDocument) -> Mapping[str, Any]:
    """Return the location of a finding.

    Code scanning accepts only files of the working copy, so a finding in the library or in a git
    module is reported at the environment's file.
    """
    path, line, column = _split_place(seen.place) or (environment.blueprint, 1, 1)
    if not is_local(path):
        path, line, column = environment.path, 1, 1
    artifact: dict[str, Any] = {"uri": posixpath.normpath(path)}
    if not path.startswith("/"):
        artifact["uriBaseId"] = "%SRCROOT%"
    return {
        "physicalLocation": {
            "artifactLocation": artifact,
            "region": {"startLine": line, "startColumn": column},
        },
        "logicalLocations": [
            {"fullyQualifiedName": plain(seen.address or seen.id), "kind": "resource"}
        ],
    }


def _split_place(place: str | None) -> tuple[str, int, int] | None:
    parts = (place or "").rsplit(":", 2)
    if len(parts) != 3 or not (parts[1].isdigit() and parts[2].isdigit()):
        return None
    return parts[0], int(parts[1]), int(parts[2])


def _finding_fingerprint(control: ControlDocument, seen: FindingDocument) -> str:
    """Return the identity of a finding, which does not change when its line moves."""
    text = "\n".join((control.id, seen.address or seen.id.lower(), seen.path))
    return hashlib.sha256(text.encode()).hexdigest()


def _sarif_suppression(waiver: WaiverDocument) -> Mapping[str, Any]:
    path, line, column = _split_place(waiver.place) or (waiver.place, 1, 1)
    return {
        "kind": "external",
        "status": "accepted",
        "justification": f"{waiver.reason} ({waiver.owner}, until {waiver.expires})",
        "location": {
            "physicalLocation": {
                "artifactLocation": {"uri": posixpath.normpath(path)},
                "region": {"startLine": line, "startColumn": column},
            }
        },
    }
