"""Private endpoints and their DNS zone groups ("What is a private endpoint?").

The group ids of each service are in `catalog.private_link`.
"""

from collections.abc import Iterator

from provisioner.catalog.private_link import groups_of
from provisioner.model.values import is_known
from provisioner.service_rules.addresses import is_within_any, ranges_at, read_loosely
from provisioner.service_rules.duplicate_names import repeated_names
from provisioner.service_rules.partial_bodies import (
    entries_at,
    id_at,
    is_silent,
    text_at,
    texts_at,
    value_at,
)
from provisioner.service_rules.public_addresses import find_neighbour
from provisioner.service_rules.rule import Refusal, ServiceRule, Write
from provisioner.service_rules.same_region import OTHER_REGION, region_in, region_of

_ENDPOINT = "Microsoft.Network/privateEndpoints"
_ZONES = f"{_ENDPOINT}/privateDnsZoneGroups"
_DOCS = "learn.microsoft.com/azure/private-link/private-endpoint-overview"
_CONNECTIONS = (
    "properties.privateLinkServiceConnections",
    "properties.manualPrivateLinkServiceConnections",
)
_SUBNET, _CONFIGS = "properties.subnet.id", "properties.privateDnsZoneConfigs"
_ID, _GROUPS = "properties.privateLinkServiceId", "properties.groupIds"
_MOST_ZONES = 5
_SERVICE = "microsoft.network/privatelinkservices"


def _stated_connections(write: Write) -> Iterator[tuple[str, object]]:
    for path in _CONNECTIONS:
        yield from entries_at(write.after, path)


def _judge_group(write: Write) -> Iterator[Refusal]:
    for at, connection in _stated_connections(write):
        target = id_at(connection, _ID)
        known = tuple(group.name for group in groups_of(target.type)) if target else ()
        for where, text in texts_at(write.after, f"{at}.{_GROUPS}") if known else ():
            if text.lower() not in known:
                yield Refusal(
                    where,
                    f"{target and target.type} has no group {text}; it has {', '.join(known)}",
                )


def _judge_missing_group(write: Write) -> Iterator[Refusal]:
    for at, connection in _stated_connections(write):
        target = id_at(connection, _ID)
        needs = target is not None and target.type.lower() != _SERVICE
        if needs and is_silent(write.after, f"{at}.{_GROUPS}"):
            yield Refusal(
                f"{at}.{_GROUPS}",
                f"the connection to {target and target.name} names no group of the service",
            )


def _judge_region(write: Write) -> Iterator[Refusal]:
    subnet = id_at(write.after, _SUBNET)
    network = find_neighbour(write.neighbours, subnet.parent) if subnet and subnet.parent else None
    mine, theirs = region_in(write.after), region_of(network)
    if mine and theirs and mine != theirs:
        yield Refusal(
            _SUBNET, f"the endpoint is in {mine}, and its network in {theirs}: both in one"
        )


def _judge_delegation(write: Write) -> Iterator[Refusal]:
    named = id_at(write.after, _SUBNET)
    subnet = find_neighbour(write.neighbours, named) if named else None
    delegations = entries_at(subnet.body, "properties.delegations") if subnet else ()
    for _at, delegation in delegations:
        service = text_at(delegation, "properties.serviceName")
        if service is not None:
            yield Refusal(
                _SUBNET, f"{named and named.name} is delegated to {service}, and takes no endpoint"
            )
            return


def _judge_one_group(write: Write) -> Iterator[Refusal]:
    for other in write.siblings:
        yield Refusal(
            "",
            f"the endpoint has the zone group {other.id.name} already, and takes one",
            "State all zones in one group.",
        )
        return


def _judge_zones(write: Write) -> Iterator[Refusal]:
    count = sum(1 for _ in entries_at(write.after, _CONFIGS))
    if count > _MOST_ZONES:
        yield Refusal(_CONFIGS, f"a zone group has up to {_MOST_ZONES} zones, and not {count}")


def _judge_names(write: Write) -> Iterator[Refusal]:
    yield from repeated_names(write.after, _CONFIGS)


def _judge_zone_names(write: Write) -> Iterator[Refusal]:
    """Yield a second zone of the same name: both would answer for the same records."""
    seen_names: dict[str, str] = {}
    for at, config in entries_at(write.after, _CONFIGS):
        zone = id_at(config, "properties.privateDnsZoneId")
        if zone is None:
            continue
        if zone.name.lower() in seen_names:
            yield Refusal(
                f"{at}.properties.privateDnsZoneId",
                f"the group names a zone {zone.name} already ({seen_names[zone.name.lower()]})",
            )
        seen_names.setdefault(zone.name.lower(), zone.text)


