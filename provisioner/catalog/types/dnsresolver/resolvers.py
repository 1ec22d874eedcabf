"""DNS private resolvers.

A virtual network takes one resolver, and a resolver with endpoints is not deleted.

Facts: "What is Azure DNS Private Resolver?" (its limits and subnets) and the template reference of
`Microsoft.Network/dnsResolvers`. No traffic was recorded; that its PUTs are polled like those of
other network services is inferred.
"""

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Field
from provisioner.catalog.network_provider import NETWORK_NAME, compute_guid
from provisioner.catalog.resource_type import ResourceType
from provisioner.catalog.stated_models import TEXT, TEXTS, models_of

_model, _object = models_of("dnsresolver.resolver")

TYPE = ResourceType(
    name="Microsoft.Network/dnsResolvers",
    api_version=api_versions.DNS_RESOLVER,
    sdk=None,
    rule=NETWORK_NAME,
    etag=True,
    # The SDK's create_or_update takes if_none_match, as the REST reference does.
    if_none_match=True,
    seconds=30,
    computed=compute_guid,
    models=(
        _model(
            "DnsResolver", location=TEXT, tags=TEXTS, etag=TEXT, properties=_object("Properties")
        ),
        _model(
            "Properties",
            virtualNetwork=_object("Reference"),
            dnsResolverState=TEXT,
            provisioningState=TEXT,
            resourceGuid=TEXT,
        ),
        _model("Reference", id=TEXT),
    ),
    # "A virtual network can't be linked to more than one DNS resolver."
    unique_by=("properties.virtualNetwork.id",),
    nested=(
        "Microsoft.Network/dnsResolvers/inboundEndpoints",
        "Microsoft.Network/dnsResolvers/outboundEndpoints",
    ),
    fields={
        "etag": Field(read_only=True),
        "location": Field(create_only=True),
        "properties.virtualNetwork.id": Field(compare=Compare.RESOURCE_ID, create_only=True),
        "properties.dnsResolverState": Field(read_only=True),
        "properties.provisioningState": Field(read_only=True),
        "properties.resourceGuid": Field(read_only=True),
    },
)
