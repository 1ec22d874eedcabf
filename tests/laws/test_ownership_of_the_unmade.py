"""A mark that was written for what was then not made claims nothing that others make of that id.

The marks of what takes no tags stand on a carrier before the resource does. Each test ends an apply
without the resource, or lets somebody delete it, and then lets others make one of the same id.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest

from provisioner.documents.apply import (
    ApplyDocument,
    Event,
    Outcome,
    StepFailed,
    StepStarted,
    StepSucceeded,
)
from provisioner.documents.plan import Action
from provisioner.plan.plan import Plan
from provisioner.simulator.protocol.faults import Fault
from provisioner.workflow.apply import ApplyOptions, Surface, apply_plan
from provisioner.workflow.migration import plan_migration
from tests.environments import Bench
from tests.laws.neighbours import (
    AKS,
    BARE,
    CLUSTER,
    CLUSTERED,
    GRANT,
    NET,
    NETWORK,
    NETWORKED,
    NODES,
    ONE,
    PERSON,
    POOL,
    SUBSCRIPTION,
    ZONE,
    Neighbourhood,
    actions,
    goes,
    grant,
    group_id,
    id_of,
    try_everything,
)


@dataclass(frozen=True)
class Kind:
    """Something without tags: what it needs, its text in a blueprint, the step that writes its
    carrier, and what others make of its id."""

    base: str
    own: str
    carrier: str
    theirs: Mapping[str, object]

    @property
    def whole(self) -> str:
        return self.base + self.own

    @property
    def address(self) -> str:
        return self.own.split(":")[0].strip()


ZONED = ONE + f"  zone: {{type: {ZONE}, resourceGroup: main, name: a.example, location: global}}\n"
KINDS = {
    "subnet": Kind(BARE, NODES, "put net", {"properties": {"addressPrefix": "10.0.7.0/24"}}),
    "node pool": Kind(
        CLUSTERED,
        f"""\
  work:
    type: {CLUSTER}/agentPools
    parent: ${{aks.id}}
    name: work
    properties: {{mode: User, count: 1, vmSize: Standard_D4ds_v5}}
""",
        "put aks",
        {"properties": {**POOL["properties"], "count": 2}},
    ),
    "grant at a subscription": Kind(
        ONE,
        grant(SUBSCRIPTION),
        "put resourceGroups.main",
        {"properties": {**GRANT["properties"], "description": "others need it"}},
    ),
    "lock": Kind(
        ONE,
        """\
  lock:
    type: Microsoft.Authorization/locks
    scope: ${one.id}
    name: keep
    properties: {level: CanNotDelete}
""",
        "put one",
        {"properties": {"level": "CanNotDelete", "notes": "others need it"}},
    ),
    "DNS record": Kind(
        ZONED,
        f"""\
  record:
    type: {ZONE}/A
    parent: ${{zone.id}}
    name: api
    properties: {{ttl: 300, aRecords: [{{ipv4Address: 10.0.0.4}}]}}
