"""Rules of a DNS forwarding ruleset: a domain and the servers that resolve it.

A domain ends with a period, and `.` matches every name. Servers are paired by address.

Facts: "Azure DNS Private Resolver endpoints and rulesets" (rules). No traffic was recorded.
"""

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.network_provider import NETWORK_NAME
from provisioner.catalog.resource_type import DeleteFlow, ListRead, ResourceType, WriteFlow
from provisioner.catalog.stated_models import NUMBER, TEXT, TEXTS, choice, list_of, models_of

_model, _object = models_of("dnsresolver.rule")
_SERVERS = "properties.targetDnsServers"

TYPE = ResourceType(
    name="Microsoft.Network/dnsForwardingRulesets/forwardingRules",
    api_version=api_versions.DNS_RESOLVER,
    sdk=None,
    rule=NETWORK_NAME,
    lists=ListRead.PARENT,
    taggable=False,
    etag=True,
    if_none_match=True,
    write=WriteFlow.SYNC,
    delete=DeleteFlow.SYNC,
    seconds=3,
    adds="lets others answer for a domain in the networks of the ruleset",
    adds_by=("properties.domainName", _SERVERS),
    models=(
        _model("ForwardingRule", etag=TEXT, properties=_object("P")),
        _model(
            "P",
            domainName=TEXT,
            targetDnsServers=list_of(_object("Server")),
            metadata=TEXTS,
            forwardingRuleState=choice("Enabled", "Disabled"),
            provisioningState=TEXT,
        ),
        _model("Server", ipAddress=TEXT, port=NUMBER),
    ),
    fields={
        "etag": Field(read_only=True),
        # A domain ends with a period; `.` matches every name.
        "properties.domainName": Field(compare=Compare.CASELESS, create_only=True, security=True),
        _SERVERS: Field(keys=("ipAddress",), security=True, disruption=Disruption.CONNECTIONS),
        f"{_SERVERS}[].port": Field(default=53, security=True),
        "properties.forwardingRuleState": Field(
            default="Enabled", security=True, disruption=Disruption.CONNECTIONS
        ),
        "properties.metadata": Field(default={}),
        "properties.provisioningState": Field(read_only=True),
    },
)
