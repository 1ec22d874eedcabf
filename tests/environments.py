"""The repository's environments, and small ones, on a built-in Azure of a test's own."""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from provisioner.azure.client import ArmClient
from provisioner.azure.cloud import local_cloud
from provisioner.azure.credential import LocalToken
from provisioner.blueprint.memory_files import MemoryFiles
from provisioner.catalog.registry import Catalog
from provisioner.cli.workspace import FileSources
from provisioner.documents.apply import ApplyDocument, Event
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body
from provisioner.plan.plan import Plan
from provisioner.plan.reads import Read
from provisioner.plan.request import Request
from provisioner.preflight.azure_queries import AzureQuery
from provisioner.simulator.server import LocalAzure
from provisioner.simulator.state.clock import Clock, SystemClock
from provisioner.workflow.apply import ApplyOptions, Surface, apply_plan
from provisioner.workflow.plan import Desired, load_desired, plan_destroy, plan_environment
from provisioner.workflow.preflight import Preflight

ROOT = Path(__file__).parents[1]
ENVIRONMENTS = sorted((ROOT / "environments").glob("*.yaml"))


class ShippedFiles:
    """The files of the repository; `cloud` stands in the place of `local` in an environment."""

    def __init__(self, cloud: str = "local") -> None:
        self._cloud = cloud

    def read_text(self, path: str) -> str:
        file = ROOT / path
        if not file.is_file():
            raise DiagnosticError(error("file-not-found", f"there is no file {path!r}."))
        text = file.read_text(encoding="utf-8")
        return text.replace("cloud: local", f"cloud: {self._cloud}")


def load_shipped(name: str, catalog: Catalog, cloud: str = "local") -> Desired:
    """Compose an environment of the repository; `cloud` stands in the place of `local`."""
    return load_desired(f"environments/{name}.yaml", catalog, ShippedFiles(cloud), TODAY)


@dataclass(frozen=True)
class Bench:
    """A built-in Azure and a client for it, with the workflows bound to them."""

    catalog: Catalog
    server: LocalAzure
    client: ArmClient

    def load(self, path: str | Path) -> Desired:
        """Compose an environment of the repository, to be applied to the built-in Azure."""
        return load_desired(str(path), self.catalog, FileSources(), TODAY, "local")

    def compose(self, resources: str, **parts: str) -> Desired:
        """Compose a small environment from the text of its blueprint's `resources:`."""
        return compose_small(resources, self.catalog, **parts)

    def body_of(self, name: str) -> Body:
        """Return what Azure answers for the one resource whose id ends with `/name`."""
        (text,) = (t for t in self.server.resource_ids() if t.endswith(f"/{name}"))
        resource = ResourceId.parse(text)
        resource_type = self.catalog.get(resource.type)
        read = Read(text, resource_type.api_version, resource_type.name, is_list=False)
        return self.client.read([read])[0].items[0]

    def tamper(self, name: str, **properties: object) -> None:
        """Change properties of the one resource of this name, as somebody in the portal would."""
        body = self.body_of(name)
        resource = ResourceId.parse(str(body["id"]))
        before = body["properties"]
        assert isinstance(before, Mapping)
        self.client.put(
            resource,
            self.catalog.get(resource.type).api_version,
            {**body, "properties": {**before, **properties}},  # type: ignore[dict-item]
            None,
            lambda _status: None,
        )

    def plan(
        self,
        desired: Desired,
        *targets: str,
        reset_defaults: bool = False,
        adopt: Sequence[str] = (),
    ) -> Plan:
        request = Request(
            desired.environment.path, targets, reset_defaults=reset_defaults, adopt=tuple(adopt)
        )
        return plan_environment(desired, self.catalog, self.client, request).plan

    def preflight(self, desired: Desired, *, applies: bool = False) -> Plan:
        """Plan as `azsec plan` does, or `azsec apply`: with its preflight."""
        preflight = Preflight(self.client, applies=applies)
        return plan_environment(desired, self.catalog, self.client, preflight=preflight).plan

    def plan_destroy(self, desired: Desired, *targets: str) -> Plan:
        preflight = Preflight(self.client, applies=True)
        return plan_destroy(desired, self.catalog, self.client, targets, preflight=preflight).plan

    def send(self, method: str, path: str, body: Body | None = None, version: str = "") -> Body:
        """Send one request of an API that azsec has no use for, as an operator would."""
        text = None if body is None else json.dumps(body)
        scope = ResourceId.parse("/".join(path.split("/")[:3]))
        inquiry = AzureQuery(method, path, version or "2024-07-01", "", scope, (), text or "{}")
        (reply,) = self.client.ask([inquiry])
        assert reply.refused is None, reply.refused
        return reply.items[0]

    def apply(
        self,
        plan: Plan,
        *,
        allow_delete: bool = False,
        on_event: Callable[[Event], None] = lambda _event: None,
    ) -> ApplyDocument:
        surface = Surface(self.client, self.client, lambda: 0.0, on_event)
        options = ApplyOptions(allow_delete=allow_delete, parallelism=8)
        return apply_plan(plan, self.catalog, surface, options)


