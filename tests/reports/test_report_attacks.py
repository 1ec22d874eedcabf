"""Reports of what nobody meant to write: odd texts in waivers, nothing to judge, and secrets."""

import csv
import io
import json
from datetime import UTC, datetime

import pytest

from provisioner.documents.trace import StateKind
from provisioner.model.resource_id import ResourceId
from provisioner.model.secret_values import MASK
from provisioner.reports.check_junit import render_check_junit
from provisioner.reports.check_markdown import render_check_markdown
from provisioner.reports.check_sarif import render_check_sarif
from provisioner.reports.check_text import render_check_text
from provisioner.reports.drift_text import render_drift_text
from provisioner.reports.json_text import render_json
from provisioner.reports.markdown import render_drift_markdown
from provisioner.reports.ocsf_findings import render_ocsf_findings
from provisioner.reports.oscal_components import render_component_definition
from provisioner.reports.oscal_results import render_assessment_results
from provisioner.reports.report_csv import render_report_csv
from provisioner.reports.report_html import render_report_html
from provisioner.workflow.check import check_environment
from provisioner.workflow.drift import check_drift
from provisioner.workflow.report import Sections, compose_report
from tests.environments import Bench
from tests.reports.control_documents import CHECK
from tests.reports.report_documents import make_report
from tests.reports.test_report_exports import oscal, uuids  # noqa: F401  a fixture

NOW = datetime(2027, 3, 20, 6, 0, tzinfo=UTC)
ODD = {
    "control characters": "a\x00b\x1b[31m\r\n\x7f\u202edetrevni\u2028",
    "not ASCII": "Größe 漢字 🛡️ e\u0301",
    "half a character": "half \ud800 of one",
    "very long": "x" * 200_000,
    "spaces alone": " \t ",
    "markup": "</script><img src=x>]]>[a](javascript:b)`*_|\\",
}


def _waived(text: str, expires: str = "2027-06-30"):
    """A check in which every waiver says `text`."""

    def waive(waiver):
        told = {"reason": text, "owner": text, "scope": text, "expires": expires}
        return waiver.model_copy(update=told)

    results = tuple(
        result.model_copy(
            update={
                "findings": tuple(
                    seen.model_copy(update={"waiver": waive(seen.waiver)}) if seen.waiver else seen
                    for seen in result.findings
                )
            }
        )
        for result in CHECK.results
    )
    waivers = tuple(map(waive, CHECK.waivers))
    return CHECK.model_copy(update={"results": results, "waivers": waivers})


def _report(check):
    return make_report(compose_report(check, Sections(), NOW))


@pytest.mark.parametrize("name", ODD)
def test_odd_texts_of_a_waiver_leave_every_format_valid(name, oscal):  # noqa: F811
    report = _report(_waived(ODD[name]))

    results = oscal(render_assessment_results(report), "assessment-results")
    oscal(render_component_definition(report), "component")
    told = json.dumps(results["assessment-results"]["results"][0]["risks"])
    assert not any(mark in told for mark in ("\\u0000", "\\u001b", "\\u202e", "\\ud800"))
    for render in (render_report_html, render_ocsf_findings, render_report_csv):
        text = render(report)
        text.encode("utf-8")
        assert not any(mark in text for mark in ("\x00", "\x1b", "\u202e"))
    assert list(csv.reader(io.StringIO(render_report_csv(report))))


def test_two_waivers_of_one_owner_are_two_risks():
    one, other = _waived("same"), _waived("same", "2027-12-31")
    results = tuple(
        first.model_copy(update={"findings": (*first.findings, *second.findings)})
        for first, second in zip(one.results, other.results, strict=True)
    )
    document = json.loads(
        render_assessment_results(_report(one.model_copy(update={"results": results})))
    )

    own = [each for key, each in uuids(document) if key == "uuid"]
    assert len(own) == len(set(own))


def test_a_state_in_which_nothing_applies_is_valid(oscal):  # noqa: F811
    excluded = tuple(
        result.model_copy(update={"verdict": "not applicable", "findings": ()})
        for result in CHECK.results
    )
    report = _report(CHECK.model_copy(update={"results": excluded, "waivers": ()}))

    oscal(render_assessment_results(report), "assessment-results")
    oscal(render_component_definition(report), "component")
    assert render_ocsf_findings(report) is not None
    assert "not applicable" in render_report_csv(report)
    assert "0 of 0" in render_report_html(report)


SECRET = "ghp_" + "A1b2C3d4E5f6G7h8I9j0" + "K1l2M3n4O5p6Q7r8"
RESOURCES = """
groups:
  type: Microsoft.Network/networkSecurityGroups
  resourceGroup: main
  name: nsg-one
registry:
  type: Microsoft.ContainerRegistry/registries
  resourceGroup: main
  name: crplanted
  sku: {name: Premium}
"""


def _plant(bench: Bench, name: str, kind: str, **more: object) -> None:
    """Write a secret into what stands in Azure, where nobody should have."""
    body = bench.body_of(name)
    bench.client.put(
        ResourceId.parse(str(body["id"])),
        bench.catalog.get(kind).api_version,
        {**body, "tags": {**dict(body.get("tags") or {}), "note": SECRET, SECRET: "x"}, **more},
        None,
        lambda _status: None,
    )


def test_no_output_holds_a_secret_that_stands_in_azure(bench: Bench):
    """Files cannot bring one: a file that holds a secret is refused."""
    desired = bench.compose(RESOURCES)
    bench.apply(bench.plan(desired))
    _plant(bench, "crplanted", "Microsoft.ContainerRegistry/registries")
    open_to_all = {
        "priority": 100,
        "direction": "Inbound",
        "access": "Allow",
        "protocol": "*",
        "sourceAddressPrefix": "*",
        "sourcePortRange": "*",
        "destinationAddressPrefix": "*",
        "destinationPortRange": "22",
        "description": f"token={SECRET}",
    }
    _plant(
        bench,
        "nsg-one",
        "Microsoft.Network/networkSecurityGroups",
        properties={"securityRules": [{"name": "ssh", "properties": open_to_all}]},
    )

    check = check_environment(desired, bench.catalog, lambda: bench.client, StateKind.ACTUAL)
    drift = check_drift(desired, bench.catalog, bench.client, strict_tags=True)
    report = make_report(compose_report(check, Sections(drift=drift), NOW))
    outputs = {
        "check json": render_json(check),
        "text": _text(render_check_text(check, 200)),
        "markdown": render_check_markdown(check),
        "sarif": render_check_sarif(check, "1"),
        "junit": render_check_junit(check),
        "drift text": _text(render_drift_text(drift, 200)),
        "drift markdown": render_drift_markdown(drift),
        "html": render_report_html(report),
        "report json": render_json(report),
        "oscal": render_assessment_results(report),
        "oscal component": render_component_definition(report),
        "ocsf": render_ocsf_findings(report),
        "csv": render_report_csv(report),
    }

    assert SECRET in json.dumps(bench.body_of("nsg-one")), "it is there to be found"
    assert [name for name, text in outputs.items() if SECRET in text] == []
    assert MASK in outputs["drift text"], "what stood there is said to be hidden"


def _text(lines) -> str:
    return "\n".join("".join(span.text for span in each) for each in lines)
