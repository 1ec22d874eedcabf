"""Kills azsec at 60 writes, runs the tests of every other fault, and writes docs/reliability.md."""

import argparse
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from faults.estates import SCENARIOS
from faults.evidence import EVIDENCE, count_tests
from faults.kills import Course, Range, Trial, choose_points, open_range
from faults.proxy import Point
from faults.report import render, summarise
from provisioner.catalog.registry import Catalog, all_types, build_catalog
from provisioner.catalog.sdk_models import read_schema_index

_ROOT = Path(__file__).parents[1]


def main() -> None:
    """Try, print, write. Exits with 1 where something was not survived."""
    parser = argparse.ArgumentParser(prog="python -m faults", description=__doc__)
    parser.add_argument("--output", type=Path, default=_ROOT / "docs" / "reliability.md")
    options = parser.parse_args()
    types = all_types()
    catalog = build_catalog(types, read_schema_index(types))
    with tempfile.TemporaryDirectory() as folder:
        trials = _kill(catalog, Path(folder))
    counts = count_tests(EVIDENCE, _ROOT)
    for line in summarise(trials, counts):
        print(line)
    options.output.write_text(render(trials, counts), encoding="utf-8")
    survived = not any(trial.problems for trial in trials)
    sys.exit(0 if survived and all(c.tried == c.survived for c in counts) else 1)


def _kill(catalog: Catalog, folder: Path) -> list[Trial]:
    """Try every kill, two at a time."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        places = [open_range(scenario, catalog, folder) for scenario in SCENARIOS]
        courses = list(pool.map(lambda place: place.prepare(), places))
        points = [
            (place, course, point)
            for place, course in zip(places, courses, strict=True)
            for point in choose_points(course, place.scenario)
        ]
        return list(pool.map(lambda each: _kill_at(*each), points))


def _kill_at(place: Range, course: Course, point: Point) -> Trial:
    trial = place.try_point(point, course)
    outcome = "not survived" if trial.problems else "survived"
    print(f"{trial.scenario}: kill {point.moment} write {point.write}, {trial.write}: {outcome}",
          file=sys.stderr, flush=True)  # fmt: skip
    for problem in trial.problems:
        print(f"  {problem}", file=sys.stderr, flush=True)
    return trial


if __name__ == "__main__":
    main()
