"""The functions that expressions have beyond those of CEL."""

import re
from pathlib import Path

import pytest

from provisioner.blueprint.expression import (
    ExceededError,
    ExpressionError,
    compile_expression,
    evaluate,
    known_functions,
)
from provisioner.blueprint.functions import ELSEWHERE, FUNCTIONS
from provisioner.model.values import ResourceValue, Unknown

SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000000"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"

VALUES = [
    ("cidrsubnet", ("10.0.0.0/16", 8, 0), "10.0.0.0/24", "the first"),
    ("cidrsubnet", ("10.0.0.0/16", 8, 255), "10.0.255.0/24", "the last"),
    ("cidrsubnet", ("10.0.0.0/16", 0, 0), "10.0.0.0/16", "itself"),
    ("cidrsubnet", ("fd00::/48", 16, 1), "fd00:0:0:1::/64", "version 6"),
    ("cidrhost", ("10.0.0.0/24", 0), "10.0.0.0", "counted from 0"),
    ("cidrhost", ("10.0.0.0/24", 255), "10.0.0.255", "to the last"),
    ("concat", ([1], [2, 3], []), [1, 2, 3], "lists in order"),
    ("concat", (), [], "of nothing"),
    ("merge", ({"a": 1, "b": 1}, {"b": 2}), {"a": 1, "b": 2}, "the later map counts"),
    ("lower", ("ABC",), "abc", "small letters"),
    ("replace", ("a.b.c", ".", "-"), "a-b-c", "every one"),
    (
        "privateLinkZone",
        ("api-server", "AzureChinaCloud", "chinaeast2"),
        "privatelink.chinaeast2.cx.prod.service.azk8s.cn",
        "by cloud and region",
    ),
    (
        "egressRules",
        ("AzureCloud", "westeurope", ["security-patches", "key-vault-provider"]),
        [
            {
                "name": "security-patches",
                "description": "A cluster needs it to install security patches "
                "(nodeOSUpgradeChannel SecurityPatch).",
                "protocol": "Https",
                "port": 443,
                "hosts": ["snapshot.ubuntu.com"],
            }
        ],
        "a rule for each port; what needs nothing has none",
    ),
    (
        "policyDefinitionId",
        ("kubernetes clusters should be accessible only over HTTPS.",),
        "/providers/Microsoft.Authorization/policyDefinitions/1a5b4dca-0b6f-4cf5-907c-56316bc1bf3d",
        "by its name, whatever the case",
    ),
    (
        "policyDefinitionId",
        ("Kubernetes cluster pod security baseline standards for Linux-based workloads",),
        "/providers/Microsoft.Authorization/policySetDefinitions/"
        "a8640138-9b0a-4a28-b8cb-1666c838647d",
        "of a set of policies",
    ),
    (
        "roleDefinitionId",
        (f"{SUBSCRIPTION}/resourceGroups/rg", "Reader"),
        f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{READER}",
        "in the subscription of the scope",
    ),
]


@pytest.mark.parametrize(
    ("name", "arguments", "value", "_reason"), VALUES, ids=[f"{r[0]}: {r[3]}" for r in VALUES]
)
def test_a_function_gives(name, arguments, value, _reason):
    assert FUNCTIONS[name](*arguments) == value


REFUSALS = [
    ("cidrsubnet", ("10.0.0.0/16", 17, 0), "10.0.0.0/16 cannot be split into /33 ranges"),
    ("cidrsubnet", ("10.0.0.0/16", -1, 0), "10.0.0.0/16 cannot be split into /15 ranges"),
    ("cidrsubnet", ("10.0.0.0/16", 8, 256), "10.0.0.0/16 holds 256 ranges of /24; there is no 256"),
    ("cidrsubnet", ("10.0.0.0/16", 8, -1), "10.0.0.0/16 holds 256 ranges of /24; there is no -1"),
    ("cidrsubnet", ("10.0.0.1/16", 8, 0), "10.0.0.1/16 has host bits set"),
    ("cidrhost", ("10.0.0.0/24", 256), "10.0.0.0/24 holds 256 addresses; there is no 256"),
    (
        "egressRules",
        ("AzureChinaCloud", "chinaeast2", ["defender"]),
        "what 'defender' needs in AzureChinaCloud is not known, only in AzureCloud, AzureUSGov",
    ),
    ("privateLinkZone", ("valt", "AzureCloud", "x"), "there is no service 'valt'; there are api-"),
    ("privateLinkZone", ("vault", "local", "x"), "the zone of vault in local is not known"),
    ("egressRules", ("AzureCloud", "westeurope", ["nods"]), "there is no feature 'nods'; there"),
    (
        "policyDefinitionId",
        ("Kubernetes clusters should use internal load balancer",),
        "no built-in policy 'Kubernetes clusters should use internal load balancer' is known. Did "
        "you mean 'Kubernetes clusters should use internal load balancers'",
    ),
    ("policyDefinitionId", ("x",), "no built-in policy 'x' is known. None of the 73 known is like"),
    ("roleDefinitionId", ("nowhere", "Reader"), "'nowhere' is not the id of something in a"),
    ("roleDefinitionId", (SUBSCRIPTION, "Readr"), "no built-in role 'Readr'. Did you mean 'Rea"),
]


