"""The options of every command of `azsec ci`, and the clouds that its sessions share."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property

from provisioner.blueprint.file_schemas import Sources
from provisioner.cli.session import Session, SessionContext
from provisioner.cli.workspace import load_catalog, state_path
from provisioner.workflow.plan_review import NamedAccounts


@dataclass(frozen=True, slots=True)
class Options:
    """The options that the commands of `azsec ci` share.

    Environments by name or path, or all of them; a base to compare with; the pull request (else the
    job's); whose statuses count beside those of the job's own account, and whose approvals count in
    any case; the cloud in which plans are made; how many run at once, and for how many seconds.
    """

    named: tuple[str, ...] = ()
    take_all: bool = False
    base: str | None = None
    number: int | None = None
    accounts: tuple[str, ...] = ()
    approvers: tuple[str, ...] = ()
    publish: bool = True
    cloud: str | None = None
    local_state: str | None = None
    parallelism: int = 10
    workers: int = 2
    seconds: float = 3_000.0
    skip_preflight: bool = False

    @property
    def named_accounts(self) -> NamedAccounts:
        """The accounts that count because they were named."""
        return NamedAccounts(frozenset(self.accounts), frozenset(self.approvers))


class Cloud:
    """Opens sessions; those of a rehearsal share one built-in Azure."""

    def __init__(self, options: Options, stack: ExitStack) -> None:
        self._options = options
        self._stack = stack
        self._starting = threading.Lock()

    def open(self, sources: Sources | None = None) -> Session:
        """Return a session of its own, for the files of the working copy or of a commit."""
        return Session(
            cloud=self._options.cloud,
            local_state=self._options.local_state,
            parallelism=self._options.parallelism,
            realistic=None,
            quiet=True,
            surroundings=SessionContext(sources, self._start_local),
        )

    def _start_local(self) -> str:
        with self._starting:
            return self._local_endpoint

    @cached_property
    def _local_endpoint(self) -> str:
        from provisioner.simulator.server import LocalAzure

        server = LocalAzure.start(load_catalog(), state_path(self._options.local_state))
        return self._stack.enter_context(server).endpoint


@contextmanager
def open_cloud(options: Options) -> Iterator[Cloud]:
    """Open the clouds that the sessions of one command share."""
    with ExitStack() as stack:
        yield Cloud(options, stack)
