"""Network interfaces and private link services."""

from collections.abc import Iterator

from provisioner.service_rules.conditions import is_at
from provisioner.service_rules.partial_bodies import entries_at, id_at, is_silent, text_or
from provisioner.service_rules.public_addresses import (
    addresses_in_use,
    addresses_of,
    find_neighbour,
)
from provisioner.service_rules.rule import Refusal, ServiceRule, Write
from provisioner.service_rules.same_region import (
    OTHER_REGION,
    references_to_other_regions,
    region_in,
)

_INTERFACE = "Microsoft.Network/networkInterfaces"
_LINK = "Microsoft.Network/privateLinkServices"
_CONFIGURATIONS = "properties.ipConfigurations"
_POLICIES = "properties.privateLinkServiceNetworkPolicies"
_DOCS = "learn.microsoft.com/azure/virtual-network/virtual-network-network-interface"


def _judge_use(write: Write) -> Iterator[Refusal]:
    yield from addresses_in_use(write)


def _judge_region(write: Write) -> Iterator[Refusal]:
    paths = [at for at, _named in addresses_of(write.type, write.after)]
    yield from references_to_other_regions(
        write.after,
        write.neighbours,
        region_in(write.after),
        "properties.networkSecurityGroup.id",
        *paths,
    )


def _judge_static(write: Write) -> Iterator[Refusal]:
    if write.before is not None:
        return
    for at, entry in entries_at(write.after, _CONFIGURATIONS):
        static = is_at(entry, "properties.privateIPAllocationMethod", "Static")
        if static and is_silent(entry, "properties.privateIPAddress"):
            yield Refusal(
                f"{at}.properties.privateIPAddress", "a static configuration has an address"
            )


def _judge_policies(write: Write) -> Iterator[Refusal]:
    """Yield a private link service in a subnet with network policies for such services.

    A subnet that is silent has them: Azure's default is Enabled.
    """
    for at, entry in entries_at(write.after, _CONFIGURATIONS):
        named = id_at(entry, "properties.subnet.id")
        subnet = find_neighbour(write.neighbours, named) if named else None
        if subnet is None:
            continue
        policies = text_or(subnet.body, _POLICIES, "Enabled")
        if policies is not None and policies.lower() != "disabled":
            yield Refusal(
                f"{at}.properties.subnet.id",
                f"{subnet.id.name} has privateLinkServiceNetworkPolicies, and Disabled is required",
            )


RULES = (
    ServiceRule(
        id="interface-address-in-use", type=_INTERFACE, code="PublicIPAddressInUse",
        source="gardener/gardener-extension-provider-azure#757 (of a NAT gateway)",
        judge=_judge_use,
    ),
    ServiceRule(
        id="interface-refers-to-other-region", type=_INTERFACE, code=OTHER_REGION,
        source="recorded message of InvalidResourceReference (errors.jsonl)", judge=_judge_region,
    ),
    ServiceRule(
        id="interface-static-without-address", type=_INTERFACE, code=None,
        source=f"{_DOCS}-addresses (static)", judge=_judge_static,
    ),
    ServiceRule(
        id="link-service-in-guarded-subnet", type=_LINK,
        code=None,
        source="learn.microsoft.com/azure/private-link/disable-private-link-service-network-policy",
        judge=_judge_policies,
    ),
)  # fmt: skip
