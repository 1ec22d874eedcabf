"""Outbound endpoints of DNS private resolvers: the subnet that forwarded queries leave from.

An endpoint that no ruleset names forwards nothing.

Facts: "Azure DNS Private Resolver endpoints and rulesets". No traffic was recorded.
"""

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Field
from provisioner.catalog.network_provider import NETWORK_NAME, compute_guid
from provisioner.catalog.resource_type import ListRead, ResourceType
from provisioner.catalog.stated_models import TEXT, TEXTS, models_of

_model, _object = models_of("dnsresolver.outbound")

TYPE = ResourceType(
    name="Microsoft.Network/dnsResolvers/outboundEndpoints",
    api_version=api_versions.DNS_RESOLVER,
    sdk=None,
    rule=NETWORK_NAME,
    lists=ListRead.PARENT,
    etag=True,
    if_none_match=True,
    seconds=60,
    computed=compute_guid,
    harmless="nothing leaves by it until a ruleset names it",
    models=(
        _model("OutboundEndpoint", location=TEXT, tags=TEXTS, etag=TEXT, properties=_object("P")),
        _model("P", subnet=_object("Reference"), provisioningState=TEXT, resourceGuid=TEXT),
        _model("Reference", id=TEXT),
    ),
    fields={
        "etag": Field(read_only=True),
        "location": Field(create_only=True),
        "properties.subnet.id": Field(compare=Compare.RESOURCE_ID, create_only=True),
        "properties.provisioningState": Field(read_only=True),
        "properties.resourceGuid": Field(read_only=True),
    },
)
