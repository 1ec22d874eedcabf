"""Withdraws, at the end of an apply, the ownership marks of resources that it did not create.

The mark of a resource without tags is written to its carrier before the resource is created. If it
remained after a failed create, it would claim what others create with that id. Called by
`workflow.apply`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from provisioner.blueprint.ownership import marks_below
from provisioner.catalog.registry import Catalog
from provisioner.documents.apply import Outcome
from provisioner.engine.executor import INTERRUPTED, Run
from provisioner.engine.ports import Reader
from provisioner.model.actual import Actual, ActualState, Found, Missing, Unreadable
from provisioner.model.azure_error import AzureError
from provisioner.model.diagnostic import Diagnostic, warning
from provisioner.model.provisioning import is_failed, is_transitional, provisioning_state
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import lookup
from provisioner.plan.actual_state import state_of_single_reads
from provisioner.plan.mark_withdrawal import build_withdrawal, find_unmade
from provisioner.plan.owners import CarriedMark
from provisioner.plan.reads import Read
from provisioner.plan.step import Step

Send: TypeAlias = Callable[[Sequence[Step], Mapping[str, str]], Run]
"""Sends steps, guarded by ETags by the key of the id, and returns how they ended."""

_MOST_NAMED = 5


@dataclass(slots=True)
class MarkWithdrawal:
    """The marks that were removed, and those that stay, with the reason of each.

    `interrupted` tells whether Ctrl-C ended it.
    """

    removed: list[CarriedMark] = field(default_factory=list)
    kept: list[tuple[CarriedMark, str]] = field(default_factory=list)
    interrupted: bool = False

    def keep(self, marks: Iterable[CarriedMark], why: str) -> None:
        """Note that marks stay, and why."""
        self.kept += ((mark, why) for mark in marks)

    def report(self) -> Iterator[Diagnostic]:
        """Yield a warning for each carrier from which marks were removed, or on which they stay."""
        for carrier, marks in _by_carrier(self.removed).items():
            yield warning(
                "mark-removed",
                f"{carrier} no longer carries the mark of {_list_resources(marks)}: this apply "
                "did not make it, or deleted it.",
            )
        for why in dict.fromkeys(why for _, why in self.kept):
            for carrier, marks in _by_carrier(m for m, each in self.kept if each == why).items():
                yield warning(
                    "mark-not-removed",
                    f"{carrier} still carries the mark of {_list_resources(marks)}, which this "
                    f"apply may not have made: {why}.",
                    None,
                    "Apply again. Until then what others make of that id counts as this "
                    "environment's.",
                )


def withdraw_marks(
    steps: Sequence[Step], run: Run, reader: Reader, send: Send, catalog: Catalog
) -> MarkWithdrawal:
    """Remove the marks of what the steps did not create or have deleted, one write per carrier.

    Nothing is read where every creating step succeeded. A resource that a GET finds was created,
    perhaps partly, and keeps its mark. So does one that cannot be read.
    """
    outcomes = {entry.key: entry.outcome for entry in run.outcomes}
    unmade, doubtful = find_unmade(steps, outcomes, run.lost)
    withdrawal = MarkWithdrawal()
    if not unmade and not doubtful:
        return withdrawal
    try:
        found = _read_resources((mark.resource for mark in doubtful), reader, catalog)
        for mark in doubtful:
            actual = found.get(mark.resource)
            if isinstance(actual, Unreadable):
                withdrawal.keep([mark], f"it cannot be read: {actual.reason}")
            # Only a GET that answers 404 shows that nothing was created: a failed long-running
            # operation may leave a resource.
            elif isinstance(actual, Missing):
                unmade = (*unmade, mark)
        # Read again after the apply: its own writes changed the carriers and their ETags.
        carriers = _read_resources((mark.carrier for mark in unmade), reader, catalog)
    except KeyboardInterrupt:
        withdrawal.interrupted = True
        withdrawal.keep((*unmade, *doubtful), INTERRUPTED)
    except AzureError as problem:
        withdrawal.keep((*unmade, *doubtful), str(problem))
    else:
        _remove_marks(unmade, carriers, withdrawal, send, catalog)
    return withdrawal


def _remove_marks(
    marks: Sequence[CarriedMark],
    carriers: ActualState,
    withdrawal: MarkWithdrawal,
    send: Send,
    catalog: Catalog,
) -> None:
    steps: dict[str, Step] = {}
    carried: dict[str, list[CarriedMark]] = {}
    for carrier, about in _by_carrier(marks).items():
        actual = carriers.get(carrier)
        obstacle = _find_obstacle(actual)
        if obstacle is not None:
            withdrawal.keep(about, obstacle)
        elif isinstance(actual, Found):
            stated = marks_below(lookup(actual.body, ("tags",)))
            present = [mark for mark in about if mark.text in stated]
            if present:
                step = build_withdrawal(actual, {mark.text for mark in present}, catalog)
                steps[step.key], carried[step.key] = step, present
    etags = {key: found.etag for key, found in carriers.found.items() if found.etag is not None}
    sent = send(tuple(steps.values()), etags)
    withdrawal.interrupted = sent.interrupted
    for entry in sent.outcomes:
        if entry.outcome is Outcome.SUCCEEDED:
            withdrawal.removed += carried[entry.key]
        else:
            withdrawal.keep(carried[entry.key], f"it could not be removed: {entry.message}")


def _find_obstacle(carrier: Actual) -> str | None:
    """Return why a carrier is not written, or None.

    A write to one whose own write failed would start the failed operation again: that is for the
    next apply, with its checks.
    """
    if isinstance(carrier, Unreadable):
        return f"{carrier.id.name} cannot be read: {carrier.reason}"
    if isinstance(carrier, Missing):
        return None
    if is_transitional(carrier.body) or is_failed(carrier.body):
        return f"the provisioningState of {carrier.id.name} is {provisioning_state(carrier.body)}"
    return None


def _read_resources(
    resources: Iterable[ResourceId], reader: Reader, catalog: Catalog
) -> ActualState:
    unique = list(dict.fromkeys(resources))
    types = [catalog.get(resource.type) for resource in unique]
    reads = [
        Read(resource.text, known.api_version, known.name, is_list=False)
        for resource, known in zip(unique, types, strict=True)
    ]
    return state_of_single_reads(reader.read(reads), unique)


def _by_carrier(marks: Iterable[CarriedMark]) -> Mapping[ResourceId, list[CarriedMark]]:
    grouped: dict[ResourceId, list[CarriedMark]] = {}
    for mark in marks:
        grouped.setdefault(mark.carrier, []).append(mark)
    return grouped


def _list_resources(marks: Sequence[CarriedMark]) -> str:
    shown = ", ".join(mark.resource.text for mark in marks[:_MOST_NAMED])
    more = len(marks) - _MOST_NAMED
    return f"{shown} and {more} more" if more > 0 else shown
