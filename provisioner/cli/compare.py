"""`azsec compare`: streams of desired and actual bodies, without Azure."""

import json
import sys
from collections.abc import Iterable, Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

from provisioner.cli.exit_code import ExitCode
from provisioner.cli.workspace import load_catalog
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.model.json_source import MAX_CHARACTERS
from provisioner.workflow.compare import compare_lines


def compare_stream(file: str, *, jsonl: bool, show_unknown: bool) -> int:
    """Write the answer to each comparison of a file or standard input; return the exit code.

    Without `jsonl` the whole input is one comparison, which may span lines; with it each line is
    one.

    Raises:
        DiagnosticError: Where the file cannot be read.
    """
    if file == "-":
        if isinstance(sys.stdin, TextIOWrapper):
            sys.stdin.reconfigure(errors="replace")
        return _answer_questions(_question_texts(sys.stdin, jsonl=jsonl), show_unknown)
    try:
        with Path(file).open(encoding="utf-8", errors="replace") as lines:
            return _answer_questions(_question_texts(lines, jsonl=jsonl), show_unknown)
    except OSError as problem:
        raise DiagnosticError(
            error("file-unreadable", f"{file} cannot be read: {problem.strerror}.")
        ) from None


def _question_texts(stream: TextIO, *, jsonl: bool) -> Iterator[str]:
    """Yield the lines of a stream, or all of it as one.

    Of a line only a bounded part is read; the rest is skipped, and does not count as the next line.
    """
    read = stream.readline if jsonl else stream.read
    while line := read(MAX_CHARACTERS + 1):
        yield line
        while jsonl and len(line) > MAX_CHARACTERS and not line.endswith("\n"):
            line = stream.readline(MAX_CHARACTERS)
            if not line:
                return
        if not jsonl:
            return


def _answer_questions(lines: Iterable[str], show_unknown: bool) -> int:
    code = ExitCode.SUCCESS
    for answer in compare_lines(lines, load_catalog(), show_unknown=show_unknown):
        if "error" in answer:
            code = ExitCode.ERROR
        # In ASCII, because a body may hold text that is no valid Unicode.
        sys.stdout.write(json.dumps(answer) + "\n")
    return code
