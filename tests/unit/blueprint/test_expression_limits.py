"""What an expression costs is counted while it runs, and has an end."""

import pytest

from provisioner.blueprint.expression import (
    ExceededError,
    ExpressionError,
    compile_expression,
    evaluate,
)
from provisioner.blueprint.expression_limits import Budget
from provisioner.blueprint.functions import FUNCTIONS

HUNDRED = "[" + ",".join(map(str, range(100))) + "]"
LIST = list(range(3000))


def run(text: str, **scope: object) -> object:
    return evaluate(compile_expression(text), scope, lambda _address: None)  # type: ignore[arg-type]


SAME = [
    ("[1, 2, 3].map(x, x * 2)", [2, 4, 6]),
    ("[1, 2, 3].filter(x, x > 1)", [2, 3]),
    ("[1, 2].map(x, [3, 4].map(y, x * y))", [[3, 4], [6, 8]]),
    ("[[1, 2], [3]].map(l, l.filter(x, x > 1)).map(l, size(l))", [1, 1]),
    ("[1, 2].all(x, x > 0) && [1].exists(x, x == 1) && [1, 2].exists_one(x, x == 2)", True),
    ('["a)", "(b"].map(x, x + ")")', ["a))", "(b)"]),
    ("[1, 2] // .map(x, x)\n.map(x, x + 1)", [2, 3]),
    ('["""a"b""", r"\\"].map(x, x)', ['a"b', "\\"]),
    ("{'map': [1]}.map[0]", 1),
    ('["ab"].map(x, x.matches("b")) == ["ab"].map(x, matches(x, "^a"))', True),
]


@pytest.mark.parametrize(("text", "value"), SAME)
def test_an_expression_that_counts_has_the_value_that_it_had(text, value):
    assert run(text) == value


EXCEEDED = [
    ("nested", f"{HUNDRED}.map(a,{HUNDRED}.map(b,{HUNDRED}.map(c,{HUNDRED}.map(d,a+b+c+d))))"),
    ("absorbed", f"{HUNDRED}.all(a,{HUNDRED}.all(b,{HUNDRED}.all(c,{HUNDRED}.all(d,true||a>b))))"),
    ("behind a raw text", f'r"\\" == "" ? [] : {HUNDRED}.map(a,{HUNDRED}.map(b,{HUNDRED}))'),
    ("long list", "n.map(x, n.filter(y, y > x))"),
    ("doubled", "[n]" + ".map(x, x + x)" * 12),
    ("copied", "[n].map(x, size(" + " + ".join(["x"] * 4000) + "))"),
    ("texts", "[t]" + ".map(x, x + x + x + x + x + x + x + x)" * 8),
    ("at the top", "size(" + " + ".join(["n"] * 4000) + ")"),
]


@pytest.mark.parametrize("text", [row[1] for row in EXCEEDED], ids=[row[0] for row in EXCEEDED])
def test_an_expression_without_an_end_is_stopped_by_its_budget(text):
    names = {"n": LIST, "t": "x" * 10_000}
    scope = {name: value for name, value in names.items() if name in compile_expression(text).reads}
    with pytest.raises(ExceededError, match=r"steps that|may grow to|larger than"):
        run(text, **scope)


TOO_MUCH = [
    ("1" + " + 1" * 10_000, "has 40,001 characters; at most 20,000 are evaluated"),
    ("(" * 41 + "1" + ")" * 41, "nests brackets more than 40 levels deep"),
    ("[1].map(x, x > 1, x)", "calls 'map' with 3 parts; expected a name and an expression"),
]


@pytest.mark.parametrize(("text", "said"), TOO_MUCH)
def test_an_expression_has_a_size(text, said):
    with pytest.raises(ExceededError, match=said):
        compile_expression(text)


NO_JSON = [
    ("1 / 0", "division by zero"),
    ("9223372036854775807 + 1", "overflow"),
    ("1.0 / 0.0", "gives inf, which JSON cannot hold"),
    ("0.0 / 0.0", "gives nan"),
    ("b'a'", "gives a bytes"),
    ('timestamp("2020-01-01T00:00:00Z")', "gives a datetime"),
    ("{1: 2, 'a': 3}", "gives a map with a key that is not a string"),
]


@pytest.mark.parametrize(("text", "said"), NO_JSON)
def test_a_value_that_no_request_can_hold_is_refused(text, said):
    with pytest.raises(ExpressionError, match=said):
        run(text)


def test_expressions_share_a_budget():
    budget = Budget(left=1000)
    expression = compile_expression("[1].map(x, x)")
    evaluate(expression, {}, lambda _: None, budget)
    assert budget.left < 900
    budget.left = 20
    with pytest.raises(ExceededError, match="3,000,000 steps"):
        evaluate(expression, {}, lambda _: None, budget)


def test_a_signal_in_the_middle_of_an_expression_ends_it(monkeypatch):
    def interrupted(_text: str) -> str:
        raise KeyboardInterrupt

    monkeypatch.setitem(FUNCTIONS, "lower", interrupted)  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt):
        run('[1, 2].map(x, lower("A"))')
