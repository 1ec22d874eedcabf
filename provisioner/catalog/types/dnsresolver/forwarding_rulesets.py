"""DNS forwarding rulesets.

Azure refuses to delete one that is linked to a virtual network, so its links go first.

Facts: "Azure DNS Private Resolver endpoints and rulesets". No traffic was recorded.
"""

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.network_provider import NETWORK_NAME, compute_guid
from provisioner.catalog.resource_type import ResourceType
from provisioner.catalog.stated_models import TEXT, TEXTS, list_of, models_of

_model, _object = models_of("dnsresolver.ruleset")
_ENDPOINTS = "properties.dnsResolverOutboundEndpoints"

TYPE = ResourceType(
    name="Microsoft.Network/dnsForwardingRulesets",
    api_version=api_versions.DNS_RESOLVER,
    sdk=None,
    rule=NETWORK_NAME,
    etag=True,
    if_none_match=True,
    seconds=10,
    computed=compute_guid,
    models=(
        _model("Ruleset", location=TEXT, tags=TEXTS, etag=TEXT, properties=_object("P")),
        _model(
            "P",
            dnsResolverOutboundEndpoints=list_of(_object("Reference")),
            provisioningState=TEXT,
            resourceGuid=TEXT,
        ),
        _model("Reference", id=TEXT),
    ),
    # "You can't delete a ruleset that is linked to a virtual network."
    nested=("Microsoft.Network/dnsForwardingRulesets/virtualNetworkLinks",),
    fields={
        "etag": Field(read_only=True),
        "location": Field(create_only=True),
        _ENDPOINTS: Field(keys=("id",), security=True, disruption=Disruption.CONNECTIONS),
        f"{_ENDPOINTS}[].id": Field(compare=Compare.RESOURCE_ID),
        "properties.provisioningState": Field(read_only=True),
        "properties.resourceGuid": Field(read_only=True),
    },
)
