"""The functions of ARM templates, by the examples of Microsoft's function reference.

Rows without a remark are from "Array", "CIDR", "Comparison", "Date", "Lambda", "Logical",
"Numeric", "Object", "Resource" and "String functions for ARM templates".
"""

from pathlib import Path

import pytest

from provisioner.model.resource_id import ResourceId, resource_group_id, subscription_id
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.template_language.expressions import evaluate
from provisioner.simulator.template_language.functions import PLAIN_FUNCTIONS
from provisioner.simulator.template_language.resource_ids import id_functions
from provisioner.simulator.template_language.templates import CONTEXT_FUNCTIONS

ROOT = Path(__file__).resolve().parents[2]
ARRAY = [
    ("array(1)", [1]),
    ("array('efgh')", ["efgh"]),
    ("array(createObject('a', 'b'))", [{"a": "b"}]),
    ("concat(createArray('1-1', '1-2'), createArray('2-1'))", ["1-1", "1-2", "2-1"]),
    ("concat('prefix', '-', 5, true())", "prefix-5True"),
    ("contains('OneTwoThree', 'e')", True),
    ("contains('OneTwoThree', 'z')", False),
    ("contains(createObject('one', 'a'), 'ONE')", True),
    ("contains(createObject('one', 'a'), 'a')", False),
    ("contains(createArray('one', 'two'), 'two')", True),
    ("contains(createArray('one', 'two'), 'Two')", False),
    ("createArray()", []),
    ("createArray(1, 'a', createArray(2))", [1, "a", [2]]),
    ("distinct(createArray('a', 'b', 'a'))", ["a", "b"]),
    ("empty(createArray())", True),
    ("empty(createObject())", True),
    ("empty('')", True),
    ("empty(null())", True),
    ("empty('a')", False),
    ("first(createArray('one', 'two'))", "one"),
    ("first('One Two Three')", "O"),
    ("flatten(createArray(createArray('a', 'b'), createArray('c')))", ["a", "b", "c"]),
    ("indexOf(createArray('one', 'two'), 'two')", 1),
    ("indexOf(createArray('one', 'two'), 'TWO')", -1),
    ("indexOf('test', 't')", 0),
    ("indexOf('abcdef', 'CD')", 2),
    ("indexOf('abcdef', 'z')", -1),
    ("indexFromEnd(createArray('a', 'b', 'c'), 1)", "c"),
    ("tryIndexFromEnd(createArray('a'), 2)", None),
    (
        "intersection(createObject('one', 'a', 'two', 'b', 'three', 'c'), "
        "createObject('one', 'a', 'two', 'z', 'three', 'c'))",
        {"one": "a", "three": "c"},
    ),
    (
        "intersection(createArray('one', 'two', 'three'), createArray('two', 'three'))",
        ["two", "three"],
    ),
    ("last(createArray('one', 'two', 'three'))", "three"),
    ("last('One Two Three')", "e"),
    ("lastIndexOf('test', 't')", 3),
    ("lastIndexOf(createArray('one', 'two', 'one'), 'one')", 2),
    ("length(createArray('one', 'two', 'three'))", 3),
    ("length('One Two Three')", 13),
    ("length(createObject('a', 1, 'b', 2))", 2),
    ("max(createArray(0, 3, 2, 5, 4))", 5),
    ("max(0, 3, 2, 5, 4)", 5),
    ("min(createArray(0, 3, 2, 5, 4))", 0),
    ("range(5, 3)", [5, 6, 7]),
    ("skip(createArray('one', 'two', 'three'), 2)", ["three"]),
    ("skip('one two three', 4)", "two three"),
    ("take(createArray('one', 'two', 'three'), 2)", ["one", "two"]),
    ("take('one two three', 2)", "on"),
    ("tryGet(createObject('a', createArray('x')), 'a', 0)", "x"),
    ("tryGet(createObject('a', 1), 'b', 'c')", None),
    (
        "union(createObject('one', 'a', 'two', createObject('b', 1)), "
        "createObject('three', 'c2', 'two', createObject('d', 2)))",
        {"one": "a", "two": {"b": 1, "d": 2}, "three": "c2"},
    ),
    ("union(createArray('one', 'two'), createArray('two', 'three'))", ["one", "two", "three"]),
]
CIDR = [
    (
        "parseCidr('10.144.0.0/20')",
        {
            "network": "10.144.0.0",
            "netmask": "255.255.240.0",
            "broadcast": "10.144.15.255",
            "firstUsable": "10.144.0.1",
            "lastUsable": "10.144.15.254",
            "cidr": 20,
        },
    ),
    ("cidrSubnet('10.144.0.0/20', 24, 0)", "10.144.0.0/24"),
    ("cidrSubnet('10.144.0.0/20', 24, 4)", "10.144.4.0/24"),
    ("cidrSubnet('10.144.0.0/20', 28, 1)", "10.144.0.16/28"),
    ("cidrHost('10.144.3.0/24', 0)", "10.144.3.1"),
    ("cidrHost('10.144.3.0/24', 4)", "10.144.3.5"),
]
COMPARISON = [
    ("coalesce(null(), 'default')", "default"),
    ("coalesce(json('null'), json('null'))", None),
    ("equals(1, 1)", True),
    ("equals('a', 'b')", False),
    ("equals('a', 'A')", False),
    ("equals(createArray('a', 'b'), createArray('a', 'b'))", True),
    ("equals(1, true())", False),
    ("greater(1, 2)", False),
    ("greater('B', 'A')", True),
    ("greaterOrEquals('A', 'A')", True),
    ("less(1, 2)", True),
    ("lessOrEquals(2, 2)", True),
]
DATE = [
    ("dateTimeAdd('2020-04-07 14:53:14Z', 'P3Y', 'yyyy')", "2023"),
    ("dateTimeAdd('2020-04-07 14:53:14Z', '-P9D')", "2020-03-29 14:53:14Z"),
    ("dateTimeAdd('2020-04-07 14:53:14Z', 'PT1H')", "2020-04-07 15:53:14Z"),
    ("dateTimeAdd('20210131T000000Z', 'P1M')", "20210228T000000Z"),
    ("dateTimeAdd('2020-04-07', 'P1D', 'ddd, dd MMM yyyy')", "Wed, 08 Apr 2020"),
    ("dateTimeToEpoch(dateTimeAdd('2022-01-01T00:00:00Z', 'P1Y'))", 1672531200),
    ("dateTimeFromEpoch(1683040573)", "2023-05-02T15:16:13Z"),
]
DOGS = (
    "createArray(createObject('name', 'Evie', 'age', 5), "
    "createObject('name', 'Casper', 'age', 3), createObject('name', 'Indy', 'age', 2))"
)
X, Y = "lambdaVariables('x')", "lambdaVariables('y')"
LAMBDA = [
    (f"map(filter({DOGS}, lambda('x', greaterOrEquals({X}.age, 3))), lambda('x', {X}.name))",
     ["Evie", "Casper"]),
    (f"filter(range(0, 10), lambda('x', 'y', equals(mod({Y}, 2), 0)))", [0, 2, 4, 6, 8]),
    (f"groupBy(createArray('foo', 'bar', 'baz'), lambda('x', substring({X}, 0, 1)))",
     {"f": ["foo"], "b": ["bar", "baz"]}),
    (f"map(range(0, 3), lambda('x', createObject('i', {X}, 'said', format('Ahoy {{0}}', {X}))))",
     [{"i": i, "said": f"Ahoy {i}"} for i in range(3)]),
    (f"map({DOGS}, lambda('x', 'y', concat({Y}, {X}.name)))", ["0Evie", "1Casper", "2Indy"]),
    (f"mapValues(createObject('foo', 'foo'), lambda('x', toUpper({X})))", {"foo": "FOO"}),
    (f"reduce(map({DOGS}, lambda('x', {X}.age)), 0, lambda('x', 'y', add({X}, {Y})))", 10),
    (f"reduce(createArray(5, 3, 2), 0, lambda('x', 'y', 'i', if(equals(mod(lambdaVariables('i'), "
     f"2), 0), add({X}, {Y}), {X})))", 7),
    (f"map(sort({DOGS}, lambda('x', 'y', less({X}.age, {Y}.age))), lambda('x', {X}.name))",
     ["Indy", "Casper", "Evie"]),
    (f"toObject({DOGS}, lambda('x', {X}.name), lambda('x', {X}.age))",
     {"Evie": 5, "Casper": 3, "Indy": 2}),
    # A lambda sees the variables of the one around it.
    (f"map(range(1, 2), lambda('x', map(range(1, 2), lambda('y', mul({X}, {Y})))))",
     [[1, 2], [2, 4]]),
]  # fmt: skip
LOGICAL = [
    ("and(bool('true'), bool('false'))", False),
    ("or(bool('true'), bool('false'))", True),
    ("not(bool('true'))", False),
    ("bool(1)", True),
    ("bool(0)", False),
    ("if(equals('a', 'a'), 'yes', 'no')", "yes"),
    ("if(false(), 1, null())", None),
    # What does not decide is not evaluated.
    ("if(true(), 'a', first(1))", "a"),
    ("coalesce('a', first(1))", "a"),
]
NUMERIC = [
    ("add(5, 3)", 8),
    ("div(8, 3)", 2),
    ("div(-7, 2)", -3),
    ("float('3.0')", 3.0),
    ("int('4')", 4),
    ("mod(7, 3)", 1),
    ("mod(-7, 3)", -1),
    ("mul(5, 3)", 15),
    ("sub(7, 3)", 4),
]
OBJECT = [
    ("createObject('intProp', 1, 'nested', createObject('a', true()))",
     {"intProp": 1, "nested": {"a": True}}),
    ("items(createObject('item002', 2, 'item001', 1))",
     [{"key": "item001", "value": 1}, {"key": "item002", "value": 2}]),
    ("json('null')", None),
    ("json('{\"a\": \"b\"}').a", "b"),
    ("json('[1, 2]')[1]", 2),
    ("objectKeys(createObject('a', 1, 'b', 2))", ["a", "b"]),
    ("shallowMerge(createArray(createObject('one', createObject('a', 1)), "
     "createObject('one', createObject('b', 2))))", {"one": {"b": 2}}),
]  # fmt: skip
STRING = [
    ("base64('one, two, three')", "b25lLCB0d28sIHRocmVl"),
    ("base64ToString('b25lLCB0d28sIHRocmVl')", "one, two, three"),
    ("base64ToJson(base64('{''one'': ''a'', ''two'': ''b''}'))", {"one": "a", "two": "b"}),
    ("dataUri('Hello')", "data:text/plain;charset=utf8;base64,SGVsbG8="),
    ("dataUriToString('data:;base64,SGVsbG8sIFdvcmxkIQ==')", "Hello, World!"),
    ("endsWith('abcdef', 'EF')", True),
    ("startsWith('abcdef', 'e')", False),
    ("format('{0}, {1}. Formatted number: {2:N0}', 'Hello', 'User', 8175133)",
     "Hello, User. Formatted number: 8,175,133"),
    ("format('{{{0,4}}}|{1,-3}|{2:X}|{3:D3}', 1, 'a', 255, 7)", "{   1}|a  |FF|007"),
    ("join(createArray('one', 'two', 'three'), ';')", "one;two;three"),
    ("like('abc', 'abc')", True),
    ("like('abcdef', 'a*c*')", True),
    ("like('abcdef', 'a?c')", False),
    ("padLeft('123', 10, '0')", "0000000123"),
    ("padLeft(5, 3)", "  5"),
    ("replace('123-123-1234', '-', '')", "1231231234"),
    ("split('one,two,three', ',')", ["one", "two", "three"]),
    ("split('one;two,three', createArray(',', ';'))", ["one", "two", "three"]),
    ("string(createArray('a', 'b', 'c'))", '["a","b","c"]'),
    ("string(5)", "5"),
    ("substring('one two three', 4, 3)", "two"),
    ("substring('one two three', 4)", "two three"),
    ("toLower('One Two Three')", "one two three"),
    ("toUpper('One Two Three')", "ONE TWO THREE"),
    ("trim('    one two three   ')", "one two three"),
    ("uri('http://contoso.org/firstpath/', 'myscript.sh')",
     "http://contoso.org/firstpath/myscript.sh"),
    ("uri('http://contoso.org/firstpath/azuredeploy.json', 'myscript.sh')",
     "http://contoso.org/firstpath/myscript.sh"),
    ("uri('http://contoso.org', 'myscript.sh')", "http://contoso.org/myscript.sh"),
    ("uriComponent('http://contoso.com/resources/nested/azuredeploy.json')",
     "http%3A%2F%2Fcontoso.com%2Fresources%2Fnested%2Fazuredeploy.json"),
    ("uriComponentToString('http%3A%2F%2Fcontoso.com')", "http://contoso.com"),
    ("'it''s'", "it's"),
]  # fmt: skip
HASHES = [
    # Version 5 of RFC 4122 in the namespace that the remarks on `guid` state.
    ("guid('a', 'b', 'c')", "a98fa280-e03f-5afa-8d8e-92d0a9c201e8"),
    # A unit test of microsoft/commercial-marketplace-offer-deploy has this one, which Azure's own
    # library evaluates; the others are published with a reimplementation in another language.
    (
        "uniqueString('/subscriptions/31e9f9a0-9fd2-4294-a0a3-0101246d9700/resourceGroups/"
        "rg-modm201-20230913120256/providers/Microsoft.Compute/virtualMachines/bobjacmodm201')",
        "yvjxno3je5on2",
    ),
    ("uniqueString('test')", "rbgf3xv4ufgzg"),
    ("uniqueString('hello', 'world')", "a7wkljktk6wne"),
    ("uniqueString('foo', 'bar', 'baz')", "xzi4ioaxtmth4"),
    ("uniqueString('/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/my-rg')",
     "bmg7c6xu4tw46"),
]  # fmt: skip
ALL = ARRAY + CIDR + COMPARISON + DATE + LAMBDA + LOGICAL + NUMERIC + OBJECT + STRING + HASHES


