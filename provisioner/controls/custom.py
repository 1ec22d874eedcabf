"""Custom controls: rules in a repository's own files, evaluated like those of azsec.

Called by `workflow.security_evaluation` and by `azsec controls`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from provisioner.blueprint.custom_controls import (
    RESOURCE,
    Condition,
    StatedControl,
    StatedRule,
)
from provisioner.blueprint.expression import ExceededError, ExpressionError, evaluate
from provisioner.blueprint.expression_limits import Budget, exceeded
from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import Tier
from provisioner.catalog.schema import Kind, SchemaIndex
from provisioner.controls.cis_aks import RECOMMENDATIONS
from provisioner.controls.control import Control, Layer, Mappings, Severity
from provisioner.controls.custom_scope import paths_of, seen_by, steps_of
from provisioner.controls.predicates import show
from provisioner.controls.registry import CHAPTERS, all_controls
from provisioner.controls.rule import Rule
from provisioner.controls.subject import Observation, Subject
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error, nearest
from provisioner.model.values import Bound, Unknown, Value, is_empty

MOST_EVIDENCE = 400
"""The characters of evidence that a finding keeps."""

_MOST_EXPRESSION_CHARACTERS = 160


def controls_with(stated: Sequence[StatedControl]) -> tuple[Control, ...]:
    """Return azsec's controls and, after them, those of an environment's files, as they are named.

    All custom controls that are built together share one budget of expressions, so that it is for
    one judgement of one state (docs/untrusted-input.md).
    """
    if not stated:
        return all_controls()
    # Each expression is cheap; a thousand controls over ten thousand resources are not. The
    # budget bounds the whole evaluation of a file from others.
    budget = Budget()
    return (*all_controls(), *(_build_control(each, budget) for each in stated))


def check_controls(stated: Iterable[StatedControl]) -> None:
    """Check the ids of custom controls, and the CIS recommendations that they name.

    Raises:
        DiagnosticError: Where an id has the letters of azsec's own (`reserved-id`), or a
            recommendation does not exist (`unknown-recommendation`).
    """
    errors = [found for each in stated for found in _find_errors(each)]
    if errors:
        raise DiagnosticError(*errors)


def check_control_types(stated: Iterable[StatedControl], known: Sequence[str]) -> None:
    """Check that every type in a rule is known; a misspelt one would have no resources.

    Raises:
        DiagnosticError: Where a type is not among those that are known (`unknown-type`).
    """
    # Reported when the file is loaded: a rule over a type that does not exist would pass as not
    # applicable for ever.
    folded = {name.lower() for name in known}
    errors = [
        error(
            "unknown-type",
            f"there is no resource type {name!r} in the catalog or in the environment.",
            span,
            f"{nearest(name, known)} A type of an SDK package takes `schemas:`, any other an "
            "API version under `types:` of the environment.",
        )
        for each in stated
        for rule in each.rules
        for name, span in rule.types.items()
        if name.lower() not in folded
    ]
    if errors:
        raise DiagnosticError(*errors)


def check_control_paths(stated: Iterable[StatedControl], catalog: Catalog) -> None:
    """Check the properties in expressions; a misspelt one would be null for every resource.

    Raises:
        DiagnosticError: Where the model of a type does not have a property (`unknown-property`).
    """
    errors = [
        error(
            "unknown-property",
            f"{known.name} has no {'.'.join(steps)}.",
            condition.span,
            f"Correct the path that {each.id} reads, or leave the type out of the rule.",
        )
        for each in stated
        for rule in each.rules
        for known in (catalog.find(name) for name in rule.types)
        # Of a raw type there is no model to compare with.
        if known is not None and known.tier is not Tier.RAW
        for condition in (rule.when, rule.expect, rule.evidence)
        if condition is not None
        for steps in steps_of(condition)
        if not _has_property(catalog.schemas, known.name, steps)
    ]
    if errors:
        raise DiagnosticError(*errors)


_ENVELOPE = frozenset({"id", "name", "type", "etag", "location", "tags", "systemdata", "identity"})
"""What a body can have whatever its type ("Resource Provider Contract" of ARM)."""


def _has_property(schemas: SchemaIndex, name: str, steps: Sequence[str]) -> bool:
    """Return whether bodies of a type can have a property.

    It is one of the model, or inside of what the model leaves open.
    """
    if steps[0].lower() in _ENVELOPE:
        return True
    for length in range(1, len(steps) + 1):
        found = schemas.find(name, steps[:length])
        if found is None:
            above = schemas.model_at(name, steps[: length - 1])
            return above is not None and above.open_ended
        # Keys below a map or an object without a model are the author's.
        if found.shape.kind in (Kind.ANY, Kind.MAP):
            return True
    return True


def _find_errors(stated: StatedControl) -> Iterator[Diagnostic]:
    letters = stated.id.partition("-")[0]
    if letters in _RESERVED:
        yield error(
            "reserved-id",
            f"{stated.id} begins as azsec's own ids do.",
            stated.place("metadata", "id"),
            f"Use other letters than {', '.join(sorted(_RESERVED))}.",
        )
    numbers = [found.number for found in RECOMMENDATIONS]
    for index, number in enumerate(stated.file.mappings.cis):
        if number not in numbers:
            yield error(
                "unknown-recommendation",
                f"CIS AKS 1.8 has no recommendation {number!r}.",
                stated.place("mappings", "cis", index),
                nearest(number, numbers),
            )


_RESERVED = frozenset({*CHAPTERS, "PRI", "AZSEC"})
"""The letters of ids that are azsec's: chapters of the guidelines, their principles (PRI), and its
name."""


def _build_control(stated: StatedControl, budget: Budget) -> Control:
    file = stated.file
    mappings = file.mappings
    return Control(
        id=stated.id,
        title=file.metadata.title,
        severity=Severity(file.severity),
        layer=Layer(file.layer),
        item="",
        rationale=file.rationale,
        remediation=file.remediation,
        rules=tuple(_build_rules(stated, budget)),
        limits=file.limits,
        mappings=Mappings(
            cis=tuple(mappings.cis),
            policies=tuple(mappings.policies),
            checkov=tuple(mappings.checkov),
            psrule=tuple(mappings.psrule),
        ),
        source=stated.path,
        custom_chapter=file.metadata.chapter,
    )


def _build_rules(stated: StatedControl, budget: Budget) -> Iterator[Rule]:
    for rule in stated.rules:
        judgement = _Judgement(stated.id, rule, budget)
        reads = (*judgement.reads, *((rule.path,) if rule.path else ()))
        for name in rule.types:
            yield Rule(
                on=name,
                judge=partial(_judge_resource, judgement),
                reads={name: tuple(dict.fromkeys(reads))},
            )


@dataclass(frozen=True, slots=True)
class _Judgement:
    """One rule of the control `id`, and the budget that its expressions are charged to."""

    id: str
    rule: StatedRule
    budget: Budget

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The expressions of the rule."""
        rule = self.rule
        return tuple(each for each in (rule.when, rule.expect, rule.evidence) if each)

    @property
    def reads(self) -> tuple[str, ...]:
        """The paths of the properties that the rule reads."""
        found = (path for each in self.conditions for path in paths_of(each))
        return tuple(dict.fromkeys(found))

    @property
    def path(self) -> str:
        """The property that findings name: the stated one, or the one that `expect` reads alone."""
        if self.rule.path is not None:
            return self.rule.path
        read = dict.fromkeys(paths_of(self.rule.expect))
        return next(iter(read)) if len(read) == 1 else ""

    def evaluate(self, condition: Condition, subject: Subject) -> Value:
        """Return the value of an expression for a resource.

        It is Unknown where the expression reads what is known after apply.

        Raises:
            DiagnosticError: At the expression, where it has no value or exceeds its limits.
        """
        expression = condition.expression
        scope: Mapping[str, Bound] = {RESOURCE: seen_by(condition, subject)}
        try:
            return evaluate(expression, scope, _resolve_nothing, self.budget)
        except ExceededError as problem:
            message = f"{self.id}, judging {subject.label}: the expression {problem}"
            raise DiagnosticError(exceeded(message, condition.span)) from None
        except ExpressionError as problem:
            raise DiagnosticError(
                error(
                    "bad-expression",
                    f"{self.id}, judging {subject.label}: the expression has no value: {problem}.",
                    condition.span,
                    "Use `has(…)` for what is not always there, or compare it with null.",
                )
            ) from None

    def decide(self, condition: Condition, subject: Subject) -> bool | Unknown:
        """Return the value of a condition.

        Raises:
            DiagnosticError: As from `evaluate`, and where the value is not true, false or Unknown.
        """
        value = self.evaluate(condition, subject)
        # A condition that gives null or text is a mistake; taken as false it would fail, or skip,
        # every resource in silence.
        if isinstance(value, bool | Unknown):
            return value
        raise DiagnosticError(
            error(
                "bad-expression",
                f"{self.id}, judging {subject.label}: the expression gives {show(value)}.",
                condition.span,
                "Expected true or false.",
            )
        )