@pytest.mark.parametrize(("name", "arguments", "said"), REFUSALS)
def test_a_function_says_what_it_cannot_do(name, arguments, said):
    with pytest.raises(ValueError) as problem:  # noqa: PT011  the text is the rule
        FUNCTIONS[name](*arguments)
    assert str(problem.value).startswith(said)


def test_a_guid_depends_on_its_parts_alone_and_not_on_their_case():
    guid = FUNCTIONS["guid"]
    assert guid("/subscriptions/S", "role") == "8d8c3d6e-0a08-56df-a534-27c62a1ded9c"
    assert guid("/SUBSCRIPTIONS/s", "ROLE") == guid("/subscriptions/S", "role")
    assert guid("role", "/subscriptions/S") != guid("/subscriptions/S", "role")


def test_a_unique_string_is_13_letters_and_digits_that_depend_on_its_parts_alone():
    unique = FUNCTIONS["uniqueString"]
    assert unique("a", "b") == unique("A", "B")
    assert unique("a", "b") != unique("a", "c")
    assert unique("a", "b").isalnum()
    assert len(unique("a", "b")) == 13


PAGE = (Path(__file__).parents[3] / "docs" / "expressions.md").read_text()
EXAMPLES = re.findall(
    r"^\| `\w+\(.*\| `(?P<call>[^`]+)` is `(?P<value>[^`]+)` \|$", PAGE, re.MULTILINE
)


def run(text, **scope):
    return evaluate(compile_expression(text), scope, lambda _address: None)


@pytest.mark.parametrize(("call", "value"), EXAMPLES, ids=[call for call, _ in EXAMPLES])
def test_the_page_says_what_a_function_gives(call, value):
    assert run(call) == run(value)


def test_the_page_has_an_example_of_every_function():
    called = {name for call, _ in EXAMPLES for name in compile_expression(call).functions}
    assert called >= set(FUNCTIONS)
    assert not set(ELSEWHERE) & set(known_functions())


