"""Which tests try each item of docs/reliability.md: run by pytest, counted from its report."""

import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_STORY = "tests/scenarios/test_stories.py"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is tried, and by which tests: files, or stories by the name of their page."""

    what: str
    files: tuple[str, ...]
    stories: tuple[str, ...] = ()

    @property
    def selection(self) -> tuple[str, ...]:
        """The arguments of pytest that run these tests and no other."""
        return (*self.files, *(f"{_STORY}::test_story[{name}]" for name in self.stories))


@dataclass(frozen=True, slots=True)
class Count:
    """How many tests were run, how many of them passed, and how many could not run here."""

    tried: int
    survived: int
    skipped: int = 0


EVIDENCE = (
    Evidence(
        "Ownership: copied, guessed, moved and duplicate marks; the law over random estates",
        (
            "tests/laws/test_ownership.py",
            "tests/laws/test_ownership_law.py",
            "tests/unit/blueprint/test_ownership.py",
        ),
    ),
    Evidence(
        "Marks of what was not made: creates refused, lost and killed; deletes by hand",
        ("tests/laws/test_ownership_of_the_unmade.py",),
    ),
    Evidence(
        "Adoption and the resources of others",
        ("tests/unit/plan/test_ownership_and_deletes.py",),
        ("others", "addresses"),
    ),
    Evidence(
        "Deletes and replaces of containers, and the order of deletes",
        (
            "tests/laws/test_containers.py",
            "tests/unit/plan/test_leaving.py",
            "tests/unit/plan/test_replace_and_refuse.py",
            "tests/simulator/test_refused_deletes.py",
        ),
        ("leaving", "moves"),
    ),
    Evidence(
        "Plans: derived again, edited, stale, of another environment, digests",
        (
            "tests/unit/plan/test_plan_verification.py",
            "tests/unit/plan/test_plan_file.py",
            "tests/scenarios/test_saved_plans.py",
        ),
    ),
    Evidence(
        "Operations in progress, failed or half done",
        (
            "tests/unit/workflow/test_pending_operations.py",
            "tests/scenarios/test_failures.py",
            "tests/unit/plan/test_rotation.py",
        ),
    ),
    Evidence(
        "One apply at a time: the lease, guarded creates, applies at once",
        (
            "tests/unit/workflow/test_concurrent_applies.py",
            "tests/unit/engine/test_lease.py",
            "tests/unit/azure/test_guarded_creates.py",
            "tests/simulator/test_leases.py",
            "tests/scenarios/test_lock.py",
        ),
        ("lock",),
    ),
    Evidence(
        "Faults of Azure, proxies and the network",
        (
            "tests/unit/azure/test_arm_faults.py",
            "tests/unit/engine/test_executor.py",
            "tests/simulator/test_faults.py",
        ),
    ),
    Evidence(
        "Hostile files: YAML, JSON, expressions, patterns, paths",
        (
            "tests/laws/test_hostile_files.py",
            "tests/unit/blueprint/test_hostile_blueprints.py",
            "tests/unit/blueprint/test_expression_limits.py",
            "tests/unit/cli/test_file_sources.py",
            "tests/unit/plan/test_json_source.py",
        ),
        ("bad-input",),
    ),
    Evidence(
        "Files that azsec writes: modes, symlinks, devices, flipped bits; signals",
        (
            "tests/unit/filesystem/test_writing.py",
            "tests/simulator/test_state.py",
            "tests/scenarios/test_interrupt.py",
        ),
    ),
    Evidence(
        "Secrets in files, in Azure, in plans, logs and state",
        (
            "tests/unit/model/test_secret_values.py",
            "tests/unit/blueprint/test_secrets.py",
            "tests/unit/plan/test_kept_secrets.py",
            "tests/unit/workflow/test_lock_names.py",
        ),
        ("secrets",),
    ),
    Evidence(
        "The built-in Azure as a neighbor: Host header, origins, bounds",
        ("tests/simulator/test_admission.py",),
    ),
)


def count_tests(evidence: Sequence[Evidence], root: Path) -> tuple[Count, ...]:
    """Run the tests of each item and count them, in the order of `evidence`.

    Raises RuntimeError where pytest could not run an item's tests: a file that was renamed counts
    as a mistake here, not as nothing tried.
    """
    return tuple(_count(item, root) for item in evidence)


def _count(item: Evidence, root: Path) -> Count:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        done = subprocess.run(
            [
                sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "2",
                f"--junitxml={report}", *item.selection,
            ],
            cwd=root,
            capture_output=True,
            text=True,
            check=False,
        )  # fmt: skip
        if done.returncode not in (0, 1):
            raise RuntimeError(f"The tests of {item.what!r} do not run:\n{done.stdout[-2000:]}")
        return read_counts(report.read_text(encoding="utf-8"))


def read_counts(report: str) -> Count:
    """Count the tests in a JUnit report; a test counts as survived where it passed."""
    outcomes = Counter(_outcome(case) for case in ET.fromstring(report).iter("testcase"))
    tried = outcomes.total() - outcomes["skipped"]
    return Count(tried, outcomes["passed"], outcomes["skipped"])


def _outcome(case: ET.Element) -> str:
    if case.find("failure") is not None or case.find("error") is not None:
        return "failed"
    return "passed" if case.find("skipped") is None else "skipped"
