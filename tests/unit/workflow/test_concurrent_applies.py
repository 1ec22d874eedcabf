"""Two applies at once, in every order that matters, with a lock and without."""

from collections.abc import Iterator

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.documents.roles import Purpose
from provisioner.model.diagnostic import DiagnosticError, Severity
from provisioner.simulator.protocol.faults import Fault
from provisioner.workflow.drift import check_drift
from provisioner.workflow.lock import break_lock, show_lock
from provisioner.workflow.roles import describe_roles, needs_of
from tests.concurrency import LOCK, LOCK_ACCOUNT, Office, at, open_office, outcomes

NETWORK = """
nsg:
  type: Microsoft.Network/networkSecurityGroups
  name: nsg-main
  resourceGroup: main
  properties: {securityRules: []}
identity:
  type: Microsoft.ManagedIdentity/userAssignedIdentities
  name: id-main
  resourceGroup: main
zone:
  type: Microsoft.Network/privateDnsZones
  name: example.internal
  resourceGroup: main
  location: global
vnet:
  type: Microsoft.Network/virtualNetworks
  name: vnet-main
  resourceGroup: main
  properties: {addressSpace: {addressPrefixes: [10.0.0.0/16]}}
nodes:
  type: Microsoft.Network/virtualNetworks/subnets
  parent: ${vnet.id}
  name: nodes
  properties: {addressPrefix: 10.0.1.0/24, networkSecurityGroup: {id: "${nsg.id}"}}
"""


CHAIN = """
vnet:
  type: Microsoft.Network/virtualNetworks
  name: vnet-main
  resourceGroup: main
  properties: {addressSpace: {addressPrefixes: [10.0.0.0/16]}}
nodes:
  type: Microsoft.Network/virtualNetworks/subnets
  parent: ${vnet.id}
  name: nodes
  properties: {addressPrefix: 10.0.1.0/24}
"""


@pytest.fixture
def office(catalog: Catalog) -> Iterator[Office]:
    with open_office(catalog) as opened:
        yield opened


def test_the_second_apply_is_refused_and_hears_who_holds_the_lock(office: Office) -> None:
    office.make_lock()
    desired = office.compose(NETWORK, extra=LOCK)
    ada, bob = office.colleague("ada@dev"), office.colleague("bob@dev")
    began = office.clock.now()
    running = office.start(ada, ada.plan(desired), before="nsg-main")
    second = bob.plan(desired)
    office.clock.advance(45)

    with pytest.raises(DiagnosticError) as refused:
        bob.apply(second)

    (told,) = refused.value.diagnostics
    assert told.code == "lock-held"
    assert f"held by ada@dev since {at(began)} (45 s)" in told.message
    assert "azsec lock break test" in str(told.hint)
    assert not outcomes(running.finish(), "failed")
    with pytest.raises(DiagnosticError, match="the plan is stale"):
        bob.apply(second)


HUB = "  hub: {subscription: workload, name: rg-hub, location: westeurope, existing: true}\n"
BASE = """
vnet:
  type: Microsoft.Network/virtualNetworks
  name: vnet-main
  resourceGroup: main
  properties: {addressSpace: {addressPrefixes: [10.0.0.0/16]}}
"""
SUBNET = """
vnet:
  type: Microsoft.Network/virtualNetworks
  name: vnet-main
  resourceGroup: hub
  existing: true
keeper:
  type: Microsoft.ManagedIdentity/userAssignedIdentities
  name: id-keeper
  resourceGroup: main
raced:
  type: Microsoft.Network/virtualNetworks/subnets
  parent: ${vnet.id}
  dependsOn: [keeper]
  name: NAME
  properties: {addressPrefix: 10.0.RANGE.0/24}
"""
RACED = """
raced:
  type: TYPE
  name: NAME
  resourceGroup: main
  location: westeurope
  tags: {by: WHOM}
"""


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        pytest.param(
            "Microsoft.Network/routeTables", "rt-main", id="a header that is evaluated, inferred"
        ),
        pytest.param(
            "Microsoft.Network/privateDnsZones", "example.internal", id="a documented header"
        ),
        pytest.param(
            "Microsoft.ManagedIdentity/userAssignedIdentities", "id-main", id="a read right before"
        ),
    ],
)
def test_without_a_lock_the_race_that_is_lost_is_refused(
    office: Office, kind: str, name: str
) -> None:
    ada, bob = office.colleague("ada@dev"), office.colleague("bob@dev")
    ada.apply(ada.plan(office.compose(BASE)))
    text = RACED.replace("TYPE", kind).replace("NAME", name)
    if "Dns" in kind:
        text = text.replace("westeurope", "global")
    ours, theirs = (office.compose(BASE + text.replace("WHOM", who)) for who in ("ada", "bob"))
    late = bob.plan(theirs)
    running = office.start(ada, ada.plan(ours), before=name)

    assert not outcomes(bob.apply(late), "failed")

    lost = outcomes(running.finish(), "failed")
    assert list(lost) == ["raced"]
    assert "ResourceAppeared" in str(lost["raced"])
    assert bob.plan(theirs).steps == (), "what bob made stands"


