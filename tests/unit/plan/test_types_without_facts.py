"""Types that the catalog lacks: what a plan says of them, and what it never claims or holds."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from provisioner.adoption.minimal_body import minimal_body
from provisioner.azure.client import ArmClient
from provisioner.azure.schema_cache import load_catalog
from provisioner.azure.type_index import InstalledTypes
from provisioner.catalog.registry import Catalog
from provisioner.documents.access import AccessState
from provisioner.documents.census import JUDGEMENT, UNDECLARED_CHILDREN
from provisioner.documents.plan import Action
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body
from provisioner.plan.plan import Plan
from provisioner.plan.plan_file import write_plan_file
from provisioner.reports.census_text import census_sentence
from provisioner.reports.json_text import render_json
from provisioner.workflow.access import explain_access
from provisioner.workflow.access_question import Question
from provisioner.workflow.apply import ApplyOptions, Surface, apply_plan
from provisioner.workflow.drift import check_drift
from provisioner.workflow.plan import Desired, plan_destroy, plan_environment
from tests.environments import Bench, compose_small, open_bench

RAW = """\
bar:
  type: Fabrikam.Foo/bars
  apiVersion: 2024-05-01
  resourceGroup: main
  name: one
  location: LOCATION
  properties: {size: SIZE, doors: [{name: front}]}
"""
CIRCUIT = """\
circuit:
  type: Microsoft.Network/expressRouteCircuits
  resourceGroup: main
  name: er
  sku: {name: Standard_MeteredData}
  properties: {allowClassicOperations: ALLOWED}
