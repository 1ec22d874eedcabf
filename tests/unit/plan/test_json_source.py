"""JSON is read within bounds, and what is refused has its place."""

import pytest

from provisioner.model.diagnostic import DiagnosticError
from provisioner.model.json_source import read_json

REFUSED = [
    ("[" * 200_000, "a.json:1:201: error: lists and objects are nested more than 200 levels deep"),
    ('{"a":' * 300 + "1" + "}" * 300, "more than 200 levels deep"),
    ('{"a": 1,\n "a": 2}', "a.json:2:2: error: the key 'a' is duplicated"),
    ('{"a": 1,\n "\\u0061": 2}', "a.json:2:2: error: the key 'a' is duplicated"),
    ("[1,\n99999999999999999999999999]", "a.json:2:1: error: 99999999999999999999999999 is no"),
    ("[" + "9" * 5000 + "]", "(5,000 characters) is not a number of 64 bits"),
    ("[1e999]", "a.json:1:2: error: 1e999 is not a number"),
    ("[NaN]", "a.json:1:2: error: NaN is not a number"),
    ("[-Infinity]", "a.json:1:2: error: -Infinity is not a number"),
    ("[1,]", "a.json:1:4: error: it is not JSON"),
    ("[" + "1," * 3_000_000 + "1]", "3,000,001 values; at most 3,000,000 are read"),
]


@pytest.mark.parametrize(("text", "said"), REFUSED, ids=[row[1][-30:] for row in REFUSED])
def test_what_exceeds_a_bound_is_refused_with_its_place(text, said):
    with pytest.raises(DiagnosticError, match=r"^a\.json:\d+:\d+: error: ") as refusal:
        read_json(text, "a.json")
    assert said in str(refusal.value)


def test_what_is_within_is_read():
    assert read_json('{"a": [1, -2.5, null, "x\\ud83d\\ude00"], "b": {"a": 1}}', "a.json") == {
        "a": [1, -2.5, None, "x\U0001f600"],
        "b": {"a": 1},
    }
