"""Expressions: what they read is found without running them, and Unknown flows through."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from provisioner.blueprint.expression import (
    ExpressionError,
    compile_expression,
    evaluate,
    parse_template,
    resolve,
    unknown_functions,
)
from provisioner.blueprint.functions import STANDARD_FUNCTIONS
from provisioner.model.values import ResourceValue, Unknown

CHAINS = [
    ("vault.properties.uri", ["vault.properties.uri"], "members"),
    ("list[0].id", ["list[0].id"], "a place in a list"),
    ('zones["a.b"].id', ["zones.a.b.id"], "a key with a dot"),
    ("hosts[cloud].name", ["hosts", "cloud"], "a computed key reads the whole mapping"),
    ("hosts[c].name + name.x", ["hosts", "c", "name.x"], "a member called like a name"),
    ("a.b + a.c", ["a.b", "a.c"], "two chains of one name"),
    ("pools.map(p, p.name)", ["pools"], "the name that a macro binds is not read"),
    ("pools.filter(p, p.size > limit)", ["pools", "limit"], "but what stands beside it is"),
    ("name.startsWith(prefix)", ["name", "prefix"], "a method is not a member"),
    ("size(list)", ["list"], "a function is not a name"),
    ('"vault.id" + x', ["x"], "nothing is read in a text"),
    ("true ? a : b.c", ["a", "b.c"], "both branches are read"),
    ('{"k": v.w}', ["v.w"], "a map's values are read"),
    ("1 + 2", [], "a constant reads nothing"),
]


@pytest.mark.parametrize(("text", "chains", "_reason"), CHAINS, ids=[row[2] for row in CHAINS])
def test_chains_are_found_without_running_the_expression(text, chains, _reason):
    assert [str(chain) for chain in compile_expression(text).chains] == chains


def test_names_are_listed_once_and_sorted():
    assert list(compile_expression("b.x + a + b.y").reads) == ["a", "b"]


def test_a_function_that_does_not_exist_is_known_before_it_is_called():
    expression = compile_expression('false ? cidrsubnt("10.0.0.0/8", 8, 0) : lower("X")')
    assert unknown_functions(expression) == ("cidrsubnt",)


DAY = 'timestamp("2027-03-31T12:30:45Z")'
STANDARD = {
    "all": "[1].all(x, x > 0)",
    "bytes": 'size(bytes("a"))',
    "contains": '"ab".contains("a")',
    "double": "double(1)",
    "duration": 'string(duration("1h"))',
    "endsWith": '"ab".endsWith("b")',
    "exists": "[1].exists(x, x > 0)",
    "exists_one": "[1].exists_one(x, x > 0)",
    "filter": "[1].filter(x, x > 0)",
    "has": 'has({"a": 1}.a)',
    "int": 'int("3")',
    "map": "[1].map(x, x)",
    "matches": '"ab".matches("a.")',
    "size": "size([1])",
    "startsWith": '"ab".startsWith("a")',
    "string": "string(1)",
    "timestamp": f"string({DAY})",
    "type": "type(1)",
    "uint": "uint(1)",
}


@pytest.mark.parametrize("name", sorted(STANDARD_FUNCTIONS))
def test_every_function_that_is_taken_for_cels_own_is(name):
    expression = compile_expression(STANDARD.get(name, f"{DAY}.{name}()"))
    assert evaluate(expression, {}, lambda _: None) is not None


BAD = [
    ("a +", "cannot be read, at character 4: Syntax error: mismatched input '<EOF>'"),
    ("", "cannot be read, at character 1: Syntax error: mismatched input '<EOF>'"),
]


@pytest.mark.parametrize(("text", "said"), BAD)
def test_bad_syntax_says_where(text, said):
    with pytest.raises(ExpressionError) as problem:
        compile_expression(text)
    assert str(problem.value) == said


TEMPLATES = [
    ("plain", "plain", "no expression"),
    ("${1 + 1}", 2, "a lone expression keeps its type"),
    ("${[1, 2]}", [1, 2], "lists too"),
    ("${ {'a': {'b': 1}} }", {"a": {"b": 1}}, "and maps, braces and all"),
    ("n${1}m${'x'}", "n1mx", "in a text, values become text"),
    ("$${literal}", "${literal}", "an escape stands for the characters"),
    ("$${a}-${'b'}", "${a}-b", "beside an expression too"),
    ("${'}'}", "}", "a brace in a text does not end the expression"),
    ('${"a\\"}"}', 'a"}', "nor does one after an escaped quote"),
    ("$5 and {x}", "$5 and {x}", "a lone $ is a character"),
]


@pytest.mark.parametrize(("text", "value", "_reason"), TEMPLATES, ids=[r[2] for r in TEMPLATES])
def test_a_template_is_text_with_expressions_in_it(text, value, _reason):
    template = parse_template(text)
    expression = template.expression
    found = template.text if expression is None else evaluate(expression, {}, lambda _: None)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("text", ["${a", "x ${'}", "${ {'a': 1 }"])
def test_an_expression_that_does_not_end_is_refused(text):
    with pytest.raises(ExpressionError, match="does not end: a closing brace is missing"):
        parse_template(text)


# Unknown values

BODIES = {
    "id": {"id": "/ids/1", "properties": {"name": "one"}},
    "fw": {"properties": {"ips": [{"address": "10.0.0.4"}]}},
}


def _run(text, scope, bodies=BODIES):
    return evaluate(compile_expression(text), scope, bodies.get)


def test_what_a_body_says_is_known():
    assert _run("r.properties.name", {"r": ResourceValue("id")}) == "one"


def test_what_a_body_does_not_say_is_known_after_apply():
    value = _run("r.properties.principalId", {"r": ResourceValue("id")})
    assert isinstance(value, Unknown)
    assert str(value) == "(known after apply: id.properties.principalId)"


def test_a_resource_that_is_not_there_yet_is_unknown_as_a_whole():
    value = _run("r.id", {"r": ResourceValue("elsewhere")})
    assert isinstance(value, Unknown)
    assert value.paths == ("elsewhere.id",)


def test_an_unknown_in_the_branch_not_taken_still_makes_the_value_unknown():
    scope = {"r": ResourceValue("id")}
    assert isinstance(_run('true ? "a" : r.properties.later', scope), Unknown)


def test_the_paths_of_everything_unknown_are_listed_once_and_sorted():
    scope = {"r": ResourceValue("id"), "fw": ResourceValue("fw")}
    value = _run("r.properties.b + fw.properties.a + r.properties.b", scope)
    assert value.paths == ("fw.properties.a", "id.properties.b")


def test_an_unknown_of_an_unknown_keeps_the_first_ones_path():
    inner = _run("r.properties.principalId", {"r": ResourceValue("id")})
    outer = _run('"x-" + p', {"p": inner})
    assert isinstance(outer, Unknown)
    assert outer.paths == ("id.properties.principalId",)


def test_an_unknown_holds_only_what_its_expression_reads():
    scope = {"module": {"known": 1, "later": ResourceValue("elsewhere")}}
    value = _run("module.later.id", scope)
    assert value.where == {"module": {"later": ResourceValue("elsewhere")}}


def test_a_known_value_beside_an_unknown_one_stays_known():
    later = _run("r.properties.x", {"r": ResourceValue("id")})
    assert _run("m.a", {"m": {"a": 1, "b": later}}) == 1


def test_an_index_into_a_list_of_a_body():
    assert _run("fw.properties.ips[0].address", {"fw": ResourceValue("fw")}) == "10.0.0.4"
    beyond = _run("fw.properties.ips[1].address", {"fw": ResourceValue("fw")})
    assert beyond.paths == ("fw.properties.ips[1].address",)


def test_property_names_are_found_whatever_their_case():
    assert _run("r.Properties.NAME", {"r": ResourceValue("id")}) == "one"


def test_resolve_fills_in_every_unknown_once_azure_has_answered():
    inner = _run("r.properties.principalId", {"r": ResourceValue("id")})
    outer = _run('"x-" + p', {"p": inner})
    answered = {"id": {"properties": {"principalId": "42"}}}
    assert resolve({"a": [outer], "b": 1}, answered.get) == {"a": ["x-42"], "b": 1}


def test_resolve_leaves_unknown_what_is_still_not_there():
    value = _run("r.properties.principalId", {"r": ResourceValue("id")})
    assert resolve(value, {}.get) == value


FAILURES = [
    ("m.b", {"m": {"a": 1}}, "there is no 'b' in what it reads"),
    ("cidrsubnet('10.0.0.0/8', 8, 999)", {}, "10.0.0.0/8 holds 256 ranges of /16; there is no 999"),
    ("roleDefinitionId('x', 'Reader')", {}, "'x' is not the id of something in a subscription"),
]


@pytest.mark.parametrize(("text", "scope", "said"), FAILURES)
def test_an_expression_without_a_value_says_why(text, scope, said):
    with pytest.raises(ExpressionError) as problem:
        _run(text, scope)
    assert str(problem.value) == said


_SCALARS = st.one_of(st.text(max_size=9), st.booleans(), st.integers(-(2**70), 2**70), st.floats())


@given(
    st.recursive(
        st.none() | _SCALARS,
        lambda below: st.lists(below) | st.dictionaries(st.sampled_from("aB"), below),
    )
)
@example(2**64)
@example({"A": "other case"})
@settings(max_examples=100, deadline=None)
def test_a_lone_name_or_property_is_what_cel_gives(value: object):
    for text in ("x", "x.a", "x.a.B", "x[0]", "x[1].a"):
        results = []
        for written in (text, f"({text})"):  # in parentheses CEL evaluates it
            try:
                found = evaluate(compile_expression(written), {"x": value}, lambda _: None)
                results.append((found.__class__, repr(found)))
            except ExpressionError as problem:
                results.append((ExpressionError, str(problem)))
        assert results[0] == results[1]
