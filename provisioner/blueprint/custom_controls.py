"""Custom controls: files that state conditions on resources, beside azsec's own controls.

An environment names them under `controls:`, each relative to the file that states it. They are
named one by one, and not found in a folder, so that a control that is removed or renamed is an
error or a change of the environment's file, and never a check that is silently gone.

Here the files are read and checked; `controls.custom` evaluates them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from provisioner.blueprint.control_file import ControlFile, ControlRuleFile
from provisioner.blueprint.expression import (
    Chain,
    ExceededError,
    Expression,
    ExpressionError,
    compile_expression,
    known_functions,
    unknown_functions,
)
from provisioner.blueprint.expression_limits import exceeded
from provisioner.blueprint.file_schemas import Sources, load_file
from provisioner.blueprint.functions import ELSEWHERE
from provisioner.blueprint.source_locations import resolve_source
from provisioner.blueprint.yaml_source import Node
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error, nearest
from provisioner.model.property_path import split_steps
from provisioner.model.span import Span

MAX_CONTROLS = 200
"""The control files of one environment."""

RESOURCE = "resource"
"""The one name that the expressions of a control read."""

ATTRIBUTES = ("id", "name", "type", "resourceGroup", "tags", "body")
"""What `resource` has."""

_ID = re.compile(r"[A-Z][A-Z0-9]{1,11}-[0-9]{1,4}")
_HAS = re.compile(r"\bhas\s*\(([^()]*)\)")


@dataclass(frozen=True, slots=True)
class Condition:
    """One expression of a control, checked: its CEL text and its place.

    `tested` are the chains that it calls `has()` on.
    """

    text: str
    span: Span
    tested: frozenset[Chain]

    @property
    def expression(self) -> Expression:
        """The compiled expression, which the compiler keeps."""
        return compile_expression(self.text)


@dataclass(frozen=True, slots=True)
class StatedRule:
    """A rule of a control file: the types and their places, and its expressions."""

    types: Mapping[str, Span]
    when: Condition | None
    expect: Condition
    evidence: Condition | None
    path: str | None


@dataclass(frozen=True, slots=True)
class StatedControl:
    """A control file, checked as far as one file can be.

    Checked are the syntax, names and functions of its expressions. `path` is where it is stated,
    `node` the file.
    """

    file: ControlFile
    path: str
    node: Node
    rules: tuple[StatedRule, ...]

    @property
    def id(self) -> str:
        """Its id."""
        return self.file.metadata.id

    def place(self, *path: str | int) -> Span:
        """Return the place of a property of the file."""
        return self.node.find(path).span


def load_controls(
    references: Sequence[str], listed: Node, sources: Sources
) -> tuple[StatedControl, ...]:
    """Read the control files that an environment names; `listed` is the node of `controls`.

    Raises:
        DiagnosticError: With every place: a file that is none or named twice (`repeated-control`),
            an id that is no id (`wrong-id`) or stated twice (`duplicate-control`), an expression
            that cannot be read (`bad-expression`), reads another name than `resource`
            (`unknown-name`) or calls an unknown function (`unknown-function`), and more than
            MAX_CONTROLS files.
    """
    if len(references) > MAX_CONTROLS:
        message = f"{len(references):,} control files are named; at most {MAX_CONTROLS} are read"
        raise DiagnosticError(exceeded(message, listed.span))
    found: dict[str, StatedControl] = {}
    wrong: list[Diagnostic] = []
    seen: set[str] = set()
    for reference, named in zip(references, listed.items, strict=True):
        try:
            path = resolve_source(reference, named.span.file, named.span)
            if path in seen:
                message = f"{path} is named twice."
                raise DiagnosticError(error("repeated-control", message, named.span, "Remove one."))
            seen.add(path)
            control = _load_control(path, sources)
            first = found.setdefault(control.id, control)
            if first is not control:
                raise DiagnosticError(_duplicate_diagnostic(control, first))
        except DiagnosticError as problem:
            wrong += (
                each if each.span else replace(each, span=named.span)
                for each in problem.diagnostics
            )
    if wrong:
        raise DiagnosticError(*wrong)
    return tuple(found.values())


def _duplicate_diagnostic(control: StatedControl, first: StatedControl) -> Diagnostic:
    return error(
        "duplicate-control",
        f"{control.id} is stated at {first.place('metadata', 'id')} already.",
        control.place("metadata", "id"),
        "Give each control an id of its own.",
    )


def _load_control(path: str, sources: Sources) -> StatedControl:
    file, node = load_file(ControlFile, path, sources)
    wrong: list[Diagnostic] = []
    if not _ID.fullmatch(file.metadata.id):
        wrong.append(
            error(
                "wrong-id",
                f"{file.metadata.id!r} is not an id of a custom control.",
                node.find(("metadata", "id")).span,
                "Expected 2 to 12 capital letters and digits, a hyphen and a number, as ACME-01.",
            )
        )
    wrong += _check_remediation(file, node)
    rules = []
    for number, rule in enumerate(file.rules):
        here = node.find(("rules", number))
        wrong += _check_path(rule, here)
        conditions: dict[str, Condition] = {}
        for key, text in (
            ("when", rule.when),
            ("expect", rule.expect),
            ("evidence", rule.evidence),
        ):
            if text is None:
                continue
            place = here.find((key,))
            try:
                conditions[key] = _checked_condition(text, place)
            except DiagnosticError as problem:
                wrong += problem.diagnostics
        types = zip(rule.types, here.find(("types",)).items, strict=True)
        if "expect" in conditions:
            rules.append(
                StatedRule(
                    types={name: named.span for name, named in types},
                    when=conditions.get("when"),
                    expect=conditions["expect"],
                    evidence=conditions.get("evidence"),
                    path=rule.path,
                )
            )
    if wrong:
        raise DiagnosticError(*wrong)
    return StatedControl(file, path, node, tuple(rules))


def _check_remediation(file: ControlFile, node: Node) -> Iterator[Diagnostic]:
    if "```" in file.remediation:
        # Reports put it into a fenced block of Markdown, which it must not close.
        yield error(
            "wrong-value",
            "'remediation' holds ```.",
            node.find(("remediation",)).span,
            "Expected resources of a blueprint as YAML, or plain text.",
        )


def _check_path(rule: ControlRuleFile, here: Node) -> Iterator[Diagnostic]:
    if rule.path is not None and split_steps(rule.path) is None:
        yield error(
            "wrong-path",
            f"{rule.path!r} is not a path of a property.",
            here.find(("path",)).span,
            "Expected names joined by dots, as properties.minimumTlsVersion.",
        )


def _checked_condition(text: str, node: Node) -> Condition:
    """Return an expression of a control, checked.

    Raises:
        DiagnosticError: Where it is enclosed in `${}`, too large, no CEL, or uses unknown names or
            functions.
    """
    span = Span(node.span.file, node.span.line, node.span.column + node.quoted)
    if text.lstrip().startswith("${"):
        raise DiagnosticError(
            error(
                "bad-expression",
                "the expression is enclosed in ${ }.",
                span,
                "Write it without: the properties of a rule are CEL as they are.",
            )
        )
    try:
        expression = compile_expression(text)
        tested = {
            chain
            for match in _HAS.finditer(text)
            for chain in compile_expression(match[1].strip()).chains
        }
    except ExceededError as problem:
        raise DiagnosticError(exceeded(f"the expression {problem}", span)) from None
    except ExpressionError as problem:
        raise DiagnosticError(
            error("bad-expression", f"the expression {problem}.", span, "Expected CEL.")
        ) from None
    wrong = [*_wrong_functions(expression, span), *_wrong_names(expression, span)]
    if wrong:
        raise DiagnosticError(*wrong)
    return Condition(text, span, frozenset(tested))


def _wrong_functions(expression: Expression, span: Span) -> Iterator[Diagnostic]:
    for name in unknown_functions(expression):
        hint = ELSEWHERE.get(name)
        yield error(
            "unknown-function",
            f"there is no function {name!r}.",
            span,
            f"Write {hint}." if hint else nearest(name, known_functions()),
        )


def _wrong_names(expression: Expression, span: Span) -> Iterator[Diagnostic]:
    for chain in expression.chains:
        if chain.root != RESOURCE:
            yield error(
                "unknown-name",
                f"nothing here is called {chain.root!r}.",
                span,
                f"Expected resource.{', resource.'.join(ATTRIBUTES)}.",
            )
        elif not chain.path or chain.path[0] not in ATTRIBUTES:
            named = str(chain.path[0]) if chain.path else ""
            yield error(
                "unknown-name",
                f"a resource has no {named!r} here."
                if named
                else "the resource is read as a whole.",
                span,
                f"Expected resource.{', resource.'.join(ATTRIBUTES)}; properties are in "
                "resource.body.",
            )
