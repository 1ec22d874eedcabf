"""`azsec compare`: a line in, an answer out, whatever the line is."""

import json
import re
from itertools import count, islice
from pathlib import Path

import pytest

from provisioner.workflow.compare import compare_lines
from tests.unit.diff.invented import CATALOG, FARM, farm

PAGE = Path(__file__).parents[3] / "docs" / "compare.md"


def answers(*lines, show_unknown=False):
    return list(compare_lines(lines, CATALOG, show_unknown=show_unknown))


def question(desired, actual, **more):
    return json.dumps({"key": 7, "type": FARM.name, "desired": desired, "actual": actual, **more})


def test_an_answer_has_the_key_and_the_changes() -> None:
    (answer,) = answers(question(farm(fixed="a"), farm(fixed="first")))

    assert answer["key"] == 7
    (change,) = answer["changes"]
    assert (change["path"], change["kind"]) == ("properties.fixed", "changed")
    assert (change["before"], change["after"]) == ("first", "a")
    assert (change["declared"], change["forcesReplace"]) == (True, True)


def test_unknown_defaults_are_told_when_asked_for() -> None:
    line = question(farm(), farm(text="a"))

    assert "unknown" not in answers(line)[0]
    assert answers(line, show_unknown=True)[0]["unknown"] == ["properties.text"]


BAD = [
    pytest.param("{", "not JSON", id="cut off"),
    pytest.param("[1]", "expected an object", id="no object"),
    pytest.param("{}", "does not know the type", id="no type"),
    pytest.param('{"type": "Invented.Farm/farm"}', "Invented.Farm/farms", id="misspelt type"),
    pytest.param(question(None, {}), "`desired`", id="no desired body"),
    pytest.param(question({}, []), "`actual`", id="no actual body"),
    pytest.param("[" * 100_000, "nested more than 200 levels deep", id="too deep"),
]


@pytest.mark.parametrize(("line", "words"), BAD)
def test_a_bad_line_is_answered_and_the_stream_goes_on(line, words) -> None:
    bad, good = answers(line, question({}, {}))

    assert words in bad["error"]
    assert bad["changes"] == []
    assert good == {"key": 7, "changes": []}


def test_a_stream_without_end_is_answered_line_by_line() -> None:
    endless = (
        json.dumps({"key": key, "type": FARM.name, "desired": {}, "actual": {}}) for key in count()
    )

    first = islice(compare_lines(endless, CATALOG, show_unknown=False), 3)

    assert [answer["key"] for answer in first] == [0, 1, 2]


def test_the_example_of_the_page_is_true(catalog) -> None:
    blocks = re.findall(r"^```json\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    asked, told = (json.loads(block) for block in blocks)

    assert list(compare_lines([json.dumps(asked)], catalog, show_unknown=False)) == [told]