""",
        "put zone",
        {"properties": {"ttl": 60, "aRecords": [{"ipv4Address": "10.0.0.9"}]}},
    ),
}
EVERY_KIND = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
SUBNET_KIND = KINDS["subnet"]


class Scene(Neighbourhood):
    """A neighborhood in which one thing of the environment is not made."""

    def id_of(self, kind: Kind) -> str:
        return self.compose(kind.whole).graph.resources[kind.address].id.text

    def intrude(self, kind: Kind) -> str:
        """Let others make one of the id."""
        return self.put(self.id_of(kind), kind.theirs)

    def refuse(self, kind: Kind) -> None:
        """Let a policy deny the create."""
        self.bench.server.faults.add(
            Fault(
                method="PUT",
                path=f"{self.id_of(kind)}$",
                status=403,
                code="RequestDisallowedByPolicy",
                times=None,
            )
        )

    def check_not_ours(self, kind: Kind) -> None:
        """What others made is there to be adopted, and nothing else happens to it."""
        theirs = self.id_of(kind)
        assert actions(self.bench.plan(self.compose(kind.whole)))[kind.address] is Action.ADOPT
        assert not goes(self.bench.plan(self.compose(kind.base)), theirs)
        try_everything(self, kind.whole)
        try_everything(self, kind.base)


@pytest.fixture
def others(bench: Bench) -> Scene:
    return Scene(bench)


def when(event_type: type[Event], key: str, act: Callable[[], object]) -> Callable[[Event], None]:
    """Return what listens to an apply and acts at one event of one step."""

    def listen(event: Event) -> None:
        if isinstance(event, event_type) and event.key == key:
            act()

    return listen


def told(document: ApplyDocument) -> list[str]:
    return [d.code for d in document.diagnostics if d.code.startswith("mark-")]


# A create that did not happen.


@EVERY_KIND
def test_a_create_that_a_policy_denied(kind: Kind, others: Scene) -> None:
    others.apply(kind.base)
    others.refuse(kind)

    done = others.bench.apply(others.bench.plan(others.compose(kind.whole)))

    assert done.count(Outcome.FAILED) == 1
    assert told(done) == ["mark-removed"]
    others.bench.server.faults.clear()
    others.intrude(kind)
    others.check_not_ours(kind)


@EVERY_KIND
def test_a_create_that_lost_its_race(kind: Kind, others: Scene) -> None:
    others.apply(kind.base)
    plan = others.bench.plan(others.compose(kind.whole))

    done = others.bench.apply(
        plan, on_event=when(StepSucceeded, kind.carrier, lambda: others.intrude(kind))
    )

    (failed,) = [step for step in done.steps if step.outcome is Outcome.FAILED]
    assert "ResourceAppeared" in str(failed.message)
    assert told(done) == ["mark-removed"]
    others.check_not_ours(kind)


@EVERY_KIND
def test_a_create_that_an_interrupt_kept_from_starting(kind: Kind, others: Scene) -> None:
    others.apply(kind.base)
    plan = others.bench.plan(others.compose(kind.whole))

    done = others.bench.apply(plan, on_event=when(StepSucceeded, kind.carrier, _interrupt))

    assert done.interrupted
    assert told(done) == ["mark-removed"]
    others.intrude(kind)
    others.check_not_ours(kind)


def test_what_others_made_before_the_withdrawal_of_a_create_that_was_never_sent(
    others: Scene,
) -> None:
    others.apply(BARE)

    def make_and_interrupt() -> None:
        others.intrude(SUBNET_KIND)
        _interrupt()

    done = others.bench.apply(
        others.bench.plan(others.compose(NETWORKED)),
        on_event=when(StepSucceeded, "put net", make_and_interrupt),
    )

    assert told(done) == ["mark-removed"], "it is there, and not this apply's"
    others.check_not_ours(SUBNET_KIND)


def test_several_marks_go_from_one_carrier_by_one_write(others: Scene) -> None:
    others.apply(BARE)
    more = NODES.replace("nodes", "pods").replace("10.0.1.", "10.0.2.")
    others.bench.server.faults.deny("Microsoft.Network/virtualNetworks/subnets/write")
    plan = others.bench.plan(others.compose(NETWORKED + more))
    before = len(others.bench.server.requests)

    done = others.bench.apply(plan)

    sent = others.bench.server.requests[before:]
    writes = [r for r in sent if r.method == "PUT" and r.path.endswith("virtualNetworks/vnet")]
    assert len(writes) == 2, "the mark, and its withdrawal"
    assert told(done) == ["mark-removed"]
    assert "azsec-below" not in others.tags(id_of(NETWORK, "vnet"))


def test_the_next_apply_makes_what_was_refused(others: Scene) -> None:
    others.apply(BARE)
    others.refuse(SUBNET_KIND)
    others.bench.apply(others.bench.plan(others.compose(NETWORKED)))
    others.bench.server.faults.clear()

    desired = others.apply(NETWORKED)

    assert others.bench.plan(desired).steps == ()
    others.apply(BARE)
    assert not others.exists(f"{id_of(NETWORK, 'vnet')}/subnets/nodes")


def test_a_create_that_failed_by_halves_keeps_its_mark(others: Scene) -> None:
    others.apply(BARE)
    others.bench.server.faults.fail_operation("subnets/nodes$", "InternalError", "It broke.")

    done = others.bench.apply(others.bench.plan(others.compose(NETWORKED)))

    assert done.count(Outcome.FAILED) == 1
    assert told(done) == []
    others.apply(NETWORKED)
    others.apply(BARE)
    assert not others.exists(f"{id_of(NETWORK, 'vnet')}/subnets/nodes")


def test_a_create_of_which_nobody_can_tell_how_it_ended(others: Scene) -> None:
    others.apply(BARE)
    others.refuse(SUBNET_KIND)

    def blind() -> None:
        others.bench.server.faults.deny("Microsoft.Network/virtualNetworks/subnets/read")

    done = others.bench.apply(
        others.bench.plan(others.compose(NETWORKED)),
        on_event=when(StepFailed, "put nodes", blind),
    )

    assert told(done) == ["mark-not-removed"]
    (kept,) = [d for d in done.diagnostics if d.code == "mark-not-removed"]
    assert "vnet still carries the mark of" in kept.message
    assert "AuthorizationFailed" in kept.message


def test_a_carrier_that_cannot_be_written(others: Scene) -> None:
    others.apply(BARE)
    others.refuse(SUBNET_KIND)

    def lock() -> None:
        others.bench.server.faults.deny("Microsoft.Network/virtualNetworks/write")

    done = others.bench.apply(
        others.bench.plan(others.compose(NETWORKED)), on_event=when(StepFailed, "put nodes", lock)
    )

    assert told(done) == ["mark-not-removed"]


def test_a_lock_that_was_lost(others: Scene) -> None:
    """Another apply may be running, and may have made what this one did not."""
    others.apply(BARE)
    plan = others.bench.plan(others.compose(NETWORKED))
    lost: list[str] = []
    surface = Surface(
        others.bench.client,
        others.bench.client,
        lambda: 0.0,
        when(StepSucceeded, "put net", lambda: lost.append("the lock was lost")),
        lambda: lost[0] if lost else None,
    )

    done = apply_plan(plan, others.bench.catalog, surface, ApplyOptions(False, 4))

    assert told(done) == ["mark-not-removed"]
    assert "the lock was lost" in done.diagnostics[-1].message


def test_a_pool_in_the_body_of_a_cluster_that_failed(others: Scene) -> None:
    others.apply(CLUSTERED)
    pool = "{name: system, mode: System, count: 3, vmSize: Standard_D4ds_v5}"
    more = AKS.replace(pool, f"{pool}, {pool.replace('system', 'second')}")
    others.bench.server.faults.fail_operation(
        "managedClusters/aks$", "QuotaExceeded", "No cores.", method="PUT"
    )
    plan = others.bench.plan(others.compose(ONE + more))

    done = others.bench.apply(plan)

    pools = {mark.resource.name for step in plan.steps for mark in step.carried}
    assert pools == {"second"}
    exists = others.exists(f"{id_of(CLUSTER, 'aks')}/agentPools/second")
    assert told(done) == ([] if exists else ["mark-not-removed"])


# What was deleted.


@EVERY_KIND
def test_deleted_by_hand_and_no_longer_declared(kind: Kind, others: Scene) -> None:
    others.apply(kind.whole)
    others.remove(others.id_of(kind))

    others.apply(kind.base)

    plan = others.bench.plan(others.compose(kind.base))
    assert plan.steps == ()
    assert "unaccounted-mark" not in [d.code for d in plan.document.diagnostics]
    others.intrude(kind)
    others.check_not_ours(kind)


@EVERY_KIND
def test_deleted_by_hand_and_made_by_others_while_it_is_made_again(
    kind: Kind, others: Scene
) -> None:
    others.apply(kind.whole)
    others.remove(others.id_of(kind))
    plan = others.bench.plan(others.compose(kind.whole))
    (key,) = [step.key for step in plan.steps]

    done = others.bench.apply(plan, on_event=when(StepStarted, key, lambda: others.intrude(kind)))

    (failed,) = [step for step in done.steps if step.outcome is Outcome.FAILED]
    assert "ResourceAppeared" in str(failed.message)
    assert told(done) == ["mark-removed"], "from a carrier that the plan did not write"
    others.check_not_ours(kind)


@EVERY_KIND
def test_a_plan_that_writes_the_carrier_alone_keeps_no_mark_of_what_is_absent(
    kind: Kind, others: Scene
) -> None:
    others.apply(kind.whole)
    others.remove(others.id_of(kind))
    desired = others.compose(kind.whole)

    others.force(others.bench.plan(desired, kind.carrier.removeprefix("put ")))

    others.intrude(kind)
    others.check_not_ours(kind)


@EVERY_KIND
def test_deleted_by_a_destroy_that_leaves_its_carrier(kind: Kind, others: Scene) -> None:
    desired = others.apply(kind.whole)
    whole = others.bench.plan_destroy(desired)
    theirs = others.id_of(kind)
    (address,) = [c.address for c in whole.document.changes if c.id.lower() == theirs.lower()]

    done = others.bench.apply(others.bench.plan_destroy(desired, address), allow_delete=True)

    assert not others.exists(theirs)
    assert told(done) == ["mark-removed"]
    others.intrude(kind)
    others.check_not_ours(kind)


def test_deleted_to_be_replaced_and_then_refused(others: Scene) -> None:
    kind = KINDS["grant at a subscription"]
    desired = others.apply(kind.whole)
    changed = kind.whole.replace(PERSON, PERSON[:-1] + "2")
    others.refuse(kind)

    done = others.bench.apply(others.bench.plan(others.compose(changed)), allow_delete=True)

    assert done.count(Outcome.FAILED) == 1
    assert told(done) == ["mark-removed"]
    others.bench.server.faults.clear()
    others.intrude(kind)
    assert actions(others.bench.plan(desired))["grant"] is Action.ADOPT
    others.check_not_ours(kind)


def test_a_replacement_whose_delete_was_refused_keeps_its_mark(others: Scene) -> None:
    kind = KINDS["grant at a subscription"]
    others.apply(kind.whole)
    changed = kind.whole.replace(PERSON, PERSON[:-1] + "2")
    others.bench.server.faults.deny("Microsoft.Authorization/roleAssignments/delete")

    done = others.bench.apply(others.bench.plan(others.compose(changed)), allow_delete=True)

    assert done.count(Outcome.SKIPPED) == 1
    assert told(done) == []
    others.bench.server.faults.clear()
    assert actions(others.bench.plan(others.compose(changed))) == {"grant": Action.REPLACE}


def test_made_by_others_right_before_its_network_goes(others: Scene) -> None:
    others.apply(NETWORKED)
    subnet = f"{id_of(NETWORK, 'vnet')}/subnets/nodes"
    others.remove(subnet)
    plan = others.bench.plan_destroy(others.compose(NETWORKED))

    done = others.bench.apply(
        plan,
        allow_delete=True,
        on_event=when(StepStarted, "delete net", lambda: others.intrude(SUBNET_KIND)),
    )

    (failed,) = [step for step in done.steps if step.outcome is Outcome.FAILED]
    assert "which was not seen when it was planned" in str(failed.message)
    assert others.changed == []


# A kill leaves no time for a withdrawal.


@EVERY_KIND
def test_killed_between_mark_and_create_and_applied_again(kind: Kind, others: Scene) -> None:
    _kill(others, kind)

    desired = others.apply(kind.whole)

    assert others.bench.plan(desired).steps == ()
    assert goes(others.bench.plan(others.compose(kind.base)), others.id_of(kind))


@EVERY_KIND
def test_killed_between_mark_and_create_and_no_longer_declared(kind: Kind, others: Scene) -> None:
    _kill(others, kind)

    others.apply(kind.base)

    others.intrude(kind)
    others.check_not_ours(kind)


@EVERY_KIND
def test_killed_between_mark_and_create_and_lost_while_applied_again(
    kind: Kind, others: Scene
) -> None:
    _kill(others, kind)
    plan = others.bench.plan(others.compose(kind.whole))
    (key,) = [step.key for step in plan.steps]

    others.bench.apply(plan, on_event=when(StepStarted, key, lambda: others.intrude(kind)))

    others.check_not_ours(kind)


def test_the_limit_of_marks_after_a_kill_is_that_no_plan_was_made_in_between(
    others: Scene,
) -> None:
    """docs/ownership.md, Limits: what others make of the id before the next plan counts as the
    environment's, and the plan shows what it would do to it."""
    _kill(others, SUBNET_KIND)
    theirs = others.intrude(SUBNET_KIND)

    assert actions(others.bench.plan(others.compose(NETWORKED))) == {"nodes": Action.UPDATE}
    assert goes(others.bench.plan(others.compose(BARE)), theirs)