"""


@pytest.fixture(scope="module")
def any_catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    cache: Path = tmp_path_factory.mktemp("cache")
    return load_catalog(cache, directory=InstalledTypes(cache))


@pytest.fixture
def bench(any_catalog: Catalog):
    with open_bench(any_catalog) as opened:
        yield opened


def plan(bench: Bench, desired: Desired, *, destroy: bool = False) -> Plan:
    make = plan_destroy if destroy else plan_environment
    return make(desired, desired.catalog, bench.client).plan


def apply(bench: Bench, desired: Desired, planned: Plan) -> None:
    opened = Bench(desired.catalog, bench.server, bench.client)
    assert opened.apply(planned, allow_delete=True).has_errors is False


def raw(catalog: Catalog, size: int = 1, location: str = "westeurope") -> Desired:
    text = RAW.replace("SIZE", str(size)).replace("LOCATION", location)
    return compose_small(text, catalog)


def test_a_raw_type_is_updated_in_place_and_never_replaced(
    bench: Bench, any_catalog: Catalog
) -> None:
    first = raw(any_catalog)
    apply(bench, first, plan(bench, first))
    assert plan(bench, first).steps == ()
    bigger = plan(bench, raw(any_catalog, 2)).document.changes
    (update,) = (each for each in bigger if each.action is Action.UPDATE)
    assert update.disruption == "disruption not known"

    moved = raw(any_catalog, location="northeurope")
    planned = plan(bench, moved)
    assert {c.action for c in planned.document.changes} <= {Action.UPDATE, Action.NO_OP}
    done = Bench(moved.catalog, bench.server, bench.client).apply(planned)
    assert "InvalidResourceLocation" in str(done.to_json())


def test_what_a_cloud_does_not_list_is_not_deleted(bench: Bench, any_catalog: Catalog) -> None:
    desired = raw(any_catalog)
    apply(bench, desired, plan(bench, desired))
    changes = plan(bench, desired, destroy=True).document.changes
    (held,) = (each for each in changes if each.id.endswith("/bars/one"))
    assert held.action is Action.BLOCKED
    assert "what it may hold is not known" in str(held.reason)


def test_what_is_not_declared_is_sent_back_but_never_held_by_a_file(
    bench: Bench, any_catalog: Catalog
) -> None:
    first = compose_small(CIRCUIT.replace("ALLOWED", "false"), any_catalog)
    apply(bench, first, plan(bench, first))
    opened = Bench(first.catalog, bench.server, bench.client)
    opened.tamper("er", serviceKey="gate-4711", gatewayManagerEtag="7", globalReachEnabled=True)
    assert plan(bench, first).steps == ()

    changed = compose_small(CIRCUIT.replace("ALLOWED", "true"), any_catalog)
    planned = plan(bench, changed)
    assert "gate-4711" not in write_plan_file(planned)
    apply(bench, changed, planned)
    kept = opened.body_of("er")["properties"]
    assert (kept["serviceKey"], kept["globalReachEnabled"]) == ("gate-4711", True)
    assert kept["allowClassicOperations"] is True


def test_a_value_that_the_sdk_does_not_list_is_sent_and_warned_of(
    bench: Bench, any_catalog: Catalog
) -> None:
    """The SDK says of no enum whether the service may take more: most may (sizes, SKUs, kinds)."""
    text = CIRCUIT.replace("ALLOWED", "false").replace("_MeteredData}", "_Metered, tier: Standrd}")
    desired = compose_small(text, any_catalog)
    planned = plan(bench, desired)

    (told,) = (d for d in planned.document.diagnostics if d.code == "unlisted-value")
    assert told.severity == "warning"
    assert told.place == "blueprint.yaml:11:41"
    assert told.message == (
        "sku.tier is 'Standrd', which the SDK's model of Microsoft.Network/expressRouteCircuits "
        "does not list; it is sent as it is."
    )
    assert told.hint == "Did you mean 'Standard'?"
    apply(bench, desired, planned)
    live = Bench(desired.catalog, bench.server, bench.client).body_of("er")
    assert live["sku"]["tier"] == "Standrd"

    kind = desired.catalog.get("Microsoft.Network/expressRouteCircuits")
    adopted = minimal_body(kind, desired.catalog.schemas, live)
    assert adopted.body["sku"] == {"name": "Standard_Metered", "tier": "Standrd"}
    assert adopted.refused == ()


def test_the_census_counts_by_tier(bench: Bench, any_catalog: Catalog) -> None:
    text = RAW.replace("SIZE", "1").replace("LOCATION", "westeurope") + CIRCUIT
    desired = compose_small(text.replace("ALLOWED", "true"), any_catalog)
    census = plan(bench, desired).document.census
    assert census is not None
    told = {(each.what, each.count, each.of) for each in census.not_covered}
    assert {
        ("undeclared properties", 1, "resource of raw types"),
        ("undeclared properties", 1, "resource of schema-only types"),
        (JUDGEMENT, 1, "resource of Fabrikam.Foo/bars"),
        (JUDGEMENT, 1, "resource of Microsoft.Network/expressRouteCircuits"),
    } <= told
    assert (
        f"not judged by {JUDGEMENT}: 2 resources of types without facts (Fabrikam.Foo/bars 1, "
        "Microsoft.Network/expressRouteCircuits 1)"
    ) in census_sentence(census)


def test_the_census_names_children_that_nobody_listed(bench: Bench, any_catalog: Catalog) -> None:
    """A drift check that looks at no queue of a namespace does not say that there is none."""
    text = RAW.replace("SIZE", "1").replace("LOCATION", "westeurope") + CIRCUIT
    desired = compose_small(text.replace("ALLOWED", "true"), any_catalog)
    apply(bench, desired, plan(bench, desired))
    census = check_drift(desired, desired.catalog, bench.client).census
    assert census is not None

    told = {(e.count, e.of): e.reason for e in census.not_covered if e.what == UNDECLARED_CHILDREN}
    assert told == {
        (1, "resource of raw types"): (
            "it is not known which children their types have (Fabrikam.Foo/bars)"
        ),
        (1, "resource of schema-only types"): (
            "the children that the blueprint lacks (Microsoft.Network/expressRouteCircuits/"
            "authorizations, Microsoft.Network/expressRouteCircuits/peerings) are listed only "
            "before a delete"
        ),
    }
    assert "undeclared children of 1 resource of raw types" in census_sentence(census)


def test_access_names_what_may_give_it_and_is_not_judged(
    bench: Bench, any_catalog: Catalog
) -> None:
    text = RAW.replace("SIZE", "1").replace("LOCATION", "westeurope")
    text += """\
owner:
  type: Microsoft.Authorization/roleEligibilityScheduleRequests
  apiVersion: 2022-04-01-preview
  scope: ${bar.id}
  name: 11111111-1111-1111-1111-111111111113
  properties: {requestType: AdminAssign}
reader:
  type: Fabrikam.Foo/bars/sqlRoleAssignments
  apiVersion: 2024-05-01
  parent: ${bar.id}
  name: one
  properties: {scope: "/"}
