"""What others made stays, byte for byte, and what is one's own still goes.

Each test is one attempt of somebody hostile or careless, through the planner, the applier and the
built-in Azure. "Others" is anybody but this environment: people, services, other environments.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from provisioner.documents.plan import Action
from provisioner.model.diagnostic import DiagnosticError, GateError
from tests.environments import Bench
from tests.laws.neighbours import (
    ACCOUNT,
    BARE,
    CLUSTER,
    CLUSTERED,
    GRANT,
    IDENTITY,
    NET,
    NETWORK,
    NETWORKED,
    NODES,
    ONE,
    OTHER_SUBNET,
    PERSON,
    PLATFORM,
    READER,
    ROLE,
    STORAGE,
    SUBNET,
    SUBSCRIPTION,
    TABLE,
    THEIRS,
    TWO,
    WORKLOAD,
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


@pytest.fixture
def others(bench: Bench) -> Neighbourhood:
    return Neighbourhood(bench)


# Tags and marks that are copied, edited and replayed.


def test_tags_copied_to_another_type_in_another_group(others: Neighbourhood) -> None:
    others.apply(ONE)
    tags = others.tags(id_of(IDENTITY, "id-one"))
    others.put(group_id("rg-others"))
    account = others.put(id_of(ACCOUNT, "othersdata", "rg-others"), {**STORAGE, "tags": tags})

    plan = others.bench.plan(others.compose(ONE))

    assert plan.steps == ()
    assert not goes(plan, account)
    try_everything(others, ONE)


def test_tags_copied_to_a_neighbour_of_the_same_type(others: Neighbourhood) -> None:
    others.apply(ONE)
    tags = others.tags(id_of(IDENTITY, "id-one"))
    copy = others.put(id_of(IDENTITY, "id-copy"), {"location": "westeurope", "tags": tags})

    plan = others.bench.plan(others.compose(ONE))

    assert [entry.id for entry in plan.document.unmanaged] == [copy]
    try_everything(others, ONE)


def test_tags_inherited_from_the_group_by_a_policy(others: Neighbourhood) -> None:
    others.apply(ONE)
    others.put(id_of(ACCOUNT, "data"), {**STORAGE, "tags": others.tags(group_id("rg-main"))})

    assert others.bench.plan(others.compose(ONE)).steps == ()
    try_everything(others, ONE)


def test_a_policy_that_adds_the_inherited_tag_of_the_environment_alone(
    others: Neighbourhood,
) -> None:
    others.apply(ONE)
    inherited = {"azsec-environment": "ours", "azsec-owner": _owner(others)}
    others.put(id_of(ACCOUNT, "data"), {**STORAGE, "tags": inherited})

    assert others.bench.plan(others.compose(ONE)).steps == ()
    try_everything(others, ONE)


def test_tags_of_a_group_copied_to_another_group_with_content(others: Neighbourhood) -> None:
    others.apply(TWO)
    tags = others.tags(group_id("rg-second"))
    others.put(group_id("rg-copy"), {"location": "westeurope", "tags": tags})
    others.put(id_of(ACCOUNT, "data", "rg-copy"), STORAGE)

    assert deletes(others, ONE) == ["resourceGroups.second", "two"]
    try_everything(others, ONE)
    assert not others.exists(group_id("rg-second"))


def test_tags_copied_to_a_group_of_the_same_name_in_another_subscription(
    others: Neighbourhood,
) -> None:
    others.apply(TWO)
    tags = others.tags(group_id("rg-second"))
    others.put(group_id("rg-second", PLATFORM), {"location": "westeurope", "tags": tags})
    others.put(
        id_of(IDENTITY, "id-two", "rg-second", PLATFORM),
        {"location": "westeurope", "tags": others.tags(id_of(IDENTITY, "id-two", "rg-second"))},
    )

    try_everything(others, ONE)


def test_tags_copied_to_a_private_zone(others: Neighbourhood) -> None:
    zone = f"  zone: {{type: {ZONE}, resourceGroup: main, name: a.example, location: global}}\n"
    others.apply(ONE + zone)
    tags = others.tags(id_of(ZONE, "a.example"))
    others.put(id_of(ZONE, "b.example"), {"location": "global", "tags": tags})

    assert deletes(others, ONE) == ["zone"]
    try_everything(others, ONE)
    assert not others.exists(id_of(ZONE, "a.example"))


def test_marks_that_two_resources_exchanged(others: Neighbourhood) -> None:
    both = ONE + identity("two")
    others.apply(both)
    one, two = id_of(IDENTITY, "id-one"), id_of(IDENTITY, "id-two")
    tags_of_one, tags_of_two = others.tags(one), others.tags(two)
    others.tag(one, tags_of_two)
    others.tag(two, tags_of_one)
    others.watch(one, two)

    plan = others.bench.plan(others.compose(both))

    assert actions(plan) == {"one": Action.BLOCKED, "two": Action.BLOCKED}
    assert "its mark does not verify" in reasons(plan, Action.BLOCKED)
    try_everything(others, both)


def test_a_mark_replayed_at_another_address(others: Neighbourhood) -> None:
    others.apply(ONE + identity("two"))
    two = id_of(IDENTITY, "id-two")
    others.tag(two, {**others.tags(two), "azsec-address": "forged"})
    others.watch(two)

    assert deletes(others, ONE) == [], "who edits the address takes the mark away"
    try_everything(others, ONE)


def test_a_mark_kept_by_a_resource_that_was_moved(others: Neighbourhood) -> None:
    others.apply(ONE + identity("two"))
    tags = others.tags(id_of(IDENTITY, "id-two"))
    others.remove(id_of(IDENTITY, "id-two"))
    others.put(group_id("rg-others"))
    others.put(id_of(IDENTITY, "id-two", "rg-others"), {"location": "westeurope", "tags": tags})

    assert deletes(others, ONE) == []
    try_everything(others, ONE)


def test_a_mark_guessed_by_somebody_who_reads_all_tags(others: Neighbourhood) -> None:
    others.apply(ONE)
    known = others.tags(id_of(IDENTITY, "id-one"))
    guessed = {**known, "azsec-address": "two", "azsec-mark": "A" * 20}
    others.put(id_of(IDENTITY, "id-two"), {"location": "westeurope", "tags": guessed})

    assert actions(others.bench.plan(others.compose(ONE + identity("two")))) == {
        "two": Action.BLOCKED
    }
    try_everything(others, ONE + identity("two"))


def test_the_mark_of_another_environment_in_another_case(others: Neighbourhood) -> None:
    others.apply(ONE)
    one = id_of(IDENTITY, "id-one")
    others.tag(one, {"Azsec-Environment": "other", "AZSEC-ADDRESS": "one"})
    others.watch(one)

    assert actions(others.bench.plan(others.compose(ONE))) == {"one": Action.BLOCKED}
    try_everything(others, ONE)


def test_own_tags_that_somebody_wrote_in_another_case(others: Neighbourhood) -> None:
    desired = others.apply(ONE + identity("two"))
    two = id_of(IDENTITY, "id-two")
    others.tag(two, {name.upper(): text for name, text in others.tags(two).items()})

    assert others.bench.plan(desired).steps == ()
    assert deletes(others, ONE) == ["two"]
    others.apply(ONE)
    assert not others.exists(two)


def test_one_tag_in_two_spellings(others: Neighbourhood) -> None:
    others.apply(ONE + identity("two"))
    two = id_of(IDENTITY, "id-two")
    tags = others.tags(two)
    others.tag(two, {**tags, "AZSEC-MARK": tags["azsec-mark"]})
    others.watch(two)

    blocked = others.bench.plan(others.compose(ONE + identity("two")))

    assert "in two spellings" in reasons(blocked, Action.BLOCKED)
    assert deletes(others, ONE) == []
    try_everything(others, ONE)


def test_a_resource_made_anew_by_others_without_tags(others: Neighbourhood) -> None:
    others.apply(ONE + identity("two"))
    two = id_of(IDENTITY, "id-two")
    others.remove(two)
    others.put(two)

    assert deletes(others, ONE) == []
    assert actions(others.bench.plan(others.compose(ONE + identity("two")))) == {
        "two": Action.ADOPT
    }
    try_everything(others, ONE + identity("two"))


def test_tags_of_the_carrier_that_somebody_removed(others: Neighbourhood) -> None:
    others.apply(NETWORKED)
    net = id_of(NETWORK, "vnet")
    others.tag(net, {"team": "others"})
    others.watch(net, f"{net}/subnets/nodes")

    plan = others.bench.plan(others.compose(NETWORKED))

    assert actions(plan) == {"net": Action.ADOPT, "nodes": Action.ADOPT}
    try_everything(others, BARE)


# Marks of children: `azsec-below`.


def test_below_with_a_digest_that_anybody_can_compute(others: Neighbourhood) -> None:
    others.apply(NETWORKED)
    net = id_of(NETWORK, "vnet")
    foreign = others.put(f"{net}/subnets/others", OTHER_SUBNET)
    digest = hashlib.sha256(foreign.lower().encode()).hexdigest()
    tags = others.tags(net)
    for forged in (digest[:8], digest[:12], digest):
        others.tag(net, {**tags, "azsec-below": f"{tags['azsec-below']}.{forged}"})
        assert not goes(others.bench.plan(others.compose(NETWORKED)), foreign)
    try_everything(others, NETWORKED)


def test_below_repeated_in_a_second_tag(others: Neighbourhood) -> None:
    others.apply(NETWORKED)
    net = id_of(NETWORK, "vnet")
    others.put(f"{net}/subnets/others", OTHER_SUBNET)
    tags = others.tags(net)
    others.tag(net, {**tags, "azsec-below-2": tags["azsec-below"], "AZSEC-BELOW-3": "x.y"})

    assert deletes(others, BARE) == ["net/subnets/nodes"], "what is one's own still goes"
    try_everything(others, BARE)


def test_below_split_over_several_tags_by_hand(others: Neighbourhood) -> None:
    more = NODES.replace("nodes", "pods").replace("10.0.1.", "10.0.2.")
    others.apply(NETWORKED + more)
    net = id_of(NETWORK, "vnet")
    tags = others.tags(net)
    first, second = tags["azsec-below"].split(".")
    others.tag(net, {**tags, "azsec-below": first, "azsec-below-7": second})

    assert sorted(deletes(others, BARE)) == ["net/subnets/nodes", "net/subnets/pods"]
    others.apply(BARE)
    assert others.bench.plan(others.compose(BARE)).steps == ()


def test_below_on_a_foreign_carrier(others: Neighbourhood) -> None:
    others.apply(NETWORKED)
    tags = others.tags(id_of(NETWORK, "vnet"))
    address = {"properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}}
    copy = others.put(
        id_of(NETWORK, "copy"), {"location": "westeurope", **address, "tags": dict(tags)}
    )
    others.put(f"{copy}/subnets/nodes", SUBNET)
    others.watch(copy)

    assert deletes(others, BARE) == ["net/subnets/nodes"]
    try_everything(others, BARE)


def test_below_copied_from_one_own_carrier_to_another(others: Neighbourhood) -> None:
    second = NET.replace("net:", "far:").replace("vnet", "vnet-far").replace("10.0.", "10.1.")
    others.apply(NETWORKED + second)
    net, far = id_of(NETWORK, "vnet"), id_of(NETWORK, "vnet-far")
    foreign = others.put(f"{far}/subnets/nodes", {"properties": {"addressPrefix": "10.1.1.0/24"}})
    others.tag(far, {**others.tags(far), "azsec-below": others.tags(net)["azsec-below"]})

    plan = others.bench.plan(others.compose(BARE + second))

    assert not goes(plan, foreign)
    assert goes(plan, f"{net}/subnets/nodes")
    others.force(plan)
    assert others.changed == []


# Azure's own copies: AKS and its node resource group.


def test_the_node_resource_group_with_the_tags_of_its_cluster(others: Neighbourhood) -> None:
    desired = others.apply(CLUSTERED)
    nodes = group_id("MC_rg-main_aks_westeurope")
    assert others.tags(nodes) == others.tags(id_of(CLUSTER, "aks")), "AKS copies them"

    plan = others.bench.plan(desired)

    assert plan.steps == ()
    assert plan.document.unmanaged == ()


def test_what_aks_makes_for_the_nodes_with_the_tags_of_its_cluster(others: Neighbourhood) -> None:
    desired = others.apply(CLUSTERED)
    nodes = f"{group_id('MC_rg-main_aks_westeurope')}/"
    made = [text for text in others.bench.server.resource_ids() if text.startswith(nodes)]
    assert {text.split("/")[7] for text in made} == {
        "userAssignedIdentities",
        "networkSecurityGroups",
        "privateDnsZones",
    }
    others.put(
        f"{nodes}providers/Microsoft.Network/publicIPAddresses/egress",
        {
            "location": "westeurope",
            "sku": {"name": "Standard"},
            "properties": {"publicIPAllocationMethod": "Static"},
            "tags": others.tags(id_of(CLUSTER, "aks")),
        },
    )
    others.watch(*made)

    assert others.bench.plan(desired).steps == ()
    others.force(others.bench.plan(desired))
    assert others.changed == []
    others.apply(ONE)
    assert not others.exists(id_of(CLUSTER, "aks")), "and the cluster goes when it is asked for"


def test_a_group_that_another_resource_manages(others: Neighbourhood) -> None:
    others.apply(TWO)
    second = group_id("rg-second")
    tags = others.tags(second)
    others.remove(second)
    others.put(
        second, {"location": "westeurope", "managedBy": id_of(IDENTITY, "id-one"), "tags": tags}
    )

    assert "resourceGroups.second" not in deletes(others, ONE)
    others.force(others.bench.plan(others.compose(ONE)))
    assert others.changed == []


# Environments that meet.


def test_another_repository_with_an_environment_of_this_name(others: Neighbourhood) -> None:
    others.apply(ONE)
    others.watch(id_of(IDENTITY, "id-one"), group_id("rg-main"))
    theirs = groups("others") + "resources:\n" + identity("far", "others")

    second = others.apply(theirs, key=THEIRS)
    plan = others.bench.plan_destroy(second)

    assert not goes(plan, id_of(IDENTITY, "id-one"))
    others.force(plan)
    assert others.changed == []
    assert not others.exists(group_id("rg-others"))


def test_another_id_that_declares_the_same_names(others: Neighbourhood) -> None:
    others.apply(NETWORKED, key=THEIRS)
    net = id_of(NETWORK, "vnet")
    others.watch(group_id("rg-main"), net, f"{net}/subnets/nodes")

    plan = others.bench.plan(others.compose(NETWORKED, adopt=["*"]))

    assert set(actions(plan).values()) == {Action.BLOCKED}
    assert "its mark was made with another id" in reasons(plan, Action.BLOCKED)
    try_everything(others, NETWORKED)


def test_an_environment_that_was_renamed_keeps_what_it_made(others: Neighbourhood) -> None:
    others.apply(NETWORKED, name="before")

    renamed = others.apply(NETWORKED, name="after")
    assert others.bench.plan(renamed).steps == ()
    others.apply(BARE, name="after")

    assert not others.exists(f"{id_of(NETWORK, 'vnet')}/subnets/nodes")


def test_a_copied_environment_file_with_the_same_id_is_shown(others: Neighbourhood) -> None:
    others.apply(ONE, name="first")

    plan = others.bench.plan(
        others.compose(groups("main") + "resources:\n" + identity("two"), name="copy")
    )

    assert "its tags name the environment 'first', which has the same id" in reasons(
        plan, Action.DELETE
    )
    with pytest.raises(GateError, match="deletes or replaces one"):
        others.bench.apply(plan)
    assert others.exists(id_of(IDENTITY, "id-one"))


def test_destroy_of_a_group_in_which_another_environment_lives(others: Neighbourhood) -> None:
    desired = others.apply(ONE)
    guest = "resourceGroups:\n  main: {subscription: workload, name: rg-main, " + (
        "location: westeurope, existing: true}\nresources:\n" + identity("guest")
    )
    theirs = others.apply(guest, name="guest", key=THEIRS)
    others.watch(id_of(IDENTITY, "id-guest"))

    plan = others.bench.plan_destroy(desired)

    assert "id-guest, which azsec did not make" in reasons(plan, Action.BLOCKED)
    others.force(plan)
    assert others.changed == []
    gone = others.bench.plan_destroy(theirs)
    assert set(actions(gone)) == {"guest"}
    others.force(gone)
    assert not others.exists(id_of(IDENTITY, "id-guest"))
    assert others.exists(group_id("rg-main")), "the guest only uses the group"


def test_adoption_of_what_another_environment_made(others: Neighbourhood) -> None:
    others.apply(ONE, name="theirs", key=THEIRS)
    others.watch(id_of(IDENTITY, "id-one"), group_id("rg-main"))

    plan = others.bench.plan(others.compose(ONE), adopt=("*",))

    assert set(actions(plan).values()) == {Action.BLOCKED}
    assert "it belongs to the environment 'theirs'" in reasons(plan, Action.BLOCKED)
    others.force(plan)
    assert others.changed == []


SPOKE = (
    groups("spoke")
    + "  main: {subscription: workload, name: rg-main, location: westeurope, existing: true}\n"
    + "resources:\n"
    + NET.split("    properties")[0]
    + "    existing: true\n"
)


def test_adoption_of_a_subnet_in_the_network_of_another_environment(
    others: Neighbourhood,
) -> None:
    others.apply(NETWORKED, name="hub", key=THEIRS)
    net = id_of(NETWORK, "vnet")
    others.watch(net, f"{net}/subnets/nodes")

    plan = others.bench.plan(others.compose(SPOKE + NODES), adopt=("*",))

    assert actions(plan)["nodes"] is Action.BLOCKED
    assert "belongs to the environment 'hub'" in reasons(plan, Action.BLOCKED)
    others.force(plan)
    assert others.changed == []


def test_an_own_subnet_in_the_network_of_another_environment(others: Neighbourhood) -> None:
    others.apply(NETWORKED, name="hub", key=THEIRS)
    net = id_of(NETWORK, "vnet")
    others.watch(f"{net}/subnets/nodes", group_id("rg-main"))
    own = NODES.replace("nodes", "own").replace("10.0.1.", "10.0.5.")

    others.apply(SPOKE + own, name="spoke")
    others.apply(SPOKE, name="spoke")

    assert not others.exists(f"{net}/subnets/own")
    assert others.changed == []


def test_adoption_of_a_grant_at_a_resource_of_another_environment(others: Neighbourhood) -> None:
    scope = "${one.id}"
    others.apply(ONE + grant(scope), name="theirs", key=THEIRS)
    (theirs,) = (text for text in others.bench.server.resource_ids() if ROLE in text)
    others.watch(theirs)
    existing = f"  one: {{type: {IDENTITY}, resourceGroup: main, name: id-one, existing: true}}\n"

    spoke = SPOKE.split("resources:")[0] + "resources:\n" + existing + grant(scope)
    plan = others.bench.plan(others.compose(spoke), adopt=("*",))

    assert actions(plan)["grant"] is Action.BLOCKED
    others.force(plan)
    assert others.changed == []


def test_destroy_of_an_environment_that_was_never_applied(others: Neighbourhood) -> None:
    others.put(group_id("rg-main"))
    others.put(id_of(IDENTITY, "id-one"))

    plan = others.bench.plan_destroy(others.compose(ONE))

    assert plan.steps == ()
    others.force(plan)
    assert others.changed == []


def test_destroy_of_what_only_is_stated_as_existing(others: Neighbourhood) -> None:
    others.put(group_id("rg-hub"))
    table = others.put(
        id_of(TABLE, "rt-hub", "rg-hub"), {"location": "westeurope", "properties": {"routes": []}}
    )
    blueprint = (
        groups("main")
        + "  hub: {subscription: workload, name: rg-hub, location: westeurope, existing: true}\n"
        + "resources:\n"
        + identity("one")
        + f"  table: {{type: {TABLE}, resourceGroup: hub, name: rt-hub, existing: true}}\n"
    )
    desired = others.apply(blueprint)

    plan = others.bench.plan_destroy(desired)

    assert not goes(plan, table)
    others.force(plan)
    assert others.changed == []
    assert not others.exists(group_id("rg-main"))
    assert others.exists(group_id("rg-hub"))


def test_destroy_of_what_was_handed_over_to_others(others: Neighbourhood) -> None:
    others.apply(NETWORKED)
    net = id_of(NETWORK, "vnet")
    nodes = NODES.partition("    properties")[0] + "    existing: true\n"
    handed = SPOKE + nodes + identity("one", "spoke")
    desired = others.apply(handed)
    others.watch(net, f"{net}/subnets/nodes", group_id("rg-main"))

    plan = others.bench.plan_destroy(desired)

    assert not goes(plan, net), "it carries the mark of the environment that made it, and stays"
    others.force(plan)
    assert others.changed == []
    assert not others.exists(group_id("rg-spoke"))


# Extension resources: each type, at each scope.


@dataclass(frozen=True)
class Extension:
    """An extension type with what two of it say, and where it may stand."""

    kind: str
    name: str
    other: str
    properties: str
    api_body: dict[str, object]
    scopes: tuple[str, ...] = ("subscription", "group", "resource", "child")


_LOCK = {"properties": {"level": "CanNotDelete"}}
_WORKSPACE = "Microsoft.OperationalInsights/workspaces"
_DEFINITION = {
    "properties": {
        "policyType": "Custom",
        "mode": "All",
        "policyRule": {
            "if": {"field": "location", "equals": "mars"},
            "then": {"effect": "deny"},
        },
    }
}
_BUILT_IN = (
    "/providers/Microsoft.Authorization/policyDefinitions/b8dad106-6444-5f55-307e-1e1cc9723e39"
)
EXTENSIONS = (
    Extension(
        ROLE,
        '${guid("ours")}',
        "99999999-9999-4999-8999-999999999999",
        f"{{roleDefinitionId: {READER}, principalId: {PERSON}, principalType: User}}",
        {
            "properties": {
                "roleDefinitionId": READER,
                "principalId": "66666666-6666-4666-8666-666666666666",
                "principalType": "User",
            }
        },
    ),
    Extension("Microsoft.Authorization/locks", "ours", "others", "{level: CanNotDelete}", _LOCK),
    Extension(
        "Microsoft.Authorization/roleDefinitions",
        '${guid("role")}',
        "99999999-9999-4999-8999-999999999990",
        f'{{roleName: Ours, type: CustomRole, assignableScopes: ["/subscriptions/{WORKLOAD}"], '
        'permissions: [{actions: ["Microsoft.Compute/virtualMachines/read"]}]}',
        {
            "properties": {
                "roleName": "Others",
                "type": "CustomRole",
                "assignableScopes": [f"/subscriptions/{WORKLOAD}"],
                "permissions": [{"actions": ["Microsoft.Compute/virtualMachines/read"]}],
            }
        },
        ("subscription",),
    ),
    Extension(
        "Microsoft.Authorization/policyDefinitions",
        "ours",
        "others",
        "{policyType: Custom, mode: All, policyRule: "
        "{if: {field: location, equals: mars}, then: {effect: deny}}}",
        _DEFINITION,
        ("subscription",),
    ),
    Extension(
        "Microsoft.Authorization/policyAssignments",
        "ours",
        "others",
        "{policyDefinitionId: " + _BUILT_IN + "}",
        {"properties": {"policyDefinitionId": _BUILT_IN}},
        ("subscription", "group", "resource"),
    ),
)


def _scoped(extension: Extension, scope: str) -> str:
    at = {
        "subscription": SUBSCRIPTION,
        "group": "${resourceGroups.main.id}",
        "resource": "${net.id}",
        "child": "${nodes.id}",
    }[scope]
    return (
        f"  ext:\n    type: {extension.kind}\n    scope: {at}\n    name: {extension.name}\n"
        f"    properties: {extension.properties}\n"
    )


def _cases() -> Iterator[object]:
    for extension in EXTENSIONS:
        for scope in extension.scopes:
            yield pytest.param(extension, scope, id=f"{extension.kind.split('/')[1]}-{scope}")


@pytest.mark.parametrize(("extension", "scope"), list(_cases()))
def test_an_extension_resource_that_leaves_and_one_of_others_beside_it(
    extension: Extension, scope: str, others: Neighbourhood
) -> None:
    blueprint = NETWORKED + _scoped(extension, scope)
    desired = others.apply(blueprint)
    assert others.bench.plan(desired).steps == ()
    (own,) = (text for text in others.bench.server.resource_ids() if extension.kind in text)
    beside = f"{own.rpartition('/')[0]}/{extension.other}"
    others.put(beside, extension.api_body)

    plan = others.bench.plan(others.compose(NETWORKED))

    assert goes(plan, own)
    assert not goes(plan, beside)
    assert others.force(plan) is not None
    assert not others.exists(own)
    assert others.changed == []
    assert others.bench.plan(others.compose(NETWORKED)).steps == ()


def test_five_extension_resources_that_leave_two_subscriptions_at_once(
    others: Neighbourhood,
) -> None:
    own = "".join(
        _scoped(extension, "subscription").replace("  ext:", f"  ext{number}:")
        for number, extension in enumerate(EXTENSIONS)
    )
    lock = "/subscriptions/${environment.subscriptions.platform}"
    others.apply(
        ONE + own.replace(f"locks\n    scope: {SUBSCRIPTION}", f"locks\n    scope: {lock}")
    )
    made = [t for t in others.bench.server.resource_ids() if "Microsoft.Authorization" in t]
    assert len(made) == len(EXTENSIONS)

    plan = others.bench.plan(others.compose(ONE))

    assert all(goes(plan, text) for text in made)
    others.force(plan)
    assert not any(others.exists(text) for text in made)
    assert others.bench.plan(others.compose(ONE)).steps == ()


def test_a_grant_in_a_subscription_that_holds_no_group(others: Neighbourhood) -> None:
    scope = "/subscriptions/${environment.subscriptions.platform}"
    others.apply(ONE + grant(scope))
    foreign = f"/subscriptions/{PLATFORM}/providers/{ROLE}/99999999-9999-4999-8999-999999999999"
    others.put(foreign, {"properties": {**GRANT["properties"], "principalId": PERSON[:-1] + "9"}})

    others.apply(ONE)

    assert [text for text in others.bench.server.resource_ids() if ROLE in text] == [foreign]
    assert others.changed == []


@pytest.mark.parametrize(
    "scope",
    [
        "/providers/Microsoft.Management/managementGroups/root",
        "/subscriptions/33333333-3333-3333-3333-333333333333",
    ],
)
def test_a_grant_where_the_environment_reads_nothing(scope: str, others: Neighbourhood) -> None:
    with pytest.raises(DiagnosticError, match=r"above the environment|none of the environment"):
        others.compose(ONE + grant(scope))


def test_a_mark_of_a_grant_whose_list_is_refused_is_not_forgotten(others: Neighbourhood) -> None:
    others.apply(ONE + grant(SUBSCRIPTION))
    others.bench.server.faults.deny("Microsoft.Authorization/roleAssignments/read")
    blind = others.bench.plan(others.compose(ONE))
    assert blind.steps == ()
    others.force(blind)

    assert actions(others.bench.plan_destroy(others.compose(ONE)))["resourceGroups.main"] is (
        Action.BLOCKED
    ), "the group carries the mark of what nobody can see"
    others.bench.server.faults.clear()
    others.apply(ONE)

    assert [text for text in others.bench.server.resource_ids() if ROLE in text] == []


# Carriers that leave, and carriers that change.


def test_a_carrier_that_leaves_with_what_it_carries(others: Neighbourhood) -> None:
    carried = groups("alpha", "main") + "resources:\n" + identity("one") + grant(SUBSCRIPTION)
    others.apply(carried)
    assert "azsec-below" in others.tags(group_id("rg-alpha"))

    plan = others.bench.plan(others.compose(ONE))

    keys = [step.key for step in plan.steps]
    assert keys.index("delete resourceGroups.alpha") == len(keys) - 1, "the carrier goes last"
    others.force(plan)
    assert others.bench.plan(others.compose(ONE)).steps == ()
    assert [text for text in others.bench.server.resource_ids() if ROLE in text] == []


def test_a_carrier_that_leaves_while_what_it_carries_stays(others: Neighbourhood) -> None:
    carried = groups("alpha", "main") + "resources:\n" + identity("one") + grant(SUBSCRIPTION)
    others.apply(carried)

    stays = ONE + grant(SUBSCRIPTION)
    plan = others.bench.plan(others.compose(stays))

    assert [step.key for step in plan.steps] == [
        "put resourceGroups.main",
        "delete resourceGroups.alpha",
    ]
    others.force(plan)
    assert others.bench.plan(others.compose(stays)).steps == ()
    others.apply(ONE)
    assert [text for text in others.bench.server.resource_ids() if ROLE in text] == []


def test_a_carrier_that_leaves_when_the_new_one_cannot_be_written(others: Neighbourhood) -> None:
    carried = groups("alpha", "main") + "resources:\n" + identity("one") + grant(SUBSCRIPTION)
    others.apply(carried)
    stays = ONE + grant(SUBSCRIPTION)
    others.bench.server.faults.deny(
        "Microsoft.Resources/subscriptions/resourceGroups/write", "rg-main$"
    )

    others.force(others.bench.plan(others.compose(stays)))

    assert others.exists(group_id("rg-alpha")), "it still carries the mark of the grant"
    others.bench.server.faults.clear()
    others.apply(stays)
    others.apply(ONE)
    assert [text for text in others.bench.server.resource_ids() if ROLE in text] == []


def test_a_new_group_that_sorts_first_and_becomes_the_carrier(others: Neighbourhood) -> None:
    others.apply(ONE + grant(SUBSCRIPTION))
    sooner = groups("alpha", "main") + "resources:\n" + identity("one") + grant(SUBSCRIPTION)
    desired = others.compose(sooner)
    others.bench.server.faults.deny(
        "Microsoft.Resources/subscriptions/resourceGroups/write", "rg-alpha"
    )

    others.force(others.bench.plan(desired))

    others.bench.server.faults.clear()
    plan = others.bench.plan(desired)
    assert Action.ADOPT not in actions(plan).values(), "a mark is never on neither of the two"
    others.force(plan)
    assert others.bench.plan(desired).steps == ()


# Plans that are limited to some addresses.


def test_a_target_that_covers_only_the_network_vouches_for_no_subnet(
    others: Neighbourhood,
) -> None:
    others.apply(BARE)
    others.force(others.bench.plan(others.compose(NETWORKED), "net"))
    subnet = others.put(f"{id_of(NETWORK, 'vnet')}/subnets/nodes", SUBNET)

    assert actions(others.bench.plan(others.compose(NETWORKED))) == {"nodes": Action.ADOPT}
    assert not goes(others.bench.plan(others.compose(BARE)), subnet)
    try_everything(others, BARE)


def test_a_target_beside_what_may_be_adopted(others: Neighbourhood) -> None:
    others.apply(BARE)
    others.put(f"{id_of(NETWORK, 'vnet')}/subnets/nodes", SUBNET)
    desired = others.compose(NETWORKED, adopt=["nodes"])

    plan = others.bench.plan(desired, "net")

    assert plan.steps == (), "what the plan does not show is not adopted"
    others.force(plan)
    assert deletes(others, BARE) == []


def test_a_target_that_covers_only_the_carrier_forgets_nothing(others: Neighbourhood) -> None:
    others.apply(ONE + grant(SUBSCRIPTION) + NET)
    changed = ONE.replace("rg-main,", "rg-main, tags: {a: b},")

    others.force(others.bench.plan(others.compose(changed + NET), "resourceGroups.main"))

    others.apply(changed + NET)
    assert [text for text in others.bench.server.resource_ids() if ROLE in text] == []


def test_a_target_that_covers_only_a_child(others: Neighbourhood) -> None:
    others.apply(NETWORKED)
    others.put(f"{id_of(NETWORK, 'vnet')}/subnets/others", OTHER_SUBNET)
    changed = NETWORKED.replace("10.0.1.0/24", "10.0.2.0/24")

    others.force(others.bench.plan(others.compose(changed), "nodes"))

    assert others.changed == []
    assert deletes(others, BARE) == ["net/subnets/nodes"]


def test_a_target_that_deletes_a_carrier_but_writes_no_other(others: Neighbourhood) -> None:
    carried = (
        groups("alpha", "main", "zulu") + "resources:\n" + identity("one") + grant(SUBSCRIPTION)
    )
    others.apply(carried)
    desired = others.compose(
        groups("main", "zulu") + "resources:\n" + identity("one") + grant(SUBSCRIPTION)
    )

    others.force(others.bench.plan(desired, "resourceGroups.zulu"))
    assert others.exists(group_id("rg-alpha"))

    others.force(others.bench.plan(desired))
    assert others.bench.plan(desired).steps == ()
    assert not others.exists(group_id("rg-alpha"))


def _owner(others: Neighbourhood) -> str:
    return others.compose(ONE).environment.marks.owner
