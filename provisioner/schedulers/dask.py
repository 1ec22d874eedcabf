"""Scheduler on a Dask cluster (`azsec[fleet]`): items and outcomes are texts.

Anyone who can connect to a Dask scheduler can run code on its workers: beyond loopback azsec
requires TLS with certificates of both sides (https://distributed.dask.org/en/stable/tls.html). A
scheduler that is lost takes the state of its tasks with it, so the ledger is the record: items
without an answer are submitted again to the scheduler that takes its place.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from distributed import Client, Future, Security
from distributed.client import FutureCancelledError
from distributed.comm.core import CommClosedError
from distributed.scheduler import KilledWorker

from provisioner.engine.ledger_port import Finished
from provisioner.model.diagnostic import DiagnosticError, error

_PAUSE = 0.5
_SECONDS_TO_CONNECT = 10.0
_LOST = (CommClosedError, FutureCancelledError, OSError, TimeoutError)


@dataclass(frozen=True, slots=True)
class Certificates:
    """The TLS files (PEM) for a scheduler: the CA of both sides, and this side's pair."""

    ca: str
    certificate: str
    key: str


class DaskScheduler:
    """Runs items on the workers of a cluster, with `work`, which the workers import by its name.

    `version` returns the version of azsec where it is called: workers of another one are refused,
    since they could compose or judge an environment in another way.
    """

    def __init__(
        self,
        address: str,
        work: Callable[[str], str],
        version: Callable[[], str],
        certificates: Certificates | None = None,
    ) -> None:
        self._address = address
        self._work = work
        self._version = version
        self._security = _security(address, certificates)

    def run(self, items: Sequence[str], seconds: float) -> Iterator[Finished]:
        """Yield the items that end within `seconds`, in the order of their ends.

        Raises:
            DiagnosticError: where the scheduler cannot be reached at first
                (`scheduler-not-reached`), and for workers of another version (`worker-version`).
        """
        # Dask logs each lost connection with a traceback; lost items are part of the run's summary.
        # Its own configuration gives `distributed.client` a level of its own.
        for name in ("distributed", "distributed.client"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        end = time.monotonic() + seconds
        left = dict(enumerate(items))
        attempts = dict.fromkeys(left, 0)
        was_reached = False
        while left and time.monotonic() < end:
            try:
                with self._connect(end) as client:
                    client.wait_for_workers(1, timeout=max(0.1, end - time.monotonic()))
                    self._check_versions(client)
                    was_reached = True
                    yield from self._run_once(client, left, attempts, end)
            except _LOST as problem:
                if not was_reached:
                    raise DiagnosticError(_unreached(self._address, problem)) from None
                time.sleep(min(_PAUSE, max(0.0, end - time.monotonic())))

    def _connect(self, end: float) -> Client:
        seconds = min(_SECONDS_TO_CONNECT, max(0.1, end - time.monotonic()))
        return _open_client(self._address, self._security, seconds)

    def _run_once(
        self, client: Client, left: dict[int, str], attempts: dict[int, int], end: float
    ) -> Iterator[Finished]:
        """Submit what has no answer yet, and yield the answers while the scheduler is there.

        Raises one of `_LOST` once it is gone.
        """
        futures: dict[Future, int] = {}
        for number, text in left.items():
            attempts[number] += 1
            # A new key each time: Dask returns the result that it has of a key that it knows.
            key = f"azsec-{number}-{attempts[number]}-{time.time_ns()}"
            futures[client.submit(self._work, text, key=key, retries=2, pure=False)] = number
        while futures:
            done = [future for future in futures if future.done()]
            for future in done:
                number = futures.pop(future)
                yield _finished(number, future, attempts[number])
                del left[number]
            if not done:
                if time.monotonic() >= end:
                    return
                _require_alive(client)
                time.sleep(_PAUSE / 5)

    def _check_versions(self, client: Client) -> None:
        here = self._version()
        told = client.run(self._version, on_error="return")
        others = {
            other if isinstance(other, str) else f"none that can be used ({type(other).__name__})"
            for other in told.values()
            if other != here
        }
        if others:
            raise DiagnosticError(
                error(
                    "worker-version",
                    f"workers of {self._address} run azsec {', '.join(sorted(others))}, and this "
                    f"is {here}.",
                    None,
                    "Install the same version on the workers.",
                )
            )


def count_hosts(address: str, certificates: Certificates | None) -> int:
    """Return on how many hosts a cluster has workers, at least 1.

    Each host gets that share of the principal's requests to Azure Resource Manager
    (`azure.token_buckets`).

    Raises:
        DiagnosticError: where the scheduler cannot be reached.
    """
    try:
        with _open_client(address, _security(address, certificates), _SECONDS_TO_CONNECT) as client:
            workers: Mapping[str, Any] = client.scheduler_info(n_workers=-1)["workers"]
            return max(1, len({str(worker["host"]) for worker in workers.values()}))
    except _LOST as problem:
        raise DiagnosticError(_unreached(address, problem)) from None


def _open_client(address: str, security: Security | None, seconds: float) -> Client:
    # An answer is a text: one that only pickle could read is refused, since to unpickle it runs
    # code that a worker chose. Exceptions of workers are unpickled by Dask all the same.
    return Client(
        address,
        security=security,
        timeout=seconds,
        set_as_default=False,
        deserializers=["msgpack"],
    )


def _finished(number: int, future: Future, attempt: int) -> Finished:
    """Return the result of a task that ended.

    Raises:
        CommClosedError: for a task that was lost with its scheduler (one of `_LOST`).
    """
    if future.status == "finished":
        try:
            text = future.result()
        except TypeError:
            text = None
        is_text = isinstance(text, str)
        return Finished(number, text if is_text else None, "its worker answered no text", attempt)
    if future.status in ("cancelled", "lost"):
        raise CommClosedError("the scheduler is gone, with the state of its tasks")
    problem = future.exception()
    if isinstance(problem, KilledWorker):
        return Finished(number, None, "its workers were lost, one after the other", attempt)
    return Finished(number, None, f"its worker failed ({type(problem).__name__})", attempt)


def _require_alive(client: Client) -> None:
    if client.status != "running":
        raise CommClosedError("the scheduler is gone")


def _security(address: str, certificates: Certificates | None) -> Security | None:
    if certificates is None:
        if not _is_loopback(address) or address.startswith("tls://"):
            raise DiagnosticError(
                error(
                    "scheduler-without-tls",
                    f"{address} takes TLS, and no certificates are named: whoever reaches a "
                    "scheduler of Dask runs code on its workers.",
                    None,
                    "State --scheduler tls://HOST:PORT and --scheduler-tls CA CERTIFICATE KEY.",
                )
            )
        return None
    return Security(
        tls_ca_file=certificates.ca,
        tls_client_cert=certificates.certificate,
        tls_client_key=certificates.key,
        require_encryption=True,
    )


def _is_loopback(address: str) -> bool:
    host = address.rpartition("://")[2].rpartition(":")[0].strip("[]")
    return host in ("127.0.0.1", "::1", "localhost")


def _unreached(address: str, problem: BaseException) -> Any:  # noqa: ANN401
    return error(
        "scheduler-not-reached",
        f"the scheduler {address} cannot be reached: {problem}.",
        None,
        "Start it with `dask scheduler`, and workers with `dask worker`, or leave it out.",
    )
