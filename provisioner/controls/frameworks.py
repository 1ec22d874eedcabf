"""Results by another framework: how far an environment is what that one asks for."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum

from provisioner.controls.control import Control
from provisioner.controls.judging import Result
from provisioner.controls.outline import PRINCIPLES, TOPICS
from provisioner.controls.verdict import Verdict, worst
from provisioner.documents.controls import RequirementDocument


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


def comply(results: Sequence[Result], framework: Framework) -> tuple[RequirementDocument, ...]:
    """Return every requirement of a framework that controls answer, in its order.

    A requirement ends as the worst of its controls does; what nobody has answered yet counts only
    where nothing else answers it.
    """
    if framework is Framework.OUTLINE:
        return tuple(_outline(results))
    named: dict[str, list[Result]] = {}
    for result in results:
        for requirement in _MAPPED[framework](result.control):
            named.setdefault(requirement, []).append(result)
    return tuple(_requirement(name, "", named[name]) for name in sorted(named, key=_by_number))


def _outline(results: Sequence[Result]) -> Iterator[RequirementDocument]:
    items = [r for r in results if "." not in r.control.id]
    told = {result.control.id: result for result in results}
    controls = [result.control for result in results]
    for result in items:
        parts = [told[part.id] for part in result.control.parts_in(controls)]
        title = f"{result.control.item}: {result.control.title}"
        yield _requirement(result.control.id, title, [result, *parts])
    for entry in (*TOPICS, *PRINCIPLES):
        answering = [result for result in results if entry.holds(result.control.id)]
        yield _requirement(entry.id, entry.title, answering)


def _requirement(name: str, title: str, results: Sequence[Result]) -> RequirementDocument:
    answered = [r for r in results if r.verdict is not Verdict.UNKNOWN] or results
    verdict = worst(result.verdict for result in answered)
    return RequirementDocument(
        id=name,
        title=title,
        verdict=verdict.value,
        controls=tuple(result.control.id for result in results),
        failing=tuple(r.control.id for r in results if r.verdict is Verdict.FAIL),
    )


_MAPPED: dict[Framework, Callable[[Control], Iterable[str]]] = {
    Framework.CIS: lambda control: control.mappings.cis,
    Framework.POLICY: lambda control: control.mappings.policies,
    Framework.CHECKOV: lambda control: control.mappings.checkov,
    Framework.PSRULE: lambda control: control.mappings.psrule,
}


def _by_number(name: str) -> tuple[tuple[int, ...], str]:
    """Order numbers of recommendations by number (3.2.10 after 3.2.9), all else by name."""
    parts = name.split(".")
    return (tuple(map(int, parts)) if all(part.isdigit() for part in parts) else ()), name