@pytest.mark.parametrize(
    ("names", "lost"),
    [
        pytest.param(("snet-one", "snet-other"), [], id="each its own subnet"),
        pytest.param(("snet-same", "snet-same"), ["raced"], id="both the same name"),
    ],
)
def test_two_environments_add_to_one_network(
    office: Office, names: tuple[str, str], lost: list[str]
) -> None:
    platform, ada, bob = (office.colleague(name) for name in ("platform", "ada", "bob"))
    platform.apply(platform.plan(office.compose(BASE, "hub", group="rg-hub")))
    one, other = (
        office.compose(
            SUBNET.replace("NAME", name).replace("RANGE", str(place)),
            env,
            group=f"rg-{env}",
            groups=HUB,
        )
        for name, place, env in zip(names, (10, 11), ("one", "other"), strict=True)
    )
    running = office.start(ada, ada.plan(one), before=names[0])

    assert not outcomes(bob.apply(bob.plan(other)), "failed")

    assert list(outcomes(running.finish(), "failed")) == lost


def test_a_drift_check_needs_no_lock_and_sees_what_is_made_so_far(office: Office) -> None:
    office.make_lock()
    desired = office.compose(NETWORK, extra=LOCK)
    ada, cron = office.colleague("ada@dev"), office.colleague("cron")
    running = office.start(ada, ada.plan(desired), before="nodes")

    def missing() -> set[str]:
        document = check_drift(desired, office.catalog, cron.client)
        return {resource.address for resource in document.drifted}

    assert "nodes" in missing()

    assert not outcomes(running.finish(), "failed")
    assert missing() == set()


def test_a_broken_lock_stops_the_apply_that_held_it(office: Office) -> None:
    office.make_lock()
    # One step at a time: which others have begun by then is not decided.
    desired = office.compose(CHAIN, extra=LOCK)
    ada, bob = office.colleague("ada@dev"), office.colleague("bob@dev")
    running = office.start(ada, ada.plan(desired), before="vnet-main")

    after = break_lock(desired.document, bob.client, office.clock.now())
    assert (after.state, after.held) == ("broken", False)
    # Nothing renews while the clock of this test stands: its time is up by ada's own clock.
    office.clock.advance(56)
    stopped = running.finish()

    assert set(outcomes(stopped, "skipped")) == {"nodes"}
    assert "the lock was lost" in str(outcomes(stopped, "skipped")["nodes"])
    # Without the lock the mark of the subnet that was not made cannot be taken back.
    codes = [diagnostic.code for diagnostic in stopped.diagnostics]
    assert codes == ["mark-not-removed", "lock-lost"]
    assert stopped.has_errors
    bob.apply(bob.plan(desired))
    assert bob.plan(desired).steps == ()


def test_a_crash_frees_the_lock_by_time(office: Office) -> None:
    """A killed process neither renews nor releases: its lease is taken here and left alone."""
    office.make_lock()
    desired = office.compose(NETWORK, extra=LOCK)
    crashed, bob = office.colleague("ada@dev"), office.colleague("bob@dev")
    lease = {"action": "Acquire", "leaseDuration": 60}
    container = desired.document.lock
    assert container is not None
    crashed.client.request("POST", f"{container.container}/lease", "2024-01-01", lease)
    plan = bob.plan(desired)

    with pytest.raises(DiagnosticError, match="held by a holder that has not written its name"):
        bob.apply(plan, timeout=30)
    assert not outcomes(bob.apply(plan, timeout=40), "failed")