"""
    desired = compose_small(text, any_catalog)
    question = Question(AccessState.DESIRED)
    told = explain_access(desired, desired.catalog, lambda: bench.client, question).diagnostics
    named = {each.message.partition(" ")[0] for each in told if each.code == "access-not-judged"}
    assert named == {"owner", "reader"}


def test_a_raw_resource_without_a_location_is_warned_of(bench: Bench, any_catalog: Catalog) -> None:
    text = RAW.replace("SIZE", "1").replace("  location: LOCATION\n", "")
    planned = plan(bench, compose_small(text, any_catalog))
    told = [each.message for each in planned.document.diagnostics if each.code == "no-location"]
    assert told == ["bar states no location, and a raw type inherits none from its group."]
    assert not [d for d in plan(bench, raw(any_catalog)).document.diagnostics]


HOLDER = """\
bar:
  type: Fabrikam.Foo/bars
  apiVersion: 2024-05-01
  resourceGroup: main
  name: one
  location: westeurope
  properties:
    size: 1
    primaryKey: stated-1
    masterKeys: [stated-2]
    functionKeys: {default: stated-3}
    configuration: {secrets: [{name: db, value: stated-4}]}
    env: [{name: A, secureValue: stated-5}]
    keyList: [{keyName: k, value: stated-6}]
    pw: {type: SecureString, value: stated-7}
"""
STATED = tuple(f"stated-{number}" for number in range(1, 8))
READER = """\
id:
  type: Microsoft.ManagedIdentity/userAssignedIdentities
  resourceGroup: main
  name: id-main
  tags: {k: "${EXPRESSION}"}
"""


def compose_holder(catalog: Catalog, *resources: str) -> Desired:
    return compose_small("".join((HOLDER, *resources)), catalog)


def test_what_is_called_like_a_credential_is_shown_by_no_plan(
    bench: Bench, any_catalog: Catalog
) -> None:
    desired = compose_holder(any_catalog)
    planned = plan(bench, desired)
    shown = render_json(planned.document)
    assert [text for text in STATED if text in shown] == []
    assert '"properties.size"' in shown
    apply(bench, desired, planned)
    opened = Bench(desired.catalog, bench.server, bench.client)
    opened.tamper(
        "one", primaryKey="live-1", masterKeys=["live-2"], functionKeys={"default": "live-3"}
    )
    changed = render_json(plan(bench, desired).document)
    assert '"properties.masterKeys"' in changed
    assert [text for text in (*STATED, "live-1", "live-2", "live-3") if text in changed] == []


@pytest.mark.parametrize(
    "expression",
    [
        pytest.param("bar.properties.undeclaredKey", id="a value that nobody declared"),
        pytest.param("base64Encode(bar.properties.undeclaredKey)", id="made of one"),
        pytest.param("string(size(bar.properties.undeclaredKey))", id="how long it is"),
        pytest.param("bar.properties.keyList[0].value", id="in a list"),
        pytest.param("bar.properties.primaryKey", id="one that the file states"),
    ],
)
def test_an_expression_that_reads_a_credential_blocks_the_change(
    expression: str, bench: Bench, any_catalog: Catalog
) -> None:
    holder = compose_holder(any_catalog)
    apply(bench, holder, plan(bench, holder))
    opened = Bench(holder.catalog, bench.server, bench.client)
    opened.tamper("one", undeclaredKey="live-1", keyList=[{"keyName": "k", "value": "live-6"}])
    desired = compose_holder(any_catalog, READER.replace("EXPRESSION", expression))
    planned = plan(bench, desired)
    (held,) = (each for each in planned.document.changes if each.address == "id")
    assert held.action is Action.BLOCKED
    assert "tags.k would be the secret bar.properties." in str(held.reason)
    written = write_plan_file(planned)
    assert [text for text in ("live-1", "live-6") if text in written] == []


class KeyMaker:
    """Writes with a client, and answers like a service that makes a key for what it creates."""

    def __init__(self, client: ArmClient) -> None:
        self._client = client

    def put(self, resource: ResourceId, *rest: Any) -> Body:
        answer = self._client.put(resource, *rest)
        properties = answer.get("properties")
        assert properties is None or isinstance(properties, Mapping)
        return {**answer, "properties": {**(properties or {}), "adminKey": "live-1"}}

    def delete(self, *_: Any) -> None:
        raise AssertionError("nothing is deleted")


def test_a_credential_that_azure_makes_during_an_apply_is_not_written_elsewhere(
    bench: Bench, any_catalog: Catalog
) -> None:
    text = READER.replace("EXPRESSION", "bar.properties.adminKey")
    desired = compose_holder(any_catalog, text)
    planned = plan(bench, desired)
    surface = Surface(bench.client, KeyMaker(bench.client), lambda: 0.0, lambda _event: None)
    options = ApplyOptions(allow_delete=False, parallelism=2)
    done = apply_plan(planned, desired.catalog, surface, options)
    assert "tags.k would be the secret bar.properties.adminKey" in render_json(done)
    assert not any(text.endswith("/id-main") for text in bench.server.resource_ids())
