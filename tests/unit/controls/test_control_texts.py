"""How controls read: titles are statements with the setting's own name, and every text keeps to the
words of the field (Microsoft's documentation, the CIS benchmark, kubectl)."""

import ast
import re
from collections import Counter
from pathlib import Path

import provisioner.controls
import provisioner.network.proofs
from provisioner.controls.registry import all_controls

_LONGEST_TITLE = 90
_DIALECT = re.compile(
    r"\b(tells?|told|asks?|asked|somebody|nobody|everybody|whoever|anybody|strangers?|lies|"
    r"leads? to|led to|stands? in|who may do|lets? \w+ (in|out|pass|through)|alone|"
    r"of one's own|of its own accord|what is needed|the way (in|out|to)|at hand|thrown? away)\b",
    re.IGNORECASE,
)
_CODE = re.compile(r"`[^`]*`")


def _texts_of_controls() -> dict[str, str]:
    return {
        f"{control.id} {name}": text
        for control in all_controls()
        for name, text in (
            ("title", control.title),
            ("rationale", control.rationale),
            ("evidence", control.evidence),
            ("limits", control.limits),
            ("unmapped", control.unmapped),
            ("remediation", control.remediation if "A" not in control.modes else ""),
        )
    }


def test_a_title_is_a_short_statement_that_no_other_control_has():
    titles = {control.id: control.title for control in all_controls()}
    assert [t for t in titles.values() if len(t) > _LONGEST_TITLE] == []
    assert [t for t in titles.values() if t.endswith((".", "?", "!")) or "?" in t] == []
    assert [t for t, count in Counter(titles.values()).items() if count > 1] == []


def test_no_text_of_a_control_uses_a_paraphrase_for_a_setting():
    texts = {where: _CODE.sub("", text) for where, text in _texts_of_controls().items()}
    assert {where: m[0] for where, text in texts.items() if (m := _DIALECT.search(text))} == {}


def test_every_rationale_evidence_and_limit_ends_as_its_report_continues():
    """Rationale and limits are sentences. Evidence stands in a sentence of the report."""
    assert [c.id for c in all_controls() if not c.rationale.endswith(".")] == []
    assert [c.id for c in all_controls() if c.limits and not c.limits.endswith(".")] == []
    assert [c.id for c in all_controls() if c.evidence.endswith(".")] == []


def test_every_control_has_synonyms_that_differ():
    assert [c.id for c in all_controls() if not all(c.synonyms) or not c.synonyms] == []
    assert [c.id for c in all_controls() if len(set(c.synonyms)) < len(c.synonyms)] == []


def test_no_finding_uses_a_paraphrase_for_a_setting():
    """The messages of checks are the literals of their modules: those that hold a space and are no
    docstring."""
    roots = (provisioner.controls, provisioner.network.proofs)
    files = [path for root in roots for path in Path(root.__path__[0]).rglob("*.py")]
    assert len(files) > 80
    found = [
        f"{path.name}: {text}"
        for path in files
        if path.name not in _NOT_MESSAGES
        for text in _literals(ast.parse(path.read_text(encoding="utf-8")))
        if _DIALECT.search(text)
    ]
    assert found == []


_NOT_MESSAGES = ("custom.py", "custom_scope.py", "waivers.py")
"""Modules whose messages are diagnostics of files that people write."""


def _literals(tree: ast.Module) -> list[str]:
    docstrings = {
        id(first.value)
        for node in ast.walk(tree)
        if (body := getattr(node, "body", None)) and isinstance(body, list)
        for first in body
        if isinstance(first, ast.Expr)
    }
    return [
        _CODE.sub("", node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in docstrings
        and " " in node.value.strip()
        and "\n" not in node.value
    ]
