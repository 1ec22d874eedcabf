"""Start and stop of the built-in Azure, in a thread of this process or in the foreground.

Tests start it in a thread with port 0 and a clock of their own; `azsec local serve` runs it in the
foreground.
"""

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Callable, Collection
from datetime import timedelta
from pathlib import Path
from queue import SimpleQueue
from types import FrameType, TracebackType

from provisioner.catalog.registry import Catalog
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.simulator.access_options import Access
from provisioner.simulator.application import Application, Observe, RecordedRequest
from provisioner.simulator.arm.open_types import open_catalog
from provisioner.simulator.entra.authority import LIFETIME, Authority, TenantEndpoint
from provisioner.simulator.entra.directory import Directory
from provisioner.simulator.entra.signing import SigningKey
from provisioner.simulator.http_server import HttpServer, configure
from provisioner.simulator.protocol.faults import Faults
from provisioner.simulator.server_certificate import ServerCertificate, prepare_certificate
from provisioner.simulator.state.clock import Clock, SystemClock
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.store import Store

_LOOPBACK = "127.0.0.1"
_SYSTEM_CLOCK = SystemClock()


_OPEN_ACCESS = Access()
_TOKEN_KEY = "token-key.pem"


def identity_folder(state: Path) -> Path:
    """Return the folder of keys and certificate, which is beside the state file."""
    return state.with_name(f"{state.stem}.identity")


