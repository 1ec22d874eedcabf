"""The functions that expressions have beyond those of CEL."""

import pytest

from provisioner.blueprint.functions import FUNCTIONS

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
