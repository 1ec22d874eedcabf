"""Renders a report as an OSCAL component definition: the requirements that are implemented.

Only evidence is claimed: a requirement that passes is implemented, one that passes in part is
partial. Failing, waived and unknown requirements are not claimed at all. `cli/report.py` calls it.
"""

from collections.abc import Iterator

from provisioner.documents.controls import RequirementDocument
from provisioner.documents.document import EnvironmentDocument
from provisioner.documents.report import EnvironmentReportDocument, ReportDocument
from provisioner.reports.oscal_parts import (
    GUIDELINES,
    Json,
    content_identifier,
    environment_key,
    identifier,
    markup,
    metadata,
    prop,
    render,
    source_of,
    token,
)
from provisioner.reports.report_view import answered_by, requirement_sources

_CLAIMED = {"pass": "implemented", "partial": "partial"}


def render_component_definition(report: ReportDocument) -> str:
    """Return the component definition of a report as JSON.

    It has a component for each environment that could be assessed.
    """
    assessed = [(e, e.environment) for e in report.environments]
    components = [_oscal_component(entry, found) for entry, found in assessed if found is not None]
    frameworks = {f.framework: f.title for e in report.environments for f in e.frameworks}
    content: Json = {
        "metadata": metadata(report, "Kubernetes environments on Azure, as azsec assessed them"),
        "back-matter": {
            "resources": [
                source_of(GUIDELINES, ""),
                *(source_of(name, title) for name, title in sorted(frameworks.items())),
            ]
        },
    }
    if components:
        content["components"] = components
    found = content_identifier("component-definition", content)
    return render({"component-definition": {"uuid": found, **content}})


def _oscal_component(entry: EnvironmentReportDocument, environment: EnvironmentDocument) -> Json:
    key = f"{environment_key(environment)}/{entry.state}"
    implementations = [made for made in _control_implementations(entry, key) if made]
    made: Json = {
        "uuid": identifier("component", key),
        "type": "service",
        "title": markup(f"Kubernetes environment {entry.name}"),
        "description": markup(
            f"What {environment.blueprint} deploys to {environment.cloud}, judged on its "
            f"{entry.state} state."
        ),
        "props": [prop("environment", entry.name), prop("state", entry.state)],
    }
    if implementations:
        made["control-implementations"] = implementations
    return made


def _control_implementations(entry: EnvironmentReportDocument, key: str) -> Iterator[Json]:
    own = [
        _implemented_requirement(
            (key, GUIDELINES),
            result.control.id,
            _CLAIMED[result.verdict],
            f"{result.control.title}. Answered by {answered_by(entry, result)}.",
        )
        for result in (entry.check.results if entry.check else ())
        if not result.is_group and result.verdict in _CLAIMED
    ]
    yield _control_implementation(GUIDELINES, "Controls of azsec", key, own)
    for framework in entry.frameworks:
        claims = [
            _implemented_requirement(
                (key, framework.framework),
                requirement.id,
                _CLAIMED[requirement.verdict],
                _requirement_remarks(entry, requirement),
            )
            for requirement in framework.requirements
            if requirement.verdict in _CLAIMED
        ]
        yield _control_implementation(framework.framework, framework.title, key, claims)


def _requirement_remarks(entry: EnvironmentReportDocument, requirement: RequirementDocument) -> str:
    named = f"{requirement.title}. " if requirement.title else ""
    return (
        f"{named}Shown by {', '.join(requirement.controls)}; answered by "
        f"{requirement_sources(entry, requirement) or 'nobody'}."
    )


def _implemented_requirement(place: tuple[str, str], control: str, status: str, told: str) -> Json:
    return {
        "uuid": identifier("requirement", *place, control),
        "control-id": token(control),
        "description": markup(told),
        "props": [{"name": "implementation-status", "value": status}],
    }


def _control_implementation(framework: str, title: str, key: str, claims: list[Json]) -> Json:
    if not claims:
        return {}
    return {
        "uuid": identifier("implementation", key, framework),
        "source": f"#{identifier('framework', framework)}",
        "description": markup(f"{title}: what passes, as a whole or in part."),
        "implemented-requirements": claims,
    }
