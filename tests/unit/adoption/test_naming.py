"""Names in files, from the names of resources."""

import pytest

from provisioner.adoption.expression_templates import write
from provisioner.adoption.naming import (
    Namespace,
    NamingConvention,
    find_naming_convention,
    identifier,
    unreserved,
    words_of,
)

_HABITS = NamingConvention(prefix="contoso", environment="prod")


@pytest.mark.parametrize(
    ("name", "noun", "expected"),
    [
        pytest.param("vnet-contoso-prod-hub", "network", "hubNetwork", id="what is left"),
        pytest.param("aks-contoso-prod", "cluster", "cluster", id="nothing is left"),
        pytest.param("kvcontoso62j4bjdobmim7", "vault", "vault", id="made to be unique"),
        pytest.param("AzureFirewallSubnet", "subnet", "azureFirewallSubnet", id="said once"),
        pytest.param("privatelink.vaultcore.azure.net", "zone", "vaultcoreZone", id="a domain"),
        pytest.param("privatelink.westeurope.azmk8s.io", "zone", "azmk8sZone", id="its region"),
        pytest.param("386bf0ac-4d99-55c4-9371-2b3eb62b5aca", "role", "role", id="a GUID"),
        pytest.param("1st", "pool", "n1StPool", id="starts with a digit"),
        pytest.param("größe", "alert", "grEAlert", id="letters that CEL does not have"),
    ],
)
def test_a_resource_is_called_what_its_name_says(name: str, noun: str, expected: str) -> None:
    assert identifier(words_of(name, _HABITS), noun) == expected


def test_the_prefix_is_what_most_names_have() -> None:
    names = ["rg-acme-dev-hub", "vnet-acme-dev-hub", "kv-acme-dev", "id-acme-dev-aks", "other"]

    assert find_naming_convention(names, "dev") == NamingConvention("acme", "dev")
    assert find_naming_convention(["rg-one", "rg-two", "rg-three", "rg-four"], "dev").prefix == ""


def test_a_name_is_written_with_what_names_have_in_common() -> None:
    def text(name: str) -> str:
        return write(_HABITS.template(name), lambda _ref: "")

    assert text("vnet-contoso-prod-hub") == "vnet-${prefix}-prod-hub"
    assert text("kvcontoso62j4") == "kv${prefix}62j4"
    assert text("production") == "production"


def test_no_two_things_of_a_file_share_a_name_and_none_takes_one_of_cels() -> None:
    names = Namespace()

    assert [names.take("hub", "hubNetwork") for _ in range(3)] == [
        "hub",
        "hubNetwork",
        "hubNetwork2",
    ]
    assert names.take("environment", "size", "in") == "in2"


def test_a_word_of_expressions_is_said_with_its_service() -> None:
    kind = "Microsoft.ServiceBus/namespaces"

    assert unreserved("namespace", kind) == "serviceBusNamespace"
    assert unreserved("ordersNamespace", kind) == "ordersNamespace"
