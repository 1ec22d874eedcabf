"""Who changed what drifted: what is asked of both logs, and what becomes of their bad days."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from provisioner.attribution.window import read_window
from provisioner.azure.client import ArmClient
from provisioner.azure.cloud import local_cloud
from provisioner.catalog.registry import Catalog
from provisioner.documents.attribution import AttributionDocument, AttributionVerdict
from provisioner.documents.drift import DriftDocument
from provisioner.documents.plan import UndeclaredDocument
from provisioner.documents.roles import Purpose
from provisioner.model.resource_id import ResourceId
from provisioner.reports.wording import no_drift
from provisioner.workflow.attribution import MOST_PAGES, attribute_drift
from provisioner.workflow.drift import check_drift
from provisioner.workflow.plan import Desired
from provisioner.workflow.roles import needs_of
from tests.environments import Bench
from tests.principals import TokenOf
from tests.reports.documents import changed

TABLES = """
one:
  type: Microsoft.Network/routeTables
  resourceGroup: main
  name: rt-one
  properties: {disableBgpRoutePropagation: true}
two:
  type: Microsoft.Network/routeTables
  resourceGroup: main
  name: rt-two
  properties: {disableBgpRoutePropagation: true}
"""
LOG = "eventtypes/management/values"
GRAPH = "Microsoft.ResourceGraph/resources"


@contextmanager
def acting_as(bench: Bench, who: str) -> Iterator[Bench]:
    """The same built-in Azure, for somebody else."""
    cloud = local_cloud(bench.server.endpoint)
    with ArmClient.open(cloud, TokenOf(bench.server, who), parallelism=1) as client:
        yield Bench(bench.catalog, bench.server, client)


@pytest.fixture
def desired(bench: Bench) -> Desired:
    """Two route tables, as they were applied."""
    composed = bench.compose(TABLES)
    bench.apply(bench.plan(composed))
    return composed


def tamper(bench: Bench, name: str = "rt-one", who: str = "mallory@contoso.com with Azure CLI"):
    with acting_as(bench, who) as other:
        other.tamper(name, disableBgpRoutePropagation=False)


def drift(bench: Bench, desired: Desired, since: str | None = None) -> DriftDocument:
    found = check_drift(desired, bench.catalog, bench.client)
    window = read_window(since, datetime.now(UTC))
    return attribute_drift(found, window, bench.catalog, bench.client)


def attribution(document: DriftDocument, name: str = "rt-one") -> AttributionDocument:
    (told,) = (a for key, a in document.attributions.items() if key.endswith(f"/{name}"))
    return told


def log_requests(bench: Bench) -> list[str]:
    paths = [request.path for request in bench.server.requests]
    return [path for path in paths if LOG in path or GRAPH in path]


def codes(document: DriftDocument) -> list[str]:
    return [told.code for told in document.diagnostics]


def test_nothing_is_asked_where_nothing_drifted(bench: Bench, desired: Desired):
    assert drift(bench, desired).attributions == {}
    assert log_requests(bench) == []


def test_one_request_a_subscription_and_one_of_resource_graph(bench: Bench, desired: Desired):
    tamper(bench, "rt-one")
    tamper(bench, "rt-two", "ops@contoso.com with Azure Portal")
    found = drift(bench, desired)
    assert attribution(found, "rt-one").writers[0].actor == "mallory@contoso.com"
    assert attribution(found, "rt-two").writers[0].client == "Azure Portal"
    assert len(log_requests(bench)) == 2


def test_several_writers_are_all_named_and_the_property_is_the_ones_who_changed_it(
    bench: Bench, desired: Desired
):
    tamper(bench)
    with acting_as(bench, "tags@contoso.com with Azure PowerShell") as other:
        body = other.body_of("rt-one")
        version = bench.catalog.get("Microsoft.Network/routeTables").api_version
        other.send("PUT", str(body["id"]), {**body, "tags": {"cost": "7"}}, version)
    told = attribution(drift(bench, desired))
    assert told.verdict is AttributionVerdict.SEVERAL
    by_actor = {entry.actor: entry.paths for entry in told.writers}
    assert by_actor["mallory@contoso.com"] == ("properties.disableBgpRoutePropagation",)
    assert by_actor["tags@contoso.com"] == ()


def test_the_log_is_read_page_by_page(bench: Bench, desired: Desired):
    tamper(bench)
    bench.server.page_size = 2
    found = drift(bench, desired)
    bench.server.page_size = 1000
    assert attribution(found).writers[0].actor == "mallory@contoso.com"
    assert len(log_requests(bench)) > 3
    assert codes(found) == []


def test_a_log_that_goes_on_beyond_the_bound_is_told_with_how_far_it_was_read(
    bench: Bench, desired: Desired
):
    tamper(bench, "rt-one")
    for number in range(MOST_PAGES // 2):
        bench.tamper("rt-two", disableBgpRoutePropagation=bool(number % 2))
    tamper(bench, "rt-two")
    bench.server.page_size = 1
    found = drift(bench, desired)
    assert "activity-log-cut" in codes(found)
    assert attribution(found, "rt-two").writers[0].actor == "mallory@contoso.com"
    assert attribution(found, "rt-two").since > "2026-01-01"
    whole = datetime.now(UTC) - datetime.fromisoformat(attribution(found).since)
    assert whole < timedelta(days=1), "it says how far it looked, not how far it was asked to"


def test_who_may_not_read_the_logs_is_told_and_the_verdict_stays(bench: Bench, desired: Desired):
    tamper(bench)
    for path in (LOG, GRAPH):
        bench.server.faults.deny("*", path)
    found = drift(bench, desired)
    assert found.found
    assert [entry.address for entry in found.drifted] == ["one"]
    assert codes(found) == ["activity-log-unreadable", "resource-graph-unreadable"]
    told = attribution(found)
    assert told.verdict is AttributionVerdict.UNREADABLE
    assert told.reason == "the Activity Log could not be read (AuthorizationFailed)"


@pytest.mark.parametrize(
    ("who", "denied", "moved", "unread"),
    [
        pytest.param("mallory", (), True, None, id="moved"),
        pytest.param("mallory", (GRAPH,), False, "Resource Graph", id="moved, changes refused"),
        pytest.param("mallory", (LOG,), False, "Activity Log", id="moved, the own writes refused"),
        pytest.param(None, (), False, None, id="nobody moved it"),
        pytest.param(None, (GRAPH,), False, "Resource Graph", id="nobody, changes refused"),
        pytest.param(None, (LOG,), False, None, id="nobody: own writes decide nothing"),
    ],
)
def test_a_kept_value_whose_log_is_refused_leaves_the_check_uncertain(
    bench: Bench,
    desired: Desired,
    who: str | None,
    denied: tuple[str, ...],
    moved: bool,
    unread: str | None,
):
    found = check_drift(desired, bench.catalog, bench.client)
    if who is not None:
        tamper(bench, "rt-one", f"{who}@contoso.com with Azure CLI")
    kept = UndeclaredDocument(
        address="one",
        id=desired.graph.resources["one"].id.text,
        type="Microsoft.Network/routeTables",
        field=changed("properties.disableBgpRoutePropagation", False, True, declared=False),
        kept=True,
    )
    for path in denied:
        bench.server.faults.deny("*", path)
    found = found.model_copy(update={"undeclared": (kept,)})
    window = read_window(None, datetime.now(UTC))
    found = attribute_drift(found, window, bench.catalog, bench.client)
    (entry,) = found.undeclared

    assert entry.moved is moved
    assert (unread or "None") in str(entry.unread)
    assert found.is_certain is (unread is None)
    assert found.found is moved
    if unread is not None:
        assert no_drift(found) == (
            "It is unknown whether anything drifted: the logs do not show who set 1 value."
        )


def test_the_role_for_plan_and_drift_is_enough_to_know_who(bench: Bench, desired: Desired):
    tamper(bench)
    needs = needs_of(Purpose.PLAN, desired, bench.catalog)
    bench.server.allowed_actions = [need.action for need in needs]
    found = drift(bench, desired)
    assert codes(found) == []
    assert attribution(found).writers[0].paths == ("properties.disableBgpRoutePropagation",)


def test_without_resource_graph_the_writers_are_known_and_not_the_properties(
    bench: Bench, desired: Desired
):
    tamper(bench)
    bench.server.faults.deny("*", GRAPH)
    found = drift(bench, desired)
    assert codes(found) == ["resource-graph-unreadable"]
    assert [entry.paths for entry in attribution(found).writers] == [(), ()]


@pytest.mark.parametrize("path", [LOG, GRAPH], ids=["Activity Log", "Resource Graph"])
def test_a_log_that_is_throttled_or_away_for_a_while_is_asked_again(
    bench: Bench, desired: Desired, path: str
):
    tamper(bench)
    bench.server.faults.throttle(path, retry_after=3)
    bench.server.faults.unavailable(path, times=2)
    found = drift(bench, desired)
    assert attribution(found).writers[0].paths
    assert codes(found) == []


def test_a_log_that_stays_away_is_unreadable(bench: Bench, desired: Desired):
    tamper(bench)
    bench.server.faults.unavailable(LOG, times=100)
    bench.server.faults.unavailable(GRAPH, times=100)
    found = drift(bench, desired)
    assert attribution(found).verdict is AttributionVerdict.UNREADABLE


def test_a_connection_that_breaks_does_not_take_the_verdict_along(bench: Bench, desired: Desired):
    tamper(bench)
    found = check_drift(desired, bench.catalog, bench.client)
    window = read_window(None, datetime.now(UTC))
    bench.server.close()
    told = attribute_drift(found, window, bench.catalog, bench.client)
    assert told.drifted == found.drifted
    assert attribution(told).verdict is AttributionVerdict.UNREADABLE


def test_a_write_before_the_window_is_older_than_what_was_asked_for(bench: Bench, desired: Desired):
    tamper(bench)
    found = check_drift(desired, bench.catalog, bench.client)
    later = datetime.now(UTC) + timedelta(hours=3)
    told = attribute_drift(found, read_window("1h", later), bench.catalog, bench.client)
    assert attribution(told).verdict is AttributionVerdict.NOT_LOGGED
    assert attribution(told).writers == ()


def test_a_caller_without_a_name_is_an_object_id(bench: Bench, desired: Desired):
    tamper(bench, who="pipeline with 5d9fa1a4-1d1f-4f5c-9c43-0d6a4a6d1a55")
    (latest, *_) = attribution(drift(bench, desired)).writers
    assert latest.actor == latest.object_id
    assert latest.client is None
    assert latest.application_id == "5d9fa1a4-1d1f-4f5c-9c43-0d6a4a6d1a55"


def test_a_missing_resource_is_attributed_to_its_delete(bench: Bench, desired: Desired):
    with acting_as(bench, "mallory@contoso.com with Azure CLI") as other:
        resource_type = bench.catalog.get("Microsoft.Network/routeTables")
        gone = ResourceId.parse(str(other.body_of("rt-two")["id"]))
        other.client.delete(gone, resource_type.api_version, None, lambda _status: None)
    (entry,) = attribution(drift(bench, desired), "rt-two").writers
    assert (entry.actor, entry.deleted) == ("mallory@contoso.com", True)


def test_a_value_that_is_undeclared_drift_is_attributed_too(bench: Bench, catalog: Catalog):
    composed = bench.compose(
        """
vnet:
  type: Microsoft.Network/virtualNetworks
  resourceGroup: main
  name: vnet
  properties: {addressSpace: {addressPrefixes: [10.0.0.0/16]}}
"""
    )
    bench.apply(bench.plan(composed))
    with acting_as(bench, "mallory@contoso.com with Azure CLI") as other:
        other.tamper("vnet", dhcpOptions={"dnsServers": ["203.0.113.53"]})
    found = drift(bench, composed)
    assert found.drifted == ()
    assert attribution(found, "vnet").writers[0].paths == ("properties.dhcpOptions.dnsServers",)
