"""Every control over a hundred environments."""

import statistics
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from provisioner.catalog.registry import Catalog
from provisioner.cli.workspace import FileSources, load_catalog
from provisioner.controls.evaluation import Result
from provisioner.controls.registry import all_controls
from provisioner.controls.verdict import Verdict
from provisioner.plan.estates import desired_estate
from provisioner.workflow.plan import Desired, load_desired
from provisioner.workflow.security_evaluation import evaluate_state

_ENVIRONMENTS = 100
_ENOUGH = 5
_ESTATE = 6_000


class _Renamed:
    """The files of the repository; the environment has a name of its own."""

    def __init__(self, name: str) -> None:
        self._files = FileSources()
        self._name = name

    def read_text(self, path: str) -> str:
        text = self._files.read_text(path)
        return text.replace("metadata: {name: prod}", f"metadata: {{name: {self._name}}}")


def measure_controls(runs: int) -> None:
    """Print how long all controls take over a hundred environments, as a median."""
    catalog = load_catalog()
    environments = [_compose(catalog, number) for number in range(_ENVIRONMENTS)]
    estates = [desired_estate(desired.graph, catalog) for desired in environments]
    resources = sum(len(estate.resources) for estate in estates)
    seconds = []
    found: list[Sequence[Result]] = []
    for _ in range(min(max(runs, 3), _ENOUGH)):
        start = time.perf_counter()
        found = [
            evaluate_state(estate, desired.graph, desired.environment, catalog).results
            for estate, desired in zip(estates, environments, strict=True)
        ]
        seconds.append(time.perf_counter() - start)
    middle = statistics.median(seconds)
    failing = sum(result.verdict is Verdict.FAIL for results in found for result in results)
    print(
        f"\ncontrols  {len(all_controls())} over {_ENVIRONMENTS} environments, "
        f"{resources:,} resources: {middle:.2f} s, {failing} failing "
        f"({middle * _ESTATE / resources:.2f} s for {_ESTATE:,} resources)"
    )


def _compose(catalog: Catalog, number: int) -> Desired:
    today = datetime.now(UTC).date()
    root = Path(__file__).parents[1] / "environments" / "prod.yaml"
    return load_desired(str(root), catalog, _Renamed(f"e{number}"), today)
