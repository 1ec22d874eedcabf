"""Access at the size of an estate: who can do what, and the drift check that reads it."""

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.estate_files import write_estate
from provisioner.access.effective import read_access
from provisioner.azure.client import ArmClient
from provisioner.azure.cloud import local_cloud
from provisioner.azure.credential import LocalToken
from provisioner.catalog.built_in_roles import find_built_in_role, list_built_in_roles
from provisioner.catalog.registry import Catalog
from provisioner.cli.workspace import FileSources, load_catalog
from provisioner.model.resource_id import ResourceId
from provisioner.plan.estates import actual_estate
from provisioner.simulator.server import LocalAzure
from provisioner.workflow.apply import ApplyOptions, Surface, apply_plan
from provisioner.workflow.drift import check_drift
from provisioner.workflow.plan import Desired, load_desired, plan_environment

ASSIGNMENTS = "Microsoft.Authorization/roleAssignments"
_PARALLELISM = 10
_READER = find_built_in_role("Reader")


def measure_access(folder: Path, size: int, assignments: int) -> None:
    """Print the seconds and requests of a drift check of an estate of about `size` resources to
    which others gave access `assignments` times, and the seconds that effective access takes."""
    catalog = load_catalog()
    desired = _load(str(write_estate(folder, size)), catalog)
    with LocalAzure.start(catalog, None) as server:
        where = local_cloud(server.endpoint)
        with ArmClient.open(where, LocalToken(), parallelism=_PARALLELISM) as client:
            _apply(desired, catalog, client)
            _assign(desired, catalog, client, assignments)
            before = len(server.requests)
            started = time.perf_counter()
            document = check_drift(desired, catalog, client)
            checked = time.perf_counter() - started
            requests = len(server.requests) - before
            state = plan_environment(desired, catalog, client).state
    estate = actual_estate(state, desired.graph, catalog)
    started = time.perf_counter()
    access = read_access(estate, catalog)
    read = time.perf_counter() - started
    started = time.perf_counter()
    found = sum(len(access.who_can(f"{r.type}/write", r.id)) for r in estate)
    asked = time.perf_counter() - started
    print(
        f"access to {size} resources, {assignments} assignments: drift {checked:.2f} s "
        f"({requests} requests, {len(document.additions)} additions), access read {read:.2f} s, "
        f"who can write each resource {asked:.2f} s ({found} answers)"
    )


def measure_requests(environment: str) -> None:
    """Print how many requests a drift check of an applied environment takes."""
    catalog = load_catalog()
    desired = _load(environment, catalog)
    with LocalAzure.start(catalog, None) as server:
        where = local_cloud(server.endpoint)
        with ArmClient.open(where, LocalToken(), parallelism=_PARALLELISM) as client:
            _apply(desired, catalog, client)
            before = len(server.requests)
            document = check_drift(desired, catalog, client)
            requests = len(server.requests) - before
    found = "drift" if document.found else "no drift"
    print(f"drift of {environment}: {requests} requests, {found}, {document.in_sync} in sync")


def _load(path: str, catalog: Catalog) -> Desired:
    return load_desired(path, catalog, FileSources(), datetime.now(UTC).date())


def _apply(desired: Desired, catalog: Catalog, client: ArmClient) -> None:
    plan = plan_environment(desired, catalog, client).plan
    surface = Surface(client, client, time.monotonic, lambda _event: None)
    options = ApplyOptions(allow_delete=False, parallelism=_PARALLELISM)
    apply_plan(plan, catalog, surface, options)


def _assign(desired: Desired, catalog: Catalog, client: ArmClient, count: int) -> None:
    """Give access to resources in turn: built-in roles in turn, to one more principal each."""
    version = catalog.get(ASSIGNMENTS).api_version
    places = [resource.id for resource in desired.graph if resource.managed]
    roles = sorted(list_built_in_roles())

    def put(number: int) -> None:
        role = roles[number % len(roles)] if number % 4 else _READER
        names = (str(uuid.UUID(int=number + 1)),)
        grant = ResourceId(ASSIGNMENTS, names, places[number % len(places)])
        properties = {
            "roleDefinitionId": f"/providers/Microsoft.Authorization/roleDefinitions/{role}",
            "principalId": str(uuid.UUID(int=number + 1_000_000)),
            "principalType": ("User", "Group", "ServicePrincipal")[number % 3],
        }
        client.put(grant, version, {"properties": properties}, None, lambda _status: None)

    with ThreadPoolExecutor(_PARALLELISM) as pool:
        list(pool.map(put, range(count)))
