"""What others put into a group, network, vault, zone or cluster of ours is not lost with it.

Each test is one attempt of somebody hostile or careless, as in `test_ownership`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from provisioner.documents.apply import Event, Outcome, StepStarted, StepSucceeded
from provisioner.documents.plan import Action
from provisioner.model.diagnostic import DiagnosticError, GateError
from provisioner.plan.plan_file import read_plan_file, write_plan_file
from provisioner.simulator.protocol.faults import Fault
from tests.environments import Bench
from tests.laws.neighbours import (
    ACCOUNT,
    BARE,
    CLUSTER,
    CLUSTERED,
    GUARD,
    IDENTITY,
    NET,
    NETWORK,
    NETWORKED,
    ONE,
    OTHER_SUBNET,
    POOL,
    ROLE,
    RULES,
    STORAGE,
    SUBNET,
    SUBSCRIPTION,
    TABLE,
    TWO,
    VAULT,
    ZONE,
    Neighbourhood,
    actions,
    deletes,
    goes,
    grant,
    group_id,
    groups,
    id_of,
    identity,
    reasons,
    try_everything,
)

VNET = id_of(NETWORK, "vnet")


@pytest.fixture
def others(bench: Bench) -> Neighbourhood:
    return Neighbourhood(bench)


# Groups that leave, and groups that are made anew.


def test_a_group_that_leaves_with_a_foreign_account_in_it(others: Neighbourhood) -> None:
    others.apply(TWO)
    account = others.put(id_of(ACCOUNT, "othersdata", "rg-second"), STORAGE)

    plan = others.bench.plan(others.compose(ONE))

    assert f"it holds {account}, which azsec did not make" in reasons(plan, Action.BLOCKED)
    try_everything(others, ONE)
    others.remove(account)
    others.apply(ONE)
    assert not others.exists(group_id("rg-second")), "empty of others, it goes"


def test_a_group_whose_foreign_content_is_seen_only_by_its_list(others: Neighbourhood) -> None:
    others.apply(TWO)
    others.put(id_of("Microsoft.Network/ipGroups", "others", "rg-second"), _ip_group())

    assert "resourceGroups.second" not in deletes(others, ONE)
    try_everything(others, ONE)


def test_a_group_that_changes_its_region_with_a_foreign_account_in_it(
    others: Neighbourhood,
) -> None:
    others.apply(ONE)
    others.put(id_of(ACCOUNT, "othersdata"), STORAGE)
    moved = ONE.replace("westeurope", "northeurope")

    plan = others.bench.plan(others.compose(moved))

    assert actions(plan)["resourceGroups.main"] is Action.BLOCKED
    try_everything(others, moved)


def test_a_group_that_changes_its_region_shows_all_that_is_lost(others: Neighbourhood) -> None:
    others.apply(NETWORKED + RULES)
    moved = (NETWORKED + RULES).replace("westeurope", "northeurope")

    plan = others.bench.plan(others.compose(moved))

    assert set(actions(plan).values()) == {Action.REPLACE}
    assert set(actions(plan)) == {"resourceGroups.main", "net", "nodes", "guard"}
    others.force(plan)
    assert others.read(VNET)["location"] == "northeurope", "what is one's own is made anew"
    assert others.bench.plan(others.compose(moved)).steps == ()


def test_a_group_whose_content_cannot_be_listed(others: Neighbourhood) -> None:
    desired = others.apply(ONE)
    others.put(id_of(ACCOUNT, "othersdata"), STORAGE)
    others.bench.server.faults.add(
        Fault(path="rg-main/resources$", status=403, code="AuthorizationFailed", times=None)
    )

    plan = others.bench.plan_destroy(desired)

    assert "what it holds cannot be listed" in reasons(plan, Action.BLOCKED)
    assert others.force(plan) is None
    assert others.changed == []
    others.bench.server.faults.clear()
    others.remove(id_of(ACCOUNT, "othersdata"))
    others.force(others.bench.plan_destroy(desired))
    assert not others.exists(group_id("rg-main"))


def test_a_group_with_an_own_resource_that_cannot_be_read(others: Neighbourhood) -> None:
    table = f"  table: {{type: {TABLE}, resourceGroup: second, name: rt, properties: {{}}}}\n"
    others.apply(TWO + table)
    others.watch(id_of(TABLE, "rt", "rg-second"))
    others.bench.server.faults.deny("Microsoft.Network/routeTables/read")

    plan = others.bench.plan(others.compose(ONE))

    assert actions(plan)["table"] is Action.BLOCKED
    assert "cannot be read" in reasons(plan, Action.BLOCKED)
    assert others.force(plan) is None
    others.bench.server.faults.clear()
    assert others.changed == []
    others.apply(ONE)
    assert not others.exists(group_id("rg-second"))


def test_a_child_list_of_an_own_resource_that_is_refused(others: Neighbourhood) -> None:
    others.apply(ONE + identity("two"))
    credential = f"{id_of(IDENTITY, 'id-two')}/federatedIdentityCredentials/others"
    others.put(credential, CREDENTIAL)
    others.bench.server.faults.deny(f"{IDENTITY}/federatedIdentityCredentials/read")

    plan = others.bench.plan(others.compose(ONE))

    assert actions(plan)["two"] is Action.BLOCKED
    assert others.force(plan) is None
    others.bench.server.faults.clear()
    assert others.changed == []


def test_a_group_in_which_a_mark_was_taken_away(others: Neighbourhood) -> None:
    others.apply(TWO)
    two = id_of(IDENTITY, "id-two", "rg-second")
    others.tag(two, {"owner": "others"})
    others.watch(two)

    plan = others.bench.plan(others.compose(ONE))

    assert actions(plan) == {"resourceGroups.second": Action.BLOCKED}
    try_everything(others, ONE)


# Containers other than groups.

CREDENTIAL = {
    "properties": {
        "issuer": "https://issuer.example",
        "subject": "system:serviceaccount:others:others",
        "audiences": ["api://AzureADTokenExchange"],
    }
}


def _ip_group() -> dict[str, object]:
    return {"location": "westeurope", "properties": {"ipAddresses": ["10.9.0.0/24"]}}


@dataclass(frozen=True)
class Holder:
    """A container in a blueprint, and what others put into it."""

    name: str
    text: str
    kind: str
    child: str
    body: dict[str, object]
    replaced: tuple[str, str] | None = None


HOLDERS = (
    Holder(
        "network-subnet",
        NET.replace("net:", "held:"),
        f"{NETWORK}/vnet",
        "subnets/others",
        OTHER_SUBNET,
        ("resourceGroup: main\n", "resourceGroup: main\n    location: northeurope\n"),
    ),
    Holder(
        "identity-credential",
        identity("held"),
        f"{IDENTITY}/id-held",
        "federatedIdentityCredentials/others",
        CREDENTIAL,
        ("name: id-held", "name: id-held, location: northeurope"),
    ),
    Holder(
        "zone-record",
        f"  held: {{type: {ZONE}, resourceGroup: main, name: a.example, location: global}}\n",
        f"{ZONE}/a.example",
        "A/others",
        {"properties": {"ttl": 300, "aRecords": [{"ipv4Address": "10.0.0.4"}]}},
    ),
    Holder(
        "zone-link",
        f"  held: {{type: {ZONE}, resourceGroup: main, name: a.example, location: global}}\n",
        f"{ZONE}/a.example",
        "virtualNetworkLinks/others",
        {
            "location": "global",
            "properties": {
                "registrationEnabled": False,
                "virtualNetwork": {"id": id_of(NETWORK, "others", "rg-others")},
            },
        },
    ),
    Holder(
        "vault-key",
        f"  held: {{type: {VAULT}, resourceGroup: main, name: kv-held, properties: "
        "{tenantId: 99999999-9999-9999-9999-999999999999, sku: {family: A, name: standard}, "
        "enableRbacAuthorization: true}}\n",
        f"{VAULT}/kv-held",
        "keys/others",
        {"properties": {"kty": "RSA", "keySize": 3072, "keyOps": ["wrapKey", "unwrapKey"]}},
    ),
    Holder(
        "firewall-policy-rules",
        "  held: {type: Microsoft.Network/firewallPolicies, resourceGroup: main, name: afwp, "
        "properties: {sku: {tier: Premium}}}\n",
        "Microsoft.Network/firewallPolicies/afwp",
        "ruleCollectionGroups/others",
        {"properties": {"priority": 300, "ruleCollections": []}},
        ("name: afwp", "name: afwp, location: northeurope"),
    ),
    Holder(
        "registry-cache-rule",
        "  held: {type: Microsoft.ContainerRegistry/registries, resourceGroup: main, "
        "name: crheld, sku: {name: Premium}, properties: {adminUserEnabled: false}}\n",
        "Microsoft.ContainerRegistry/registries/crheld",
        "cacheRules/others",
        {
            "properties": {
                "sourceRepository": "mcr.microsoft.com/*",
                "targetRepository": "others/*",
            }
        },
        ("name: crheld", "name: crheld, location: northeurope"),
    ),
    Holder(
        "cluster-pool",
        CLUSTERED.partition(identity("one"))[2].replace("aks:", "held:"),
        f"{CLUSTER}/aks",
        "agentPools/others",
        POOL,
        ("dnsPrefix: aks", "dnsPrefix: other"),
    ),
)


def _with_holder(others: Neighbourhood, holder: Holder) -> str:
    """Apply a container and let others put something into it; return the container's id."""
    others.put(group_id("rg-others"))
    space = {"addressSpace": {"addressPrefixes": ["10.7.0.0/16"]}}
    others.write(
        id_of(NETWORK, "others", "rg-others"), {"location": "westeurope", "properties": space}
    )
    others.apply(ONE + holder.text)
    container = f"{group_id('rg-main')}/providers/{holder.kind}"
    others.put(f"{container}/{holder.child}", holder.body)
    return container


