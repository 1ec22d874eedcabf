"""The law of ownership: a plan deletes and overwrites only what its environment made, and shows it.

An estate is drawn (resources of several types, children, extension resources, groups in two
subscriptions), others put something into it (unmarked, with copied tags, with another
environment's marks, with forged ones), Azure refuses some reads, the blueprint changes, and the
plan is applied with every permission but adoption.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioner.blueprint.ownership import Marks
from provisioner.catalog.registry import Catalog
from provisioner.documents.apply import Outcome
from provisioner.documents.plan import Action
from provisioner.model.resource_id import ResourceId
from provisioner.plan.plan import Plan
from provisioner.simulator.protocol.faults import Fault
from tests.environments import open_bench
from tests.laws.neighbours import (
    IDENTITY,
    NETWORK,
    PLATFORM,
    READER,
    ROLE,
    THEIRS,
    WORKLOAD,
    ZONE,
    Neighbourhood,
    group_id,
)

GROUPS = (("main", "workload"), ("second", "workload"), ("far", "platform"))
SUBSCRIPTIONS = {"workload": WORKLOAD, "platform": PLATFORM}
FATES = ("stays", "leaves", "is renamed", "moves", "loses its child", "is made anew")
PERSON = "5d2b9f10-7c3e-4a61-b8d4-92e0c1f3a501"


@dataclass(frozen=True)
class Item:
    """Something of the blueprint: its kind, its group, and what becomes of it."""

    kind: str
    number: int
    group: int
    fate: str


@dataclass(frozen=True)
class Foreign:
    """Something of others: what, where (an index of groups or items), and with which tags."""

    what: str
    where: int
    tags: str


@dataclass(frozen=True)
class Estate:
    """One example. `fates` are those of the groups; `refused` is what Azure does not answer."""

    items: tuple[Item, ...]
    fates: tuple[str, str, str]
    foreign: tuple[Foreign, ...]
    refused: str


items = st.builds(
    Item,
    kind=st.sampled_from(("identity", "network", "zone", "lock", "grant", "reach")),
    number=st.integers(0, 1),
    group=st.integers(0, 2),
    fate=st.sampled_from(FATES),
)
foreigners = st.builds(
    Foreign,
    what=st.sampled_from(("identity", "child", "squatter", "grant", "reach")),
    where=st.integers(0, 3),
    tags=st.sampled_from(("none", "copied", "theirs", "forged")),
)
estates = st.builds(
    Estate,
    items=st.lists(
        items, min_size=1, max_size=4, unique_by=lambda item: (item.kind, item.number)
    ).map(tuple),
    fates=st.tuples(*(st.sampled_from(("stays", "leaves", "moves its region")),) * 3),
    foreign=st.lists(foreigners, max_size=3, unique_by=lambda f: (f.what, f.where)).map(tuple),
    refused=st.sampled_from(("nothing", "nothing", "groups", "children", "types", "grants")),
)


def blueprint(estate: Estate, *, after: bool) -> str:
    """Return the text of the blueprint before or after its change."""
    lines = ["resourceGroups:"]
    for index, (name, alias) in enumerate(GROUPS):
        if after and _group_leaves(estate, index):
            continue
        fate = estate.fates[index] if after else "stays"
        location = "northeurope" if fate == "moves its region" else "westeurope"
        lines.append(f"  {name}: {{subscription: {alias}, name: rg-{name}, location: {location}}}")
    lines.append("resources:")
    for item in estate.items:
        lines += _resources(estate, item, after=after)
    # A blueprint without resources is refused; this one always stays.
    lines.append(f"  anchor: {{type: {IDENTITY}, resourceGroup: main, name: id-anchor}}")
    return "\n".join(lines) + "\n"


def _keeps_a_lock(estate: Estate) -> bool:
    """Whether something would be replaced although a lock that stays forbids its delete."""
    return any(
        item.kind == "lock"
        and (item.fate == "is made anew" or estate.fates[item.group] == "moves its region")
        and item.fate in ("stays", "is made anew")
        and not _group_leaves(estate, item.group)
        for item in estate.items
    )


def _group_leaves(estate: Estate, index: int) -> bool:
    return index > 0 and estate.fates[index] == "leaves"


def _resources(estate: Estate, item: Item, *, after: bool) -> list[str]:
    fate, index = (item.fate, item.group) if after else ("stays", item.group)
    if fate == "moves":
        index = (index + 1) % len(GROUPS)
    if fate == "leaves" or (after and _group_leaves(estate, index)):
        return []
    address, (group, alias) = f"{item.kind}{item.number}", GROUPS[index]
    name = f"{address}-b" if fate == "is renamed" else address
    if item.kind in ("grant", "reach"):
        at = f"/subscriptions/{SUBSCRIPTIONS[alias]}"
        if item.kind == "grant":
            at = f"${{resourceGroups.{group}.id}}"
        return [
            f"  {address}: {{type: {ROLE}, scope: '{at}', name: \"${{guid('{name}')}}\", "
            f"properties: {{roleDefinitionId: {READER}, principalType: User, "
            f"principalId: {PERSON[:-1]}{item.number}}}}}"
        ]
    top = f"resourceGroup: {group}, name: {name}"
    if fate == "is made anew" and item.kind != "zone":
        top += ", location: northeurope"
    holder = _holder(item, top)
    return [holder] if fate == "loses its child" else [holder, _child(item)]


def _holder(item: Item, top: str) -> str:
    address = f"{item.kind}{item.number}"
    match item.kind:
        case "network":
            space = f"{{addressSpace: {{addressPrefixes: [10.{10 + item.number}.0.0/16]}}}}"
            return f"  {address}: {{type: {NETWORK}, {top}, properties: {space}}}"
        case "zone":
            return f"  {address}: {{type: {ZONE}, {top}.example, location: global}}"
        case _:
            return f"  {address}: {{type: {IDENTITY}, {top}}}"


def _child(item: Item) -> str:
    address = f"{item.kind}{item.number}"
    within = f"  {address}c: {{name: own, parent: '${{{address}.id}}'"
    match item.kind:
        case "network":
            properties = f"{{addressPrefix: 10.{10 + item.number}.1.0/24}}"
            return f"{within}, type: {NETWORK}/subnets, properties: {properties}}}"
        case "zone":
            properties = "{ttl: 300, aRecords: [{ipv4Address: 10.0.0.4}]}"
            return f"{within}, type: {ZONE}/A, properties: {properties}}}"
        case "lock":
            guarded = within.replace("parent:", "scope:")
            lock = "type: Microsoft.Authorization/locks, properties: {level: CanNotDelete}"
            return f"{guarded}, {lock}}}"
        case _:
            properties = (
                "{issuer: 'https://a.example', subject: a, "
                "audiences: ['api://AzureADTokenExchange']}"
            )
            kind = f"{IDENTITY}/federatedIdentityCredentials"
            return f"{within}, type: {kind}, properties: {properties}}}"


@settings(
    max_examples=50,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(estate=estates)
def test_apply_deletes_and_overwrites_only_what_is_ours_and_shown(
    estate: Estate, catalog: Catalog
) -> None:
    with open_bench(catalog) as bench:
        others = Neighbourhood(bench)
        others.apply(blueprint(estate, after=False))
        own = {text.lower() for text in bench.server.resource_ids()}
        for foreign in estate.foreign:
            _intrude(others, estate, foreign)
        desired = others.compose(blueprint(estate, after=True))
        before = {text: _state(others, text) for text in bench.server.resource_ids()}
        _refuse(others, estate.refused)

        plan = bench.plan(desired)
        result = others.force(plan)

        bench.server.faults.clear()
        for text, state in before.items():
            _check_kept_or_shown(plan, text, state, _state(others, text), text.lower() in own)
        if _keeps_a_lock(estate):
            assert result is None, "a lock that the blueprint keeps is not lifted for a replacement"
        elif not estate.foreign and estate.refused == "nothing":
            assert result is not None, "nothing of others is in the way"
            assert {step.outcome for step in result.steps} <= {Outcome.SUCCEEDED}
            assert bench.plan(desired).steps == ()


OF_AZURE = ("Microsoft.Network/networkWatchers", "Microsoft.Network/privateDnsZones/SOA")
"""Azure makes these by itself, one in a region and one in a zone: they are nobody's."""


