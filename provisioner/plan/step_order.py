"""The order of steps by the turns of their changes (`Changes.turns`), and its effect on bodies."""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import replace

from provisioner.catalog.registry import Catalog
from provisioner.documents.plan import Action
from provisioner.model.values import ABSENT, lookup, put_at, unknowns
from provisioner.plan.changes import ResourceChange
from provisioner.plan.step import Step
from provisioner.plan.step_constraints import closure

_UPDATES = (Action.UPDATE, Action.ADOPT)


def order_turns(
    changes: Sequence[ResourceChange],
    puts: Mapping[str, Step],
    deletes: Mapping[str, Step],
    after: dict[str, set[str]],
    turns: Mapping[str, frozenset[str]],
    stated: Mapping[str, Set[str]],
) -> None:
    """Order each step after those without which Azure refuses it (`Changes.turns`).

    A subnet grows after the one that gives up the range; the last system pool is deleted after the
    new one is made.

    The other one then does without the waits that would close a circle and that it can do without:
    of those that the blueprint makes (`stated`, by address), the ones for a write of something that
    is there already and has no value to give.
    """
    loose = set(_loose_waits(changes, puts, stated)) if turns else frozenset[tuple[str, str]]()
    by_key = {change.id.key: change for change in changes}
    wanted = {
        (own.key, first.key)
        for key, others in turns.items()
        for other in others
        if (own := _step_of_change(by_key[key], puts, deletes)) is not None
        and (first := _step_of_change(by_key[other], puts, deletes)) is not None
    }
    for own_key, first_key in sorted(wanted):
        for key in sorted(closure(first_key, after)):
            for waited in sorted(after[key]):
                is_loose = (key, waited) in loose and (key, waited) not in wanted
                if is_loose and own_key in closure(waited, after):
                    after[key].discard(waited)
        after[own_key].add(first_key)


def _step_of_change(
    change: ResourceChange, puts: Mapping[str, Step], deletes: Mapping[str, Step]
) -> Step | None:
    """Return the step with which a change takes its turn.

    For a replacement it is the delete, which releases what others wait for.
    """
    return deletes.get(change.id.key) or puts.get(change.address)


def _loose_waits(
    changes: Sequence[ResourceChange], puts: Mapping[str, Step], stated: Mapping[str, Set[str]]
) -> Iterator[tuple[str, str]]:
    updates = {
        puts[change.address].key: change.address
        for change in changes
        if change.action in _UPDATES and change.address in puts
    }
    for change in changes if updates else ():
        if change.address not in puts:
            continue
        pending = {path for source in unknowns(change.desired) for path in source.paths}
        for key in stated[change.address] & updates.keys():
            if not any(path.startswith(f"{updates[key]}.") for path in pending):
                yield puts[change.address].key, key


def with_made(
    step: Step, puts: Mapping[str, Step], after: Mapping[str, set[str]], catalog: Catalog
) -> Step:
    """Return a write of a parent that includes the children that the plan makes before it.

    It states them in its list of children and expects to find them: the new system pool of a
    cluster.
    """
    lists = [embedded for embedded in catalog.get(step.type).embedded if embedded.separate]
    # Nearly no type has such a list, and a look at every write for every write is quadratic.
    if not lists:
        return step
    before = closure(step.key, after) - {step.key}
    for made in (put for put in puts.values() if put.key in before and put.id.parent == step.id):
        embedded = next((each for each in lists if each.child == made.type), None)
        path = embedded.path.split(".") if embedded is not None else []
        entries = lookup(step.body, path) if path else ABSENT
        if embedded is None or made.body is None or not isinstance(entries, (list, tuple)):
            continue
        stated = made.body.get("properties") if embedded.flattened else made.body
        entry = {"name": made.id.name, **(stated if isinstance(stated, Mapping) else {})}
        names = {lookup(each, ("name",)) for each in entries}
        body = step.body or {}
        if made.id.name not in names:
            body = put_at(body, path, [*entries, entry])
        step = replace(step, body=body, inside=(*step.inside, made.id.key))
    return step