@pytest.mark.parametrize("holder", HOLDERS, ids=lambda holder: holder.name)
def test_a_container_that_leaves_with_something_foreign_in_it(
    holder: Holder, others: Neighbourhood
) -> None:
    container = _with_holder(others, holder)

    plan = others.bench.plan(others.compose(ONE))

    assert actions(plan) == {"held": Action.BLOCKED}
    assert f"{holder.child}, which azsec did not make" in reasons(plan, Action.BLOCKED)
    try_everything(others, ONE)
    if holder.kind.startswith(VAULT):
        return  # Azure Resource Manager deletes no key
    others.remove(f"{container}/{holder.child}")
    others.apply(ONE)
    assert not others.exists(container)


@pytest.mark.parametrize(
    "holder", [h for h in HOLDERS if h.replaced is not None], ids=lambda holder: holder.name
)
def test_a_container_that_is_made_anew_with_something_foreign_in_it(
    holder: Holder, others: Neighbourhood
) -> None:
    assert holder.replaced is not None
    container = _with_holder(others, holder)
    changed = ONE + holder.text.replace(*holder.replaced)

    plan = others.bench.plan(others.compose(changed))

    assert actions(plan)["held"] is Action.BLOCKED
    assert "which azsec did not make" in reasons(plan, Action.BLOCKED)
    try_everything(others, changed)
    others.remove(f"{container}/{holder.child}")
    again = others.bench.plan(others.compose(changed))
    assert actions(again) == {"held": Action.REPLACE}, "empty of others, it is made anew"


