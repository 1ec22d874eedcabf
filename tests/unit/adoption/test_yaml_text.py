"""YAML that azsec writes is the YAML that azsec reads."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioner.adoption.yaml_text import render_yaml
from provisioner.blueprint.yaml_source import parse_yaml

_TEXTS = st.text(
    st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_categories=["Cs", "Cc"]),
    max_size=40,
) | st.sampled_from(
    [
        *("true", "No", "1.0", "0x1f", "1:30", "2027-01-01", "~", "", " a", "a ", "a: b", "a #b"),
        *("- x", "*.a.b", "@", '${x["a"].id}', "%", "'", '"', "\u2028", "\U000e0001"),
        *("a\nb\n", "a\n\n", "\n", "x\n  y"),
    ]
)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | _TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4),
    max_leaves=20,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(_TEXTS, _VALUES, min_size=1, max_size=5))
def test_what_is_written_is_read_as_it_was(document: dict[str, object]) -> None:
    assert parse_yaml(render_yaml(document, {}), "f.yaml").plain() == document


@pytest.mark.parametrize(
    ("value", "written"),
    [
        pytest.param("westeurope", "westeurope", id="a word is plain"),
        pytest.param("${vault.id}", "${vault.id}", id="an expression is plain"),
        pytest.param("10.0.0.4", "10.0.0.4", id="an address is no number"),
        pytest.param("1.34", '"1.34"', id="a version would be a number"),
        pytest.param("01:00", '"01:00"', id="a time is a number in YAML 1.1"),
        pytest.param("*", '"*"', id="an alias"),
        pytest.param({"id": "${vault.id}"}, '{id: "${vault.id}"}', id="braces in braces"),
        pytest.param({"id": '${v["a"].id}'}, "{id: '${v[\"a\"].id}'}", id="quotes in quotes"),
    ],
)
def test_quotes_stand_where_they_are_needed(value: object, written: str) -> None:
    assert render_yaml({"key": value}, {}) == f"key: {written}\n"


def test_long_and_deep_values_take_lines_of_their_own() -> None:
    rule = {
        "name": "web",
        "properties": {"priority": 100, "access": "Allow", "ports": ["80", "443"]},
    }

    text = render_yaml({"rules": [rule, {"name": "x" * 120}], "query": "A\n| where B\n"}, {})

    assert text == (
        "rules:\n"
        '  - {name: web, properties: {priority: 100, access: Allow, ports: ["80", "443"]}}\n'
        f"  - name: {'x' * 120}\n"
        "\nquery: |\n  A\n  | where B\n"
    )
