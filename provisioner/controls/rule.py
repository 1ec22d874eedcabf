"""Rules of a control: a judge of each resource of a type, with the properties that it may read.

A judge sees nothing but the properties that its rule declares: what a control reads is therefore
what it says it reads, in the documentation and to whoever asks what a changed property touches.

Called by every chapter and by `evaluation`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from provisioner.controls.evaluation_context import EvaluationContext
from provisioner.controls.predicates import Predicate, show
from provisioner.controls.subject import DeclaredReads, Observation, Subject
from provisioner.controls.verdict import Finding
from provisioner.model.values import Unknown, is_empty

Judge: TypeAlias = Callable[[Subject], Iterator[Observation]]
"""Returns the observations of one resource: one for each evaluated property, none where the rule
does not apply to the resource."""

Condition: TypeAlias = Callable[[Subject], bool]
"""Tells whether a rule is about a resource at all."""

_NOTHING: Mapping[str, tuple[str, ...]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A judgement of every resource of the type `on`.

    `reads` has the properties that the judge may look at, by the type of the resource that they
    are read from (`on` itself, and others that it looks up). `clouds` are those in which it can
    hold; none is every cloud. One that `sees_all_types` may look at which resources there are of
    all other types, and at nothing in them.
    """

    on: str
    judge: Judge
    reads: Mapping[str, tuple[str, ...]]
    clouds: tuple[str, ...] = ()
    sees_all_types: bool = False


def rule(
    on: str,
    judge: Judge,
    *paths: str,
    others: Mapping[str, Sequence[str]] = _NOTHING,
    clouds: Sequence[str] = (),
    sees_all_types: bool = False,
) -> Rule:
    """Return a rule over a type that reads `paths` of it, and paths of other types."""
    reads = {kind: tuple(theirs) for kind, theirs in others.items()}
    # A rule may look up other resources of its own type (sibling node pools): those paths are
    # added to the subject's own.
    reads[on] = (*paths, *(path for path in reads.get(on, ()) if path not in paths))
    return Rule(
        on=on,
        judge=judge,
        reads=MappingProxyType(reads),
        clouds=tuple(clouds),
        sees_all_types=sees_all_types,
    )


def expect(
    on: str,
    path: str,
    predicate: Predicate,
    *,
    when: Condition | None = None,
    reading: Sequence[str] = (),
    clouds: Sequence[str] = (),
) -> Rule:
    """Return the rule that one property satisfies a predicate, in every resource of a type.

    It applies where the condition `when` holds, which may read the paths in `reading`.
    """

    def judge(subject: Subject) -> Iterator[Observation]:
        if when is None or when(subject):
            yield look(subject, path, predicate)

    return rule(on, judge, path, *reading, clouds=clouds)


def look(subject: Subject, path: str, predicate: Predicate) -> Observation:
    """Return the observation on one property that has to satisfy a predicate."""
    value = subject.value(path)
    name = path.removeprefix("properties.")
    # Before apply a reference has no value: neither pass nor fail would be true of every outcome.
    if isinstance(value, Unknown):
        return subject.unknown(path, f"{name} is {value}")
    evidence = f"{name} is {show(value)}"
    # Without "(default)" a reader looks for the value in the blueprint and does not find it.
    if not subject.states(path) and not is_empty(value):
        evidence += " (default)"
    if predicate.test(value):
        return subject.passes(path, evidence)
    return subject.fails(path, f"{evidence}, expected {predicate.words}")


def apply_rule(control: str, found: Rule, context: EvaluationContext) -> Iterator[Finding]:
    """Yield the findings of a control's rule over a state."""
    if found.clouds and context.cloud not in found.clouds:
        return
    reads = DeclaredReads(context, found.reads, sees_all_types=found.sees_all_types)
    for resource in context.subjects(found.on):
        for seen in found.judge(reads.of(resource)):
            yield Finding(control, seen.verdict, resource, seen.path, seen.evidence)