def test_a_rule_of_others_in_an_own_security_group_is_shown(others: Neighbourhood) -> None:
    others.apply(groups("main") + "resources:\n" + RULES)
    rule = f"{id_of(GUARD, 'nsg')}/securityRules/others"
    others.put(rule, _rule())

    plan = others.bench.plan(others.compose(groups("main") + "resources:\n" + RULES))

    shown = [field.path for change in plan.document.changes for field in change.fields]
    assert any("securityRules" in path for path in shown), "an own list is the whole of it"


def test_a_network_of_others_peered_with_an_own_one(others: Neighbourhood) -> None:
    others.apply(BARE)
    others.put(group_id("rg-others"))
    far = others.put(
        id_of(NETWORK, "far", "rg-others"),
        {
            "location": "westeurope",
            "properties": {"addressSpace": {"addressPrefixes": ["10.7.0.0/16"]}},
        },
    )
    others.put(
        f"{VNET}/virtualNetworkPeerings/others",
        {"properties": {"remoteVirtualNetwork": {"id": far}, "allowVirtualNetworkAccess": True}},
    )
    moved = BARE.replace("westeurope", "northeurope")

    assert Action.REPLACE not in actions(others.bench.plan(others.compose(moved))).values()
    try_everything(others, moved)


# Adoption is an act: of groups, children, extension resources and singletons.