@pytest.mark.parametrize(("expression", "expected"), ALL, ids=[text for text, _ in ALL])
def test_a_function_gives_what_the_reference_says(expression, expected):
    found = evaluate(f"[{expression}]", PLAIN_FUNCTIONS)
    assert found == expected
    assert type(found) is type(expected)


GUID = "11111111-1111-1111-1111-111111111111"
OTHER = "22222222-2222-2222-2222-222222222222"
TENANT = None
MANAGEMENT_GROUP = ResourceId("Microsoft.Management/managementGroups", ("mg",))
SUBSCRIPTION = subscription_id(GUID)
GROUP = resource_group_id(GUID, "rg")
IDS = [
    (GROUP, "resourceId('A.B/c', 'n')",
     f"/subscriptions/{GUID}/resourceGroups/rg/providers/A.B/c/n"),
    (GROUP, "resourceId('other', 'A.B/c/d', 'n', 'm')",
     f"/subscriptions/{GUID}/resourceGroups/other/providers/A.B/c/n/d/m"),
    (GROUP, f"resourceId('{OTHER}', 'other', 'A.B/c', 'n')",
     f"/subscriptions/{OTHER}/resourceGroups/other/providers/A.B/c/n"),
    (SUBSCRIPTION, "resourceId('A.B/c', 'n')", f"/subscriptions/{GUID}/providers/A.B/c/n"),
    (SUBSCRIPTION, f"resourceId('{OTHER}', 'A.B/c', 'n')",
     f"/subscriptions/{OTHER}/providers/A.B/c/n"),
    (TENANT, "resourceId('A.B/c', 'n')", "/providers/A.B/c/n"),
    (GROUP, "subscriptionResourceId('A.B/c', 'n')", f"/subscriptions/{GUID}/providers/A.B/c/n"),
    (TENANT, f"subscriptionResourceId('{OTHER}', 'A.B/c', 'n')",
     f"/subscriptions/{OTHER}/providers/A.B/c/n"),
    (GROUP, "tenantResourceId('A.B/c', 'n')", "/providers/A.B/c/n"),
    (MANAGEMENT_GROUP, "managementGroupResourceId('A.B/c', 'n')",
     "/providers/Microsoft.Management/managementGroups/mg/providers/A.B/c/n"),
    (GROUP, "extensionResourceId('/subscriptions/s', 'A.B/c', 'n')",
     "/subscriptions/s/providers/A.B/c/n"),
]  # fmt: skip