class LocalAzure:
    """An Azure Resource Manager on loopback, for the duration of a `with` block.

        with LocalAzure.start(catalog, None) as local:
            client = NetworkManagementClient(credential, subscription, base_url=local.endpoint)

    It listens on 127.0.0.1 only. A bearer token that is no JSON Web Token is the local operator's.
    """

    def __init__(
        self,
        application: Application,
        listener: socket.socket,
        certificate: ServerCertificate | None = None,
    ) -> None:
        self._application = application
        self._server = HttpServer(configure(application, certificate))
        self._listener = listener
        self._certificate = certificate
        self._thread = threading.Thread(
            target=self._server.run,
            kwargs={"sockets": [listener]},
            name="azsec-local-azure",
            daemon=True,
        )

    @staticmethod
    def start(
        catalog: Catalog,
        state: Path | None,
        *,
        port: int = 0,
        clock: Clock = _SYSTEM_CLOCK,
        realistic: float | None = None,
        access: Access = _OPEN_ACCESS,
    ) -> "LocalAzure":
        """Start a server in a daemon thread and return it, ready for requests.

        `state` is its file, None for memory only. `port` 0 is a free one. `realistic` is the part
        of `ResourceType.seconds` that a long-running operation takes by `clock`; None completes it
        at the first poll. A state, port or certificate that cannot be used is a DiagnosticError.
        """
        cloud = Cloud(open_catalog(catalog), Store(state), clock, realistic)
        cloud.enforces_roles = access.enforces_roles
        cloud.allowed_actions = access.allowed_actions
        try:
            if access.tenancy is not None:
                access.tenancy.seed(cloud)
            certificate = (
                prepare_certificate(access.certificates, clock.now())
                if access.certificates is not None
                else None
            )
            key_file = identity_folder(state) / _TOKEN_KEY if state is not None else None
            key = access.signing_key or SigningKey(key_file)
            directory = access.tenancy.directory if access.tenancy is not None else Directory()
            application = Application(Authority(cloud, directory, key))
            local = LocalAzure(application, _open_listener(port), certificate)
        except BaseException:
            cloud.store.close()
            raise
        local._thread.start()
        return local

    @property
    def endpoint(self) -> str:
        """The base URL, without a slash at the end."""
        port = self._listener.getsockname()[1]
        return f"https://localhost:{port}" if self._certificate else f"http://{_LOOPBACK}:{port}"

    @property
    def certificate(self) -> ServerCertificate | None:
        """The server's certificate; None without TLS."""
        return self._certificate

    @property
    def tenant(self) -> str:
        """The home tenant."""
        return self._application.cloud.home_tenant

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """The ids of the stated and used subscriptions, oldest first."""
        return tuple(key for key, _ in self._application.cloud.store.subscriptions.items())

    def issue_token(
        self,
        object_id: str,
        *,
        name: str | None = None,
        client: str | None = None,
        tenant: str | None = None,
        audience: str | None = None,
        lifetime: timedelta = LIFETIME,
    ) -> str:
        """Return a token of a principal, whether or not it is in the directory.

        `name` is a user principal name (None: an application's token), `client` the id of the
        application that requests it, `audience` its API (None: Azure Resource Manager).
        """
        person = {} if name is None else {"upn": name, "unique_name": name}
        claims = {
            "aud": audience or self.endpoint,
            "idtyp": "app" if name is None else "user",
            "oid": object_id,
            "sub": object_id,
            **({} if client is None else {"appid": client}),
            **person,
        }
        endpoint = TenantEndpoint(self.endpoint, tenant or self.tenant)
        return self._application.authority.sign(endpoint, claims, lifetime)

    @property
    def requests(self) -> tuple[RecordedRequest, ...]:
        """The answered requests, oldest first."""
        return self._application.requests

    @property
    def required_actions(self) -> frozenset[str]:
        """The actions of Azure RBAC that the requests so far required."""
        return self._application.required_actions

    @property
    def allowed_actions(self) -> Collection[str] | None:
        """The permissions of every caller (`*/read`), None for all; may be set at any time."""
        return self._application.cloud.allowed_actions

    @allowed_actions.setter
    def allowed_actions(self, actions: Collection[str] | None) -> None:
        self._application.cloud.allowed_actions = actions

    def resource_ids(self) -> tuple[str, ...]:
        """Return the ids of all resources and resource groups, oldest first."""
        return tuple(row.id.text for _, row in self._application.cloud.store.resources.items())

    @property
    def faults(self) -> Faults:
        """The injected faults; rules can be added and removed at any time."""
        return self._application.cloud.faults

    def observe(self, heard: Observe) -> None:
        """Call `heard` with each request from now on, and its answer."""
        self._application.observe = heard

    @property
    def page_size(self) -> int:
        """The most items of a list's page."""
        return self._application.cloud.page_size

    @page_size.setter
    def page_size(self, size: int) -> None:
        self._application.cloud.page_size = size

    def close(self) -> None:
        """Stop the server and close its state; what was answered is stored.

        Closing twice does nothing.
        """
        if not self._thread.is_alive():
            return
        self._server.stop()
        self._thread.join()
        self._application.cloud.store.close()

    def __enter__(self) -> "LocalAzure":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def serve_forever(
    catalog: Catalog,
    state: Path | None,
    *,
    port: int = 0,
    realistic: float | None = None,
    access: Access = _OPEN_ACCESS,
    on_start: Callable[[LocalAzure], None],
) -> None:
    """Serve in the foreground until SIGINT or SIGTERM; call `on_start` with the server first.

    The arguments are those of `LocalAzure.start`, which raises the same.
    """
    # Not an Event: a signal that comes while wait() holds its lock would wait for it for ever. The
    # put of a SimpleQueue may interrupt its get.
    stopping: SimpleQueue[int] = SimpleQueue()

    def on_signal(number: int, _frame: FrameType | None) -> None:
        stopping.put(number)

    with LocalAzure.start(catalog, state, port=port, realistic=realistic, access=access) as local:
        before = {
            number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            on_start(local)
            stopping.get()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _open_listener(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if os.name == "posix":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_LOOPBACK, port))
        listener.listen(128)
    except OSError as problem:
        with contextlib.suppress(OSError):
            listener.close()
        raise DiagnosticError(
            error(
                "local-port-unavailable",
                f"The built-in Azure cannot listen on port {port}: {problem.strerror}.",
                hint="Choose another port, or none for a free one.",
            )
        ) from problem
    return listener
