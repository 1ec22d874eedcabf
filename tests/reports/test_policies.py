"""The policies of docs/policies.md, run on plans: in Rego and in Python, with the same verdict."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import regopy

from provisioner.documents.plan import Action, PlanDocument
from provisioner.reports.json_text import render_json
from tests.reports import control_documents, documents
from tests.reports.documents import AKS, added, change

PAGE = (Path(__file__).parents[2] / "docs" / "policies.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return found


def judge_in_rego(plan: PlanDocument) -> list[str]:
    """Return what the page's policy refuses, as the Rego of rego-cpp says (OPA's language)."""
    interpreter = regopy.Interpreter()
    interpreter.add_module("azsec", block("rego"))
    interpreter.set_input(json.loads(render_json(plan)))
    answer = json.loads(str(interpreter.query("data.main.deny")))
    (refused,) = answer["expressions"]
    return sorted(refused)


def judge_in_python(plan: PlanDocument) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", block("python")],
        input=render_json(plan),
        capture_output=True,
        text=True,
        check=False,
    )
    refused = done.stdout.splitlines() if done.stdout.strip() else []
    assert done.returncode == (1 if refused else 0), done.stderr
    return refused


def plan_of(*changes, security=None) -> PlanDocument:
    return documents.EMPTY_PLAN.model_copy(update={"changes": changes, "security": security})


def role(address):
    given = "grants access to it"
    return change(
        address, "Authorization/roleAssignments/a", AKS, Action.CREATE, grants_access=given
    )


def vault(**field):
    access = added("properties.publicNetworkAccess", **field)
    return change("vault", "KeyVault/vaults/kv", AKS, Action.CREATE, [access])


UNKNOWN = "(known after apply: x.properties.y)"
PLANS = {
    "nothing changes": (plan_of(), []),
    "what loses data": (
        documents.PLAN.model_copy(update={"security": None}),
        ["aks.pool-batch: replace loses data", "spoke.routes/routes/legacy: delete loses data"],
    ),
    "access in its module": (plan_of(role("access.reader")), []),
    "access elsewhere": (
        plan_of(role("vault.reader")),
        ["vault.reader: grants access to it outside of the module access"],
    ),
    "a closed endpoint": (plan_of(vault(value="Disabled")), []),
    "an open endpoint": (
        plan_of(vault(value="Enabled")),
        ["vault: properties.publicNetworkAccess is Enabled"],
    ),
    "one that nobody knows yet": (
        plan_of(vault(value=UNKNOWN, unknown=True)),
        [f"vault: properties.publicNetworkAccess is {UNKNOWN}"],
    ),
    "controls that fail": (
        plan_of(security=control_documents.SECURITY),
        sorted(
            f"{turn.address}: {turn.control} newly fails: {turn.title}"
            for turn in control_documents.SECURITY.failing
            if turn.severity in ("critical", "high")
        ),
    ),
}


@pytest.mark.parametrize("row", PLANS)
def test_the_policies_of_the_page_refuse_the_same(row):
    plan, refused = PLANS[row]
    assert judge_in_rego(plan) == refused
    assert judge_in_python(plan) == refused


def test_another_version_of_the_document_is_refused():
    plan = plan_of().model_copy(update={"format_version": "2"})
    with pytest.raises(AssertionError, match="format version 1"):
        judge_in_python(plan)
