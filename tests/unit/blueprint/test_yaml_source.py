"""A file is read as YAML 1.2 data, and every part of it knows where it stands."""

import pytest

from provisioner.blueprint.yaml_source import parse_documents, parse_yaml
from provisioner.model.diagnostic import DiagnosticError

SCALARS = [
    ("true", True, "booleans are true and false"),
    ("FALSE", False, "in the three spellings of the core schema"),
    ("yes", "yes", "yes is a text, as in YAML 1.2"),
    ("on", "on", "so is on"),
    ("No", "No", "and No: Norway is not a boolean"),
    ("2027-03-31", "2027-03-31", "a date is a text"),
    ("12:30:45", "12:30:45", "a time is not a number in base 60"),
    ("0755", 755, "a leading zero does not make an octal number"),
    ("0o17", 15, "0o does"),
    ("0x1F", 31, "0x makes a hexadecimal one"),
    ("-7", -7, "a sign is part of a number"),
    ("1_000", "1_000", "an underscore is not"),
    ("1.34", 1.34, "a version without quotes is a number"),
    ('"1.34"', "1.34", "and with quotes a text"),
    ("1e3", 1000.0, "exponents make floats"),
    ("~", None, "~ is null"),
    ("null", None, "so is null"),
    ("", None, "and so is nothing"),
    ("<<", "<<", "as a value, the name of the merge key is a text"),
]


@pytest.mark.parametrize(("text", "value", "_reason"), SCALARS, ids=[row[2] for row in SCALARS])
def test_scalars_follow_the_core_schema_of_yaml_1_2(text, value, _reason):
    read = parse_yaml(f"key: {text}\n", "a.yaml").get("key")
    assert read is not None
    assert read.plain() == value
    assert type(read.plain()) is type(value)


def test_every_node_and_key_knows_its_line_and_column():
    root = parse_yaml('first:\n  - a: 1\n    b: "two"\nsecond: {c: [x]}\n', "dir/a.yaml")
    assert str(root.find(("first", 0)).span) == "dir/a.yaml:2:5"
    assert str(root.find(("first", 0)).key_spans["b"]) == "dir/a.yaml:3:5"
    assert str(root.find(("first", 0, "b")).span) == "dir/a.yaml:3:8"
    assert str(root.find(("second", "c", 0)).span) == "dir/a.yaml:4:14"


def test_a_path_that_leads_nowhere_ends_at_the_last_node_that_exists():
    root = parse_yaml("a: {b: [1]}\n", "a.yaml")
    assert root.find(("a", "b", 5, "c")) is root.find(("a", "b"))


def test_a_quoted_text_says_so_because_its_text_starts_a_column_further():
    root = parse_yaml("plain: x\nsingle: 'x'\ndouble: \"x\"\n", "a.yaml")
    assert [root.find((key,)).quoted for key in ("plain", "single", "double")] == [
        False,
        True,
        True,
    ]


def test_an_anchor_is_data_written_once():
    assert parse_yaml("a: &x {n: 1}\nb: *x\n", "a.yaml").plain() == {"a": {"n": 1}, "b": {"n": 1}}


REFUSALS = [
    (
        "duplicate",
        "a: 1\nb:\n  c: 1\n  c: 2\n",
        "a.yaml:4:3: error: 'c' is duplicated; it is first defined at a.yaml:3:3. "
        "Remove one of them.",
    ),
    (
        "python tag",
        "a: !!python/object:os.system x\n",
        "a.yaml:1:4: error: the tag 'tag:yaml.org,2002:python/object:os.system' is not allowed. "
        "Remove it.",
    ),
    (
        "own tag",
        "a: !secret x\n",
        "a.yaml:1:4: error: the tag '!secret' is not allowed. Remove it.",
    ),
    (
        "tag on a mapping",
        "a: !thing {b: 1}\n",
        "a.yaml:1:4: error: the tag '!thing' is not allowed. Remove it.",
    ),
    (
        "key that is not a string",
        "? [a]\n: 1\n",
        "a.yaml:1:3: error: a key must be a plain text.",
    ),
    (
        "alias in itself",
        "a: &x [*x]\n",
        "a.yaml:1:8: error: an alias contains itself.",
    ),
    ("empty", "# nothing\n", "a.yaml:1:1: error: the file is empty. Expected a document."),
    (
        "tag that the text belies",
        "a: !!int abc\n",
        "a.yaml:1:4: error: the tag 'tag:yaml.org,2002:int' is not allowed. Remove it.",
    ),
    (
        "tag of an older YAML",
        "a: !!bool yes\n",
        "a.yaml:1:4: error: the tag 'tag:yaml.org,2002:bool' is not allowed. Remove it.",
    ),
    (
        "two documents",
        "a: 1\n---\nb: 2\n",
        "a.yaml:2:1: error: this is a second document. Expected a single one.",
    ),
    (
        "bad syntax",
        "a: [1, 2\nb: 3\n",
        "a.yaml:2:2: error: this is not valid YAML: while parsing a flow sequence did not find "
        "expected ',' or ']'. Correct the syntax.",
    ),
    (
        "tab",
        "a:\n\tb: 1\n",
        "a.yaml:2:1: error: this is not valid YAML: while scanning for the next token found "
        "character that cannot start any token. Correct the syntax.",
    ),
]