def _judge_resource(judgement: _Judgement, subject: Subject) -> Iterator[Observation]:
    """Judge one resource by a rule. Raises DiagnosticError at an expression that has no value."""
    rule, path = judgement.rule, judgement.path
    if rule.when is not None:
        applies = judgement.decide(rule.when, subject)
        if isinstance(applies, Unknown):
            yield subject.unknown(path, f"whether the rule applies is {applies}")
            return
        if not applies:
            return
    passes = judgement.decide(rule.expect, subject)
    if isinstance(passes, Unknown):
        yield subject.unknown(path, f"whether it passes is {passes}")
        return
    evidence = _format_evidence(judgement, subject, passes)
    yield subject.passes(path, evidence) if passes else subject.fails(path, evidence)


def _format_evidence(judgement: _Judgement, subject: Subject, passes: bool) -> str:
    stated = judgement.rule.evidence
    if stated is None:
        return _truncate(_default_evidence(judgement.rule.expect, subject, passes), MOST_EVIDENCE)
    computed = judgement.evaluate(stated, subject)
    # Evidence goes into reports, SARIF and comments on pull requests, which have limits of their
    # own.
    return _truncate(computed if isinstance(computed, str) else show(computed), MOST_EVIDENCE)


def _default_evidence(condition: Condition, subject: Subject, passes: bool) -> str:
    """Return the properties that a condition reads with their values.

    Where the condition is false, it is appended.
    """
    read_properties = ", ".join(
        f"{path.removeprefix('properties.')} is {show(subject.value(path))}"
        + ("" if subject.states(path) or is_empty(subject.value(path)) else " (default)")
        for path in paths_of(condition)
    )
    expression = _truncate(" ".join(condition.text.split()), _MOST_EXPRESSION_CHARACTERS)
    if passes:
        return read_properties or f"{expression} holds"
    return (
        f"{read_properties}, expected {expression}"
        if read_properties
        else f"{expression} does not hold"
    )


def _truncate(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _resolve_nothing(address: str) -> None:
    """Return None: a control reads one resource, which is in its scope, and no others."""
    del address
