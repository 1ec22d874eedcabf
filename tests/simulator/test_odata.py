"""`$filter`: what of OData's language is read, how it is evaluated, and what is refused."""

import re
from collections.abc import Mapping
from typing import Any

import pytest

from provisioner.simulator.odata.conditions import (
    Property,
    Vocabulary,
    compile_filter,
    read_moment,
    read_number,
)
from provisioner.simulator.odata.syntax import FilterError

ROWS: tuple[Mapping[str, Any], ...] = (
    {"name": "hub", "at": "2027-01-01T12:00:00Z", "count": 3, "on": True, "plan": None},
    {"name": "O'Neil", "at": "2027-01-02T12:00:00Z", "count": 10, "on": False, "plan": "p"},
)
WORDS: Vocabulary[Mapping[str, Any]] = Vocabulary(
    properties={
        "name": Property(lambda row: row["name"], ("eq", "ne"), ("startswith", "substringof")),
        "at": Property(lambda row: row["at"], ("ge", "lt"), normalise=read_moment),
        "count": Property(lambda row: row["count"], ("gt", "le"), normalise=read_number),
        "on": Property(lambda row: row["on"]),
        "plan": Property(lambda row: row["plan"], ("eq", "ne")),
        "plan/name": Property(lambda row: row["plan"]),
    },
    functions={"first": lambda arguments: lambda row: row["name"] == "hub"},
    combinations=("and", "or", "not"),
    alone=("on",),
)

ANSWERS = [
    pytest.param("name eq 'HUB'", ["hub"], id="texts without case"),
    pytest.param("NAME EQ 'hub'", ["hub"], id="words in any case"),
    pytest.param("name eq 'O''Neil'", ["O'Neil"], id="a doubled quote"),
    pytest.param("'hub' eq name", ["hub"], id="the value first"),
    pytest.param("name eq hub", ["hub"], id="a value without quotes"),
    pytest.param("name ne 'hub'", ["O'Neil"], id="ne"),
    pytest.param("at ge 2027-01-02", ["O'Neil"], id="a bare time without a zone"),
    pytest.param("at lt datetime'2027-01-02T00:00:00Z'", ["hub"], id="a typed time"),
    pytest.param("count gt 9", ["O'Neil"], id="numbers are not texts"),
    pytest.param("on eq true", ["hub"], id="a truth"),
    pytest.param("plan eq null", ["hub"], id="null"),
    pytest.param("plan ne null", ["O'Neil"], id="not null"),
    pytest.param("plan/name eq 'P'", ["O'Neil"], id="a part"),
    pytest.param("substringof('eil', name)", ["O'Neil"], id="substringof: the text first"),
    pytest.param("startswith(name,'h') eq false", ["O'Neil"], id="a function compared"),
    pytest.param("first()", ["hub"], id="a condition by itself"),
    pytest.param("not first()", ["O'Neil"], id="not"),
    pytest.param("name eq 'x' or count le 3 and name eq 'hub'", ["hub"], id="and binds before or"),
    pytest.param("(name eq 'hub' or name eq 'x') and count gt 9", [], id="parentheses"),
]


@pytest.mark.parametrize(("text", "names"), ANSWERS)
def test_a_filter_is_evaluated(text: str, names: list[str]):
    assert [row["name"] for row in filter(compile_filter(text, WORDS), ROWS)] == names


REFUSALS = [
    pytest.param("", "it ends", id="nothing"),
    pytest.param("complete nonsense", "an operator", id="two words"),
    pytest.param("name eq 'hub' name", "not expected", id="something after it"),
    pytest.param("name eq 'hub", "not closed", id="an open quote"),
    pytest.param("(name eq 'hub'", "')' is expected", id="an open parenthesis"),
    pytest.param("colour eq 'red'", "the property 'colour'", id="an unknown property"),
    pytest.param("name gt 'hub'", "not compared by 'gt'", id="an unknown comparison"),
    pytest.param("endswith(name, 'b')", "the function 'endswith'", id="an unknown function"),
    pytest.param("startswith(plan, 'b')", "not searched", id="another property's function"),
    pytest.param("startswith(name, hub)", "in single quotes", id="no text"),
    pytest.param("tags/any(t: t eq 'x')", "expected", id="a lambda"),
    pytest.param("on eq true and name eq 'hub'", "not combined", id="one that stands alone"),
    pytest.param("at ge 'yesterday'", "not a time", id="no time"),
    pytest.param("count gt many", "not a number", id="no number"),
    pytest.param("(" * 60 + "first()" + ")" * 60, "deeper than", id="too deep"),
    pytest.param("not " * 3000 + "first()", "deeper than", id="too many nots"),
    pytest.param("f(" * 3000, "deeper than", id="too many calls"),
]


@pytest.mark.parametrize(("text", "reason"), REFUSALS)
def test_what_is_no_condition_or_not_known_is_refused(text: str, reason: str):
    with pytest.raises(FilterError, match=re.escape(reason)):
        compile_filter(text, WORDS)


def test_a_combination_that_a_list_does_not_know_is_refused():
    words = Vocabulary(properties=WORDS.properties)
    with pytest.raises(FilterError, match="does not know 'or'"):
        compile_filter("name eq 'a' or name eq 'b'", words)
