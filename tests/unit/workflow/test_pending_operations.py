"""What Azure still works on, and what it failed to finish: planned, waited for, repaired."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from provisioner.documents.plan import Action
from provisioner.model.azure_error import AzureError
from provisioner.model.diagnostic import DiagnosticError
from provisioner.plan.provisioning_progress import InProgress
from provisioner.plan.reads import Answer, Read
from provisioner.plan.request import Request
from provisioner.workflow.drift import check_drift
from provisioner.workflow.pending_operations import WaitPolicy, plan_settled
from provisioner.workflow.plan import Desired, Planned, plan_environment
from tests.environments import Bench, SkippedTime

NETWORK = """\
table:
  type: Microsoft.Network/routeTables
  resourceGroup: main
  name: rt-main
  properties: {disableBgpRoutePropagation: true, routes: []}
vnet:
  type: Microsoft.Network/virtualNetworks
  resourceGroup: main
  name: vnet
  properties: {addressSpace: {addressPrefixes: [10.0.0.0/16]}}
nodes:
  type: Microsoft.Network/virtualNetworks/subnets
  parent: ${vnet.id}
  name: nodes
  properties: {addressPrefix: 10.0.1.0/24, routeTable: {id: "${table.id}"}}
"""
CLUSTER = """\
cluster:
  type: Microsoft.ContainerService/managedClusters
  resourceGroup: main
  name: aks
  identity: {type: SystemAssigned}
  properties:
    dnsPrefix: aks
    agentPoolProfiles: [{name: system, mode: System, count: 3, vmSize: Standard_D4ds_v5}]
