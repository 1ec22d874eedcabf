"""API server access of AKS clusters: private cluster, DNS zone, authorized IP ranges.

"AKS error codes" are AKS's own list of error codes ("apierror", Microsoft; guidelines.md §3.2).
"""

import ipaddress
import re
from collections.abc import Iterator

from provisioner.catalog.node_pools import CLUSTER
from provisioner.model.estate import Resource
from provisioner.model.resource_id import parse_resource_id
from provisioner.model.values import is_known
from provisioner.service_rules.conditions import at_most, is_at
from provisioner.service_rules.partial_bodies import (
    entries_at,
    id_at,
    is_silent,
    is_stated,
    text_at,
    texts_at,
    value_at,
)
from provisioner.service_rules.rule import Refusal, ServiceRule, Write

_ACCESS = "properties.apiServerAccessProfile"
_RANGES, _PRIVATE = f"{_ACCESS}.authorizedIPRanges", f"{_ACCESS}.enablePrivateCluster"
_INTEGRATED, _SUBNET = f"{_ACCESS}.enableVnetIntegration", f"{_ACCESS}.subnetId"
_ZONE, _PUBLIC_NAME = f"{_ACCESS}.privateDNSZone", f"{_ACCESS}.enablePrivateClusterPublicFQDN"
_PREFIX, _SUBDOMAIN = "properties.dnsPrefix", "properties.fqdnSubdomain"
_DELEGATED = "microsoft.containerservice/managedclusters"
_NAME = re.compile(r"[a-zA-Z0-9]([-a-zA-Z0-9]{0,52}[a-zA-Z0-9])?")
_ZONE_NAME = re.compile(
    r"(?:[^.]+\.)?private(link)?\.[a-z0-9]+\.(.+\.)?azm?k8s\.(io|cn)|.*\.azure\.us"
)

_CODES = "AKS error codes; guidelines.md §3.2"
_PAGE = "learn.microsoft.com/azure/aks"


def _is_private(write: Write) -> bool:
    return is_at(write.after, _PRIVATE, True)


def _judge_ranges_of_private(write: Write) -> Iterator[Refusal]:
    ranges = list(texts_at(write.after, _RANGES))
    if ranges and _is_private(write):
        yield Refusal(
            _RANGES,
            "a private cluster has no authorizedIPRanges: nothing public reaches its API server",
        )


def _judge_range_form(write: Write) -> Iterator[Refusal]:
    for at, text in texts_at(write.after, _RANGES):
        try:
            ipaddress.ip_network(text)
        except ValueError:
            yield Refusal(
                at,
                f"{text!r} is not a range of addresses: expected one as 203.0.113.0/24, without "
                "host bits",
            )


def _judge_ranges_of_basic(write: Write) -> Iterator[Refusal]:
    if is_stated(write.after, _RANGES) and is_at(
        write.after, "properties.networkProfile.loadBalancerSku", "basic"
    ):
        yield Refusal(_RANGES, "authorizedIPRanges need loadBalancerSku standard")


def _judge_zone_mode(write: Write) -> Iterator[Refusal]:
    zone = text_at(write.after, _ZONE)
    if zone is not None and zone.lower() not in ("system", "none") and not zone.startswith("/"):
        yield Refusal(_ZONE, f"privateDNSZone is {zone!r}: expected system, none, or a zone's id")


def _judge_zone_id(write: Write) -> Iterator[Refusal]:
    zone = text_at(write.after, _ZONE)
    if zone is None or not zone.startswith("/"):
        return
    found = parse_resource_id(zone)
    is_zone = found is not None and found.type.lower() == "microsoft.network/privatednszones"
    if found is None or not is_zone or not _ZONE_NAME.fullmatch(found.name.lower()):
        yield Refusal(
            _ZONE,
            "privateDNSZone is not a private DNS zone of AKS: expected one of the name "
            "privatelink.REGION.azmk8s.io",
        )


def _own_zone(write: Write) -> bool:
    return (text_at(write.after, _ZONE) or "").startswith("/")


def _judge_zone_gone(write: Write) -> Iterator[Refusal]:
    zone = id_at(write.after, _ZONE)
    if zone is not None and write.neighbours.lookup(zone) is None:
        yield Refusal(_ZONE, f"the private DNS zone {zone.name} does not exist")


def _judge_zone_identity(write: Write) -> Iterator[Refusal]:
    if _own_zone(write) and is_at(write.after, "identity.type", "SystemAssigned"):
        yield Refusal(
            "identity.type",
            "a cluster with a private DNS zone of one's own needs an identity of one's own "
            "(UserAssigned), which may write in the zone before",
        )


def _judge_no_name(write: Write) -> Iterator[Refusal]:
    if (
        _is_private(write)
        and is_at(write.after, _ZONE, "none")
        and value_at(write.after, _PUBLIC_NAME) is False
    ):
        yield Refusal(
            _PUBLIC_NAME,
            "privateDNSZone none needs enablePrivateClusterPublicFQDN: else the API server has no "
            "name",
        )