@pytest.mark.parametrize(("_id", "text", "said"), REFUSALS, ids=[row[0] for row in REFUSALS])
def test_what_is_not_plain_data_is_refused_with_its_place(_id, text, said):
    with pytest.raises(DiagnosticError) as refusal:
        parse_yaml(text, "a.yaml")
    assert str(refusal.value) == said


def _aliases(levels: int) -> str:
    first = "x0: &x0 [a, a, a, a, a, a, a, a, a]\n"
    return first + "".join(
        f"x{level}: &x{level} [{', '.join([f'*x{level - 1}'] * 9)}]\n" for level in range(1, levels)
    )


def _merges(levels):
    """Mappings that each hold the one before nine times, and merge it."""
    lines = ["x0: &x0 {" + ", ".join(f"k{n}: v" for n in range(9)) + "}\n"]
    for level in range(1, levels):
        parts = ", ".join(f"k{n}: *x{level - 1}" for n in range(9))
        lines.append(f"x{level}: &x{level} {{<<: *x{level - 1}, {parts}}}\n")
    return "".join(lines)


MERGES = [
    ("one mapping", "a: &a {x: 1, y: 2}\nb: {<<: *a}\n", {"x": 1, "y": 2}),
    ("its own entries win", "a: &a {x: 1, y: 2}\nb: {x: 9, <<: *a}\n", {"x": 9, "y": 2}),
    ("wherever they stand", "a: &a {x: 1, y: 2}\nb: {<<: *a, x: 9}\n", {"x": 9, "y": 2}),
    (
        "of several, the first wins",
        "a: [&a {x: 1}, &c {x: 2, y: 2}]\nb: {<<: [*a, *c]}\n",
        {"x": 1, "y": 2},
    ),
    ("written out", "b: {<<: {x: 1}}\n", {"x": 1}),
    (
        "of what merges itself",
        "a: &a {x: 1}\nc: &c {<<: *a, y: 2}\nb: {<<: *c, z: 3}\n",
        {"x": 1, "y": 2, "z": 3},
    ),
    ("not below", "a: &a {x: {p: 1}}\nb: {<<: *a, x: {q: 2}}\n", {"x": {"q": 2}}),
    ("in quotes it is a key", 'b: {"<<": {x: 1}}\n', {"<<": {"x": 1}}),
    ("a null in its own entries wins too", "a: &a {x: 1}\nb: {<<: *a, x: null}\n", {"x": None}),
]


@pytest.mark.parametrize(("_id", "text", "value"), MERGES, ids=[row[0] for row in MERGES])
def test_a_merge_key_takes_what_the_mapping_does_not_state_itself(_id, text, value):
    read = parse_yaml(text, "a.yaml").get("b")
    assert read is not None
    assert read.plain() == value


def test_a_merged_entry_has_the_place_where_it_is_written():
    read = parse_yaml("a: &a\n  x: 1\n  y: 2\nb:\n  <<: *a\n  y: 3\n", "a.yaml").get("b")
    assert read is not None
    assert [str(read.key_spans[key]) for key in ("x", "y")] == ["a.yaml:2:3", "a.yaml:6:3"]
    assert [str(read.entries[key].span) for key in ("x", "y")] == ["a.yaml:2:6", "a.yaml:6:6"]