"""


class StatedReader:
    """Reads the built-in Azure, and answers other provisioning states than it has.

    `states` maps the end of an id to the words that its reads answer, one after the other; the last
    one stays. GONE is a resource that is not there any more.
    """

    GONE = "(gone)"

    def __init__(self, bench: Bench, states: Mapping[str, Sequence[str]]) -> None:
        self._client = bench.client
        self._states = {suffix: list(words) for suffix, words in states.items()}
        self.refused: AzureError | None = None

    def read(self, reads: Sequence[Read]) -> Sequence[Answer]:
        answers = self._client.read(reads)
        words = {
            suffix: rest.pop(0) if len(rest) > 1 else rest[0]
            for suffix, rest in self._states.items()
            if any(self._holds(answer, suffix) for answer in answers)
        }
        return [self._restated(answer, words) for answer in answers]

    def _holds(self, answer: Answer, suffix: str) -> bool:
        return any(_is(item, suffix) and "properties" in item for item in answer.items)

    def _restated(self, answer: Answer, words: Mapping[str, str]) -> Answer:
        if not answer.read.is_list and self.refused is not None:
            return Answer(answer.read, refused=self.refused)
        items = []
        for item in answer.items:
            word = next((word for suffix, word in words.items() if _is(item, suffix)), None)
            if word is None or "properties" not in item:
                items.append(item)
            elif word != self.GONE:
                properties: Any = item["properties"]
                items.append({**item, "properties": {**properties, "provisioningState": word}})
        return Answer(answer.read, tuple(items), answer.refused, answer.calls)


def _is(item: Mapping[str, Any], suffix: str) -> bool:
    return str(item.get("id", "")).endswith(f"/{suffix}")


class Watch:
    """A patience that no test waits for, and what it reported."""

    def __init__(self) -> None:
        self.time = SkippedTime()
        self.told: list[str] = []

    def patience(self) -> WaitPolicy:
        return WaitPolicy(self.time.now, self.time.sleep, self._note)

    def _note(self, entries: Sequence[InProgress], elapsed: float) -> None:
        self.told += [f"{entry.label} {entry.state}" for entry in entries]


def planner(bench: Bench, desired: Desired, reader: StatedReader) -> Callable[[], Planned]:
    return lambda: plan_environment(desired, bench.catalog, reader)


@pytest.fixture
def applied(bench: Bench) -> Desired:
    desired = bench.compose(NETWORK)
    bench.apply(bench.plan(desired))
    return desired


@pytest.mark.parametrize("word", ["Creating", "Updating", "Deleting", "Accepted", "InProgress"])
def test_what_is_in_progress_is_in_the_plan_and_in_drift(
    word: str, bench: Bench, applied: Desired
) -> None:
    reader = StatedReader(bench, {"routeTables/rt-main": [word]})

    plan = plan_environment(applied, bench.catalog, reader).plan
    drift = check_drift(applied, bench.catalog, reader)

    for document in (plan.document, drift):
        (entry,) = document.in_progress
        assert (entry.address, entry.state) == ("table", word)
    assert drift.drifted == ()
    assert plan.document.digest == bench.plan(applied).document.digest


def test_apply_waits_until_what_is_in_progress_has_settled(bench: Bench, applied: Desired) -> None:
    states = {
        "routeTables/rt-main": ["Updating", "Updating", "Succeeded"],
        "virtualNetworks/vnet": ["Creating", "Succeeded"],
    }
    reader, watch = StatedReader(bench, states), Watch()

    planned = plan_settled(planner(bench, applied, reader), reader, watch.patience())

    assert watch.told == ["table Updating", "vnet Creating", "table Updating"]
    assert planned.in_progress == ()
    assert planned.plan.steps == ()


def test_what_fails_while_it_is_waited_for_is_written_again(bench: Bench, applied: Desired) -> None:
    reader = StatedReader(bench, {"routeTables/rt-main": ["Updating", "Failed"]})

    planned = plan_settled(planner(bench, applied, reader), reader, Watch().patience())

    assert [step.key for step in planned.plan.steps] == ["put table"]


def test_what_is_being_deleted_is_waited_for_and_made_again(bench: Bench, applied: Desired) -> None:
    reader = StatedReader(bench, {"routeTables/rt-main": ["Deleting", StatedReader.GONE]})

    planned = plan_settled(planner(bench, applied, reader), reader, Watch().patience())

    changes = {change.address: change.action for change in planned.plan.document.changes}
    assert changes["table"] is Action.CREATE


def test_a_wait_without_end_names_its_bound(bench: Bench, applied: Desired) -> None:
    reader, watch = StatedReader(bench, {"routeTables/rt-main": ["Updating"]}), Watch()
    started = watch.time.now()

    with pytest.raises(DiagnosticError, match="table is still Updating after 120 minutes"):
        plan_settled(planner(bench, applied, reader), reader, watch.patience())

    assert 7200 <= watch.time.now() - started < 7300


def test_what_cannot_be_read_while_it_is_waited_for_ends_the_wait(
    bench: Bench, applied: Desired
) -> None:
    reader = StatedReader(bench, {"routeTables/rt-main": ["Updating"]})
    reader.refused = AzureError(403, "AuthorizationFailed", "no permission")

    with pytest.raises(DiagnosticError, match="table was Updating, and cannot be read any more"):
        plan_settled(planner(bench, applied, reader), reader, Watch().patience())


def test_a_child_that_somebody_adds_keeps_its_parent_busy(bench: Bench) -> None:
    desired = bench.compose(CLUSTER)
    bench.apply(bench.plan(desired))
    reader = StatedReader(bench, {"agentPools/system": ["Scaling"]})

    planned = plan_environment(desired, bench.catalog, reader)

    assert [entry.state for entry in planned.in_progress] == ["Scaling"]
    assert planned.in_progress[0].label.endswith("/managedClusters/aks/agentPools/system")


def test_what_no_target_covers_is_not_waited_for(bench: Bench, applied: Desired) -> None:
    reader = StatedReader(bench, {"routeTables/rt-main": ["Updating"]})

    planned = plan_environment(
        applied, bench.catalog, reader, Request(applied.environment.path, ("vnet",))
    )

    assert planned.in_progress == ()


@pytest.mark.parametrize("word", ["Failed", "Canceled"])
def test_what_failed_is_written_again_although_nothing_differs(
    word: str, bench: Bench, applied: Desired
) -> None:
    reader = StatedReader(bench, {"routeTables/rt-main": [word]})

    plan = plan_environment(applied, bench.catalog, reader).plan
    drift = check_drift(applied, bench.catalog, reader)

    (change,) = plan.document.changes
    assert (change.address, change.action) == ("table", Action.UPDATE)
    assert change.reason == f"provisioningState is {word}: it is written again"
    assert [step.key for step in plan.steps] == ["put table"]
    assert [(entry.address, entry.reason) for entry in drift.drifted] == [
        ("table", f"provisioningState is {word}")
    ]
    assert drift.found
    bench.apply(plan)


def test_a_child_that_failed_in_the_body_of_its_parent_is_written_again(bench: Bench) -> None:
    desired = bench.compose(CLUSTER)
    bench.apply(bench.plan(desired))

    class PoolReader:
        def read(self, reads: Sequence[Read]) -> Sequence[Answer]:
            return [
                Answer(a.read, tuple(map(_fail, a.items)), a.refused)
                for a in bench.client.read(reads)
            ]

    plan = plan_environment(desired, bench.catalog, PoolReader()).plan

    (change,) = plan.document.changes
    assert change.reason is not None
    assert change.reason.startswith("provisioningState of agentPoolProfiles[system] is Failed")


def _fail(item: Mapping[str, Any]) -> Mapping[str, Any]:
    if not _is(item, "managedClusters/aks") or "properties" not in item:
        return item
    (pool,) = item["properties"]["agentPoolProfiles"]
    pools = [{**pool, "provisioningState": "Failed"}]
    return {**item, "properties": {**item["properties"], "agentPoolProfiles": pools}}
