"""A peering routes what it copied of the other network: it goes out of sync when that one gets
other ranges, and Disconnected when the other side goes. Both are mended by a write of it."""

import pytest

from provisioner.diff.change import FieldChange
from provisioner.documents.plan import Action, FieldKind
from provisioner.model.actual import Found
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, lookup
from provisioner.plan.changes import ResourceChange
from provisioner.plan.step import PUT, Step
from provisioner.plan.step_constraints import order_mutual
from tests.environments import Bench

NETWORK = "Microsoft.Network/virtualNetworks"
PEERING = f"{NETWORK}/virtualNetworkPeerings"
A = f"""\
a:
  type: {NETWORK}
  resourceGroup: main
  name: vnet-a
  properties: {{addressSpace: {{addressPrefixes: [10.1.0.0/16]}}}}
"""
B = f"""\
b:
  type: {NETWORK}
  resourceGroup: main
  name: vnet-b
  properties: {{addressSpace: {{addressPrefixes: [10.2.0.0/16]}}}}
"""
AB = f"""\
ab:
  type: {PEERING}
  parent: ${{a.id}}
  name: to-b
  properties: {{remoteVirtualNetwork: {{id: "${{b.id}}"}}, allowVirtualNetworkAccess: true}}
"""
BA = f"""\
ba:
  type: {PEERING}
  parent: ${{b.id}}
  name: to-a
  properties: {{remoteVirtualNetwork: {{id: "${{a.id}}"}}, allowVirtualNetworkAccess: true}}
"""
BOTH = A + B + AB + BA
WIDER = BOTH.replace("[10.1.0.0/16]", "[10.1.0.0/16, 10.9.0.0/16]")


@pytest.fixture
def peered(bench: Bench) -> Bench:
    """A built-in Azure with two networks that are peered."""
    bench.apply(bench.plan(bench.compose(BOTH)))
    return bench


def level(bench: Bench, name: str) -> tuple[object, object]:
    body = bench.body_of(name)
    found = (lookup(body, ("properties", n)) for n in ("peeringState", "peeringSyncLevel"))
    one, other = found
    return one, other


def routed(body: Body) -> object:
    return lookup(body, ("properties", "remoteAddressSpace", "addressPrefixes"))


def identify(bench: Bench, name: str) -> ResourceId:
    return ResourceId.parse(str(bench.body_of(name)["id"]))


def widen(bench: Bench, name: str, *ranges: str) -> None:
    bench.tamper(name, addressSpace={"addressPrefixes": list(ranges)})


def test_a_peering_of_new_networks_is_in_sync(peered: Bench) -> None:
    assert level(peered, "to-b") == level(peered, "to-a") == ("Connected", "FullyInSync")
    assert peered.plan(peered.compose(BOTH)).steps == ()


def test_ranges_that_a_plan_changes_are_synced_by_it(peered: Bench) -> None:
    plan = peered.plan(peered.compose(WIDER))
    network, sync = plan.steps
    assert (network.address, sync.address) == ("a", "ba")
    assert sync.query == (("syncRemoteAddressSpace", "true"),)
    assert network.key in sync.after
    changes = {change.address: change for change in plan.document.changes}
    assert [field.path for field in changes["ba"].fields] == ["properties.peeringSyncLevel"]

    peered.apply(plan)
    assert level(peered, "to-b") == level(peered, "to-a") == ("Connected", "FullyInSync")
    assert routed(peered.body_of("to-a")) == ["10.1.0.0/16", "10.9.0.0/16"]
    again = peered.plan(peered.compose(WIDER)).document
    assert (again.changes, again.undeclared) == ((), ())


def test_ranges_that_others_change_are_drift(peered: Bench) -> None:
    widen(peered, "vnet-a", "10.1.0.0/16", "10.8.0.0/16")
    assert level(peered, "to-a") == ("Connected", "LocalNotInSync")
    assert level(peered, "to-b") == ("Connected", "RemoteNotInSync")
    assert routed(peered.body_of("to-a")) == ["10.1.0.0/16"]

    plan = peered.plan(peered.compose(BOTH.replace("[10.1.0.0/16]", "[10.1.0.0/16, 10.8.0.0/16]")))
    assert [step.address for step in plan.steps] == ["ba"]
    assert plan.document.undeclared == ()
    peered.apply(plan)
    assert level(peered, "to-b") == level(peered, "to-a") == ("Connected", "FullyInSync")


