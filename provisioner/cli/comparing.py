"""`azsec compare`: streams of desired and actual bodies, without Azure."""

import json
import sys
from collections.abc import Iterable
from io import TextIOWrapper
from pathlib import Path

from provisioner.cli.exit_code import ExitCode
from provisioner.cli.workspace import load_catalog
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.workflow.compare import compare_lines


def compare_stream(file: str, *, jsonl: bool, show_unknown: bool) -> int:
    """Answer each comparison of a file or standard input on a line; return the exit code.

    Without `jsonl` the whole input is one comparison, which may span lines.
    """
    if file == "-":
        if isinstance(sys.stdin, TextIOWrapper):
            sys.stdin.reconfigure(errors="replace")
        return _answer(sys.stdin if jsonl else [sys.stdin.read()], show_unknown)
    try:
        with Path(file).open(encoding="utf-8", errors="replace") as lines:
            return _answer(lines if jsonl else [lines.read()], show_unknown)
    except OSError as problem:
        raise DiagnosticError(
            error("file-unreadable", f"{file} cannot be read: {problem.strerror}.")
        ) from None


def _answer(lines: Iterable[str], show_unknown: bool) -> int:
    code = ExitCode.SUCCESS
    for answer in compare_lines(lines, load_catalog(), show_unknown=show_unknown):
        if "error" in answer:
            code = ExitCode.ERROR
        # In ASCII, because a body may hold text that is no valid Unicode.
        sys.stdout.write(json.dumps(answer) + "\n")
    return code
