"""Reads the resources that a plan observed once more, before the first of its steps.

Called by `workflow.apply`, which refuses a plan that is stale.
"""

from collections.abc import Mapping, Sequence

from provisioner.catalog.registry import Catalog
from provisioner.engine.ports import Reader
from provisioner.model.actual import ActualState
from provisioner.model.values import Body
from provisioner.plan.actual_state import bodies_of, state_of_single_reads
from provisioner.plan.plan import Observed
from provisioner.plan.reads import Answer
from provisioner.plan.rereads import read_of, shared_lists, split_absent


def read_observed(observed: Sequence[Observed], reader: Reader, catalog: Catalog) -> ActualState:
    """Return Azure's present answer for each resource that a plan observed.

    A resource that was absent within an absent parent is read only where the parent exists by now,
    or cannot be read. Raises AzureError only where nothing can be read.
    """
    first, within = split_absent(observed)
    # One list for several resources of a type, as in the plan (ADR 0008).
    lists = shared_lists(first, catalog)
    listed = bodies_of(reader.read(lists), catalog) if lists else {}
    answers = _read_or_take(first, reader, listed)
    absent = {
        entry.id.key
        for entry, answer in zip(first, answers, strict=True)
        if answer.refused is None and not answer.items
    }
    second = [entry for entry, outer in within if outer.key not in absent]
    # A GET within an absent parent answers 404, too: it is only sent where the parent's answer
    # leaves it open.
    answers += _read_or_take(second, reader, listed)
    return state_of_single_reads(answers, [entry.id for entry in (*first, *second)])


def _read_or_take(
    entries: Sequence[Observed], reader: Reader, listed: Mapping[str, Body]
) -> list[Answer]:
    """Return an answer for each entry: from the lists, or else by a GET."""
    single = [entry for entry in entries if entry.id.key not in listed]
    asked = iter(reader.read([read_of(entry) for entry in single]))
    return [
        Answer(read_of(entry), (listed[entry.id.key],), calls=0)
        if entry.id.key in listed
        else next(asked)
        for entry in entries
    ]
