"""How paths, values and durations read."""

import pytest

from provisioner.reports.values import (
    plain,
    plural,
    shorten,
    shorten_pair,
    show_digest,
    show_duration,
    show_estimate,
    show_pair,
    show_path,
    show_value,
)

PATHS = {
    "the wrapper of ARM goes": ("properties.sku.name", "sku.name"),
    "the wrapper of an entry goes": (
        "properties.routes[default].properties.nextHopType",
        "routes[default].nextHopType",
    ),
    "a name in a mark is not touched": (
        "properties.rules[a.properties.b].properties.x",
        "rules[a.properties.b].x",
    ),
    "a property that only begins like it stays": ("properties.propertiesOf.x", "propertiesOf.x"),
    "properties itself stays": ("properties", "properties"),
    "a tag is a name, not a path": ("tags.properties.x", "tags.properties.x"),
}


@pytest.mark.parametrize("row", PATHS)
def test_path(row):
    path, shown = PATHS[row]
    assert show_path(path) == shown


VALUES = {
    "text is bare": ("Standard_D4s_v5", "Standard_D4s_v5"),
    "a version is not a number": ("1.35", "1.35"),
    "text that could be a boolean is quoted": ("true", '"true"'),
    "empty text is seen": ("", '""'),
    "blanks at the end are seen": ("a ", '"a "'),
    "null": (None, "null"),
    "boolean": (False, "false"),
    "list": (["a", 1], "[a, 1]"),
    "object": ({"a": {"b": []}}, "{a: {b: []}}"),
}


@pytest.mark.parametrize("row", VALUES)
def test_value(row):
    value, shown = VALUES[row]
    assert show_value(value) == shown


def test_values_that_read_the_same_are_told_apart():
    assert show_pair(1, "1") == ("1", '"1"')


@pytest.mark.parametrize(
    "text",
    [
        "\x1b[2Jgone",
        "\x9b31m",
        "bell\x07",
        "\u202eltr",
        "in\u200bvisible",
        "\u2066x",
        "lone \ud800",
        "tag \u2028 line",
        "a\nb\tc\r\nd",
    ],
)
def test_nothing_steers_the_terminal(text):
    shown = plain(text)
    assert all(character.isprintable() for character in shown), ascii(shown)
    shown.encode()


def test_a_line_break_becomes_a_blank():
    assert plain("one\r\n  two") == "one two"


ID = "/subscriptions/1/resourceGroups/rg/providers/N/virtualNetworks/vnet/subnets/snet"

SHORTENED = {
    "what fits stays": ("short", 5, "short"),
    "of an id the end stays": (ID, 30, "…/vnet/subnets/snet"),
    "of other text both ends stay": ("a" * 20 + "z" * 20, 10, "aaaaaa…zzz"),
    "an id with one huge name": ("/" + "a" * 40 + "z", 10, "/aaaaa…aaz"),
}


@pytest.mark.parametrize("row", SHORTENED)
def test_shorten(row):
    text, room, shown = SHORTENED[row]
    assert shorten(text, room) == shown
    assert len(shown) <= room


PAIRS = {
    "the middle of an id": (
        "/subscriptions/1/resourceGroups/rg-old/providers/N/kinds/same",
        "/subscriptions/1/resourceGroups/rg-new/providers/N/kinds/same",
        ("…/rg-old…", "…/rg-new…"),
    ),
    "the end of an id": (
        "/subscriptions/1/resourceGroups/rg/providers/N/kinds/one-old",
        "/subscriptions/1/resourceGroups/rg/providers/N/kinds/one",
        ("…/one-old", "…/one"),
    ),
    "the beginning": ("A" + "x" * 80, "B" + "x" * 80, ("A" + "x" * 8 + "…", "B" + "x" * 8 + "…")),
    "the middle": (
        "x" * 50 + "1" + "y" * 50,
        "x" * 50 + "2" + "y" * 50,
        ("…" + "x" * 8 + "1" + "y" * 8 + "…", "…" + "x" * 8 + "2" + "y" * 8 + "…"),
    ),
    "one contains the other": ("x" * 80, "x" * 81, ("…" + "x" * 8, "…" + "x" * 9)),
}


@pytest.mark.parametrize("row", PAIRS)
def test_a_pair_is_cut_where_it_is_the_same(row):
    before, after, shown = PAIRS[row]
    assert shorten_pair(before, after, 40) == shown


def test_a_change_stays_visible_within_a_long_different_middle():
    before, after = shorten_pair("head" + "1" * 300 + "tail", "head" + "2" * 300 + "tail", 40)
    assert before != after
    assert max(len(before), len(after)) <= 40


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.04, "0.0s"), (0.6, "0.6s"), (59.9, "59s"), (130, "2m10s"), (3900, "1h05m")],
)
def test_duration(seconds, shown):
    assert show_duration(seconds) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "~1 s"), (20, "~20 s"), (360, "~6 min"), (7200, "~2.0 h")]
)
def test_estimate(seconds, shown):
    assert show_estimate(seconds) == shown


def test_digest():
    assert show_digest("sha256:" + "0123456789abcdef" * 4) == "sha256:01234567…cdef"
    assert show_digest("") == ""


def test_plural():
    assert [plural(n, "property") for n in (0, 1, 2000)] == [
        "0 properties",
        "1 property",
        "2,000 properties",
    ]
