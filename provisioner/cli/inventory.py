"""Run `azsec output --raw` and `azsec console`: values for scripts, and expressions."""

import sys
from collections.abc import Iterator, Sequence
from typing import TextIO

from provisioner.cli.output import print_inventory
from provisioner.cli.session import Session
from provisioner.documents.inventory import EvaluatedDocument, EvaluationsDocument, OutputsDocument
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.model.span import Span
from provisioner.workflow.inventory import evaluate_expression, has_errors

_MOST_LINES = 10_000
"""Expressions that one console evaluates."""


def print_raw(document: OutputsDocument, name: str | None) -> None:
    """Print the text of one output, without an end of line, as scripts want it.

    Raises:
        DiagnosticError: Where there is no name, and for a value that is not known, holds a secret,
            or is null, a list or a map.
    """
    if name is None:
        raise DiagnosticError(
            error("no-output", "--raw prints one output.", None, "Name it: azsec output ENV NAME.")
        )
    (found,) = document.outputs
    if not found.known:
        raise DiagnosticError(
            error("output-not-known", f"the output {name!r} is not known: {found.reason}.")
        )
    if found.sensitive:
        raise DiagnosticError(
            error(
                "sensitive-output",
                f"the output {name!r} holds a secret, or what is made of one, and is not printed.",
                None,
                "Read the secret in Azure, with an identity that may.",
            )
        )
    value = found.value
    if value is None or isinstance(value, list | dict):
        kind = "null" if value is None else "a list" if isinstance(value, list) else "a map"
        raise DiagnosticError(
            error("no-text", f"the output {name!r} is {kind}, and no text.", None, "Use -o json.")
        )
    text = ("true" if value else "false") if isinstance(value, bool) else str(value)
    sys.stdout.write(text)


def evaluate_lines(
    session: Session,
    environment: str,
    expressions: Sequence[str] | None,
    stream: TextIO,
    output: str,
    *,
    live: bool,
) -> bool:
    """Evaluate expressions, or the lines of a stream; return whether all have a value.

    At an interactive terminal each result is printed at once.
    """
    desired, names, found = session.open_names(environment, actual=live)
    results: list[EvaluatedDocument] = []

    def document(some: Sequence[EvaluatedDocument]) -> EvaluationsDocument:
        return EvaluationsDocument(environment=desired.document, actual=live, results=tuple(some))

    for text, place in _expressions_of(expressions, stream):
        result = evaluate_expression(names, text, place, found)
        results.append(result)
        if output == "text":
            print_inventory(document([result]), output)
            sys.stdout.flush()
    if output != "text":
        print_inventory(document(results), output)
    return not has_errors(results)


def _expressions_of(given: Sequence[str] | None, stream: TextIO) -> Iterator[tuple[str, Span]]:
    if given is not None:
        yield from ((text, Span("--expression", 0, 0)) for text in given)
        return
    for number in range(1, _MOST_LINES + 1):
        if stream.isatty():
            sys.stderr.write("> ")
            sys.stderr.flush()
        text = stream.readline()
        if not text:
            return
        if text.strip() and not text.lstrip().startswith("//"):
            yield text.strip(), Span("stdin", number, 1)
    raise DiagnosticError(
        error("too-large", f"more than {_MOST_LINES:,} lines are given.", None, "Give fewer.")
    )