def _untagged(others: Neighbourhood, *texts: str) -> None:
    for text in texts:
        others.tag(text, {"team": "others"})


def test_adoption_of_a_group_is_refused_and_nothing_is_written(others: Neighbourhood) -> None:
    others.put(group_id("rg-main"))
    others.put(id_of(IDENTITY, "id-one"))
    desired = others.compose(ONE + identity("two"))

    plan = others.bench.plan(desired)

    assert actions(plan)["resourceGroups.main"] is Action.ADOPT
    with pytest.raises(GateError, match="exists and carries no mark"):
        others.bench.apply(plan, allow_delete=True)
    assert others.changed == []
    assert not others.exists(id_of(IDENTITY, "id-two"))


def test_adoption_of_a_security_group_keeps_its_rules_until_it_is_permitted(
    others: Neighbourhood,
) -> None:
    others.put(group_id("rg-main"))
    guard = others.put(
        id_of(GUARD, "nsg"),
        {
            "location": "westeurope",
            "properties": {"securityRules": [{"name": "others", **_rule()}]},
        },
    )
    blueprint = groups("main") + "resources:\n" + RULES

    others.force(others.bench.plan(others.compose(blueprint)))
    assert others.changed == []

    others.force(others.bench.plan(others.compose(blueprint), adopt=("*",)))
    assert others.changed != [], "a permitted adoption is carried out"
    assert others.read(guard)["tags"]["azsec-address"] == "guard"  # type: ignore[call-overload, index]


def test_adoption_of_one_address_is_none_of_another(others: Neighbourhood) -> None:
    others.apply(ONE)
    others.put(id_of(IDENTITY, "id-two"))
    others.put(id_of(IDENTITY, "id-three"))
    desired = others.compose(ONE + identity("two") + identity("three"))

    plan = others.bench.plan(desired, adopt=("two",))

    with pytest.raises(GateError, match="three"):
        others.bench.apply(plan)
    assert others.changed == []


def test_adoption_of_a_subnet_that_fits_exactly(others: Neighbourhood) -> None:
    others.apply(BARE)
    subnet = others.put(f"{VNET}/subnets/nodes", SUBNET)

    plan = others.bench.plan(others.compose(NETWORKED))

    assert actions(plan) == {"nodes": Action.ADOPT}
    others.force(plan)
    assert deletes(others, BARE) == []
    others.force(others.bench.plan(others.compose(NETWORKED), adopt=("nodes",)))
    assert goes(others.bench.plan(others.compose(BARE)), subnet), "adopted, it is one's own"


def test_adoption_of_a_subnet_that_the_body_of_its_network_states(
    others: Neighbourhood,
) -> None:
    others.apply(BARE)
    others.put(f"{VNET}/subnets/nodes", SUBNET)
    inside = BARE.replace(
        "10.0.0.0/16]}", "10.0.0.0/16]}, subnets: [{name: nodes, properties: "
        "{addressPrefix: 10.0.1.0/24}}]"
    )  # fmt: skip

    plan = others.bench.plan(others.compose(inside))

    assert actions(plan) == {"net": Action.ADOPT}
    assert "its nodes exists already, without a mark" in reasons(plan, Action.ADOPT)
    with pytest.raises(GateError, match="its nodes exists already, without a mark"):
        others.bench.apply(plan)
    assert deletes(others, BARE) == []
    others.force(others.bench.plan(others.compose(inside), adopt=("net",)))
    assert deletes(others, BARE) == ["net/subnets/nodes"]