def test_the_first_apply_makes_its_own_lock_and_says_that_it_had_none(office: Office) -> None:
    own = LOCK.replace("rg-lock", "rg-main")
    desired = office.compose(LOCK_ACCOUNT, extra=own)
    ada = office.colleague("ada@dev")

    first = ada.apply(ada.plan(desired))

    assert [diagnostic.code for diagnostic in first.diagnostics] == ["lock-not-held"]
    assert not first.has_errors
    changed = office.compose(LOCK_ACCOUNT + NETWORK, extra=own)
    second = ada.apply(ada.plan(changed))
    assert not outcomes(second, "failed")
    assert second.diagnostics == ()
    lock = show_lock(changed.document, ada.client, office.clock.now())
    assert (lock.state, lock.holder) == ("available", "ada@dev")
    assert ada.plan(changed).steps == (), "what the holder wrote is not a change"

    third = ada.apply(ada.plan_destroy(changed))
    assert not outcomes(third, "failed")
    assert ada.plan_destroy(changed).steps == ()


@pytest.mark.parametrize("refused_at", ["/containers/lock-test$", "/storageAccounts/stlock$"])
def test_a_lock_released_for_a_delete_that_is_refused_is_reported(
    office: Office, refused_at: str
) -> None:
    own = LOCK.replace("rg-lock", "rg-main")
    ada = office.colleague("ada@dev")
    ada.apply(ada.plan(office.compose(LOCK_ACCOUNT + NETWORK, extra=own)))
    desired = office.compose(LOCK_ACCOUNT + NETWORK, extra=own)
    fault = Fault(method="DELETE", path=refused_at, status=409, code="ScopeLocked", times=None)
    office.server.faults.add(fault)

    document = ada.apply(ada.plan_destroy(desired))

    assert outcomes(document, "failed")
    reported = [(one.code, one.severity) for one in document.diagnostics]
    if "containers" in refused_at:
        assert reported == [("lock-not-held", Severity.WARNING)]
        assert "containers/lock-test" in document.diagnostics[0].message
    else:
        # The container went, and the lock with it; its account stays, without its mark.
        assert reported == [("mark-removed", Severity.WARNING)]


def test_a_lock_that_nobody_made_is_a_refusal(office: Office) -> None:
    desired = office.compose(NETWORK, extra=LOCK)
    ada = office.colleague("ada@dev")

    with pytest.raises(DiagnosticError) as refused:
        ada.apply(ada.plan(desired))

    (told,) = refused.value.diagnostics
    assert told.code == "lock-not-found"
    assert "containers/lock-test" in told.message
    assert [r.path for r in office.server.requests if r.method == "PUT"] == []


def test_the_role_of_an_apply_holds_what_its_lock_takes(office: Office) -> None:
    office.make_lock()
    desired, free = office.compose(NETWORK, extra=LOCK), office.compose(NETWORK)
    needs = needs_of(Purpose.APPLY, desired, office.catalog)
    added = needs - needs_of(Purpose.APPLY, free, office.catalog)
    containers = "Microsoft.Storage/storageAccounts/blobServices/containers"
    assert {need.action for need in added} == {
        f"{containers}/read",
        f"{containers}/write",
        f"{containers}/lease/action",
    }
    assert needs_of(Purpose.PLAN, desired, office.catalog) == needs_of(
        Purpose.PLAN, free, office.catalog
    )
    roles = describe_roles(desired, office.catalog, [Purpose.APPLY], None).roles
    scopes = {role.scope for role in roles}
    assert any(scope.endswith("/resourceGroups/rg-lock") for scope in scopes)

    ada = office.colleague("ada@dev")
    office.server.allowed_actions = frozenset(need.action for need in needs)
    assert not outcomes(ada.apply(ada.plan(desired)), "failed")
    lock = show_lock(desired.document, ada.client, office.clock.now())
    assert (lock.state, lock.holder) == ("available", "ada@dev")
