"""Error output of commands: a message on stderr and an exit code for each kind of failure."""

import errno
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType
from typing import NoReturn

import typer
from typer.exceptions import Abort, TyperException

from provisioner.cli.exit_code import ExitCode
from provisioner.cli.timings import print_timings, take_option
from provisioner.model.azure_error import AzureError
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, GateError, error
from provisioner.model.forge_error import ForgeError
from provisioner.model.kubernetes_error import KubernetesError, describe_refusal


def run_guarded(app: typer.Typer, arguments: Sequence[str]) -> int:
    """Run the command line with `arguments`; return its exit code.

    An expected failure is told on stderr, and is no traceback.
    """
    words, wants_timings = take_option(arguments)
    with print_timings(wanted=wants_timings):
        return _run_guarded(app, words)


def _run_guarded(app: typer.Typer, arguments: Sequence[str]) -> int:
    try:
        result = app(list(arguments), standalone_mode=False, prog_name="azsec")
    except TyperException as problem:
        return _tell_usage(problem, arguments)
    except (DiagnosticError, AzureError, ForgeError, KubernetesError) as problem:
        return _report_problem(problem)
    except BrokenPipeError:
        # The reader of stdout has closed it (`azsec plan … | head`).
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.SUCCESS
    except OSError as problem:
        # Code that reads or writes a file reports more, where more is known; a folder without
        # permissions or a full disk can be met anywhere.
        if problem.errno not in _OF_FILES or problem.filename is None:
            raise
        result = _report_problem(
            DiagnosticError(
                error(
                    "file-access",
                    f"access to {problem.filename} failed: {problem.strerror}.",
                    None,
                    "Check the permissions of the file and of the folders above it, and the free "
                    "space.",
                )
            )
        )
    except (KeyboardInterrupt, Abort):
        return _leave_interrupted()
    except (RecursionError, MemoryError) as problem:
        # Every reader of a file has bounds of its own; this is the fallback for a missing one.
        what = "there is not enough memory for the input"
        if isinstance(problem, RecursionError):
            what = "the input nests too deeply"
        result = _report_problem(DiagnosticError(error("too-large", f"{what}.")))
    return result if isinstance(result, int) else ExitCode.SUCCESS


_OF_FILES = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT)


def _tell_usage(problem: TyperException, arguments: Sequence[str]) -> int:
    """Print what is wrong with a command line, and the command whose `--help` explains it.

    A group without a command prints its help.
    """
    message = problem.format_message().replace("Value error, ", "")
    if type(problem).__name__ == "NoArgsIsHelpError":
        sys.stdout.write(f"{message}\n")
        return ExitCode.SUCCESS
    end = "" if message.endswith((".", "?")) else "."
    context = getattr(problem, "ctx", None)
    # An error of the option parser has no context: then the first word names the command.
    words = [each for each in arguments[:1] if not each.startswith("-")]
    command = context.command_path if context is not None else " ".join(("azsec", *words))
    sys.stderr.write(f"error: {message}{end} See `{command} --help`.\n")
    return ExitCode.ERROR


def handle_interrupts() -> None:
    """Make a first Ctrl-C a KeyboardInterrupt, and leave at once on a second one.

    SIGTERM, with which CI cancels a job, counts as Ctrl-C. The second one is no exception, because
    Python drops one that is raised inside of a finaliser.
    """
    seen: list[int] = []

    def interrupt(number: int, _frame: FrameType | None) -> None:
        seen.append(number)
        if len(seen) > 1:
            _leave_now()
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    # The CEL library logs what a function raises, a KeyboardInterrupt too; azsec reports it itself.
    logging.getLogger("cel").addHandler(logging.NullHandler())


def end(code: int) -> NoReturn:
    """End the process with an exit code, without waiting for requests in flight.

    After an interrupt or a timeout there may be some, and at its exit Python waits for the threads
    of pools.
    """
    with suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    if threading.active_count() > 1:
        os._exit(code)
    sys.exit(code)


def _report_problem(problem: DiagnosticError | AzureError | ForgeError | KubernetesError) -> int:
    diagnostics: Sequence[Diagnostic]
    if isinstance(problem, AzureError):
        diagnostics = [error("azure", f"{problem}.")]
    elif isinstance(problem, ForgeError):
        diagnostics = [error(problem.code, problem.message, None, problem.hint)]
    elif isinstance(problem, KubernetesError):
        diagnostics = [describe_refusal(problem, "the API server")]
    else:
        diagnostics = problem.diagnostics
    for diagnostic in diagnostics:
        sys.stderr.write(f"{diagnostic}\n")
    return ExitCode.REFUSED if isinstance(problem, GateError) else ExitCode.ERROR


def _leave_interrupted() -> int:
    """Leave at once: requests in flight go on in Azure, and the next plan takes up from there."""
    sys.stderr.write("interrupted\n")
    sys.stderr.flush()
    sys.stdout.flush()
    os._exit(ExitCode.INTERRUPTED)


def _leave_now() -> None:
    """Leave from whatever is running, a write to stderr too: hence past Python's buffers."""
    stderr = sys.stderr.fileno()
    os.write(stderr, _SHOW_CURSOR + b"interrupted\n" if os.isatty(stderr) else b"interrupted\n")
    os._exit(ExitCode.INTERRUPTED)


_SHOW_CURSOR = b"\x1b[?25h"
"""Undoes what the display of progress does to a terminal."""
