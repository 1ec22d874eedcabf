"""Security delta of a change of state: the controls whose verdict it changes.

Called by `documents` and `workflow.security_evaluation`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from provisioner.controls.control import Control
from provisioner.controls.evaluation import Result
from provisioner.controls.verdict import Finding, Verdict


@dataclass(frozen=True, slots=True)
class VerdictChange:
    """Control whose verdict changes for one resource.

    `is_new` is for a resource that was not judged by it before.
    """

    control: Control
    finding: Finding
    is_new: bool


@dataclass(frozen=True, slots=True)
class PostureChange:
    """Failures that are new, and those that are gone; the worst first."""

    failing: tuple[VerdictChange, ...]
    passing: tuple[VerdictChange, ...]


def compare_results(before: Iterable[Result], after: Sequence[Result]) -> PostureChange:
    """Return the changed verdicts between two results over the same environment.

    A property that fails now and did not is a turn, also of a resource that is new. A resource for
    which a control failed and does not any more is one, also where it is gone, or nothing is left
    to be said of it, and the control passes.
    """
    earlier = {result.control.id: result.findings for result in before}
    failing: list[VerdictChange] = []
    passing: list[VerdictChange] = []
    for result in after:
        found_before = earlier.get(result.control.id, ())
        # Most controls read nothing that a plan changes, and have the same findings.
        if result.findings != found_before:
            failing += _new_failures(result, found_before)
            passing += _gone_failures(result, found_before)
    return PostureChange(_worst_first(failing), _worst_first(passing))


_MET = (Verdict.PASS, Verdict.WAIVED)


def _new_failures(result: Result, before: Iterable[Finding]) -> Iterator[VerdictChange]:
    failed, judged = set(), set()
    for seen in before:
        judged.add(seen.resource.id.key)
        if seen.verdict is Verdict.FAIL:
            failed.add(seen.key)
    for seen in result.findings:
        if seen.verdict is Verdict.FAIL and seen.key not in failed:
            yield VerdictChange(result.control, seen, seen.resource.id.key not in judged)


def _gone_failures(result: Result, before: Sequence[Finding]) -> Iterator[VerdictChange]:
    """Yield a turn for each resource that failed a control and does not any more."""
    # Failures are compared by property, passes by resource: a resource passes only once no
    # property of it fails.
    judged, now = _worst_by_resource(before), _worst_by_resource(result.findings)
    reported: set[str] = set()
    for seen in result.findings:
        key = seen.resource.id.key
        if judged.get(key) is Verdict.FAIL and now[key] in _MET and key not in reported:
            reported.add(key)
            yield VerdictChange(result.control, seen, False)
    # With another failure left, that a resource has no finding any more says nothing.
    if result.verdict not in _MET:
        return
    # The cause is a rule that was deleted, or the element that broke a network proof.
    for seen in before:
        key = seen.resource.id.key
        if seen.verdict is Verdict.FAIL and key not in now and key not in reported:
            reported.add(key)
            passed = replace(seen, verdict=Verdict.PASS, evidence=f"no longer: {seen.evidence}")
            yield VerdictChange(result.control, passed, False)


def _worst_by_resource(findings: Iterable[Finding]) -> Mapping[str, Verdict]:
    """Return the worst verdict of each resource, by its key."""
    found: dict[str, Verdict] = {}
    for seen in findings:
        known = found.get(seen.resource.id.key)
        if known is None or seen.verdict.rank < known.rank:
            found[seen.resource.id.key] = seen.verdict
    return found


def _worst_first(turns: Iterable[VerdictChange]) -> tuple[VerdictChange, ...]:
    return tuple(
        sorted(
            turns,
            key=lambda turn: (
                turn.control.severity.rank, turn.control.id, turn.finding.resource.label
            ),
        )
    )  # fmt: skip
