"""The value of a parameter is held against what its file says it accepts."""

import pytest

from provisioner.blueprint.file_schemas import Parameter
from provisioner.blueprint.parameters import check_parameter, fill_defaults
from provisioner.model.values import Unknown

ID = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000000/resourceGroups/rg"

ACCEPTED = [
    ("string", "x"),
    ("integer", 3),
    ("number", 3),
    ("number", 3.5),
    ("boolean", False),
    ("guid", "BBBBBBBB-0000-0000-0000-000000000000"),
    ("cidr", "10.0.0.0/16"),
    ("cidr", "fd00::/48"),
    ("ipAddress", "10.0.0.4"),
    ("resourceId", ID),
    ("list", []),
    ("map", {}),
    ("object", {"a": 1}),
    ("any", None),
    ("any", [1]),
]


@pytest.mark.parametrize(("kind", "value"), ACCEPTED)
def test_a_value_of_the_type_is_accepted(kind, value):
    assert check_parameter("p", Parameter(type=kind), value) is None


REFUSED = [
    ({"type": "string"}, 1, "p is 1; expected a text"),
    ({"type": "integer"}, "1", "p is '1'; expected a whole number"),
    ({"type": "integer"}, True, "p is True; expected a whole number"),
    ({"type": "number"}, "x", "p is 'x'; expected a number"),
    ({"type": "boolean"}, "true", "p is 'true'; expected true or false"),
    ({"type": "guid"}, "123", "p is '123'; expected a GUID"),
    (
        {"type": "cidr"},
        "10.0.0.1/16",
        "p is '10.0.0.1/16'; expected a range such as 10.0.0.0/16, without host bits",
    ),
    (
        {"type": "cidr"},
        "10.0.0.0",
        "p is '10.0.0.0'; expected a range such as 10.0.0.0/16, without host bits",
    ),
    ({"type": "ipAddress"}, "10.0.0", "p is '10.0.0'; expected an IP address"),
    ({"type": "resourceId"}, "rg", "p is 'rg'; expected an ARM resource id"),
    ({"type": "list"}, {}, "p is {}; expected a list"),
    ({"type": "map"}, [], "p is []; expected a mapping"),
    ({"type": "string"}, None, "p is None; expected a text"),
    ({"type": "string", "enum": ["a", "b"]}, "c", "p is 'c'; expected one of a, b"),
    ({"type": "string", "pattern": "[a-z]+"}, "aB", "p is 'aB'; expected a match of [a-z]+"),
    ({"type": "integer", "minimum": 2}, 1, "p is 1; expected at least 2"),
    ({"type": "integer", "maximum": 2}, 3, "p is 3; expected at most 2"),
    ({"type": "string", "maxLength": 2}, "abc", "p is 'abc'; expected a length of at most 2"),
    ({"type": "list", "minLength": 1}, [], "p is []; expected a length of at least 1"),
    ({"type": "list", "items": {"type": "guid"}}, ["x"], "p[0] is 'x'; expected a GUID"),
    ({"type": "map", "items": {"type": "integer"}}, {"k": "x"}, "p[k] is 'x'; expected a whole"),
    ({"type": "object", "properties": {"a": {"type": "string"}}}, {}, "p.a is missing"),
    (
        {"type": "object", "properties": {"a": {"type": "string"}}},
        {"a": "x", "b": 1},
        "p has no property 'b'; expected a",
    ),
    (
        {"type": "list", "items": {"type": "object", "properties": {"n": {"type": "integer"}}}},
        [{"n": 1}, {"n": "x"}],
        "p[1].n is 'x'; expected a whole number",
    ),
]


@pytest.mark.parametrize(("spec", "value", "said"), REFUSED, ids=[row[2] for row in REFUSED])
def test_another_value_is_refused_with_its_path(spec, value, said):
    problem = check_parameter("p", Parameter.model_validate(spec), value)
    assert problem is not None
    assert problem.startswith(said)


def test_a_long_value_is_not_repeated_in_full():
    problem = check_parameter("p", Parameter(type="integer"), "x" * 200)
    assert problem == f"p is '{'x' * 56}…; expected a whole number"


def test_an_unknown_passes_because_azure_will_check_what_it_stands_for():
    assert check_parameter("p", Parameter(type="guid"), Unknown("a", {}, ("a",))) is None


def test_a_parameter_is_required_unless_it_has_a_default_or_may_be_null():
    assert Parameter(type="string").is_required
    assert not Parameter(type="string", default=None).is_required
    assert not Parameter(type="string", nullable=True).is_required


def test_defaults_are_filled_in_all_the_way_down():
    spec = Parameter.model_validate(
        {
            "type": "list",
            "items": {
                "type": "object",
                "properties": {"n": {"type": "integer"}, "m": {"type": "integer", "default": 7}},
            },
        }
    )
    assert fill_defaults(spec, [{"n": 1}, {"n": 2, "m": 3}]) == [{"n": 1, "m": 7}, {"n": 2, "m": 3}]
