"""Key vaults, keys and secrets."""

import ipaddress
from collections.abc import Iterator

from provisioner.model.estate import Resource
from provisioner.service_rules.conditions import at_most, in_range, is_at
from provisioner.service_rules.partial_bodies import (
    entries_at,
    is_silent,
    is_stated,
    number_at,
    text_at,
)
from provisioner.service_rules.rule import Refusal, ServiceRule, Write
from provisioner.service_rules.service_endpoints import rules_without_endpoint

_VAULT, _KEY = "Microsoft.KeyVault/vaults", "Microsoft.KeyVault/vaults/keys"
_SECRET = "Microsoft.KeyVault/vaults/secrets"
_VALUE = "properties.value"
_RULES = "properties.networkAcls.ipRules"
_KIND, _SIZE, _CURVE = "properties.kty", "properties.keySize", "properties.curveName"
_SIZES = (2048, 3072, 4096)
_PAGE = "learn.microsoft.com/azure/key-vault"


def _judge_addresses(write: Write) -> Iterator[Refusal]:
    for at, entry in entries_at(write.after, _RULES):
        text = text_at(entry, "value")
        if text is None:
            continue
        try:
            found = ipaddress.ip_network(text, strict=False)
        except ValueError:
            yield Refusal(f"{at}.value", f"{text!r} is neither an address nor a range of addresses")
            continue
        if found.version == 6 or any(found.overlaps(private) for private in _PRIVATE):
            yield Refusal(
                f"{at}.value", f"{text} is not a public IPv4 range, and others are not taken"
            )


# RFC 1918: traffic from such addresses arrives through a subnet or a private endpoint, never by an
# IP rule.
_PRIVATE = tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))


def _judge_subnets(write: Write) -> Iterator[Refusal]:
    yield from rules_without_endpoint(
        write, "Microsoft.KeyVault", waiver="ignoreMissingVnetServiceEndpoint"
    )


def _judge_size(write: Write) -> Iterator[Refusal]:
    size = number_at(write.after, _SIZE)
    if is_at(write.after, _KIND, "RSA", "RSA-HSM") and size is not None and size not in _SIZES:
        yield Refusal(_SIZE, f"an RSA key has {', '.join(map(str, _SIZES))} bits, and not {size}")


def _judge_curve(write: Write) -> Iterator[Refusal]:
    if is_at(write.after, _KIND, "RSA", "RSA-HSM") and is_stated(write.after, _CURVE):
        yield Refusal(_CURVE, "a curve is of keys of type EC")
    if is_at(write.after, _KIND, "EC", "EC-HSM") and is_stated(write.after, _SIZE):
        yield Refusal(_SIZE, "a key of type EC has a curve (curveName), and no size")


def _judge_module(write: Write) -> Iterator[Refusal]:
    vault = write.parent
    standard = isinstance(vault, Resource) and is_at(vault.body, "properties.sku.name", "standard")
    if standard and is_at(write.after, _KIND, "RSA-HSM", "EC-HSM"):
        yield Refusal(_KIND, "a key in a hardware module needs a vault of sku premium")


def _judge_value(write: Write) -> Iterator[Refusal]:
    """Yield a secret without a value that does not exist yet: one that is read has none."""
    if write.before is None and is_silent(write.after, _VALUE):
        yield Refusal(
            _VALUE,
            "a secret is made with its value, and no file may hold one",
            "Set it in the vault (`az keyvault secret set`) and declare it with `existing: true`.",
        )


RULES = (
    ServiceRule(
        id="secret-without-value",
        type=_SECRET,
        code=None,
        source="learn.microsoft.com/rest/api/keyvault/secrets/create-or-update (value)",
        judge=_judge_value,
    ),
    ServiceRule(
        id="vault-retention",
        type=_VAULT,
        code=None,
        source=f"{_PAGE}/general/soft-delete-overview; guidelines.md §2.8",
        judge=in_range("properties.softDeleteRetentionInDays", 7, 90),
    ),
    ServiceRule(
        id="vault-addresses",
        type=_VAULT,
        code=None,
        source=f"{_PAGE}/general/network-security",
        judge=_judge_addresses,
    ),
    ServiceRule(
        id="vault-subnet-endpoint",
        type=_VAULT,
        code=None,
        source="hashicorp/terraform-provider-azurerm#11759 (its message has "
        "SubnetsHaveNoServiceEndpointsConfigured)",
        judge=_judge_subnets,
    ),
    ServiceRule(
        id="vault-address-number",
        type=_VAULT,
        code=None,
        source=f"{_PAGE}/general/network-security (1000)",
        judge=at_most(_RULES, 1000),
    ),
    ServiceRule(
        id="vault-network-number",
        type=_VAULT,
        code=None,
        source=f"{_PAGE}/general/network-security (200)",
        judge=at_most("properties.networkAcls.virtualNetworkRules", 200),
    ),
    ServiceRule(
        id="vault-policies",
        type=_VAULT,
        code=None,
        source="guidelines.md §3.4",
        judge=at_most("properties.accessPolicies", 1024),
    ),
    ServiceRule(
        id="key-size",
        type=_KEY,
        code=None,
        source=f"{_PAGE}/keys/about-keys-details",
        judge=_judge_size,
    ),
    ServiceRule(
        id="key-curve",
        type=_KEY,
        code=None,
        source=f"{_PAGE}/keys/about-keys-details",
        judge=_judge_curve,
    ),
    ServiceRule(
        id="key-module",
        type=_KEY,
        code=None,
        source=f"{_PAGE}/keys/about-keys",
        judge=_judge_module,
    ),
)
