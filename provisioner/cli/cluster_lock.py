"""The locks of an apply to a cluster: a lease in Azure Storage, and a Lease in the cluster."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

from provisioner.cli.cluster_access import ApiServerAccess, open_cluster
from provisioner.cli.lock import Lock, hold, hold_in_cluster
from provisioner.cli.session import Session
from provisioner.engine.cluster_port import ClusterApi
from provisioner.model.azure_error import AzureError
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, warning
from provisioner.workflow.cluster_lock import break_cluster_lock, show_cluster_lock
from provisioner.workflow.lock import break_lock, show_lock
from provisioner.workflow.plan import Desired

_NO_CREDENTIAL = "no-credential"


@dataclass(frozen=True, slots=True)
class HeldLocks:
    """The locks of an apply while it runs.

    `halted` returns why no further step may start, `report` what there is to report of the lock in
    Azure.
    """

    halted: Callable[[], str | None]
    report: Callable[[], tuple[Diagnostic, ...]]


@contextmanager
def open_lock(session: Session, environment: str) -> Iterator[Lock]:
    """Yield the lock of an environment in Azure."""
    with session:
        described = session.load(environment).document
        service = session.connect(described)
        yield Lock(partial(show_lock, described, service), partial(break_lock, described, service))


@contextmanager
def open_cluster_lock(session: Session, environment: str, reach: ApiServerAccess) -> Iterator[Lock]:
    """Yield the lock in an environment's cluster."""
    desired = session.load(environment)
    with (
        session,
        open_cluster(desired, reach, lambda: session.connect(desired.document)) as api,
    ):
        yield Lock(
            partial(show_cluster_lock, desired, api), partial(break_cluster_lock, desired, api)
        )


@contextmanager
def hold_locks(
    session: Session, desired: Desired, api: ClusterApi, timeout: float
) -> Iterator[HeldLocks]:
    """Hold the environment's lock in Azure, where there is one and it is reachable, and the Lease.

    The Lease in the cluster is always held: it is what an apply with a credential for Azure and one
    without have in common. Where Azure is not reached that is reported.

    Raises:
        AzureError: Where Azure refuses the lock.
        DiagnosticError: Where another apply holds the lock, or Azure cannot be signed in to; a
            missing credential alone is reported as above.
    """
    with ExitStack() as stack:
        in_azure = None
        missed: tuple[Diagnostic, ...] = ()
        if desired.document.lock is not None:
            try:
                service = session.connect(desired.document)
                in_azure = stack.enter_context(hold(desired.document, service, timeout))
            except AzureError as refusal:
                if refusal.status != 0:
                    raise
                missed = (_lock_not_held(desired, refusal.message),)
            except DiagnosticError as problem:
                if any(told.code != _NO_CREDENTIAL for told in problem.diagnostics):
                    raise
                missed = (_lock_not_held(desired, problem.diagnostics[0].message),)
        in_cluster = stack.enter_context(hold_in_cluster(desired, api, timeout))

        def halted() -> str | None:
            return (in_azure and in_azure.halted()) or in_cluster.halted()

        def report() -> tuple[Diagnostic, ...]:
            return missed if in_azure is None else (*missed, *in_azure.report())

        yield HeldLocks(halted, report)


def _lock_not_held(desired: Desired, why: str) -> Diagnostic:
    return warning(
        "lock-not-held",
        f"the lock of {desired.document.name!r} in Azure was not held: {why.rstrip('.')}. "
        "The Lease in the cluster was.",
        None,
        "An apply in the cluster elsewhere is kept out; one in Azure alone is not.",
    )