def _judge_subdomain(write: Write) -> Iterator[Refusal]:
    zone = value_at(write.after, _ZONE)
    own = zone is None or isinstance(zone, str)
    if is_stated(write.after, _SUBDOMAIN) and (
        is_silent(write.after, _ZONE) or (own and not _own_zone(write))
    ):
        yield Refusal(_SUBDOMAIN, "fqdnSubdomain is for a private DNS zone of one's own")


def _judge_names(write: Write) -> Iterator[Refusal]:
    if is_stated(write.after, _PREFIX) and is_stated(write.after, _SUBDOMAIN):
        yield Refusal(_SUBDOMAIN, "dnsPrefix and fqdnSubdomain exclude each other")


def _judge_prefix(write: Write) -> Iterator[Refusal]:
    prefix = text_at(write.after, _PREFIX)
    if prefix is not None and not _NAME.fullmatch(prefix):
        yield Refusal(
            _PREFIX,
            f"dnsPrefix is {prefix!r}: expected 1 to 54 letters, digits and hyphens, starting and "
            "ending with a letter or digit",
        )


def _judge_api_subnet(write: Write) -> Iterator[Refusal]:
    subnet = id_at(write.after, _SUBNET)
    found = write.neighbours.lookup(subnet) if subnet is not None else None
    if not is_at(write.after, _INTEGRATED, True) or not isinstance(found, Resource):
        return
    services = [
        text_at(entry, "properties.serviceName")
        for _, entry in entries_at(found.body, "properties.delegations")
    ]
    known = is_known(value_at(found.body, "properties.delegations"))
    if known and _DELEGATED not in [(service or "").lower() for service in services]:
        yield Refusal(
            _SUBNET,
            f"the subnet {found.id.name} is not delegated to {_DELEGATED}, as that of an API "
            "server is",
        )


RULES = (
    ServiceRule(
        id="cluster-ranges-of-private",
        type=CLUSTER,
        code=None,
        source=f"{_PAGE}/api-server-authorized-ip-ranges; guidelines.md §3.2",
        judge=_judge_ranges_of_private,
    ),
    ServiceRule(
        id="cluster-authorized-range",
        type=CLUSTER,
        code="InvalidParameter",
        source=f"{_PAGE}/api-server-authorized-ip-ranges; guidelines.md §3.2",
        judge=_judge_range_form,
    ),
    ServiceRule(
        id="cluster-ranges-of-basic",
        type=CLUSTER,
        code="APIServerWhitelistNotAllowedWithoutSingleIPPerCCP",
        source="AKS error codes",
        judge=_judge_ranges_of_basic,
    ),
    ServiceRule(
        id="cluster-authorized-ranges-number",
        type=CLUSTER,
        code="InvalidParameter",
        source="guidelines.md CLU-01.3",
        judge=at_most(_RANGES, 2000),
    ),
    ServiceRule(
        id="cluster-private-zone-mode",
        type=CLUSTER,
        code="InvalidPrivateDNSZoneMode",
        source=_CODES,
        judge=_judge_zone_mode,
    ),
    ServiceRule(
        id="cluster-private-zone-id",
        type=CLUSTER,
        code="InvalidPrivateDNSZoneResourceID",
        source=f"{_CODES}; guidelines.md §2.4",
        judge=_judge_zone_id,
    ),
    ServiceRule(
        id="cluster-private-zone-gone",
        type=CLUSTER,
        code="PrivateDNSZoneResourceNotFoundError",
        source=_CODES,
        judge=_judge_zone_gone,
    ),
    ServiceRule(
        id="cluster-private-zone-identity",
        type=CLUSTER,
        code="SystemAssignedIdentityNotSupportedForCustomPrivateDNSZone",
        source=_CODES,
        judge=_judge_zone_identity,
    ),
    ServiceRule(
        id="cluster-without-a-name",
        type=CLUSTER,
        code="NonePrivateDNSZonePublicFQDNDisabledError",
        source=_CODES,
        judge=_judge_no_name,
    ),
    ServiceRule(
        id="cluster-subdomain",
        type=CLUSTER,
        code="InvalidParameter",
        source=f"{_PAGE}/private-clusters; guidelines.md §2.4",
        judge=_judge_subdomain,
    ),
    ServiceRule(
        id="cluster-two-names",
        type=CLUSTER,
        code="InvalidParameter",
        source=f"{_PAGE}/private-clusters; guidelines.md §2.4",
        judge=_judge_names,
    ),
    ServiceRule(
        id="cluster-dns-prefix",
        type=CLUSTER,
        code="InvalidParameter",
        source=f"{_PAGE}/faq, naming restrictions (aka.ms/aks-naming-rules)",
        judge=_judge_prefix,
    ),
    ServiceRule(
        id="cluster-api-server-subnet",
        type=CLUSTER,
        code="ApiserverSubnetConfigError",
        source=f"{_CODES}; {_PAGE}/api-server-vnet-integration",
        judge=_judge_api_subnet,
    ),
)
