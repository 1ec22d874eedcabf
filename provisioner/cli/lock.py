"""`azsec lock`, and the lock that an apply holds: who this process is, and what it asks."""

import getpass
import os
import socket
import sys
import time
import uuid
from contextlib import AbstractContextManager
from datetime import UTC, datetime

from provisioner.cli.exit_code import ExitCode
from provisioner.documents.document import EnvironmentDocument
from provisioner.documents.lock import LockDocument
from provisioner.engine.lease import Timing
from provisioner.engine.ports import Requester
from provisioner.model.diagnostic import GateError, error
from provisioner.workflow.lock import (
    HeldLock,
    LockRequest,
    break_lock,
    hold_lock,
    name_holder,
    show_lock,
)


def hold(
    environment: EnvironmentDocument, service: Requester, timeout: float
) -> AbstractContextManager[HeldLock]:
    """Hold the lock of an environment as this process; see `workflow.lock.hold_lock`."""
    timing = Timing(time.monotonic, _now, time.sleep)
    request = LockRequest(_name_self(), str(uuid.uuid4()), timeout, timing)
    return hold_lock(environment, service, request)


def print_lock(environment: EnvironmentDocument, service: Requester, output: str) -> None:
    """Print who holds the lock of an environment."""
    _print(show_lock(environment, service, _now()), output)


def break_held(
    environment: EnvironmentDocument, service: Requester, output: str, *, yes: bool
) -> int:
    """Show who holds the lock, ask, break it; return the exit code. Raises GateError."""
    before = show_lock(environment, service, _now())
    if before.state in ("available", "broken", "expired"):
        _print(before, output)
        sys.stderr.write("Nobody holds the lock: there is nothing to break.\n")
        return ExitCode.SUCCESS
    if not yes:
        _print(before, "text", to_stderr=True)
        if not _confirm():
            sys.stderr.write("Nothing was changed.\n")
            return ExitCode.REFUSED
    _print(break_lock(environment, service, _now()), output)
    return ExitCode.SUCCESS


def _confirm() -> bool:
    if not sys.stdin.isatty():
        raise GateError(
            error("not-confirmed", "nobody is at the terminal to confirm.", None, "Add --yes.")
        )
    sys.stderr.write("\nBreak it? An apply may still be running. Only 'yes' is taken as one: ")
    sys.stderr.flush()
    return sys.stdin.readline().strip() == "yes"


def _print(document: LockDocument, output: str, *, to_stderr: bool = False) -> None:
    from provisioner.reports.json_text import render_json
    from provisioner.reports.lock_text import render_lock_text

    render = render_json if output == "json" else render_lock_text
    (sys.stderr if to_stderr else sys.stdout).write(render(document))


def _name_self() -> str:
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):
        # A container's user without an entry in its passwd.
        user = f"uid {os.getuid()}" if hasattr(os, "getuid") else "unknown"
    return name_holder(user, socket.gethostname(), os.environ)


def _now() -> datetime:
    return datetime.now(UTC)