def _check_kept_or_shown(
    plan: Plan, text: str, before: str, after: str | None, is_own: bool
) -> None:
    shown = {change.id.lower(): change.action for change in plan.document.changes}
    lost = {key for key, action in shown.items() if action in (Action.DELETE, Action.REPLACE)}
    if after == before or ResourceId.parse(text).type in OF_AZURE:
        return
    if not is_own:
        # What is about a resource (a grant at it) has no life apart from it.
        scope = ResourceId.parse(text).scope
        extension = ROLE in text
        assert extension, f"{text} is another's and was {before}, is {after}"
        assert after is None
        assert scope is not None
        assert any(above.key in lost for above in (scope, *scope.ancestors)), text
    elif after is None:
        assert text.lower() in lost, f"{text} is gone, and the plan shows {shown}"
    else:
        assert text.lower() in shown, f"{text} was written, and the plan shows {shown}"


def _state(others: Neighbourhood, text: str) -> str | None:
    body = others.find(text)
    return None if body is None else json.dumps(_plain(body), sort_keys=True)


_MOVES = frozenset({"etag", "subnets", "numberOfRecordSets", "systemData"})
"""What a body says of its children and of its last write."""


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items() if name not in _MOVES}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def _intrude(others: Neighbourhood, estate: Estate, foreign: Foreign) -> None:
    """Let others put one thing into the estate."""
    item = estate.items[foreign.where % len(estate.items)]
    name, alias = GROUPS[foreign.where % len(GROUPS)]
    group = group_id(f"rg-{name}", SUBSCRIPTIONS[alias])
    grant = f"providers/{ROLE}/99999999-9999-4999-8999-99999999999{foreign.where}"
    told = {
        "properties": {
            "roleDefinitionId": READER,
            "principalId": f"66666666-6666-4666-8666-66666666666{foreign.where}",
            "principalType": "User",
        }
    }
    match foreign.what:
        case "identity":
            text = f"{group}/providers/{IDENTITY}/id-foreign{foreign.where}"
            _put_tagged(others, text, foreign.tags)
        case "squatter":
            # Where a renamed or moved identity of the blueprint wants to be.
            renamed = f"{item.kind}{item.number}" + ("-b" if item.fate == "is renamed" else "")
            text = f"{group}/providers/{IDENTITY}/{renamed}"
            if not others.exists(text):
                _put_tagged(others, text, foreign.tags)
        case "grant":
            others.write(f"{group}/{grant}", told)
        case "reach":
            others.write(f"/subscriptions/{SUBSCRIPTIONS[alias]}/{grant}", told)
        case _:
            _put_child(others, item, foreign)


