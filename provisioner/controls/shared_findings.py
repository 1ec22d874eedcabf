"""Findings reused between two states of one environment where a control reads the same of both.

A plan judges what stands and what it leads to. All that the second judgement may take over from the
first is what a control declares to read (ADR 0015), so that is what has to be the same.

Called by `evaluation`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from provisioner.controls.control import Control
from provisioner.controls.evaluation_context import EvaluationContext
from provisioner.controls.rule import Rule
from provisioner.controls.subject import default_at, stated_at
from provisioner.controls.verdict import Finding
from provisioner.model.estate import Resource
from provisioner.model.values import is_empty, is_identical


def shared_findings(control: Control, context: EvaluationContext) -> tuple[Finding, ...] | None:
    """Return what a control found in the state that an evaluation context is `like`.

    It is None where there is no such state, or where the control reads something that differs, and
    has to be judged.
    """
    like = context.like
    known = like.findings.get(control.id) if like is not None else None
    # Custom controls are rebuilt from their files; the same id may have another rule.
    if like is None or known is None or known[0] is not control:
        return None
    difference = context.derived.get(_KEY)
    if not isinstance(difference, Difference):
        difference = context.derived[_KEY] = Difference(like, context)
    return None if difference.touches(control) else known[1]


_KEY = "difference"


@dataclass(frozen=True)
class Difference:
    """What differs between two evaluation contexts, as far as a control can see it."""

    one: EvaluationContext
    other: EvaluationContext

    def touches(self, control: Control) -> bool:
        """Return whether a control may find something else in one context than in the other."""
        if not self._is_comparable:
            return True
        return any(
            self._rule_is_affected(control, rule) for rule in (*control.rules, *control.in_cluster)
        )

    @cached_property
    def _is_comparable(self) -> bool:
        """Whether all that is beside the resources is the same, and all of both states was read."""
        one, other = self.one, self.other
        return (
            one.catalog is other.catalog
            and one.cloud == other.cloud
            and one.own_subscriptions == other.own_subscriptions
            # With refused reads, findings depend on a second estate (`as_declared`) that is not
            # compared here.
            and not any((one.unreadable, one.gaps, other.unreadable, other.gaps))
        )

    def _rule_is_affected(self, control: Control, rule: Rule) -> bool:
        # Nothing less is cheap enough: the result of such a rule depends on which resources there
        # are, of any type.
        if rule.sees_all_types and self._types_with_other_resources:
            return True
        for kind, paths in rule.reads.items():
            name = kind.lower()
            if name in self._types_with_other_resources:
                return True
            pairs = self._changed_by_type.get(name) or ()
            # The expression of a custom control sees the bodies of its type as a whole.
            if pairs and control.source:
                return True
            if any(
                self._reads_other_value(pair, path) for pair in pairs for path in (*paths, "id")
            ):
                return True
        return False

    def _reads_other_value(self, pair: tuple[Resource, Resource], path: str) -> bool:
        """Return whether a rule reads another value at a path of one resource than of the other.

        The value is one that is stated, or the default that the rest of the body makes.
        """
        one, other = (stated_at(each, path) for each in pair)
        if not is_identical(one, other):
            return True
        if not is_empty(one):
            return False
        # Defaults depend on other properties of the body, which may have changed.
        return not is_identical(*(default_at(each, path, self.one.catalog) for each in pair))

    @cached_property
    def _types_with_other_resources(self) -> frozenset[str]:
        """Return the types, in small letters, whose resources differ between the two states.

        The same resources have the same names, in the same order.
        """
        return frozenset(name for name, pairs in self._changed_by_type.items() if pairs is None)

    @cached_property
    def _changed_by_type(self) -> Mapping[str, "_Pairs | None"]:
        """Return the resources whose bodies differ, in both states, by type in small letters.

        It is None for a type of which the two do not have the same resources.
        """
        names = dict.fromkeys(
            each.type.lower() for context in (self.one, self.other) for each in context.estate
        )
        return {name: self._compare(name) for name in names}

    def _compare(self, name: str) -> "_Pairs | None":
        ones, others = (context.estate.of_type(name) for context in (self.one, self.other))
        if len(ones) != len(others):
            return None
        changed = []
        for one, other in zip(ones, others, strict=True):
            if (one.id.key in self.one.own) is not (other.id.key in self.other.own):
                return None
            # A plan reuses the resources that do not change, so most pairs need no comparison of
            # bodies.
            if one is other:
                continue
            if _identity_of(one) != _identity_of(other):
                return None
            if not is_identical(one.body, other.body):
                changed.append((one, other))
        return tuple(changed)


_Pairs: TypeAlias = tuple[tuple[Resource, Resource], ...]


def _identity_of(resource: Resource) -> tuple[object, ...]:
    """Return all that a rule, and a finding, can say of a resource beside its body."""
    return resource.id.text, resource.type, resource.address, resource.span, resource.has_facts