def test_adoption_of_a_pool_that_the_body_of_its_cluster_states(others: Neighbourhood) -> None:
    others.apply(CLUSTERED)
    pool = others.put(f"{id_of(CLUSTER, 'aks')}/agentPools/others", POOL)
    inside = CLUSTERED.replace(
        "Standard_D4ds_v5}]",
        "Standard_D4ds_v5}, {name: others, mode: User, count: 1, vmSize: Standard_D4ds_v5}]",
    )

    plan = others.bench.plan(others.compose(inside))

    assert actions(plan)["aks"] is Action.ADOPT
    others.force(plan)
    assert not goes(others.bench.plan(others.compose(CLUSTERED)), pool)
    assert others.changed == []


def test_adoption_of_a_grant_and_a_lock(others: Neighbourhood) -> None:
    lock = """\
  lock:
    type: Microsoft.Authorization/locks
    scope: ${one.id}
    name: keep
    properties: {level: CanNotDelete}
"""
    both = ONE + grant(SUBSCRIPTION) + lock
    others.apply(both)
    tags = others.tags(group_id("rg-main"))
    others.tag(group_id("rg-main"), {n: t for n, t in tags.items() if n != "azsec-below"})
    tags = others.tags(id_of(IDENTITY, "id-one"))
    others.remove(f"{id_of(IDENTITY, 'id-one')}/providers/Microsoft.Authorization/locks/keep")
    others.tag(id_of(IDENTITY, "id-one"), {n: t for n, t in tags.items() if n != "azsec-below"})
    others.put(
        f"{id_of(IDENTITY, 'id-one')}/providers/Microsoft.Authorization/locks/keep",
        {"properties": {"level": "CanNotDelete"}},
    )
    others.watch(*(t for t in others.bench.server.resource_ids() if ROLE in t))

    plan = others.bench.plan(others.compose(both))

    assert actions(plan) == {"grant": Action.ADOPT, "lock": Action.ADOPT}
    others.force(plan)
    assert deletes(others, ONE) == []
    others.force(others.bench.plan(others.compose(both), adopt=("grant", "lock")))
    assert others.changed == []
    assert len(deletes(others, ONE)) == 2


def test_adoption_of_the_one_maintenance_window_of_a_cluster(others: Neighbourhood) -> None:
    others.apply(CLUSTERED)
    window = f"{id_of(CLUSTER, 'aks')}/maintenanceConfigurations/default"
    others.put(window, {"properties": {"timeInWeek": [{"day": "Monday", "hourSlots": [1]}]}})
    stated = f"""\
  window:
    type: {CLUSTER}/maintenanceConfigurations
    parent: ${{aks.id}}
    name: default
    properties: {{timeInWeek: [{{day: Sunday, hourSlots: [2]}}]}}
"""

    assert actions(others.bench.plan(others.compose(CLUSTERED + stated))) == {
        "window": Action.ADOPT
    }
    try_everything(others, CLUSTERED + stated)


def test_adoption_of_a_key_in_an_own_vault(others: Neighbourhood) -> None:
    holder = next(h for h in HOLDERS if h.name == "vault-key")
    vault = _with_holder(others, holder)
    stated = f"""\
  key:
    type: {VAULT}/keys
    parent: ${{held.id}}
    name: others
    properties: {{kty: RSA, keySize: 3072, keyOps: [wrapKey, unwrapKey]}}
"""

    plan = others.bench.plan(others.compose(ONE + holder.text + stated))

    assert actions(plan) == {"key": Action.ADOPT}
    others.force(plan)
    assert actions(others.bench.plan(others.compose(ONE))) == {"held": Action.BLOCKED}
    assert others.exists(vault)


# Arrivals: between plan and apply, and between the steps of an apply.


def test_an_arrival_between_a_saved_destroy_plan_and_its_apply(others: Neighbourhood) -> None:
    desired = others.apply(ONE)
    saved = write_plan_file(others.bench.plan_destroy(desired))
    others.put(id_of(ACCOUNT, "othersdata"), STORAGE)

    others.force(read_plan_file(saved, "gone.azplan"))

    assert others.changed == []
    assert others.exists(group_id("rg-main"))


def test_a_network_made_anew_by_others_between_plan_and_apply(others: Neighbourhood) -> None:
    desired = others.apply(BARE)
    plan = others.bench.plan_destroy(desired)
    body = others.read(VNET)
    others.remove(VNET)
    others.put(VNET, {"location": "westeurope", "properties": {"addressSpace": _space(body)}})

    others.force(plan)

    assert others.changed == []


