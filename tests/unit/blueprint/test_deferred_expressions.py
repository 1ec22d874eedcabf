"""Which expressions only put an unknown value somewhere, and which look at it."""

import pytest

from provisioner.blueprint.deferred_expressions import defer_unknown_chains
from provisioner.blueprint.expression import compile_expression, evaluate, resolve
from provisioner.model.values import ResourceValue, Unknown

CHAIN = "firewall.properties.address"
PUT = [
    ('{"hop": firewall.properties.address}', "the entry of a map"),
    ("[1, firewall.properties.address]", "the entry of a list"),
    ('c ? firewall.properties.address : "x"', "a branch"),
    ('c ? "x" : firewall.properties.address', "the other branch"),
    ('ranges.map(r, {"p": r, "hop": firewall.properties.address})', "in the body of a map"),
    ("ranges.map(r, firewall.properties.address)", "the body of a map"),
    ("concat([firewall.properties.address], ranges)", "in a list that is joined"),
    ('concat([1], ranges).map(r, {"hop": (firewall.properties.address)})', "in brackets"),
    ('a == 1 ? [] : [{"hop": firewall.properties.address}]', "the condition is another's"),
    ('{"hop": firewall["properties"].address}', "a quoted step"),
]
LOOKED_AT = [
    ('firewall.properties.address == ""', "compared"),
    ('{"hop": firewall.properties.address != ""}', "compared inside"),
    ('{"hop": firewall.properties.address + "/32"}', "added to"),
    ('firewall.properties.address ? "a" : "b"', "a condition"),
    ("{firewall.properties.address: 1}", "a key"),
    ("size(firewall.properties.address)", "an argument"),
    ("concat(firewall.properties.address, [1])", "an argument of what joins lists"),
    ("concat(c ? firewall.properties.address : [], [1])", "the same behind a choice"),
    ("lower(firewall.properties.address)", "an argument of ours"),
    ('"a" in [firewall.properties.address]', "in a list that is looked through"),
    ("[firewall.properties.address] == [1]", "in a list that is compared"),
    ("[firewall.properties.address][0]", "in a list that is indexed"),
    ('[firewall.properties.address].map(x, x == "")', "in a list that is walked"),
    ("ranges.filter(r, r == firewall.properties.address)", "in a filter"),
    ('ranges.map(r, r == "a", firewall.properties.address).size() > 0', "in a list whose size"),
    ("[[firewall.properties.address]].exists(x, size(x) > 0)", "in a list that is searched"),
    ("firewall.properties.address.size()", "what a method is called on"),
    ("(firewall.properties.address) + 1", "in brackets, added to"),
    ("!firewall.properties.address", "denied"),
    ("[1, -firewall.properties.address]", "negated"),
    ("c ? firewall.properties.address == 1 : false", "a branch that compares"),
]


@pytest.mark.parametrize(("text", "_reason"), PUT, ids=[r[1] for r in PUT])
def test_a_value_that_is_only_put_somewhere_is_a_hole(text, _reason):
    holed = defer_unknown_chains(text, [CHAIN])
    assert holed is not None
    assert [hole.replace('["properties"]', ".properties") for hole in holed.holes.values()] == [
        CHAIN
    ]


@pytest.mark.parametrize(("text", "_reason"), LOOKED_AT, ids=[r[1] for r in LOOKED_AT])
def test_a_value_that_is_looked_at_is_none(text, _reason):
    assert defer_unknown_chains(text, [CHAIN]) is None


def test_every_place_of_a_value_counts():
    both = f'{{"a": {CHAIN}, "b": size({CHAIN})}}'
    assert defer_unknown_chains(both, [CHAIN]) is None


def test_what_is_around_is_known_and_the_hole_is_filled_later():
    text = 'ranges.map(r, {"prefix": r, "hop": firewall.properties.address})'
    scope = {"ranges": ["10.0.0.0/8", "10.1.0.0/16"], "firewall": ResourceValue("hub.firewall")}
    value = evaluate(compile_expression(text), scope, lambda _address: None)

    assert [entry["prefix"] for entry in value] == ["10.0.0.0/8", "10.1.0.0/16"]
    assert all(isinstance(entry["hop"], Unknown) for entry in value)
    assert value[0]["hop"].paths == ("hub.firewall.properties.address",)

    filled = resolve(value, lambda _address: {"properties": {"address": "10.0.0.4"}})
    assert filled == [
        {"prefix": "10.0.0.0/8", "hop": "10.0.0.4"},
        {"prefix": "10.1.0.0/16", "hop": "10.0.0.4"},
    ]


def test_what_is_not_set_is_known_not_to_be_whatever_the_other_branch_holds():
    text = 'on ? {"id": firewall.properties.id} : null'
    scope = {"on": False, "firewall": ResourceValue("hub.firewall")}

    assert evaluate(compile_expression(text), scope, lambda _address: None) is None


def test_what_looks_at_an_unknown_value_stays_unknown_as_a_whole():
    scope = {"firewall": ResourceValue("hub.firewall")}
    expression = compile_expression('[firewall.properties.address + "/32"]')
    assert isinstance(evaluate(expression, scope, lambda _address: None), Unknown)
