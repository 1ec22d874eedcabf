"""A custom control stands in every report, beside azsec's own."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.environments import BLUEPRINT, ENVIRONMENT
from tests.scenarios.story import run_command

_STATED = ENVIRONMENT.replace("blueprint.yaml", "../blueprints/own.yaml")
FILES = {
    "environments/own.yaml": _STATED.replace("controls: none", "controls: high")
    + "controls: [../controls/premium.yaml]\n",
    "blueprints/own.yaml": BLUEPRINT
    + """\
  vault:
    type: Microsoft.KeyVault/vaults
    resourceGroup: main
    name: kv-azsec-own
    properties:
      tenantId: 99999999-9999-9999-9999-999999999999
      sku: {family: A, name: standard}
""",
    "controls/premium.yaml": """\
apiVersion: azsec/v1
kind: Control
metadata: {id: ACME-07, title: Vaults keep keys in an HSM, chapter: Rules of Contoso}
severity: critical
layer: data
rationale: The regulator of Contoso asks for keys in hardware.
mappings: {checkov: [CKV_AZURE_112]}
rules:
  - types: [Microsoft.KeyVault/vaults]
    expect: resource.body.properties.sku.name == "premium"
""",
}
SAID = 'sku.name is standard, expected resource.body.properties.sku.name == "premium"'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path, text in FILES.items():
        file = tmp_path / path
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AZSEC_LOCAL_STATE", raising=False)


def printed(line: str) -> str:
    """Return what a command prints on standard output, whatever its exit code."""
    told = run_command(line).splitlines(keepends=True)
    return "".join(row for row in told if not row.startswith(("! ", "[exit ")))


def test_every_format_of_a_check_has_it() -> None:
    document = json.loads(printed("azsec check own -o json"))
    (result,) = (each for each in document["results"] if each["control"]["id"] == "ACME-07")
    assert (result["verdict"], result["gate"]) == ("fail", "controls")
    assert result["control"]["source"] == "controls/premium.yaml"
    assert result["control"]["chapterTitle"] == "Rules of Contoso"
    assert [seen["evidence"] for seen in result["findings"]] == [SAID]
    assert result["findings"][0]["place"] == "blueprints/own.yaml:13:24"

    sarif = json.loads(printed("azsec check own -o sarif"))["runs"][0]
    assert any(rule["id"] == "ACME-07" for rule in sarif["tool"]["driver"]["rules"])
    assert any(each["ruleId"] == "ACME-07" for each in sarif["results"])

    suites = ET.fromstring(printed("azsec check own -o junit"))
    cases = {case.get("name") or "": case for case in suites.iter("testcase")}
    (name,) = (each for each in cases if "ACME-07" in each)
    assert cases[name].find("failure") is not None

    answers = json.loads(printed("azsec check own --framework checkov -o json"))
    (answered,) = (r for r in answers["requirements"] if r["id"] == "CKV_AZURE_112")
    assert "ACME-07" in answered["failing"]


@pytest.mark.parametrize("format_", ["html", "json", "oscal", "ocsf", "csv"])
def test_every_format_of_a_report_has_it(format_: str) -> None:
    run_command(f"azsec report own --output {format_} --out report")
    text = Path("report").read_text(encoding="utf-8")
    assert "ACME-07" in text
    assert "Vaults keep keys in an HSM" in text


def test_it_is_listed_with_its_environment_and_found_by_its_id() -> None:
    listed = json.loads(printed("azsec controls list --environment own -o json"))["controls"]
    assert [each["id"] for each in listed][-2:] == ["PRF-07", "ACME-07"]
    assert "ACME-07" not in printed("azsec controls list")
    shown = run_command("azsec controls show acme-07 --environment own")
    assert shown.startswith("ACME-07 · 💥 critical")
    assert "takes `--environment ENV`" in run_command("azsec controls show ACME-07")


def test_files_of_controls_are_formatted() -> None:
    Path("controls/premium.yaml").write_text(
        FILES["controls/premium.yaml"].replace("\nrules:\n  - ", "\nrules:\n- ")
    )
    assert "controls/premium.yaml" in run_command("azsec fmt --check")
