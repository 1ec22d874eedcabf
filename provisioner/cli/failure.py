"""Turns every way in which a command can fail into words on stderr and an exit code."""

import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType

import typer
from typer.exceptions import Abort, TyperException

from provisioner.cli.exit_code import ExitCode
from provisioner.model.azure_error import AzureError
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, GateError, error


def run_guarded(app: typer.Typer, arguments: Sequence[str]) -> int:
    """Run the command line with `arguments`; return its exit code.

    An expected failure is told on stderr, and is no traceback.
    """
    try:
        result = app(list(arguments), standalone_mode=False)
    except TyperException as problem:
        message = problem.format_message()
        end = "" if message.endswith((".", "?")) else "."
        sys.stderr.write(f"error: {message}{end} `azsec COMMAND --help` says what there is.\n")
        return ExitCode.ERROR
    except (DiagnosticError, AzureError) as problem:
        return _tell(problem)
    except BrokenPipeError:
        # The reader of our output went away (`azsec plan … | head`).
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.SUCCESS
    except (KeyboardInterrupt, Abort):
        return _leave()
    return result if isinstance(result, int) else ExitCode.SUCCESS


def interrupt_on_terminate() -> None:
    """Treat SIGTERM, with which CI cancels a job, as Ctrl-C."""
    signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _tell(problem: DiagnosticError | AzureError) -> int:
    diagnostics: Sequence[Diagnostic]
    if isinstance(problem, AzureError):
        diagnostics = [error("azure", f"{problem}.")]
    else:
        diagnostics = problem.diagnostics
    for diagnostic in diagnostics:
        sys.stderr.write(f"{diagnostic}\n")
    return ExitCode.REFUSED if isinstance(problem, GateError) else ExitCode.ERROR


def _leave() -> int:
    """Leave at once: requests in flight go on in Azure, and the next plan takes up from there."""
    sys.stderr.write("interrupted\n")
    sys.stderr.flush()
    sys.stdout.flush()
    os._exit(ExitCode.INTERRUPTED)
