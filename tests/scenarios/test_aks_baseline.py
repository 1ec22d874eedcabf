"""The example aks-baseline: made on the built-in Azure, planned to nothing, changed by somebody."""

import json
import os
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.cli.application import app
from provisioner.cli.failure import run_guarded
from provisioner.cli.workspace import FileSources
from provisioner.documents.apply import ApplyDocument, Outcome
from provisioner.documents.plan import Action
from provisioner.model.diagnostic import Severity
from provisioner.workflow.plan import Desired, load_desired
from tests.environments import ROOT, TODAY, Bench

EXAMPLE = ROOT / "environments/examples/aks-baseline/environment.yaml"
PAGE = ROOT / "docs/examples/aks-baseline.md"
_VAULT = "Microsoft.KeyVault/vaults"
_CERTIFICATES = ("appgw-ingress-internal-aks-ingress-tls", "gateway-external-pfx-cert")
_ROW = re.compile(r"^\| `(?P<type>[^`]+)` \| (?P<theirs>\d+) \| (?P<ours>\d+) \|", re.MULTILINE)
_FINDINGS = re.compile(r"(<!-- findings:begin -->\n).*?(<!-- findings:end -->)", re.DOTALL)


class CertificatesInVault(FileSources):
    """The files of the example, as they are once the certificates are in the vault."""

    def read_text(self, path: str) -> str:
        text = super().read_text(path)
        return text.replace("certificatesInVault: false #", "certificatesInVault: true #")


def load(catalog: Catalog, *, certificates: bool) -> Desired:
    sources = CertificatesInVault() if certificates else FileSources()
    return load_desired(str(EXAMPLE), catalog, sources, TODAY, "local")


def failures(applied: ApplyDocument) -> list[object]:
    return [step for step in applied.steps if step.outcome is not Outcome.SUCCEEDED]


def test_the_baseline_is_made_in_two_applies_and_then_plans_to_nothing(bench: Bench) -> None:
    first = load(bench.catalog, certificates=False)
    assert failures(bench.apply(bench.plan(first))) == []

    # Somebody puts the certificates into the vault: no blueprint holds them.
    (vault,) = (r.id for r in first.graph if r.type.name == _VAULT)
    for name in _CERTIFICATES:
        bench.send(
            "PUT",
            f"{vault}/secrets/{name}",
            {"properties": {"value": "not a certificate"}},
            bench.catalog.get(f"{_VAULT}/secrets").api_version,
        )
    whole = load(bench.catalog, certificates=True)
    plan = bench.plan(whole)
    made = {c.type for c in plan.document.changes if c.action is Action.CREATE}
    assert made == {
        "Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies",
        "Microsoft.Network/applicationGateways",
        "Microsoft.Insights/diagnosticSettings",
    }
    assert failures(bench.apply(plan)) == []

    after = bench.plan(whole).document
    assert after.changes == ()
    assert after.undeclared == ()
    assert after.unmanaged == ()
    assert [d.message for d in after.diagnostics if d.severity is Severity.ERROR] == []

    # Somebody lets attacks pass the web application firewall, in the portal.
    (policy,) = (r for r in whole.graph if r.address == "ingress.webFirewall")
    settings = bench.body_of(policy.id.name)["properties"]
    assert isinstance(settings, dict)
    bench.tamper(policy.id.name, policySettings={**settings["policySettings"], "mode": "Detection"})
    (found,) = bench.plan(whole).document.changes
    assert found.address == "ingress.webFirewall"
    assert [field.path for field in found.fields] == ["properties.policySettings.mode"]


def test_the_page_counts_what_the_example_has(catalog: Catalog) -> None:
    graph = load(catalog, certificates=True).graph
    declared = Counter(resource.type.name for resource in graph)
    page = Path(PAGE).read_text(encoding="utf-8")

    rows = {row["type"]: int(row["ours"]) for row in _ROW.finditer(page)}

    assert rows == dict(declared)
    theirs = sum(int(row["theirs"]) for row in _ROW.finditer(page))
    assert f"{theirs} of {theirs}" in page
    assert f"{sum(declared.values())} resources" in page


def test_the_page_says_what_check_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(EXAMPLE.parent, tmp_path / "baseline")
    file = tmp_path / "baseline" / EXAMPLE.name
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("InVault: false #", "InVault: true #"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    run_guarded(app, ["check", "baseline/environment.yaml", "--output", "json"])

    document = json.loads(capsys.readouterr().out)
    told = "\n".join(["", *_findings(document), ""])
    page = PAGE.read_text(encoding="utf-8")
    written = _FINDINGS.sub(lambda found: found[1] + told + found[2], page)
    if os.environ.get("AZSEC_REWRITE_GOLDEN"):
        PAGE.write_text(written, encoding="utf-8")
        return
    assert page == written, "run `make golden` and review the difference"


def _findings(document: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of a page that say what a check found, as Markdown."""
    counts = document["summary"]
    verdicts = ", ".join(f"{counts[name]} {name}" for name in counts if name != "total")
    yield f"Of {counts['total']} controls: {verdicts}."
    for title, chosen in (
        ("Proof", [r for r in document["results"] if r["control"]["chapter"] == "PRF"]),
        (
            "Critical control",
            [
                r
                for r in document["results"]
                if r["verdict"] == "fail"
                and r["control"]["severity"] == "critical"
                and r["control"]["chapter"] != "PRF"
                and r["findings"]
            ],
        ),
    ):
        yield ""
        yield f"| {title} | Verdict | Evidence |"
        yield "|---|---|---|"
        for result in chosen:
            control = result["control"]
            wrong = [f for f in result["findings"] if f["verdict"] == result["verdict"] != "pass"]
            said = [each for f in wrong for each in f["evidence"].split("; ")]
            more = f" ({len(said) - 1} more)" if len(said) > 1 else ""
            evidence = said[0].rstrip(".") + more if said else ""
            yield f"| {control['id']} {control['title']} | {result['verdict']} | {evidence} |"