def _space(body: object) -> object:
    return body["properties"]["addressSpace"]  # type: ignore[index]


def _once(act: Callable[[], None], key: str, kind: type[object]) -> Callable[[Event], None]:
    """Return a listener that acts once, when a step of this key starts or succeeds."""
    done: list[bool] = []

    def listen(event: Event) -> None:
        if isinstance(event, kind) and event.key == key and not done:  # type: ignore[attr-defined]
            done.append(True)
            act()

    return listen


def test_an_arrival_in_a_group_while_its_content_is_deleted(others: Neighbourhood) -> None:
    others.apply(TWO)

    def arrive() -> None:
        others.put(id_of(ACCOUNT, "othersdata", "rg-second"), STORAGE)

    plan = others.bench.plan(others.compose(ONE))
    result = others.force(plan, _once(arrive, "delete two", StepSucceeded))

    assert result is not None
    failed = next(s for s in result.steps if s.outcome is Outcome.FAILED)
    assert "othersdata, which was not seen when it was planned" in str(failed.message)
    assert others.changed == []
    assert not others.exists(id_of(IDENTITY, "id-two", "rg-second")), "one's own is gone"


def test_an_arrival_in_a_network_while_its_subnet_is_deleted(others: Neighbourhood) -> None:
    desired = others.apply(NETWORKED)

    def arrive() -> None:
        others.put(f"{VNET}/subnets/others", OTHER_SUBNET)

    plan = others.bench.plan_destroy(desired)
    others.force(plan, _once(arrive, "delete net/subnets/nodes", StepSucceeded))

    assert others.changed == []
    assert not others.exists(f"{VNET}/subnets/nodes")


def test_an_arrival_in_a_container_that_is_made_anew(others: Neighbourhood) -> None:
    others.apply(NETWORKED)
    moved = NETWORKED.replace("westeurope", "northeurope")

    def arrive() -> None:
        others.put(id_of(ACCOUNT, "othersdata"), STORAGE)

    plan = others.bench.plan(others.compose(moved))
    others.force(plan, _once(arrive, "delete net", StepStarted))

    assert others.changed == []
    assert others.read(group_id("rg-main"))["location"] == "westeurope"


def test_a_resource_made_anew_by_others_while_others_are_deleted(others: Neighbourhood) -> None:
    others.apply(TWO)
    two = id_of(IDENTITY, "id-two", "rg-second")

    def arrive() -> None:
        others.remove(two)
        others.put(two)

    plan = others.bench.plan(others.compose(ONE))
    others.force(plan, _once(arrive, "delete two", StepStarted))

    assert others.changed == [], "it is looked at again right before its delete"
    assert others.exists(group_id("rg-second"))


def test_an_arrival_under_a_name_that_the_plan_creates(others: Neighbourhood) -> None:
    others.apply(ONE)
    plan = others.bench.plan(others.compose(ONE + identity("two")))
    others.put(id_of(IDENTITY, "id-two"))

    with pytest.raises(DiagnosticError, match="was absent and exists now"):
        others.bench.apply(plan)
    assert others.changed == []


def test_a_list_that_is_refused_right_before_the_delete(others: Neighbourhood) -> None:
    others.apply(TWO)

    def refuse() -> None:
        others.put(id_of(ACCOUNT, "othersdata", "rg-second"), STORAGE)
        others.bench.server.faults.add(
            Fault(path="rg-second/resources$", status=403, code="AuthorizationFailed", times=None)
        )

    plan = others.bench.plan(others.compose(ONE))
    result = others.force(plan, _once(refuse, "delete two", StepSucceeded))

    assert result is not None
    assert any("cannot be listed right before its delete" in str(s.message) for s in result.steps)
    others.bench.server.faults.clear()
    assert others.changed == []


def _rule() -> dict[str, object]:
    return {
        "properties": {
            "access": "Allow",
            "direction": "Inbound",
            "priority": 200,
            "protocol": "Tcp",
            "sourceAddressPrefix": "10.9.0.0/16",
            "sourcePortRange": "*",
            "destinationAddressPrefix": "*",
            "destinationPortRange": "443",
        }
    }