def _judge_subnet(write: Write) -> Iterator[Refusal]:
    if is_silent(write.after, "properties.subnet"):
        yield Refusal("properties.subnet", "an endpoint is in a subnet, and this one names none")


def _judge_no_connection(write: Write) -> Iterator[Refusal]:
    if all(is_silent(write.after, path) for path in _CONNECTIONS):
        yield Refusal(_CONNECTIONS[0], "an endpoint has a connection to a service, and not none")


def _judge_static(write: Write) -> Iterator[Refusal]:
    named = id_at(write.after, _SUBNET)
    subnet = find_neighbour(write.neighbours, named) if named else None
    paths = ("properties.addressPrefix", "properties.addressPrefixes")
    if subnet is None or not all(is_known(value_at(subnet.body, path)) for path in paths):
        return
    ranges = [one for _at, one in ranges_at(subnet.body, *paths)]
    for at, entry in entries_at(write.after, "properties.ipConfigurations"):
        text = text_at(entry, "properties.privateIPAddress")
        address = read_loosely(text) if text else None
        if address is not None and ranges and not is_within_any(address, ranges):
            yield Refusal(
                f"{at}.properties.privateIPAddress",
                f"{text} is outside of {named and named.name}, {' and '.join(map(str, ranges))}",
            )


def _judge_connections(write: Write) -> Iterator[Refusal]:
    count = sum(1 for _ in _stated_connections(write))
    if count > 1:
        yield Refusal(_CONNECTIONS[0], f"an endpoint has one connection, and not {count}")


RULES = (
    ServiceRule(
        id="endpoint-group-of-no-service", type=_ENDPOINT, code=None,
        source=f"{_DOCS} (private-link resource); hashicorp/terraform-provider-azurerm#11778",
        judge=_judge_group,
    ),
    ServiceRule(
        id="endpoint-without-group", type=_ENDPOINT,
        code="MissingParameterOnPrivateLinkServiceConnection", source="Azure/azure-cli#15136",
        judge=_judge_missing_group,
    ),
    ServiceRule(
        id="endpoint-of-two-connections", type=_ENDPOINT, code=None,
        source=f"{_DOCS}: an endpoint connects to one private-link resource",
        judge=_judge_connections,
    ),
    ServiceRule(
        id="endpoint-without-subnet", type=_ENDPOINT, code=None,
        source=f"{_DOCS} (properties: subnet)", judge=_judge_subnet,
    ),
    ServiceRule(
        id="endpoint-without-connection", type=_ENDPOINT, code=None,
        source=f"{_DOCS} (properties: private-link resource)", judge=_judge_no_connection,
    ),
    ServiceRule(
        id="endpoint-address", type=_ENDPOINT, code="PrivateIPAddressNotInSubnet",
        source="learn.microsoft.com/azure/azure-resource-manager/troubleshooting/"
        "common-deployment-errors",
        judge=_judge_static,
    ),
    ServiceRule(
        id="endpoint-in-other-region", type=_ENDPOINT, code=OTHER_REGION,
        source=f"{_DOCS}: in the region of the virtual network; recorded message of "
        "InvalidResourceReference",
        judge=_judge_region,
    ),
    ServiceRule(
        id="endpoint-in-delegated-subnet", type=_ENDPOINT,
        code="PrivateEndpointCreationNotAllowedAsSubnetIsDelegated", source="guidelines.md §3.3",
        judge=_judge_delegation,
    ),
    ServiceRule(
        id="endpoint-second-zone-group", type=_ZONES,
        code="MoreThanOnePrivateDnsZoneGroupPerPrivateEndpointNotAllowed",
        source="learn.microsoft.com/azure/private-link/private-endpoint-dns; the code is reported "
        "with the message \"can have only one private DNS zone group\"",
        judge=_judge_one_group,
    ),
    ServiceRule(
        id="zone-group-too-many-zones", type=_ZONES, code=None,
        source="learn.microsoft.com/azure/private-link/private-endpoint-dns: up to 5 DNS zones",
        judge=_judge_zones,
    ),
    ServiceRule(
        id="zone-group-names", type=_ZONES, code="InvalidRequestFormat",
        source="learn.microsoft.com/answers (DuplicateResourceName)", judge=_judge_names,
    ),
    ServiceRule(
        id="zone-group-zones-of-one-name", type=_ZONES, code=None,
        source="learn.microsoft.com/azure/private-link/private-endpoint-dns",
        judge=_judge_zone_names,
    ),
)  # fmt: skip
