"""What the built-in Azure refuses of requests that no plan makes."""

from typing import Any

import pytest

from tests.environments import Bench
from tests.service_rules.verdicts import compose
from tests.simulator.setting import Caller

CLUSTER: dict[str, Any] = {
    "type": "Microsoft.ContainerService/managedClusters",
    "name": "aks",
    "identity": {"type": "SystemAssigned"},
    "properties": {
        "dnsPrefix": "aks",
        "agentPoolProfiles": [
            {"name": "sys", "mode": "System", "count": 1, "vmSize": "Standard_D2ds_v5"}
        ],
    },
}
POOL = {"name": "apps", "mode": "User", "count": 1, "vmSize": "Standard_D2ds_v5"}
WINDOW = {
    "schedule": {"weekly": {"intervalWeeks": 1, "dayOfWeek": "Sunday"}},
    "durationHours": 4,
    "startTime": "02:00",
}
CHILD = "/maintenanceConfigurations/aksManagedNodeOSUpgradeSchedule"

ROWS = [
    pytest.param(
        "PUT",
        "",
        {
            "properties": {
                **CLUSTER["properties"],
                "agentPoolProfiles": [*CLUSTER["properties"]["agentPoolProfiles"], POOL],
            }
        },
        (400, "BadRequest"),
        id="a cluster takes no new pools in its own body (Azure/AKS#4383)",
    ),
    pytest.param(
        "PUT",
        "",
        {"properties": {**CLUSTER["properties"], "kubernetesVersion": "1.37"}},
        (400, "OperationNotAllowed"),
        id="a minor version is skipped (rancher/dashboard#11884)",
    ),
    pytest.param(
        "PUT",
        "",
        {"properties": {**CLUSTER["properties"], "kubernetesVersion": "1.34"}},
        (400, "OperationNotAllowed"),
        id="a version goes back (rancher/rancher#24071)",
    ),
    pytest.param(
        "PUT",
        "",
        {"properties": {**CLUSTER["properties"], "kubernetesVersion": "1.35"}},
        (200, ""),
        id="a minor version that runs as one of its patches",
    ),
    pytest.param(
        "PUT",
        "/agentPools/sys",
        {
            "properties": {
                **CLUSTER["properties"]["agentPoolProfiles"][0],
                "orchestratorVersion": "1.34",
            }
        },
        (400, "AgentPoolUpgradeVersionNotAllowed"),
        id="a pool goes back (kubernetes-sigs/cluster-api-provider-azure#1883)",
    ),
    pytest.param(
        "DELETE",
        "/agentPools/sys",
        None,
        (400, "MustDefineAtLeastOneSystemPool"),
        id="the last system pool stays (use-system-pools)",
    ),
    pytest.param(
        "PUT",
        "/agentPools/sys",
        {"properties": {**POOL, "mode": "User"}},
        (400, "MustDefineAtLeastOneSystemPool"),
        id="the last system pool stays one (use-system-pools)",
    ),
    pytest.param(
        "PUT",
        CHILD,
        {"properties": {"maintenanceWindow": {**WINDOW, "startDate": "2020-01-01"}}},
        (400, "InvalidParameter"),
        id="a window does not start in the past (terraform-provider-azurerm#22762)",
    ),
    pytest.param(
        "PUT",
        "/agentPools/apps",
        {"properties": {"mode": "User", "count": 1, "vmSize": "Standard_NOPE_v9"}},
        (400, "BadRequest"),
        id="a size that is none (dotnet/core#8000)",
    ),
    pytest.param(
        "PUT",
        "/agentPools/apps",
        {"properties": {"mode": "User", "count": 1, "vmSize": "Standard_DS2_v2"}},
        (201, ""),
        id="a size that azsec's own list lacks is one",
    ),
]


@pytest.mark.parametrize(("method", "path", "body", "expected"), ROWS)
def test_the_built_in_azure_answers(
    method: str, path: str, body: Any, expected: tuple[int, str], bench: Bench
) -> None:
    call = Caller(bench.server.endpoint)
    desired = compose({"aks": CLUSTER}, bench.catalog)
    cluster = next(r for r in desired.graph.ordered if r.address == "aks")
    for resource in desired.graph.ordered:
        made = call("PUT", f"{resource.id}?api-version={resource.type.api_version}", resource.body)
        assert made.status < 300, made.body

    whole = {"location": "westeurope", **CLUSTER, **body} if path == "" else body
    reply = call(method, f"{cluster.id}{path}?api-version={cluster.type.api_version}", whole)

    assert (reply.status, reply.code if reply.status >= 400 else "") == expected
    call.close()


def test_a_window_that_says_no_day_starts_today(bench: Bench) -> None:
    call = Caller(bench.server.endpoint)
    desired = compose({"aks": CLUSTER}, bench.catalog)
    for resource in desired.graph.ordered:
        call("PUT", f"{resource.id}?api-version={resource.type.api_version}", resource.body)
    cluster = next(r for r in desired.graph.ordered if r.address == "aks")
    url = f"{cluster.id}{CHILD}?api-version={cluster.type.api_version}"

    filled = call("PUT", url, {"properties": {"maintenanceWindow": WINDOW}}).body
    again = call("PUT", url, filled)

    assert len(filled["properties"]["maintenanceWindow"]["startDate"]) == len("2026-12-31")
    assert again.status == 200
    call.close()


def test_a_workspace_takes_its_days_as_a_text(bench: Bench) -> None:
    """Recorded: a text in the request, a number in the answer."""
    call = Caller(bench.server.endpoint)
    kind = "Microsoft.OperationalInsights/workspaces"
    log = {"type": kind, "name": "log-text", "properties": {"retentionInDays": 30}}
    desired = compose({"log": log}, bench.catalog)
    answers = {}
    for resource in desired.graph.ordered:
        body = dict(resource.body)
        if resource.address == "log":
            body["properties"] = {"retentionInDays": "30"}
        url = f"{resource.id}?api-version={resource.type.api_version}"
        answers[resource.address] = call("PUT", url, body)

    assert answers["log"].status < 300, answers["log"].body
    assert answers["log"].body["properties"]["retentionInDays"] == 30
    call.close()
