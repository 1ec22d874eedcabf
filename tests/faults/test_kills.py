"""A few of the kills of `make faults`, and what makes one count as survived or not."""

from pathlib import Path

import pytest

from faults.estates import SCENARIOS, Scenario
from faults.evidence import EVIDENCE, Count, read_counts
from faults.kills import Course, Range, Trial, choose_points, describe, open_range
from faults.proxy import Moment, Point
from faults.report import render
from provisioner.catalog.registry import Catalog

_ROOT = Path(__file__).parents[2]
_REPORT = """<testsuites><testsuite>
<testcase name="a"/>
<testcase name="b"><failure message="no"/></testcase>
<testcase name="c"><error message="no"/></testcase>
<testcase name="d"><skipped message="not here"/></testcase>
</testsuite></testsuites>"""


def named(name: str) -> Scenario:
    return next(scenario for scenario in SCENARIOS if scenario.name == name)


@pytest.fixture(scope="module")
def leased(catalog: Catalog, tmp_path_factory: pytest.TempPathFactory) -> tuple[Range, Course]:
    """The place of the applies that hold a lease, and their undisturbed course."""
    place = open_range(named("lease"), catalog, tmp_path_factory.mktemp("kills"))
    return place, place.prepare()


def point_at(course: Course, ending: str, moment: Moment) -> Point:
    """Return the point at the first write whose path ends so."""
    number = next(n for n, write in enumerate(course.writes, 1) if write.endswith(ending))
    return Point(number, moment)


@pytest.mark.parametrize(
    ("ending", "moment"),
    [
        pytest.param("/lease", Moment.AFTER, id="the lease is taken and nobody knows"),
        pytest.param("/vnet-trial", Moment.AFTER, id="Azure works on the network"),
        pytest.param("/nodes", Moment.BEFORE, id="half is there"),
    ],
)
def test_a_killed_apply_is_taken_up_by_one_more(
    ending: str, moment: Moment, leased: tuple[Range, Course]
) -> None:
    place, course = leased

    trial = place.try_point(point_at(course, ending, moment), course)

    assert trial.problems == ()


def test_a_kill_that_is_not_survived_is_reported(leased: tuple[Range, Course]) -> None:
    """The measure itself: a resource that the undisturbed run had is missed."""
    place, course = leased
    other = Course(course.writes, (*course.resources[1:], "/subscriptions/x/resourceGroups/rg-x"))

    trial = place.try_point(Point(1, Moment.BEFORE), other)

    lost, more = trial.problems
    assert lost == "lost: /subscriptions/x/resourceGroups/rg-x"
    assert more == f"left over: {course.resources[0]}"
    assert describe([trial]) == [
        "lease: killed before write 1 (POST lock-trial/lease): " + problem
        for problem in trial.problems
    ]


def test_sixty_kills_are_spread_over_all_writes() -> None:
    assert sum(scenario.kills for scenario in SCENARIOS) == 60
    writes = tuple(f"PUT /n/{number}" for number in range(13))

    points = choose_points(Course(writes, ()), named("create"))

    assert len(set(points)) == 10
    assert {point.moment for point in points} == set(Moment)
    assert points[0].write == 1
    assert points[-1].write >= 12


def test_the_kills_of_a_renewal_start_at_the_renewal() -> None:
    lease = "POST /containers/lock-trial/lease"
    writes = (lease, "PUT /n/vnet", lease, "PUT /n/nodes", lease)

    points = choose_points(Course(writes, ()), named("lease renewal"))

    assert {point.write for point in points} == {3, 4, 5}


def test_only_tests_that_passed_count_as_survived() -> None:
    assert read_counts(_REPORT) == Count(tried=3, survived=1, skipped=1)


def test_what_counts_as_evidence_exists() -> None:
    for item in EVIDENCE:
        for path in (*item.files, *(f"tests/scenarios/{name}.md" for name in item.stories)):
            assert (_ROOT / path).is_file(), f"{item.what}: {path}"


def test_the_page_names_what_was_not_survived() -> None:
    trial = Trial("create", Point(3, Moment.AFTER), "PUT virtualNetworks/vnet", ("lost: x",))

    page = render([trial], [Count(2, 1)] * len(EVIDENCE))

    assert "| create | 1 | 0 |" in page
    assert "- create: killed after write 3 (PUT virtualNetworks/vnet): lost: x" in page
    assert "| 2 | 1 | `tests/laws/test_ownership.py`" in page
