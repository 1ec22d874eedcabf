"""A run over many environments: each failure with its place and what to do."""

import io

import pytest

from provisioner.documents.document import DiagnosticDocument
from provisioner.documents.fleet import (
    FindingGroupDocument,
    FleetAnswer,
    FleetDocument,
    FleetEntryDocument,
)
from provisioner.model.diagnostic import Severity
from provisioner.reports.fleet_markdown import render_fleet_markdown
from provisioner.reports.fleet_text import render_fleet_text
from provisioner.reports.fleet_wording import census_words
from provisioner.reports.styled import write_lines

FAILED = FleetEntryDocument(
    name="bad",
    path="environments/bad.yaml",
    answer=FleetAnswer.FAILED,
    diagnostics=(
        DiagnosticDocument(
            severity=Severity.ERROR,
            code="invalid-yaml",
            message="this is not valid YAML.",
            place="environments/bad.yaml:1:7",
            hint="Close the list.",
        ),
    ),
)
RUN = FleetDocument(
    command="plan",
    run="r",
    started_at="2026-12-01T00:00:00Z",
    ended_at="2026-12-01T00:01:00Z",
    asked=1,
    environments=(FAILED,),
)


@pytest.mark.parametrize("render", ["text", "markdown"])
def test_a_failed_environment_states_the_place_and_what_to_do(render: str) -> None:
    stream = io.StringIO()
    if render == "text":
        write_lines(render_fleet_text(RUN, 160), stream, color=False)
    text = stream.getvalue() or render_fleet_markdown(RUN)
    shown = text.replace("<wbr>", "")
    for part in ("bad.yaml:1:7", "this is not valid YAML.", "Close the list."):
        assert part in shown


def test_a_census_says_what_its_results_rest_on() -> None:
    clean = [
        FleetEntryDocument(
            name=name, path=name, answer=FleetAnswer.CLEAN, summary={"pass": 9, "unknown": unknown}
        )
        for name, unknown in (("a", 1), ("b", 3))
    ]
    checked = RUN.model_copy(update={"command": "check", "environments": tuple(clean), "asked": 2})

    assert census_words(checked) == (
        "2 environments: 2 no failing control (1 to 3 controls unknown in each)"
    )


@pytest.mark.parametrize("render", ["text", "markdown"])
def test_equal_findings_name_who_wrote_the_resources(render: str) -> None:
    writers = tuple(f"w{number}@contoso.com" for number in range(5))
    group = FindingGroupDocument(what="changed: nsg", environments=("a", "b"), writers=writers)
    found = RUN.model_copy(update={"groups": (group,)})
    stream = io.StringIO()
    write_lines(render_fleet_text(found, 160), stream, color=False)
    text = stream.getvalue() if render == "text" else render_fleet_markdown(found)
    told = "written by w0@contoso.com, w1@contoso.com, w2@contoso.com … and 2 more principals"

    assert told in text.replace("&#8203;", "")