BOUNDS = [
    ("aliases", _aliases(10), "more than 200,000 values, its aliases expanded"),
    ("values", f"a: [{'1,' * 200_000}]", "more than 200,000 values"),
    ("lists", "a: " + "[" * 3000 + "]" * 3000, "nested more than 64 levels deep"),
    ("mappings", "".join(f"{' ' * level}a:\n" for level in range(90)), "more than 64 levels deep"),
    (
        "levels by aliases",
        "x0: &x0 [1]\n" + "".join(f"x{n}: &x{n} [*x{n - 1}]\n" for n in range(1, 600)),
        "a.yaml:64:12: error: lists and mappings are nested more than 64 levels deep",
    ),
    ("characters", f"a: {'x' * 4_000_000}", "4,000,003 characters; at most 4,000,000 are read"),
    ("26 digits", f"a: {'9' * 26}", "99999999999999999999999999 is too large. Expected an integer"),
    ("5,000 digits", f"a: {'9' * 5000}", "(5,000 characters) is too large"),
    ("2^63", "a: 9223372036854775808", "is too large"),
    ("hexadecimal", "a: 0xFFFFFFFFFFFFFFFFF", "is too large"),
    ("float", "a: 1e999", "1e999 is too large. Expected a number of 64 bits"),
    ("merge of a text", "a: {<<: b}", "a.yaml:1:9: error: a merge key (<<) merges something that"),
    ("merge of nothing", "a: {<<: []}", "a merge key (<<) merges something that is not a mapping"),
    ("merge of a list of texts", "a: {<<: [{b: 1}, c]}", "Expected a mapping or a list of mapp"),
    ("two merge keys", "a: {<<: {b: 1}, <<: {c: 1}}", "1:17: error: '<<' is duplicated"),
    ("merged bomb", _merges(10), "more than 200,000 values, its aliases expanded"),
    ("binary", "a: !!binary aGk=", "the tag 'tag:yaml.org,2002:binary' is not allowed"),
    ("key with a tag", "!!int 1: a", "the tag 'tag:yaml.org,2002:int' is not allowed"),
    ("NUL", "a: b\0c", "a.yaml:1:5: error: this is not valid YAML: the character U+0000"),
    ("escaped NUL", 'a: "b\\0c"', "a.yaml:1:4: error: the text holds the control character U+0000"),
    ("escape sequence in a key", 'a: 1\n"b\\e[0m": 1', "a.yaml:2:1: error: the text holds the"),
    ("surrogate", "a: b\n\ud800: 1", "a.yaml:2:1: error: this is not valid YAML: the character"),
    ("escaped surrogate", 'a: "\\ud800"', "invalid Unicode character"),
    ("alias as a key", "a: &x [1]\n*x : 1\n", "a.yaml:2:1: error: a key must be a plain text"),
    ("no anchor", "a: *x", "a.yaml:1:4: error: there is no anchor 'x' above"),
]


@pytest.mark.parametrize(("_id", "text", "said"), BOUNDS, ids=[row[0] for row in BOUNDS])
def test_what_grows_without_a_bound_is_refused_by_the_name_of_the_bound(_id, text, said):
    with pytest.raises(DiagnosticError, match=r"^a\.yaml:\d+:\d+: error: ") as refusal:
        parse_yaml(text, "a.yaml")
    assert said in str(refusal.value)


def test_documents_have_a_bound():
    assert len(parse_documents("--- a\n" * 1000, "a.yaml")) == 1000
    with pytest.raises(
        DiagnosticError, match=r"a\.yaml:1001:1: error: .* more than 1,000 documents"
    ):
        parse_documents("--- a\n" * 1001, "a.yaml")


def test_a_byte_order_mark_is_no_part_of_the_text():
    root = parse_yaml("\ufeffa: 1\n", "a.yaml")
    assert root.plain() == {"a": 1}
    assert str(root.key_spans["a"]) == "a.yaml:1:1"


def test_the_numbers_of_64_bits_are_read():
    root = parse_yaml("[9223372036854775807, -9223372036854775808, 1e308]", "a.yaml")
    assert root.plain() == [2**63 - 1, -(2**63), 1e308]