class SkippedTime:
    """A clock that a sleep moves on at once: no test waits for what azsec has patience with."""

    def __init__(self) -> None:
        self._slept = 0.0

    def sleep(self, seconds: float) -> None:
        self._slept += seconds

    def now(self) -> float:
        return time.time() + self._slept


@contextmanager
def open_bench(
    catalog: Catalog, azures_clock: Clock | None = None, state: Path | None = None
) -> Iterator[Bench]:
    """Start a built-in Azure in memory or with a state file, by the machine's clock or another."""
    skipped = SkippedTime()
    with (
        LocalAzure.start(catalog, state, clock=azures_clock or SystemClock()) as server,
        ArmClient.open(
            local_cloud(server.endpoint),
            LocalToken(),
            parallelism=8,
            sleep=skipped.sleep,
            clock=skipped.now,
        ) as client,
    ):
        yield Bench(catalog, server, client)


ENVIRONMENT = """\
apiVersion: azsec/v1
kind: Environment
metadata: {name: test, id: 0123456789abcdef0123456789abcdef}
blueprint: blueprint.yaml
cloud: local
tenantId: 99999999-9999-9999-9999-999999999999
subscriptions:
  workload: 11111111-1111-1111-1111-111111111111
# These environments are too small to be proved of anything, or secure.
gates: {proofs: warn, controls: none}
"""
BLUEPRINT = """\
apiVersion: azsec/v1
kind: Blueprint
metadata: {name: test}
resourceGroups:
  main: {subscription: workload, name: rg-main, location: westeurope}
resources:
"""


TODAY = date(2027, 1, 15)


def compose_small(
    resources: str,
    catalog: Catalog,
    name: str = "test",
    ignore: str = "",
    subscriptions: str = "",
    location: str = "westeurope",
    accepted: str = "",
) -> Desired:
    """Compose an environment whose blueprint has one resource group and these resources; `ignore`
    and `accepted` are the YAML lists of what it ignores and accepts, `subscriptions` lines with
    more of them."""
    indented = "".join(f"  {line}\n" for line in resources.strip("\n").splitlines())
    files = {
        "environment.yaml": ENVIRONMENT.replace("name: test", f"name: {name}")
        .replace("0123456789abcdef0123456789abcdef", hashlib.sha256(name.encode()).hexdigest()[:32])
        .replace("subscriptions:\n", f"subscriptions:\n{subscriptions}")
        + (f"ignore:\n{ignore}" if ignore else "")
        + (f"accepted:\n{accepted}" if accepted else ""),
        "blueprint.yaml": BLUEPRINT.replace("westeurope", location) + (indented or "  {}\n"),
    }
    return load_desired("environment.yaml", catalog, MemoryFiles(files), TODAY)