# Migrating marks makes nothing.


@EVERY_KIND
def test_a_migration_marks_nothing_that_is_absent(kind: Kind, others: Scene) -> None:
    others.apply(kind.base)
    desired = others.compose(kind.whole)

    others.force(plan_migration(desired, others.bench.catalog, others.bench.client))

    others.intrude(kind)
    others.check_not_ours(kind)


@EVERY_KIND
def test_a_migration_drops_the_mark_of_what_is_absent(kind: Kind, others: Scene) -> None:
    others.apply(kind.whole)
    others.remove(others.id_of(kind))
    desired = others.compose(kind.whole)

    others.force(plan_migration(desired, others.bench.catalog, others.bench.client))

    others.intrude(kind)
    others.check_not_ours(kind)


# A mark is dropped only where it is known that nothing is there.


def test_a_list_that_is_refused_keeps_the_mark_of_what_it_would_show(others: Scene) -> None:
    kind = KINDS["DNS record"]
    others.apply(kind.whole)
    others.bench.server.faults.deny(f"{ZONE}/ALL/read")
    without = others.compose(kind.base)

    blind: Plan = others.bench.plan(without)

    assert blind.steps == ()
    assert "unaccounted-mark" in [d.code for d in blind.document.diagnostics]
    others.bench.server.faults.clear()
    assert goes(others.bench.plan(without), others.id_of(kind))


