"""Values: what is not set, what is not known, and what stands at a path."""

import pytest

from provisioner.model.cidr import is_range_within
from provisioner.model.diagnostic import nearest
from provisioner.model.values import ABSENT, Unknown, is_empty, lookup, unknowns, values_at


@pytest.mark.parametrize("value", [None, "", [], {}, (), ABSENT])
def test_these_are_not_set(value: object) -> None:
    assert is_empty(value)


@pytest.mark.parametrize("value", [0, False, "0", [None], {"a": None}])
def test_these_are_set(value: object) -> None:
    assert not is_empty(value)


def test_a_path_is_followed_without_regard_to_case() -> None:
    body = {"Properties": {"networkAcls": {"bypass": None}}}

    assert lookup(body, ("properties", "NetworkACLs")) == {"bypass": None}
    assert lookup(body, ("properties", "networkAcls", "bypass")) is None
    assert lookup(body, ("properties", "nothing", "at", "all")) is ABSENT
    assert lookup("text", ("properties",)) is ABSENT


BODY = {
    "properties": {
        "Rules": [{"names": ["a", "b"], "target": {"id": "1"}}, {"target": None}, "text"],
        "profiles": {"x": {"id": "2", "parts": [{"id": "3"}]}, "y": {"id": "4"}, "z": 5},
    }
}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("properties.rules[].target.id", ["1"]),
        ("properties.rules[].names[]", ["a", "b"]),
        ("properties.rules[].target", [{"id": "1"}, None]),
        ("properties.profiles.*.id", ["2", "4"]),
        ("properties.profiles.*.parts[].id", ["3"]),
        ("properties.profiles.x.id", ["2"]),
        ("*.profiles.y.id", ["4"]),
        ("properties.profiles.y.*", ["4"]),
        ("properties.rules.target", []),
        ("properties.profiles[]", []),
        ("properties.absent.*", []),
    ],
)
def test_values_are_found_through_lists_and_maps(path: str, expected: list[object]) -> None:
    assert list(values_at(BODY, path)) == expected


def test_every_unknown_in_a_body_is_found() -> None:
    one, two = Unknown("a.b", {}, ("a.b",)), Unknown("c.d", {}, ("c.d",))

    assert list(unknowns({"x": [1, one], "y": {"z": two}})) == [one, two]
    assert str(one) == "(known after apply: a.b)"


@pytest.mark.parametrize(
    ("inner", "outer", "expected"),
    [
        ("10.0.1.0/24", "10.0.0.0/16", True),
        ("10.0.0.0/16", "10.0.0.0/16", True),
        ("10.0.0.0/8", "10.0.0.0/16", False),
        ("10.1.0.0/24", "10.0.0.0/16", False),
        ("fd00::/64", "fd00::/48", True),
        ("fd00::/64", "10.0.0.0/16", False),
        ("nothing", "10.0.0.0/16", False),
    ],
)
def test_ranges_within_ranges(inner: str, outer: str, expected: bool) -> None:
    assert is_range_within(inner, outer) is expected


@pytest.mark.parametrize(
    ("name", "known", "said"),
    [
        pytest.param("vualt", ["vault", "vnet"], "Did you mean 'vault'?", id="a slip"),
        pytest.param("VAULT", ["vault"], "Did you mean 'vault'?", id="another case"),
        pytest.param("x", ["b", "a"], "Expected one of: a, b.", id="nothing near"),
        pytest.param("x", [], "None is known here.", id="nothing at all"),
    ],
)
def test_a_misspelt_name_gets_a_hint(name: str, known: list[str], said: str) -> None:
    assert nearest(name, known) == said