def test_a_write_that_does_not_ask_syncs_nothing(peered: Bench) -> None:
    widen(peered, "vnet-a", "10.1.0.0/16", "10.8.0.0/16")
    peered.tamper("to-a", allowForwardedTraffic=True)
    assert level(peered, "to-a") == ("Connected", "LocalNotInSync")


def test_the_side_of_others_is_told(bench: Bench) -> None:
    """The other network and its peering are others': they sync it, and a plan says so."""
    ours = A + AB.replace("${b.id}", THEIRS)
    theirs = ResourceId.parse(THEIRS)
    group, version = theirs.container, bench.catalog.get(NETWORK).api_version
    assert group is not None
    bench.client.put(group, "2025-04-01", {"location": "westeurope"}, None, _ignore)
    space: Body = {"addressSpace": {"addressPrefixes": ["10.2.0.0/16"]}}
    body: Body = {"location": "westeurope", "properties": space}
    bench.client.put(theirs, version, body, None, _ignore)
    bench.apply(bench.plan(bench.compose(ours)))
    back = ResourceId(PEERING, (*theirs.names, "to-a"), theirs.scope)
    remote: Body = {"properties": {"remoteVirtualNetwork": {"id": str(identify(bench, "vnet-a"))}}}
    bench.client.put(back, version, remote, None, _ignore)
    assert level(bench, "to-b") == ("Connected", "FullyInSync")

    wider = bench.compose(ours.replace("[10.1.0.0/16]", "[10.1.0.0/16, 10.9.0.0/16]"))
    plan = bench.plan(wider)
    assert [step.address for step in plan.steps] == ["a"]
    (told,) = [d for d in plan.document.diagnostics if d.code == "sync-elsewhere"]
    assert theirs.name in told.message

    bench.apply(plan)
    (left,) = bench.plan(wider).document.undeclared
    assert (left.address, left.field.before) == ("ab", "RemoteNotInSync")


THEIRS = (
    "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-theirs/providers/"
    f"{NETWORK}/vnet-b"
)


def _ignore(_status: str) -> None:
    """Nobody waits for the words of a long operation here."""


def test_a_peering_whose_other_side_went_is_written_again(peered: Bench) -> None:
    version = peered.catalog.get(PEERING).api_version
    peered.client.delete(identify(peered, "to-b"), version, None, _ignore)
    assert level(peered, "to-a")[0] == "Disconnected"

    plan = peered.plan(peered.compose(BOTH))
    actions = {change.address: change.action for change in plan.document.changes}
    assert actions == {"ab": Action.CREATE, "ba": Action.UPDATE}
    # Azure creates no peering whose other side is Disconnected (RemotePeeringIsDisconnected).
    assert [step.address for step in plan.steps] == ["ba", "ab"]
    assert plan.steps[0].key in plan.steps[1].after
    peered.apply(plan)
    assert level(peered, "to-b") == level(peered, "to-a") == ("Connected", "FullyInSync")


def test_sides_that_are_both_made_anew_do_not_wait_for_each_other(peered: Bench) -> None:
    """Nothing that is Disconnected stands once both are deleted; a circle of steps has no order."""
    changes = []
    for one, other, name in (("a", "b", "to-b"), ("b", "a", "to-a")):
        found = Found(identify(peered, name), peered.body_of(name))
        state = FieldChange(
            path="properties.peeringState", kind=FieldKind.CHANGED, declared=True,
            before="Disconnected", after="Connected", is_state=True,
        )  # fmt: skip
        kind = peered.catalog.get(PEERING)
        changes.append(
            ResourceChange(
                one + other, found.id, kind, Action.REPLACE, None, (state,), (), found.body, found
            )
        )
    puts = {
        c.address: Step(
            f"put {c.address}", PUT, c.address, c.id, PEERING, "2025-05-01", c.desired,
            guarded=False, lock="", seconds=1,
        )
        for c in changes
    }  # fmt: skip
    after: dict[str, set[str]] = {step.key: set() for step in puts.values()}

    order_mutual(changes, puts, after)

    assert after == {"put ab": set(), "put ba": set()}


def test_a_peering_that_waits_for_its_other_side_is_as_declared(bench: Bench) -> None:
    one = bench.compose(A + B + AB)
    bench.apply(bench.plan(one))
    assert level(bench, "to-b") == ("Initiated", "RemoteNotInSync")
    again = bench.plan(one).document
    assert (again.changes, again.undeclared) == ((), ())
