"""JSON as Azure Resource Manager takes it: more than the standard's, read in bounded time."""

import time

import pytest

from provisioner.simulator.template_language.relaxed_json import (
    RelaxedJsonError,
    locate,
    read_json,
)

READ = [
    ('{template: {"a": 1}}', {"template": {"a": 1}}),
    ('{"a": 1, // one\n "b": 2 /* two */}', {"a": 1, "b": 2}),
    ('{"a": "http://x/*y*/"}', {"a": "http://x/*y*/"}),
    ('{"a": "two\nlines\tand a tab"}', {"a": "two\nlines\tand a tab"}),
    ("{'a': 'it\\'s \"so\"', b: 'x'}", {"a": 'it\'s "so"', "b": "x"}),
    ('{"a": [1, 2, ], }', {"a": [1, 2]}),
    ("[1, /* last */ ]", [1]),
    ("{/* which */ template /* what */ : {}}", {"template": {}}),
    ('{"a": "template: {", b: true}', {"a": "template: {", "b": True}),
    ('"\\u00e9"', "é"),
]
REFUSED = [
    ("{", "line 1 column 2"),
    ('{"a": 1\n "b": 2}', "line 2 column 2"),
    ("{template: {\n // x\n nope }}", "line 3 column 2"),
    ('{"a": NaN}', "NaN is no JSON"),
    ('{"a": "open', "Unterminated string"),
    ("[" * 129 + "]" * 129, "nested deeper than 128 levels"),
    ("[" * 100_000, "nested deeper than 128 levels"),
]
HARD = [
    '"' + '\\"' * 250_000,
    "a" * 500_000,
    "/*" * 250_000,
    "," + "/**/" * 125_000 + "x",
    "," * 500_000,
    "'" * 499_999,
    "a " * 250_000,
]


@pytest.mark.parametrize(("text", "value"), READ)
def test_what_json_net_takes_is_read(text, value):
    assert read_json(text) == value


@pytest.mark.parametrize(("text", "words"), REFUSED, ids=[words for _, words in REFUSED])
def test_what_is_no_json_is_refused_with_its_place(text, words):
    with pytest.raises(RelaxedJsonError, match=words):
        read_json(text)


@pytest.mark.parametrize("text", HARD, ids=[text[:8] for text in HARD])
def test_no_text_takes_long(text):
    started = time.process_time()
    with pytest.raises(RelaxedJsonError):
        read_json(text)
    locate(text, ("a", 0))
    assert time.process_time() - started < 5


def test_a_path_is_located_in_the_text_as_it_is():
    text = '{ // first\n  template: {"a": [1, {\'b\': /* here */ "x"}]},\n  "c": 2}'
    assert locate(text, ("template", "a", 1, "b")) == (2, 40)
    assert locate(text, ("c",)) == (3, 8)
    assert locate(text, ("template", "a", 7)) is None
    assert locate(text, ("none",)) is None
