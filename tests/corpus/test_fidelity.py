"""The built-in Azure, held against recorded traffic of the real one."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from fidelity.evidence import count_exchanges
from fidelity.measure import Findings, Part, combine, half_of, measure_parts
from fidelity.recordings import read_pairs
from fidelity.report import render
from fidelity.sdk_requests import read_sdk_requests
from fidelity.silence import SilentFigures, measure_silence
from fidelity.support import render_support
from provisioner.catalog.registry import Catalog, all_types
from provisioner.simulator.routing import ROUTES

_ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def parts(corpus: Path, catalog: Catalog) -> Mapping[Part, Findings]:
    return measure_parts(corpus, _ROOT / "tests" / "catalog", catalog)


@pytest.fixture(scope="module")
def silence(corpus: Path, catalog: Catalog) -> Mapping[str, SilentFigures]:
    return measure_silence(corpus, catalog)


@pytest.fixture(scope="module")
def whole(parts: Mapping[Part, Findings]) -> Findings:
    return combine(parts.values())


def test_almost_every_settable_leaf_agrees(whole: Findings) -> None:
    assert whole.agreed > 29_000
    assert whole.share >= 0.985


def test_what_nobody_looked_at_agrees_nearly_as_well(parts: Mapping[Part, Findings]) -> None:
    assert parts[Part.HELD_OUT].agreed > 4_000
    assert parts[Part.HELD_OUT].share >= 0.97


def test_conversations_take_the_recorded_course(whole: Findings) -> None:
    strayed = {
        course.conversation.source: course.differences
        for course in whole.courses
        if course.differences
    }

    assert len(whole.courses) > 190
    assert strayed == {}


def test_refusals_have_the_recorded_status_and_code(whole: Findings) -> None:
    assert len(whole.tried) > 300
    assert sum(retrial.agrees for retrial in whole.tried) >= 0.97 * len(whole.tried)


def test_the_default_of_most_that_bodies_leave_out_is_known(
    silence: Mapping[str, SilentFigures],
) -> None:
    assert sum(figures.pairs for figures in silence.values()) > 2_500
    assert sum(figures.unknown for figures in silence.values()) < 2_200


def test_the_page_of_the_figures_is_that_of_this_code(
    parts: Mapping[Part, Findings], silence: Mapping[str, SilentFigures]
) -> None:
    page = (_ROOT / "docs" / "fidelity.md").read_text(encoding="utf-8")

    assert page == render(parts, silence), "`make fidelity` writes it again"


def test_the_page_of_what_is_supported_has_the_exchanges_that_agree(whole: Findings) -> None:
    page = (_ROOT / "docs" / "simulator-support.md").read_text(encoding="utf-8")
    sdk = read_sdk_requests(all_types())

    exchanges = count_exchanges(whole)

    assert page == render_support(all_types(), ROUTES, sdk, exchanges), "`make fidelity`"
    agreed = sum(agreed for agreed, _ in exchanges.values())
    compared = sum(compared for _, compared in exchanges.values())
    polls_and_more = sum(course.asked for course in whole.courses)
    assert 0.9 * compared < agreed <= compared
    assert compared < polls_and_more + sum(f.writes for f in whole.types.values()) + len(
        whole.tried
    )


def test_the_leaves_of_the_held_out_half_are_nowhere_on_the_page(
    parts: Mapping[Part, Findings], silence: Mapping[str, SilentFigures]
) -> None:
    known = {key for part in (Part.SEEN, Part.LEARNT) for key in _differing(parts[part])}
    hidden = {path for path, _, _ in _differing(parts[Part.HELD_OUT]) - known}
    shown = {path for path, _, _ in known}

    assert all(f"`{path}`" not in render(parts, silence) for path in hidden - shown)


def test_a_recording_belongs_to_one_half_by_its_name_alone(corpus: Path) -> None:
    sources = {pair.source for pair in read_pairs(corpus / "added")}
    held_out = [source for source in sources if half_of(source) is Part.HELD_OUT]

    assert half_of("some/folder/recording.yaml") is half_of("recording.yaml")
    assert 0.4 < len(held_out) / len(sources) < 0.6


def _differing(findings: Findings) -> set[tuple[str, str, str]]:
    return {key for figures in findings.types.values() for key in figures.differing}
