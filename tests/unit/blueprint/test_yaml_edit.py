"""One value of a YAML file is changed, and everything else stands as it stood."""

import pytest

from provisioner.blueprint.yaml_edit import NotEditableError, insert_entry, replace_scalar
from provisioner.blueprint.yaml_source import parse_yaml

PATH = ("parameters", "version")


def changed(text: str) -> str:
    return replace_scalar(text, parse_yaml(text, "e.yaml").find(PATH), "1.36")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            'parameters:\n  version: "1.35" # the newest\n  other: 1\n',
            'parameters:\n  version: "1.36" # the newest\n  other: 1\n',
            id="double quotes, with a comment behind",
        ),
        pytest.param(
            "parameters:\n  version: '1.35'\n",
            "parameters:\n  version: '1.36'\n",
            id="single quotes",
        ),
        pytest.param(
            "parameters:\n  version: 1.35.4\n",
            'parameters:\n  version: "1.36"\n',
            id="without quotes, which 1.36 needs",
        ),
        pytest.param(
            'parameters: {a: "é", version: "1.35", b: 2}\n',
            'parameters: {a: "é", version: "1.36", b: 2}\n',
            id="in a flow mapping, behind other characters",
        ),
        pytest.param(
            "parameters: {version: 1.35.4}\n",
            'parameters: {version: "1.36"}\n',
            id="before a brace",
        ),
        pytest.param(
            'parameters:\r\n  version: "1.35"\r\n  b: 1\r\n',
            'parameters:\r\n  version: "1.36"\r\n  b: 1\r\n',
            id="line ends of Windows",
        ),
        pytest.param(
            'parameters:\n  version: &v "1.35"\n',
            'parameters:\n  version: &v "1.36"\n',
            id="anchor",
        ),
        pytest.param(
            'x: &v "1.35"\nparameters:\n  version: *v\n',
            'x: &v "1.36"\nparameters:\n  version: *v\n',
            id="an alias: where it is written",
        ),
        pytest.param(
            'parameters:\n  version: !!str "1.35"\n',
            'parameters:\n  version: !!str "1.36"\n',
            id="a tag",
        ),
        pytest.param(
            'parameters:\n  version: "1.35"', 'parameters:\n  version: "1.36"', id="the end"
        ),
    ],
)
def test_a_value_is_replaced(text: str, expected: str) -> None:
    assert changed(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('parameters:\n  version: "1\\u002e35"\n', id="escapes"),
        pytest.param("parameters:\n  version: |-\n    1.35\n", id="a block"),
    ],
)
def test_what_is_not_written_plainly_is_left(text: str) -> None:
    with pytest.raises(NotEditableError):
        changed(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "parameters:\n  # Where.\n  location: w\ntail: 1\n",
            'parameters:\n  version: "1.36"\n  # Where.\n  location: w\ntail: 1\n',
            id="above the comment of the first entry",
        ),
        pytest.param(
            "parameters: # all\r\n    location: w\r\n",
            'parameters: # all\r\n    version: "1.36"\r\n    location: w\r\n',
            id="as far in, with the line ends that there are",
        ),
        pytest.param(
            "parameters: {location: w}\n", 'parameters: {version: "1.36", location: w}\n', id="flow"
        ),
        pytest.param("a: 1\n", 'a: 1\nparameters:\n  version: "1.36"\n', id="no parameters"),
        pytest.param("a: 1", 'a: 1\nparameters:\n  version: "1.36"\n', id="no last line end"),
    ],
)
def test_an_entry_is_added(text: str, expected: str) -> None:
    root = parse_yaml(text, "e.yaml")
    assert insert_entry(text, root, "parameters", "version", "1.36") == expected
    assert parse_yaml(expected, "e.yaml").find(PATH).value == "1.36"


def test_an_empty_mapping_takes_none() -> None:
    text = "parameters: {}\n"
    with pytest.raises(NotEditableError):
        insert_entry(text, parse_yaml(text, "e.yaml"), "parameters", "version", "1.36")
