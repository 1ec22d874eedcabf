"""The built-in Azure, held against recorded traffic of the real one."""

from pathlib import Path

import pytest

from fidelity.measure import Findings, measure
from fidelity.report import render, share
from provisioner.catalog.registry import Catalog

_ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def findings(corpus: Path, catalog: Catalog) -> Findings:
    return measure(corpus, _ROOT / "tests" / "catalog", catalog)


def test_almost_every_settable_leaf_agrees(findings: Findings) -> None:
    assert findings.agreed > 18_000
    assert share(findings) >= 0.97


def test_conversations_take_the_recorded_course(findings: Findings) -> None:
    strayed = {
        course.conversation.source: course.differences
        for course in findings.courses
        if course.differences
    }

    assert len(findings.courses) > 100
    assert strayed == {}


def test_refusals_have_the_recorded_status_and_code(findings: Findings) -> None:
    tried = [retrial for retrial in findings.retrials if retrial.left_out is None]

    assert len(tried) > 150
    assert sum(retrial.agrees for retrial in tried) >= 0.9 * len(tried)


def test_the_page_of_the_figures_is_that_of_this_code(findings: Findings) -> None:
    page = (_ROOT / "docs" / "fidelity.md").read_text(encoding="utf-8")

    assert page == render(findings), "`make fidelity` writes it again"
