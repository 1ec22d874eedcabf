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
    failed: dict[tuple[str, str, str], Finding] = {}
    judged: dict[tuple[str, str], Verdict] = {}
    # Failures are compared by property, passes by resource: a resource passes only once no
    # property of it fails.
    for seen in (seen for result in before for seen in result.findings):
        if seen.verdict is Verdict.FAIL:
            failed[seen.key] = seen
        _record_worst(judged, seen)
    failing: list[VerdictChange] = []
    passing: list[VerdictChange] = []
    for result in after:
        now: dict[tuple[str, str], Verdict] = {}
        for seen in result.findings:
            _record_worst(now, seen)
            if seen.verdict is Verdict.FAIL and seen.key not in failed:
                failing.append(VerdictChange(result.control, seen, seen.key[:2] not in judged))
        reported: set[tuple[str, str]] = set()
        for seen in result.findings:
            subject = seen.key[:2]
            if (
                judged.get(subject) is Verdict.FAIL
                and now[subject] in _MET
                and subject not in reported
            ):
                reported.add(subject)
                passing.append(VerdictChange(result.control, seen, False))
        # With another failure left, that a resource has no finding any more says nothing.
        if result.verdict in _MET:
            passing += _passed_by_removal(result.control, failed.values(), now)
    return PostureChange(_worst_first(failing), _worst_first(passing))


_MET = (Verdict.PASS, Verdict.WAIVED)


def _passed_by_removal(
    control: Control, failed: Iterable[Finding], now: Mapping[tuple[str, str], Verdict]
) -> Iterator[VerdictChange]:
    """Yield a turn for each resource that failed a control which has no findings there now.

    The cause is a rule that was deleted, or the element that broke a network proof.
    """
    reported: set[tuple[str, str]] = set()
    for seen in failed:
        subject = seen.key[:2]
        if seen.control == control.id and subject not in now and subject not in reported:
            reported.add(subject)
            passed = replace(seen, verdict=Verdict.PASS, evidence=f"no longer: {seen.evidence}")
            yield VerdictChange(control, passed, False)


def _record_worst(judged: dict[tuple[str, str], Verdict], seen: Finding) -> None:
    subject = seen.key[:2]
    known = judged.get(subject)
    if known is None or seen.verdict.rank < known.rank:
        judged[subject] = seen.verdict


def _worst_first(turns: Iterable[VerdictChange]) -> tuple[VerdictChange, ...]:
    return tuple(
        sorted(
            turns,
            key=lambda turn: (
                turn.control.severity.rank, turn.control.id, turn.finding.resource.label
            ),
        )
    )  # fmt: skip
