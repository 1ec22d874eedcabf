"""Results of controls grouped by the requirements of a compliance framework.

Called by `workflow.report` and `workflow.check`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from provisioner.controls.cis_aks import RECOMMENDATIONS, Place
from provisioner.controls.control import Mappings, Mode
from provisioner.controls.evaluation import PARTIAL, Result, UnknownReason
from provisioner.controls.outline import PRINCIPLES, TOPICS
from provisioner.controls.verdict import Verdict
from provisioner.documents.controls import RequirementDocument, UnansweredDocument


class Framework(StrEnum):
    """What a compliance report is by."""

    OUTLINE = "outline"
    CIS = "cis-aks-1.8"
    POLICY = "azure-policy"
    CHECKOV = "checkov"
    PSRULE = "psrule"


TITLES = {
    Framework.OUTLINE: "Guidelines for Securing Kubernetes on Azure",
    Framework.CIS: "CIS Azure Kubernetes Service Benchmark 1.8",
    Framework.POLICY: "Azure Policy built-in definitions",
    Framework.CHECKOV: "checkov",
    Framework.PSRULE: "PSRule for Azure",
}
"""What a framework is called."""

MANUAL = "manual"
"""What a requirement can be beside what controls can be: nobody looked, and only a person or what
runs in the cluster can say."""


@dataclass(frozen=True, slots=True)
class _Requirement:
    """Requirement of a framework, with the results that answer it.

    `place` is where one has to look to answer the whole of it. `refuted_by` are the results of
    controls that judge another way, which the framework does not take.
    """

    id: str
    title: str
    results: Sequence[Result]
    place: Place = Place.AZURE
    refuted_by: Sequence[Result] = ()

    @property
    def refuting(self) -> tuple[Result, ...]:
        """Those that have something to judge: it goes another way than the framework takes."""
        return tuple(r for r in self.refuted_by if r.verdict is not Verdict.NOT_APPLICABLE)

    @property
    def failing(self) -> tuple[Result, ...]:
        """What it fails by."""
        failed = (result for result in self.results if result.verdict is Verdict.FAIL)
        return (*failed, *self.refuting)


def comply(results: Sequence[Result], framework: Framework) -> tuple[RequirementDocument, ...]:
    """Return every requirement of a framework in its order.

    Of CIS and the outline they are all there are, of the others those that controls answer.

    A requirement passes where every control that answers it does, as a whole. It fails where one
    fails, and where one that refutes it has something to judge. It is partial where some was seen
    and some not, manual where nobody looked (also where nodes or objects have to be looked at,
    whatever Azure Resource Manager says of them), waived where all passes or is waived, and unknown
    where nothing was seen for want of a read.
    """
    return tuple(map(_requirement_document, _requirements_of(results, framework)))


def _requirements_of(results: Sequence[Result], framework: Framework) -> Iterator[_Requirement]:
    if framework is Framework.OUTLINE:
        yield from _outline_requirements(results)
        return
    named: dict[str, list[Result]] = {}
    refuted: dict[str, list[Result]] = {}
    for result in results:
        for requirement in _IDS_OF_FRAMEWORK[framework](result.control.mappings):
            named.setdefault(requirement, []).append(result)
        for requirement in _IDS_OF_FRAMEWORK[framework](result.control.refutes):
            refuted.setdefault(requirement, []).append(result)
    # CIS has an entry for every recommendation, also those that no control maps; of checkov or
    # Azure Policy there is no list here, and what is not mapped is not claimed.
    if framework is Framework.CIS:
        requirements = [(found.number, found.title, found.place) for found in RECOMMENDATIONS]
    else:
        requirements = [(name, "", Place.AZURE) for name in sorted(named)]
    for name, title, place in requirements:
        yield _Requirement(name, title, named.get(name, ()), place, refuted.get(name, ()))


def _outline_requirements(results: Sequence[Result]) -> Iterator[_Requirement]:
    results_by_id = {result.control.id: result for result in results}
    controls = [result.control for result in results]
    for result in results:
        if "." in result.control.id or result.control.source:
            continue  # A part, or a custom control: neither is an item of the outline.
        parts = [results_by_id[part.id] for part in result.control.parts_in(controls)]
        title = f"{result.control.item}: {result.control.title}"
        yield _Requirement(result.control.id, title, [result, *parts])
    for entry in (*TOPICS, *PRINCIPLES):
        answers = [result for result in results if entry.holds(result.control.id)]
        yield _Requirement(entry.id, entry.title, answers)


def _requirement_document(requirement: _Requirement) -> RequirementDocument:
    results = requirement.results
    return RequirementDocument(
        id=requirement.id,
        title=requirement.title,
        verdict=_verdict_of(requirement),
        controls=tuple(r.control.id for r in (*results, *requirement.refuting)),
        failing=tuple(result.control.id for result in requirement.failing),
        waived=_controls_with(results, Verdict.WAIVED),
        seen=tuple(result.control.id for result in results if result.is_fully_met),
        unanswered=tuple(_unanswered_parts(results)),
    )


def _verdict_of(requirement: _Requirement) -> str:
    relevant = [r for r in requirement.results if r.verdict is not Verdict.NOT_APPLICABLE]
    if requirement.failing:
        return Verdict.FAIL
    if not relevant:
        return Verdict.NOT_APPLICABLE if requirement.results else MANUAL
    # CIS section 3 is about files on the nodes: that a setting in ARM passes does not answer it.
    if requirement.place is not Place.AZURE and not any(map(_was_verified_elsewhere, relevant)):
        return MANUAL
    if all(result.is_fully_met for result in relevant):
        waived = any(result.verdict is Verdict.WAIVED for result in relevant)
        return Verdict.WAIVED if waived else Verdict.PASS
    # A requirement that is answered in part is neither passed nor open: an auditor has to see
    # which part is left.
    if any(result.verdict in _ANSWERED for result in relevant):
        return PARTIAL
    return Verdict.UNKNOWN if any(r.unknown_reason in _UNREAD for r in relevant) else MANUAL


_ANSWERED = (Verdict.PASS, Verdict.WAIVED)
_UNREAD = (UnknownReason.UNREADABLE, UnknownReason.LATER, UnknownReason.AZURE_ALONE)


def _was_verified_elsewhere(result: Result) -> bool:
    """Return whether evidence that Azure Resource Manager lacks is attested."""
    return result.is_fully_met and any(mode is not Mode.ARM for mode in result.control.modes)


def _controls_with(results: Iterable[Result], verdict: Verdict) -> tuple[str, ...]:
    return tuple(result.control.id for result in results if result.verdict is verdict)


def _unanswered_parts(results: Iterable[Result]) -> Iterator[UnansweredDocument]:
    """Yield what was not seen: a whole control, or the part of it that ARM cannot answer."""
    for result in results:
        if result.verdict is Verdict.UNKNOWN:
            yield UnansweredDocument(
                control=result.control.id, reason=str(result.unknown_reason or "")
            )
        elif result.verdict in _ANSWERED and result.outstanding:
            yield UnansweredDocument(control=result.control.id, reason=result.outstanding)


_IDS_OF_FRAMEWORK: dict[Framework, Callable[[Mappings], Iterable[str]]] = {
    Framework.CIS: lambda mappings: mappings.cis,
    Framework.POLICY: lambda mappings: mappings.policies,
    Framework.CHECKOV: lambda mappings: mappings.checkov,
    Framework.PSRULE: lambda mappings: mappings.psrule,
}
