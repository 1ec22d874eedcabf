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
_LONG = st.lists(_TEXTS, min_size=8, max_size=30)
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | _TEXTS
    | _LONG
    | _LONG.map(lambda words: "${" + " ".join(words)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4),
    max_leaves=20,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(_TEXTS, _VALUES, min_size=1, max_size=5))
def test_what_is_written_is_read_as_it_was(document: dict[str, object]) -> None:
    assert parse_yaml(render_yaml(document, {}), "f.yaml").plain() == document


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(_TEXTS, _VALUES, min_size=1, max_size=3), st.lists(_VALUES, max_size=3))
def test_rows_of_tables_are_read_as_they_were(row: dict[str, object], rows: list[object]) -> None:
    document = {
        "locals": {"table": [row, *rows]},
        "resources": {"a": {"forEach": {"one": row, "two": rows}}},
    }
    assert parse_yaml(render_yaml(document, {}), "f.yaml").plain() == document


@pytest.mark.parametrize(
    ("value", "written"),
    [
        pytest.param("westeurope", "westeurope", id="a word is plain"),
        pytest.param("${vault.id}", "${vault.id}", id="an expression is plain"),
        pytest.param("10.0.0.4", "10.0.0.4", id="an address is not a number"),
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


def test_a_row_is_one_line_and_short_texts_stand_beside_each_other() -> None:
    wide = {"name": "a", "source": "x" * 80, "destination": "y" * 40, "port": "443"}
    query = {"name": "b", "query": "z" * 300, "for": "PT5M"}
    locations = [f"location-{number}" for number in range(12)]

    text = render_yaml({"locals": {"rules": [wide, query], "locations": locations}}, {})

    assert text == (
        "locals:\n"
        "  rules:\n"
        f'    - {{name: a, source: {"x" * 80}, destination: {"y" * 40}, port: "443"}}\n'
        f"    - {{name: b, query: {'z' * 300}, for: PT5M}}\n"
        "  locations:\n"
        "    [location-0, location-1, location-2, location-3, location-4, location-5, location-6,"
        " location-7, location-8,\n"
        "     location-9, location-10, location-11]\n"
    )


def test_a_long_expression_is_folded_at_its_spaces() -> None:
    made = (
        '${rules.map(rule, {"name": rule.name, '
        + ", ".join(f'"p{n}": 1' for n in range(20))
        + "})}"
    )

    text = render_yaml({"rules": made}, {})

    assert text.startswith('rules: >-\n  ${rules.map(rule, {"name": rule.name, "p0": 1')
    assert max(map(len, text.splitlines())) <= 120
    assert parse_yaml(text, "f.yaml").plain() == {"rules": made}