def _put_tagged(others: Neighbourhood, text: str, kind: str) -> None:
    anchor = f"{group_id('rg-main')}/providers/{IDENTITY}/id-anchor"
    resource = ResourceId.parse(text)
    tags: Mapping[str, str] = {}
    if kind == "copied":
        tags = others.tags(anchor)
    elif kind == "theirs":
        tags = Marks("theirs", THEIRS).tags(resource, "theirs")
    elif kind == "forged":
        tags = {**others.tags(anchor), "azsec-address": resource.name, "azsec-mark": "A" * 20}
    others.write(text, {"location": "westeurope", "tags": dict(tags)})


def _put_child(others: Neighbourhood, item: Item, foreign: Foreign) -> None:
    name, alias = GROUPS[item.group]
    providers = f"{group_id(f'rg-{name}', SUBSCRIPTIONS[alias])}/providers"
    holder = f"{item.kind}{item.number}"
    match item.kind:
        case "identity" | "lock":
            text = f"{providers}/{IDENTITY}/{holder}/federatedIdentityCredentials/foreign"
            issuer = {"issuer": "https://b.example", "subject": "b"}
            audiences = {"audiences": ["api://AzureADTokenExchange"]}
            others.write(text, {"properties": {**issuer, **audiences}})
        case "network":
            address = f"10.{10 + item.number}.9.0/24"
            text = f"{providers}/{NETWORK}/{holder}/subnets/foreign"
            others.write(text, {"properties": {"addressPrefix": address}})
        case "zone":
            text = f"{providers}/{ZONE}/{holder}.example/A/foreign"
            others.write(
                text, {"properties": {"ttl": 300, "aRecords": [{"ipv4Address": "10.0.0.9"}]}}
            )


_REFUSED = {
    "groups": r"/resources$",
    "children": r"/(federatedIdentityCredentials|A)$",
    "types": rf"/({IDENTITY}|{ZONE})(/[^/]*)?$",
    "grants": rf"/{ROLE}$",
}


def _refuse(others: Neighbourhood, what: str) -> None:
    """Let Azure refuse some reads from here on."""
    if what in _REFUSED:
        others.bench.server.faults.add(
            Fault(
                method="GET",
                path=_REFUSED[what],
                status=403,
                code="AuthorizationFailed",
                times=None,
            )
        )