def test_a_subnet_of_a_network_that_the_blueprint_no_longer_reads_keeps_its_mark(
    others: Scene,
) -> None:
    others.put(group_id("rg-hub"))
    space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}
    others.write(id_of(NETWORK, "vnet", "rg-hub"), {"location": "westeurope", "properties": space})
    hub = "  hub: {subscription: workload, name: rg-hub, location: westeurope, existing: true}\n"
    read = NET.partition("    properties")[0].replace("main", "hub") + "    existing: true\n"
    head = ONE.replace("resources:", f"{hub}resources:")
    others.apply(head + read + NODES)

    without = others.compose(ONE)
    plan = others.bench.plan(without)

    assert plan.steps == ()
    (kept,) = [d for d in plan.document.diagnostics if d.code == "unaccounted-mark"]
    assert "--forget-missing" in str(kept.hint)
    assert others.exists(f"{id_of(NETWORK, 'vnet', 'rg-hub')}/subnets/nodes")
    others.force(
        plan_migration(without, others.bench.catalog, others.bench.client, forget_missing=True)
    )
    assert others.bench.plan(without).document.diagnostics == ()


class _KilledError(BaseException):
    """SIGKILL, as far as it can be had within one process: nothing is done any more."""


def _kill(others: Scene, kind: Kind) -> None:
    others.apply(kind.base)
    plan = others.bench.plan(others.compose(kind.whole))

    def kill() -> None:
        raise _KilledError

    with pytest.raises(_KilledError):
        others.bench.apply(plan, on_event=when(StepSucceeded, kind.carrier, kill))
    assert not others.exists(others.id_of(kind))


def _interrupt() -> None:
    raise KeyboardInterrupt
