"""Four weeks of `prod` on the built-in Azure: three reports, what happened in between, and the
fourth, as `azsec report prod --of actual --observation FILE --history FOLDER` makes it.
"""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from azure.core.credentials import AccessToken, TokenCredential

from provisioner.attribution.window import read_window
from provisioner.azure.client import ArmClient
from provisioner.azure.cloud import local_cloud
from provisioner.azure.credential import LocalToken
from provisioner.catalog.registry import Catalog
from provisioner.controls.frameworks import Framework
from provisioner.documents.report import ReportDocument
from provisioner.documents.trace import StateKind
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.model.resource_id import ResourceId
from provisioner.plan.reads import Read
from provisioner.reports.json_text import render_json
from provisioner.simulator.server import LocalAzure
from provisioner.workflow.apply import ApplyOptions, Surface, apply_plan
from provisioner.workflow.plan import Desired, load_desired, plan_environment
from provisioner.workflow.report import ReportRequest, report_environment
from provisioner.workflow.report_history import read_history, with_trends
from tests.manifests import DEVELOPERS, READERS
from tests.observed_cluster import ADMINS, Objects, contents_of, make_objects, pod

ROOT = Path(__file__).parents[1]
LAST = datetime(2026, 11, 30, 6, 0, tzinfo=UTC)
_PORTAL = "c44b4083-3bb0-49c1-b47d-974e53cbdf3c"
_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"

Change = Callable[[dict[str, Any]], None]


class _Calendar:
    """A clock that stands at the day on which something happens."""

    def __init__(self) -> None:
        self.moment = LAST - timedelta(days=28)

    def now(self) -> datetime:
        self.moment += timedelta(milliseconds=7)
        return self.moment


class _Files:
    """The files of the repository, with what people vouch for added to `prod`."""

    def read_text(self, path: str) -> str:
        file = ROOT / path
        if not file.is_file():
            raise DiagnosticError(error("file-not-found", f"there is no file {path!r}."))
        text = file.read_text(encoding="utf-8")
        if file.name != "prod.yaml":
            return text
        return text.replace("expires: 2027-11-30", "expires: 2026-12-08") + _ATTESTED


_ATTESTED = """\
attestations:
  - control: MON-02
    by: soc@contoso.example
    on: 2026-10-01
    expires: 2027-04-01
    evidence: alert on heartbeat gaps, ticket SEC-4711
  - control: CLU-08.2
    by: auditor@contoso.example
    on: 2026-06-12
    expires: 2026-12-12
    evidence: review of key rotation, report 2026-17
"""


class _Person:
    """Signs in as somebody who works with a client of Azure."""

    def __init__(self, name: str, client: str) -> None:
        self._claims = {
            "oid": f"7f0c2b1e-4d3a-4e9b-9c55-{len(name):012x}",
            "upn": f"{name}@contoso.example",
            "appid": client,
        }

    def get_token(self, *_scopes: str, **_options: object) -> AccessToken:
        parts = [{"alg": "RS256", "typ": "JWT"}, self._claims]
        texts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in parts]
        return AccessToken(".".join([*(t.rstrip("=") for t in texts), "bm9uZQ"]), 2**31 - 1)


ERIKA, JONAS = _Person("erika", _PORTAL), _Person("jonas", _CLI)


def make_reports(catalog: Catalog) -> tuple[ReportDocument, ...]:
    """Return the four reports, the last one with the trend since the others."""
    calendar = _Calendar()
    with LocalAzure.start(catalog, None, clock=calendar) as server:
        azure = _Azure(catalog, server)
        azure.apply()
        azure.change(JONAS, "/managedClusters/", _enable_local_accounts)
        azure.change(JONAS, "/vaults/", _open_vault)
        azure.change(ERIKA, "/networkSecurityGroups/", _allow_ssh)
        made = [_report(azure, LAST - timedelta(days=21))]
        calendar.moment = LAST - timedelta(days=15)
        azure.change(ERIKA, "/vaults/", _close_vault)
        made.append(_report(azure, LAST - timedelta(days=14)))
        calendar.moment = LAST - timedelta(days=8)
        azure.apply()
        made.append(_report(azure, LAST - timedelta(days=7)))
        calendar.moment = LAST - timedelta(days=2, hours=3)
        azure.change(ERIKA, "/routeTables/", _route_to_internet)
        calendar.moment = LAST - timedelta(days=1, hours=5)
        azure.change(JONAS, "/vaults/", _open_vault)
        azure.grant(ERIKA)
        last = _report(azure, LAST)
    earlier = {f"azsec-report-{n}.json": render_json(report) for n, report in enumerate(made)}
    return (*made, with_trends(last, read_history(earlier)))


