"""Inbound endpoints of DNS private resolvers: the addresses that answer queries.

Each has a subnet of its own of /28 to /24, delegated to Microsoft.Network/dnsResolvers. The address
is fixed once it exists, because forwarders elsewhere are configured with it.

Facts: "Azure DNS Private Resolver endpoints and rulesets". No traffic was recorded.
"""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Disruption, Field, Owner
from provisioner.catalog.network_provider import NETWORK_NAME
from provisioner.catalog.resource_type import ComputationContext, ListRead, ResourceType
from provisioner.catalog.stated_models import TEXT, TEXTS, choice, list_of, models_of
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json, is_empty, lookup

_model, _object = models_of("dnsresolver.inbound")
_CONFIGURATIONS = "properties.ipConfigurations"


def _computed_values(
    resource: ResourceId, body: Body, context: ComputationContext
) -> Mapping[str, Json]:
    entries = lookup(body, _CONFIGURATIONS.split("."))
    found = entries if isinstance(entries, (list, tuple)) else ()
    return {
        "properties": {
            "resourceGuid": context.guid(resource.text),
            "ipConfigurations": [_with_address(resource, entry, context) for entry in found],
        }
    }


def _with_address(
    resource: ResourceId, entry: Body, context: ComputationContext
) -> Mapping[str, Json]:
    subnet = lookup(entry, ("subnet", "id"))
    if not isinstance(subnet, str) or not is_empty(entry.get("privateIpAddress")):
        return entry
    return {**entry, "privateIpAddress": context.free_address(subnet, resource.text)}


TYPE = ResourceType(
    name="Microsoft.Network/dnsResolvers/inboundEndpoints",
    api_version=api_versions.DNS_RESOLVER,
    sdk=None,
    rule=NETWORK_NAME,
    lists=ListRead.PARENT,
    etag=True,
    if_none_match=True,
    seconds=60,
    computed=_computed_values,
    adds="answers names for whoever reaches it",
    models=(
        _model("InboundEndpoint", location=TEXT, tags=TEXTS, etag=TEXT, properties=_object("P")),
        _model(
            "P",
            ipConfigurations=list_of(_object("Configuration")),
            provisioningState=TEXT,
            resourceGuid=TEXT,
        ),
        _model(
            "Configuration",
            subnet=_object("Reference"),
            privateIpAddress=TEXT,
            privateIpAllocationMethod=choice("Static", "Dynamic"),
        ),
        _model("Reference", id=TEXT),
    ),
    fields={
        "etag": Field(read_only=True),
        "location": Field(create_only=True),
        _CONFIGURATIONS: Field(security=True, disruption=Disruption.CONNECTIONS),
        f"{_CONFIGURATIONS}[].subnet.id": Field(compare=Compare.RESOURCE_ID, create_only=True),
        f"{_CONFIGURATIONS}[].privateIpAllocationMethod": Field(
            default="Dynamic", create_only=True
        ),
        # Forwarders elsewhere are configured with this address.
        f"{_CONFIGURATIONS}[].privateIpAddress": Field(owner=Owner.PRESET, create_only=True),
        "properties.provisioningState": Field(read_only=True),
        "properties.resourceGuid": Field(read_only=True),
    },
)
