"""Evaluation of one write by the rules of its type and of the children in its body."""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, replace

from provisioner.catalog.registry import Catalog
from provisioner.model.values import Value
from provisioner.service_rules.registry import rules_of
from provisioner.service_rules.rule import Refusal, ServiceRule, Write
from provisioner.service_rules.rule_context import StatedChild, children_of, with_write


@dataclass(frozen=True, slots=True)
class Finding:
    """A write that Azure refuses: by which rule, and why."""

    rule: ServiceRule
    refusal: Refusal

    def __str__(self) -> str:
        rule = self.rule
        answer = f"{rule.status} {rule.code}" if rule.code else str(rule.status)
        return f"{self.refusal.message} (Azure answers {answer})"


def judge_write(
    write: Write,
    catalog: Catalog,
    *,
    by_lists: bool = False,
    only: Container[str] | None = None,
) -> tuple[Finding, ...]:
    """Return what Azure refuses of a write, in the order of the tables.

    `by_lists` adds the rules that azsec evaluates by a list of its own (`ServiceRule.by_list`),
    `only` are the ids of the rules that are evaluated (None: all). The children that the body
    states are evaluated as if each were written by itself, with paths in the body of their parent.
    What a rule also finds in the body before is left out: Azure accepted that, and accepts it
    again.
    """
    neighbours = with_write(write, catalog)
    if neighbours is not write.neighbours:
        write = replace(write, neighbours=neighbours)
    found = _judge(write, catalog, only)
    return tuple(each for each in found if by_lists or not each.rule.by_list)


def _judge(write: Write, catalog: Catalog, only: Container[str] | None) -> Iterator[Finding]:
    # A delete has no body after it, which rules about creations and updates would read as silence.
    for rule in rules_of(write.type, deletes=write.deletes):
        if only is None or rule.id in only:
            refusals = tuple(rule.judge(write))
            if refusals:
                yield from (Finding(rule, each) for each in _new_refusals(rule, write, refusals))
    if write.deletes:
        return
    before = {} if write.before is None else _stated_before(write, write.before, catalog)
    for child in children_of(write.type, write.id, write.after, catalog):
        resource = child.resource
        stood = before.get(resource.id.key)
        inner = replace(
            write,
            type=resource.type,
            id=resource.id,
            before=stood.resource.body if stood else None,
            after=resource.body,
        )
        for found in _judge(inner, catalog, only):
            path = child.path_in_parent(found.refusal.path)
            yield replace(found, refusal=replace(found.refusal, path=path))


def _new_refusals(
    rule: ServiceRule, write: Write, refusals: tuple[Refusal, ...]
) -> Iterator[Refusal]:
    """Yield those of a rule's refusals that the body before does not have."""
    if write.before is None or write.deletes:
        yield from refusals
        return
    # Azure accepted what exists, and accepts it again: a write that leaves a refused value as it is
    # must not be refused. Messages are compared, since paths move when an entry is added.
    standing = {refusal.message for refusal in rule.judge(replace(write, after=write.before))}
    yield from (refusal for refusal in refusals if refusal.message not in standing)


def _stated_before(
    write: Write, before: Mapping[str, Value], catalog: Catalog
) -> Mapping[str, StatedChild]:
    children = children_of(write.type, write.id, before, catalog)
    return {child.resource.id.key: child for child in children}
