"""Paths of properties: how they are read, what they cover, and what they change."""

import pytest

from provisioner.model.property_path import is_below, set_at, split_steps
from provisioner.model.values import ABSENT

POOLS = {"properties": {"pools": [{"name": "a", "count": 1}, {"name": "b", "count": 2}]}}


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("properties.count", ("properties", "count")),
        ("properties.pools[System].count", ("properties", "pools", "[System]", "count")),
        ("zones[0]", ("zones", "[0]")),
        ("tags[a/b.c]", ("tags", "[a/b.c]")),
        ("a[1][2]", ("a", "[1]", "[2]")),
        ("", None),
        ("a..b", None),
        ("a[b", None),
    ],
)
def test_a_path_is_split_into_its_steps(path, steps) -> None:
    assert split_steps(path) == steps


@pytest.mark.parametrize(
    ("path", "pattern", "covered"),
    [
        pytest.param("a.b", "a.b", True, id="itself"),
        pytest.param("a.b.c", "a.b", True, id="what is below"),
        pytest.param("a", "a.b", False, id="not what is above"),
        pytest.param("a.bc", "a.b", False, id="names are whole"),
        pytest.param("A.pools[SYSTEM].x", "a.Pools[system]", True, id="no case"),
        pytest.param("a.pools[x].count", "a.pools[*].count", True, id="any entry"),
        pytest.param("a.pools[x].mode", "a.pools[*].count", False, id="of any entry, that one"),
    ],
)
def test_what_a_pattern_covers(path, pattern, covered) -> None:
    assert is_below(split_steps(path), split_steps(pattern)) is covered


@pytest.mark.parametrize(
    ("path", "value", "changed"),
    [
        pytest.param(
            "properties.pools[b].count", 5,
            {"properties": {"pools": [{"name": "a", "count": 1}, {"name": "b", "count": 5}]}},
            id="of an entry by its name",
        ),
        pytest.param(
            "properties.pools[0].count", ABSENT,
            {"properties": {"pools": [{"name": "a"}, {"name": "b", "count": 2}]}},
            id="taken from an entry by its index",
        ),
        pytest.param(
            "properties.pools[a]", ABSENT, {"properties": {"pools": [{"name": "b", "count": 2}]}},
            id="an entry taken away",
        ),
        pytest.param(
            "properties.pools[c]", {"name": "c"},
            {"properties": {"pools": [*POOLS["properties"]["pools"], {"name": "c"}]}},
            id="an entry added",
        ),
        pytest.param(
            "Properties.new.deep", True,
            {"properties": {**POOLS["properties"], "new": {"deep": True}}},
            id="objects are made on the way",
        ),
        pytest.param("properties.none.deep", ABSENT, POOLS, id="and none for nothing"),
        pytest.param("properties.pools[a].name.x", 1, POOLS, id="nothing is below a scalar"),
    ],
)  # fmt: skip
def test_a_body_gets_another_value(path, value, changed) -> None:
    assert set_at(POOLS, split_steps(path), value) == changed