class _Azure:
    """The built-in Azure, and what people do to it."""

    def __init__(self, catalog: Catalog, server: LocalAzure) -> None:
        self.catalog = catalog
        self.server = server

    def load(self, today: datetime) -> Desired:
        path = "environments/prod.yaml"
        return load_desired(path, self.catalog, _Files(), today.date(), "local")

    def apply(self) -> None:
        desired = self.load(LAST)
        with self.open(LocalToken()) as client:
            plan = plan_environment(desired, self.catalog, client).plan
            surface = Surface(client, client, lambda: 0.0, lambda _event: None)
            apply_plan(plan, self.catalog, surface, ApplyOptions(allow_delete=True, parallelism=8))

    def open(self, credential: TokenCredential) -> ArmClient:
        where = local_cloud(self.server.endpoint)
        return ArmClient.open(where, credential, parallelism=8, sleep=lambda _seconds: None)

    def change(self, person: _Person, kind: str, change: Change) -> None:
        """Change the first resource of a kind as a person does: read it, and write it."""
        found = sorted(t for t in self.server.resource_ids() if kind in t and t.count("/") == 8)
        resource = ResourceId.parse(
            next((t for t in found if "nodes" in t or "spoke" in t), found[0])
        )
        version = self.catalog.get(resource.type).api_version
        read = Read(resource.text, version, resource.type, is_list=False)
        with self.open(person) as client:
            body = json.loads(json.dumps(client.read([read])[0].items[0]))
            change(body)
            client.put(resource, version, body, None, lambda _status: None)

    def grant(self, person: _Person) -> None:
        """Make one more person Owner of the group that holds the cluster."""
        cluster = next(t for t in self.server.resource_ids() if "/managedClusters/" in t)
        kind = "Microsoft.Authorization/roleAssignments"
        name = ("4c1d7e20-55aa-4b0f-9a3e-6d2b8f1c7e90",)
        assignment = ResourceId(
            kind, name, ResourceId.parse("/".join(cluster.split("/")[:9])).scope
        )
        owner = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
        properties = {
            "roleDefinitionId": f"/providers/Microsoft.Authorization/roleDefinitions/{owner}",
            "principalId": "9d4f2c61-0b7a-4e53-8c1d-2f6a7b8c9d0e",
            "principalType": "User",
        }
        version = self.catalog.get(kind).api_version
        with self.open(person) as client:
            client.put(assignment, version, {"properties": properties}, None, lambda _status: None)


def _report(azure: _Azure, now: datetime) -> ReportDocument:
    objects = _objects_of_prod()
    objects["pods"].append(pod(name="debug", hostNetwork=True))
    seen = replace(
        contents_of(objects), source="observation.json", read_on=(now - timedelta(days=3)).date()
    )
    desired = replace(azure.load(now), contents=seen)
    request = ReportRequest(StateKind.ACTUAL, tuple(Framework), read_window(None, now))
    with azure.open(LocalToken()) as client:
        entry = report_environment(desired, azure.catalog, lambda: client, request)
    return ReportDocument(generated_at=now.strftime("%Y-%m-%dT%H:%M:%SZ"), environments=(entry,))


_GROUPS = {
    DEVELOPERS: "9a6e3d40-af71-4d94-8b17-65d3f4a6d803",
    READERS: "9a6e3d40-af71-4d94-8b17-65d3f4a6d804",
    ADMINS: "9a6e3d40-af71-4d94-8b17-65d3f4a6d801",
}


def _objects_of_prod() -> Objects:
    """Return the objects of a cluster with the groups of `prod`, without a namespace of agents."""
    text = json.dumps(make_objects())
    for group, own in _GROUPS.items():
        text = text.replace(group, own)
    objects: Objects = json.loads(text)
    return {
        name: [
            each
            for each in found
            if "agents" not in (each["metadata"].get("namespace"), each["metadata"]["name"])
        ]
        for name, found in objects.items()
    }


def _enable_local_accounts(cluster: dict[str, Any]) -> None:
    cluster["properties"]["disableLocalAccounts"] = False


def _open_vault(vault: dict[str, Any]) -> None:
    vault["properties"]["publicNetworkAccess"] = "Enabled"


def _close_vault(vault: dict[str, Any]) -> None:
    vault["properties"]["publicNetworkAccess"] = "Disabled"


def _route_to_internet(table: dict[str, Any]) -> None:
    route = table["properties"]["routes"][0]["properties"]
    route["nextHopType"] = "Internet"
    route.pop("nextHopIpAddress", None)


def _allow_ssh(group: dict[str, Any]) -> None:
    rule = {
        "priority": 4000,
        "direction": "Inbound",
        "access": "Allow",
        "protocol": "Tcp",
        "sourceAddressPrefix": "*",
        "sourcePortRange": "*",
        "destinationAddressPrefix": "*",
        "destinationPortRange": "22",
    }
    group["properties"]["securityRules"].append({"name": "temporary-ssh", "properties": rule})
