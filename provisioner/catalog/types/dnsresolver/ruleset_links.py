"""Virtual network links of DNS forwarding rulesets.

A link makes a network's DNS queries follow the ruleset, so a foreign one is an addition to the
network that it names.

Facts: "Azure DNS Private Resolver endpoints and rulesets" (links). No traffic was recorded.
"""

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.network_provider import NETWORK_NAME
from provisioner.catalog.resource_type import ListRead, ResourceType
from provisioner.catalog.stated_models import TEXT, TEXTS, models_of

_model, _object = models_of("dnsresolver.link")

TYPE = ResourceType(
    name="Microsoft.Network/dnsForwardingRulesets/virtualNetworkLinks",
    api_version=api_versions.DNS_RESOLVER,
    sdk=None,
    rule=NETWORK_NAME,
    lists=ListRead.PARENT,
    taggable=False,
    etag=True,
    if_none_match=True,
    seconds=10,
    adds="forwards the names of another network",
    adds_by=("properties.virtualNetwork.id",),
    adds_to={"properties.virtualNetwork.id": "forwards its DNS by rules of others"},
    models=(
        _model("VirtualNetworkLink", etag=TEXT, properties=_object("P")),
        _model("P", virtualNetwork=_object("Reference"), metadata=TEXTS, provisioningState=TEXT),
        _model("Reference", id=TEXT),
    ),
    fields={
        "etag": Field(read_only=True),
        "properties.virtualNetwork.id": Field(
            compare=Compare.RESOURCE_ID,
            create_only=True,
            security=True,
            disruption=Disruption.CONNECTIONS,
        ),
        "properties.metadata": Field(default={}),
        "properties.provisioningState": Field(read_only=True),
    },
)