@pytest.mark.parametrize(("scope", "expression", "expected"), IDS)
def test_an_id_is_built_by_the_scope_of_the_deployment(scope, expression, expected):
    assert evaluate(f"[{expression}]", id_functions(scope)) == expected


REFUSED = [
    ("nope('a')", "The template function 'nope' is not valid"),
    ("length('a', 'b')", "function requires 1 argument(s) while 2 were provided"),
    ("length(1)", "expects its parameter to be an object, an array, or a string"),
    ("add('a', 1)", "'add': expects an integer. The provided value is of type 'String'"),
    ("add(9223372036854775807, 1)", "no integer of 64 bits"),
    ("div(1, 0)", "the divisor is zero"),
    ("first(createObject())", "'first': expects an array"),
    ("range(0, 10001)", "expects a count between 0 and 10000"),
    ("substring('abc', 1, 5)", "must refer to a location within the string"),
    ("createObject('a', 1).b", "property 'b' doesn't exist, available properties are 'a'"),
    ("createArray(1)[1]", "index '1' is out of bounds"),
    ("json('{')", "is not valid JSON"),
    ("cidrSubnet('10.0.0.0/24', 8, 0)", "must be between 24 and 32"),
    ("dateTimeAdd('2020-01-01', 'one day')", "is not valid in ISO 8601"),
    ("format('{0:Q}', 1)", "does not know the format 'Q'"),
    ("format('{1}', 'a')", "names none of the 1 arguments"),
    ("map(1, lambda('x', lambdaVariables('x')))", "'map': expects an array"),
    ("map(createArray(1), lambda('x', lambdaVariables('y')))", "variable 'y' is not found"),
    ("map(createArray(1), 'x')", "expects a lambda function"),
    ("fail('no quota')", "no quota"),
    ("concat('a'", "is not expected"),
    ("concat('a') 'b'", "position '12' is not expected"),
    ("'" + "a" * 24_576 + "'", "expression length limit exceeded. Limit: '24576'"),
    ("not(" * 120 + "true()" + ")" * 120, "nested deeper"),
    # What grows with each step: lists in lists, lists that double, objects that hold one twice.
    (
        "map(range(0, 10000), lambda('x', map(range(0, 10000), lambda('y', 1))))",
        "calls lambdas more than 100000 times",
    ),
    ("map(range(0, 10000), lambda('x', range(0, 10000)))", "more than '500000' values"),
    (
        "reduce(range(0, 60), createArray(1), lambda('x', 'y', concat(lambdaVariables('x'), "
        "lambdaVariables('x'))))",
        "more than '500000' values",
    ),
    (
        "string(reduce(range(0, 60), createArray(1), lambda('x', 'y', createObject('a', "
        "lambdaVariables('x'), 'b', lambdaVariables('x')))))",
        "more than '500000' values",
    ),
    ("concat(" + ",".join(["string(range(0, 10000))"] * 4) + ")", "literal limit is exceeded"),
]


@pytest.mark.parametrize(("expression", "words"), REFUSED, ids=[text[:40] for text, _ in REFUSED])
def test_what_has_no_value_is_refused_with_the_reason(expression, words):
    with pytest.raises(RefusalError) as refused:
        evaluate(f"[{expression}]", PLAIN_FUNCTIONS)
    assert refused.value.code == "InvalidTemplate"
    assert words in refused.value.message


def test_the_page_names_every_function():
    """docs/template-language.md, the table of functions; `list*` stands for all of that name."""
    page = (ROOT / "docs" / "template-language.md").read_text(encoding="utf-8")
    rows = page.partition("| functions | |")[2].partition("\n\n")[0].splitlines()[2:]
    named = {name.lower() for row in rows for name in row.split("|")[2].split()}
    known = {*PLAIN_FUNCTIONS, *id_functions(None), *CONTEXT_FUNCTIONS, "list*"}
    assert named == known
