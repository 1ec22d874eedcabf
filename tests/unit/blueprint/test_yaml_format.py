"""The canonical layout of files: what changes, what stays, and that the meaning does."""

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioner.blueprint.yaml_comments import comments_of
from provisioner.blueprint.yaml_format import format_yaml
from provisioner.blueprint.yaml_source import parse_yaml
from provisioner.model.diagnostic import DiagnosticError

ROOT = Path(__file__).parents[3]

CHANGED = [
    (
        "indentation",
        "a:\n    b:\n        - c\n        - d: 1\n          e: 2\n",
        "a:\n  b:\n    - c\n    - d: 1\n      e: 2\n",
    ),
    (
        "lists as far left as their key",
        "a:\n- b\n- c:\n  - d\n  e: 1\nf: 2\n",
        "a:\n  - b\n  - c:\n      - d\n    e: 1\nf: 2\n",
    ),
    (
        "space behind a dash",
        "-   a: 1\n    b: 2\n-   - c\n    - d\n",
        "- a: 1\n  b: 2\n- - c\n  - d\n",
    ),
    (
        "quotes",
        "a: 'x'\n'b': 'it''s'\nc: '\"q\"'\nd: '\\d'\n",
        'a: "x"\n"b": "it\'s"\nc: \'"q"\'\nd: \'\\d\'\n',
    ),
    ("white space", "\n\na: 1   \n\n\n\nb: 2\n\n\n", "a: 1\n\nb: 2\n"),
    ("line ends", "a: 1\r\nb:\r\n    c: 2\r\n", "a: 1\nb:\n  c: 2\n"),
    ("no end of line", "a: 1", "a: 1\n"),
    (
        "texts over lines keep what is in them",
        "a:\n    b: |\n        one  \n\n\n          two\n    c: >-\n"
        "      x\n\n\n      y\n    d: 'p\n\n      q'\n",
        "a:\n  b: |\n      one  \n\n\n        two\n  c: >-\n    x\n\n\n    y\n  d: 'p\n\n    q'\n",
    ),
    (
        "flow over lines",
        "a:\n    b: {c: 1,\n        d: [x,\n            y]}\n    e: 1\n",
        "a:\n  b: {c: 1,\n      d: [x,\n          y]}\n  e: 1\n",
    ),
    (
        "values below their key",
        "a:\n      text\nb:\n    &x\n    c: 1\nd: *x\n",
        "a:\n  text\nb:\n  &x\n  c: 1\nd: *x\n",
    ),
    (
        "comments",
        "# top\na:\n    # of b\n    b: 1  # beside\n    # the end of a\n# of c\nc: 1\n# last\n",
        "# top\na:\n  # of b\n  b: 1  # beside\n  # the end of a\n# of c\nc: 1\n# last\n",
    ),
    (
        "order of keys",
        "# header\n\nkind: Blueprint\noutputs: {a: 1}\n\n# why these\nparameters:\n"
        "  p: {type: any}\n"
        "  # the end of parameters\nother: 1\nmetadata: {name: x}\napiVersion: azsec/v1\n# end\n",
        "# header\n\napiVersion: azsec/v1\nkind: Blueprint\nmetadata: {name: x}\n\n# why these\n"
        "parameters:\n  p: {type: any}\n"
        "  # the end of parameters\noutputs: {a: 1}\nother: 1\n# end\n",
    ),
    (
        "no order across anchors",
        "kind: Module\noutputs: {a: &x 1}\nlocals: {b: *x}\n",
        "kind: Module\noutputs: {a: &x 1}\nlocals: {b: *x}\n",
    ),
    (
        "keys behind a question mark",
        "a:\n-   ? 'x'\n    : 1  \n    y: 2\n",
        "a:\n-   ? 'x'\n    : 1\n    y: 2\n",
    ),
    (
        "a marker of a document",
        "---\nkind: Module\napiVersion: azsec/v1\n",
        "---\napiVersion: azsec/v1\nkind: Module\n",
    ),
]


@pytest.mark.parametrize(
    ("text", "formatted"), [r[1:] for r in CHANGED], ids=[r[0] for r in CHANGED]
)
def test_a_file_is_laid_out(text, formatted):
    assert format_yaml(text, "f.yaml") == formatted
    assert format_yaml(formatted, "f.yaml") == formatted


def _is_sound(text):
    formatted = format_yaml(text, "f.yaml")
    assert parse_yaml(formatted, "f.yaml").plain() == parse_yaml(text, "f.yaml").plain()
    assert comments_of(formatted) == comments_of(text)
    assert format_yaml(formatted, "f.yaml") == formatted


FILES = sorted(
    path
    for folder in ("blueprints", "environments", "tests/service_rules", "tests/controls")
    for path in (ROOT / folder).rglob("*.yaml")
)


def test_the_files_of_the_repository_keep_meaning_and_comments():
    assert len(FILES) > 30
    for path in FILES:
        text = path.read_text(encoding="utf-8")
        if len(text) < 60_000 and "azsec/v1" in text:
            _is_sound(text)


TEXTS = st.text("ab:#- '\"\\{}[]&*!|>%@,?\n1", max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(st.sampled_from(["kind", "outputs", "locals", "x"]), VALUES, min_size=1),
    st.integers(2, 6),
    st.sampled_from([None, False]),
    st.integers(10, 100),
)
def test_load_of_formatted_is_load(value, indent, flow, width):
    value = {**value, "kind": "Module"}
    text = yaml.safe_dump(
        value, indent=indent, default_flow_style=flow, width=width, sort_keys=False
    )
    commented = re.sub(r"(?m)^(kind|outputs|locals|x):", r"# of \1\n\1:", text)
    for each in (text, commented if commented.count("# of") == len(value) else text):
        try:
            parse_yaml(each, "f.yaml")
        except DiagnosticError:
            return  # more than a file may say: what is refused has no layout
        _is_sound(each)


def test_a_text_that_looks_like_a_comment_is_none():
    """Found by the law above: quotes change on a line that begins with `#` inside of a text."""
    text = "kind: Module\noutputs: {'1': '\n\n    #', ? '' : null} # kept\n"
    assert comments_of(text) == {"# kept": 1}
    assert comments_of(format_yaml(text, "f.yaml")) == {"# kept": 1}
    block = "a: | # head\n  # text\n  x\n# tail\nb: 'c # d' # e\nf: g#h\n"
    assert comments_of(block) == {"# head": 1, "# tail": 1, "# e": 1}


def test_many_comments_are_read_in_one_pass():
    text = "kind: Module\nx:\n" + "".join(f"      - {n}\n        # of {n}\n" for n in range(20_000))
    formatted = format_yaml(text, "f.yaml")
    assert formatted.count("  # of ") == 20_000


REFUSED = [
    ("a: [", "f.yaml:2:1: error: this is not valid YAML"),
    ("a: 1\na: 2\n", "'a' is duplicated"),
    ("a: 1\u2028b: 2\n", "f.yaml is left as it is: it has line breaks other than LF and CRLF"),
]


@pytest.mark.parametrize(("text", "said"), REFUSED)
def test_what_cannot_be_read_is_refused(text, said):
    with pytest.raises(DiagnosticError) as problem:
        format_yaml(text, "f.yaml")
    assert said in str(problem.value)