GIVES = [
    ('join([true, 1.5, "a"], "")', "true1.5a", "what is not a string becomes one"),
    ('"a-b".split("-").join("/")', "a/b", "as methods"),
    ('padLeft("abcd", 3)', "abcd", "nothing is cut off"),
    ('padLeft("a", 3)', "  a", "with spaces"),
    ('format("%5s|%-5s|%05.1f|%x|%%", "a", "b", 2.25, 255)', "    a|b    |002.2|ff|%", "verbs"),
    ('format("plain")', "plain", "no verbs"),
    ("range(3)", [0, 1, 2], "from 0"),
    ("range(5, 0)", [], "of nothing"),
    ('range(3).map(n, format("n%d", n))', ["n0", "n1", "n2"], "in a comprehension"),
    ("take([1, 2], 5) + skip([1, 2], 5)", [1, 2], "more than there is"),
    ("take([1], -1)", [], "less than nothing"),
    ("first([])", None, "nothing is first"),
    ('first("")', "", "of a text"),
    ('distinct([1, 1.0, "1", true, {"a": 1}, {"a": 1}])', [1, 1.0, "1", True, {"a": 1}], "kinds"),
    ('sort(["b", "B", "a"])', ["B", "a", "b"], "by code"),
    ('max(["a", "c", "b"])', "c", "texts"),
    ("max(1, 2.5)", 2.5, "numbers of both kinds"),
    ('lookup({"a": null}, "a", 1)', None, "an entry that is null is one"),
    ("coalesce(null, null)", None, "nothing but null"),
    ('jsonDecode(jsonEncode({"a": [1, 2.5, "\\u00e9", null, true]}))',
     {"a": [1, 2.5, "é", None, True]}, "there and back"),
    ('base64Decode(base64Encode("é"))', "é", "UTF-8"),
    ("zip([], [])", [], "of nothing"),
    ('cidrhost(cidrsubnet("10.0.0.0/16", 8, 1), 4)', "10.0.1.4", "of each other"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value", "_why"), GIVES, ids=[row[2] for row in GIVES])
def test_an_expression_gives(text, value, _why):
    assert run(text) == value


WRONG = [
    ('join(",", ["a"])', "join takes (items, separator); 'items' is a text, expected a list"),
    ('split("a")', "split takes (text, separator); it is given 1 arguments"),
    ('padLeft("a", 2, "0", 1)', "padLeft takes (value, length, [padding]); it is given 4"),
    ("take(1, 1)", "'subject' is a whole number, expected a list or a text"),
    ('lookup([1], "a", 1)', "'subject' is a list, expected a map"),
    ("range(true)", "'start' is a boolean, expected a whole number"),
    ("lower(null)", "lower takes (text); 'text' is null, expected a text"),
    ("concat([1], 2)", "concat takes (lists …); 'lists' is a whole number, expected a list"),
    ('split("a", "")', "the separator is empty"),
    ('replace("a", "", "b")', "the string to replace is empty"),
    ('split("a", "")[0]', "the separator is empty"),
    ('substring("abc", 2, 2)', "the text has 3 characters; there are no 2 from character 2"),
    ('padLeft("a", 100000)', "the length is 100000; expected at most 1,000"),
    ('padLeft("a", 3, "ab")', "the padding is 'ab'; expected one character"),
    ('format("%s %s", 1)', "there is no value for '%s'"),
    ('format("%s", 1, 2)', "'%s' takes 1 values; 2 are given"),
    ('format("%d", "a")', "'%d' is given 'a'; expected a whole number"),
    ('format("%d", 1.5)', "'%d' is given '1.5'; expected a whole number"),
    ('format("%q", 1)', "'%q' is not a verb"),
    ('format("%99999999d", 1)', "pads to 99999999; expected at most 1,000"),
    ('format("%s", [1])', "a list is given; expected a text, a number or a boolean"),
    ("range(10001)", "the count is 10001; expected 0 to 10,000"),
    ("range(0, -1)", "the count is -1"),
    ('sort([1, "a"])', "the list is neither all numbers nor all texts"),
    ("max([])", "there is nothing to compare"),
    ("max(true, false)", "is neither all numbers nor all texts"),
    ("flatten([1])", "the list holds something that is not a list"),
    ("zip([1], [])", "the lists have different lengths: 1, 0"),
    ('zipmap(["a", "a"], [1, 2])', "a key is duplicated"),
    ('base64Decode("a b")', "the text is not base64"),
    ('base64Decode("/w==")', "what the base64 holds is not a string in UTF-8"),
    ('jsonDecode("{")', "the text is not JSON: Expecting property name"),
    ('jsonDecode("[1e999, NaN]")', "the text is not JSON: it has no NaN"),
    ('jsonDecode("[12345678901234567890]")', "has the number 12345678901234567890, beyond 64 bits"),
    ('jsonDecode(\'{"a":1,"a":2}\')', "an object with one key twice"),
    (f'jsonDecode("{"[" * 70}{"]" * 70}")', "more than 64 levels"),
    (f'jsonDecode("{"[" * 9000}")', "more than 64 levels"),
    ('jsonEncode({"password": "Hunter2hunter2"})', "the value holds a secret"),
    ('jsonEncode(duration("1h"))', "something that JSON has not"),
]


@pytest.mark.parametrize(("text", "said"), WRONG, ids=[row[0][:40] for row in WRONG])
def test_a_wrong_call_is_refused_in_the_words_of_expressions(text, said):
    with pytest.raises(ExpressionError) as problem:
        run(text)
    assert said in str(problem.value)


GROWS = [
    ("replace", 'replace(t, "x", t)'),
    ("join", "join(l, t)"),
    ("escapes", "jsonEncode(" * 30 + '"\\""' + ")" * 30),
    ("base64", "base64Encode(" * 38 + "t" + ")" * 38),
    ("ranges", "size([" + ", ".join(["range(10000)"] * 900) + "])"),
    ("in a comprehension", "range(10000).map(a, range(10000))"),
]


@pytest.mark.parametrize("text", [row[1] for row in GROWS], ids=[row[0] for row in GROWS])
def test_what_a_function_makes_has_a_bound(text):
    names = {"t": "x" * 10_000, "l": ["x"] * 10_000}
    scope = {name: names[name] for name in compile_expression(text).reads}
    with pytest.raises((ExceededError, ExpressionError), match=r"steps that|larger than|at most"):
        run(text, **scope)


def test_a_function_of_what_is_not_known_is_not_known():
    value = run('split(fw.properties.name, "-").join("")', fw=ResourceValue("fw"))
    assert isinstance(value, Unknown)
    assert value.paths == ("fw.properties.name",)
