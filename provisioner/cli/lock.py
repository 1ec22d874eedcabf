"""Run `azsec lock`, and hold the lock of an environment as this process.

The holder's name shows others who has the lock. `cli.session`, `cli.cluster_lock` and
`cli.combined_plan` call it.
"""

import getpass
import os
import socket
import sys
import time
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime

from provisioner.cli.exit_code import ExitCode
from provisioner.documents.document import EnvironmentDocument
from provisioner.documents.lock import LockDocument
from provisioner.engine.cluster_port import ClusterApi
from provisioner.engine.lease import Timing
from provisioner.engine.ports import Requester
from provisioner.model.diagnostic import GateError, error
from provisioner.workflow.cluster_lock import (
    HeldClusterLock,
    hold_cluster_lock,
)
from provisioner.workflow.lock import (
    HeldLock,
    LockRequest,
    hold_lock,
    name_holder,
)
from provisioner.workflow.plan import Desired


def hold(
    environment: EnvironmentDocument, service: Requester, timeout: float
) -> AbstractContextManager[HeldLock]:
    """Hold the lock of an environment as this process; see `workflow.lock.hold_lock`."""
    return hold_lock(environment, service, _lock_request(timeout))


def hold_in_cluster(
    desired: Desired, api: ClusterApi, timeout: float
) -> AbstractContextManager[HeldClusterLock]:
    """Hold the Lease in an environment's cluster as this process."""
    return hold_cluster_lock(desired, api, _lock_request(timeout))


def _lock_request(timeout: float) -> LockRequest:
    timing = Timing(time.monotonic, _utc_now, time.sleep)
    return LockRequest(_name_self(), str(uuid.uuid4()), timeout, timing)


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock for `azsec lock`: functions that read it and break it, at a time."""

    show: Callable[[datetime], LockDocument]
    end: Callable[[datetime], LockDocument]


def print_lock(lock: Lock, output: str) -> None:
    """Print who holds a lock."""
    _print_document(lock.show(_utc_now()), output)


def break_held(lock: Lock, output: str, *, yes: bool) -> int:
    """Show the holder of a lock, prompt, break the lock; return the exit code. Raises GateError."""
    before = lock.show(_utc_now())
    if before.state in _FREE or (before.lease is not None and not before.held):
        _print_document(before, output)
        sys.stderr.write("The lock is not held: there is nothing to break.\n")
        return ExitCode.SUCCESS
    if not yes:
        _print_document(before, "text", to_stderr=True)
        if not _confirm_break():
            sys.stderr.write("Nothing was changed.\n")
            return ExitCode.REFUSED
    _print_document(lock.end(_utc_now()), output)
    return ExitCode.SUCCESS


_FREE = ("available", "broken", "expired")


def _confirm_break() -> bool:
    if not sys.stdin.isatty():
        raise GateError(
            error(
                "not-confirmed",
                "the confirmation needs an interactive terminal.",
                None,
                "Add --yes.",
            )
        )
    sys.stderr.write("\nBreak it? An apply may still be running. Only 'yes' is taken as one: ")
    sys.stderr.flush()
    return sys.stdin.readline().strip() == "yes"


def _print_document(document: LockDocument, output: str, *, to_stderr: bool = False) -> None:
    from provisioner.reports.json_text import render_json
    from provisioner.reports.lock_text import render_lock_text

    render = render_json if output == "json" else render_lock_text
    (sys.stderr if to_stderr else sys.stdout).write(render(document))


def _name_self() -> str:
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):
        # A container may run as a user id without an entry in /etc/passwd.
        user = f"uid {os.getuid()}" if hasattr(os, "getuid") else "unknown"
    return name_holder(user, socket.gethostname(), os.environ)


def _utc_now() -> datetime:
    return datetime.now(UTC)
