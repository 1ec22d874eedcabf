"""Two applies at once, in an order that a test controls: a writer that waits where it should."""

import hashlib
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from provisioner.azure.client import ArmClient
from provisioner.azure.cloud import local_cloud
from provisioner.azure.credential import LocalToken
from provisioner.blueprint.memory_files import MemoryFiles
from provisioner.catalog.registry import Catalog
from provisioner.documents.apply import ApplyDocument, StepOutcome
from provisioner.engine.lease import Timing
from provisioner.engine.ports import Creation, Refresh
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body
from provisioner.plan.plan import Plan
from provisioner.simulator.server import LocalAzure
from provisioner.workflow.apply import ApplyOptions, Surface, apply_plan
from provisioner.workflow.lock import LockRequest, hold_lock
from provisioner.workflow.plan import Desired, load_desired, plan_destroy, plan_environment
from tests.environments import BLUEPRINT, ENVIRONMENT, TODAY
from tests.simulator.setting import StandingClock

_PATIENCE = 20.0
LOCK = """\
lock:
  subscription: workload
  resourceGroup: rg-lock
  storageAccount: stlock
  container: lock-test
"""

LOCK_ACCOUNT = """
account:
  type: Microsoft.Storage/storageAccounts
  name: stlock
  resourceGroup: main
  sku: {name: Standard_LRS}
  kind: StorageV2
  properties: {allowSharedKeyAccess: false, minimumTlsVersion: TLS1_2}
container:
  type: Microsoft.Storage/storageAccounts/blobServices/containers
  parent: ${account.id}/blobServices/default
  name: lock-test
"""


class Turnstile:
    """A writer that stops before the first write to a resource of a name, until it is let on."""

    def __init__(self, client: ArmClient, name: str = "") -> None:
        self._client = client
        self._name = name
        self.reached = threading.Event()
        self._open = threading.Event()

    def open(self) -> None:
        self._open.set()

    def put(
        self,
        resource: ResourceId,
        api_version: str,
        body: Body,
        if_match: str | None,
        on_status: Callable[[str], None],
        mode: Creation | Refresh | None = None,
    ) -> Body:
        self._wait(resource)
        return self._client.put(resource, api_version, body, if_match, on_status, mode)

    def delete(
        self,
        resource: ResourceId,
        api_version: str,
        if_match: str | None,
        on_status: Callable[[str], None],
    ) -> None:
        self._wait(resource)
        self._client.delete(resource, api_version, if_match, on_status)

    def _wait(self, resource: ResourceId) -> None:
        if resource.name == self._name:
            self.reached.set()
            assert self._open.wait(_PATIENCE)


@dataclass
class Colleague:
    """Somebody with a client of their own, who applies as `azsec apply` does."""

    name: str
    catalog: Catalog
    client: ArmClient
    clock: StandingClock

    def plan(self, desired: Desired) -> Plan:
        return plan_environment(desired, self.catalog, self.client).plan

    def plan_destroy(self, desired: Desired) -> Plan:
        return plan_destroy(desired, self.catalog, self.client).plan

    def apply(
        self, plan: Plan, turnstile: Turnstile | None = None, timeout: float = 0
    ) -> ApplyDocument:
        start = self.clock.moment
        timing = Timing(
            lambda: (self.clock.now() - start).total_seconds(), self.clock.now, self.clock.advance
        )
        number = sum(map(ord, self.name))
        lease_id = f"aaaaaaaa-0000-4000-8000-{number:012d}"
        request = LockRequest(self.name, lease_id, timeout, timing)
        with hold_lock(plan.document.environment, self.client, request) as lock:
            writer = lock.guard(turnstile or self.client)
            surface = Surface(self.client, writer, timing.clock, lambda _event: None, lock.halted)
            options = ApplyOptions(allow_delete=True, parallelism=4)
            document = apply_plan(plan, self.catalog, surface, options)
            return document.with_diagnostics(lock.report())


@dataclass
class Running:
    """An apply in the background, standing before a write."""

    turnstile: Turnstile
    thread: threading.Thread
    ended: list[ApplyDocument | Exception] = field(default_factory=list)

    def finish(self) -> ApplyDocument:
        """Let it on and return what it did. Raises what it raised."""
        self.turnstile.open()
        self.thread.join(_PATIENCE)
        (result,) = self.ended
        if isinstance(result, Exception):
            raise result
        return result


@dataclass
class Office:
    """A built-in Azure with a clock of the test's own, and colleagues who come to it."""

    catalog: Catalog
    server: LocalAzure
    clock: StandingClock
    stack: ExitStack

    def colleague(self, name: str) -> Colleague:
        where = local_cloud(self.server.endpoint)
        client = self.stack.enter_context(ArmClient.open(where, LocalToken(), parallelism=4))
        return Colleague(name, self.catalog, client, self.clock)

    def compose(
        self,
        resources: str,
        name: str = "test",
        extra: str = "",
        group: str = "rg-main",
        groups: str = "",
    ) -> Desired:
        """Compose an environment; `extra` is more of its file, `groups` of its groups."""
        indented = "".join(f"  {line}\n" for line in resources.strip("\n").splitlines())
        files = {
            f"{name}.yaml": _environment(name) + extra,
            "blueprint.yaml": BLUEPRINT.replace("rg-main", group).replace(
                "resources:", f"{groups}resources:"
            )
            + indented,
        }
        return load_desired(f"{name}.yaml", self.catalog, MemoryFiles(files), TODAY)

    def start(self, colleague: Colleague, plan: Plan, before: str) -> Running:
        """Start an apply that stops before its write to the resource called `before`."""
        turnstile = Turnstile(colleague.client, before)
        ended: list[ApplyDocument | Exception] = []

        def run() -> None:
            try:
                ended.append(colleague.apply(plan, turnstile))
            except Exception as problem:  # noqa: BLE001  raised again by `finish`
                ended.append(problem)

        thread = threading.Thread(target=run)
        thread.start()
        assert turnstile.reached.wait(_PATIENCE), ended
        return Running(turnstile, thread, ended)

    def make_lock(self) -> None:
        """Make the container of LOCK, by an environment that has no lock itself."""
        desired = self.compose(LOCK_ACCOUNT, "locks", group="rg-lock")
        platform = self.colleague("platform")
        document = platform.apply(platform.plan(desired))
        assert not outcomes(document, "failed"), document


def _environment(name: str) -> str:
    """Return the text of an environment with an id of its own."""
    own = hashlib.sha256(name.encode()).hexdigest()[:32]
    text = ENVIRONMENT.replace("name: test", f"name: {name}")
    return re.sub("id: [0-9a-f]{32}", f"id: {own}", text)


@contextmanager
def open_office(catalog: Catalog) -> Iterator[Office]:
    """Start a built-in Azure in memory, whose clock stands."""
    clock = StandingClock()
    with ExitStack() as stack:
        server = stack.enter_context(LocalAzure.start(catalog, None, clock=clock))
        yield Office(catalog, server, clock, stack)


def outcomes(document: ApplyDocument, outcome: str) -> dict[str, str | None]:
    """Return the messages of the steps that ended in an outcome, by address."""
    chosen: list[StepOutcome] = [step for step in document.steps if step.outcome == outcome]
    return {step.address: step.message for step in chosen}


def at(moment: datetime) -> str:
    """Return a time as messages write it."""
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
