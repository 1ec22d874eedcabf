"""Azure Bastion hosts.

A host moves up to a greater SKU in place, never down; subnet and address are fixed. Features are
answered only where a request states them.

Facts: guidelines.md §2.2 and §3.3, and the recorded pairs of the type.
"""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.field import Answered, Compare, Disruption, Field
from provisioner.catalog.network_provider import NETWORK_NAME
from provisioner.catalog.resource_type import ComputationContext, ResourceType, SdkModel
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json, lookup

_SKUS = ("developer", "basic", "standard", "premium")
_SWITCH = Field(default=False, answered=Answered.STATED, security=True)


def _computed_values(
    resource: ResourceId, _body: Body, context: ComputationContext
) -> Mapping[str, Json]:
    return {"properties": {"dnsName": f"bst-{context.guid(resource.text)}.bastion.azure.com"}}


def _sku_is_fixed(before: Body, after: Body) -> str | None:
    """Return why the SKU cannot be lowered, or None: a host moves up in place, never down."""
    old, new = _rank(before), _rank(after)
    return "A bastion host cannot go back to a smaller SKU." if new < old else None


def _rank(body: Body) -> int:
    name = str(lookup(body, ("sku", "name"))).lower()
    return _SKUS.index(name) if name in _SKUS else _SKUS.index("basic")


TYPE = ResourceType(
    name="Microsoft.Network/bastionHosts",
    api_version=api_versions.NETWORK,
    sdk=SdkModel("azure.mgmt.network", "BastionHost"),
    rule=NETWORK_NAME,
    etag=True,
    seconds=300,
    computed=_computed_values,
    fields={
        "identity": Field(default=None, security=True),
        "properties.sessionRecordingConfiguration": Field(default=None, security=True),
        "sku": Field(default={"name": "Basic"}),
        # Upgrades are made in place, downgrades need a new host.
        "sku.name": Field(
            default="Basic", create_only=_sku_is_fixed, disruption=Disruption.CONNECTIONS
        ),
        # Chosen at creation.
        "zones": Field(compare=Compare.SET, create_only=True, definite=True),
        "properties.ipConfigurations": Field(default=(), keys=("name",)),
        "properties.ipConfigurations[].properties.subnet.id": Field(
            compare=Compare.RESOURCE_ID, create_only=True
        ),
        "properties.ipConfigurations[].properties.publicIPAddress.id": Field(
            compare=Compare.RESOURCE_ID, create_only=True
        ),
        "properties.ipConfigurations[].properties.privateIPAllocationMethod": Field(
            default="Dynamic"
        ),
        "properties.virtualNetwork": Field(default=None),
        "properties.virtualNetwork.id": Field(compare=Compare.RESOURCE_ID, create_only=True),
        "properties.dnsName": Field(read_only=True),
        "properties.publicUri": Field(read_only=True),
        "properties.networkAcls.ipRules": Field(default=(), keys=("addressPrefix",), security=True),
        "properties.networkAcls.ipRules[].addressPrefix": Field(compare=Compare.CIDR),
        "properties.scaleUnits": Field(default=2, disruption=Disruption.CONNECTIONS),
        "properties.disableCopyPaste": _SWITCH,
        "properties.enableFileCopy": _SWITCH,
        "properties.enableIpConnect": _SWITCH,
        "properties.enableShareableLink": _SWITCH,
        "properties.enableTunneling": _SWITCH,
        "properties.enableKerberos": _SWITCH,
        "properties.enableSessionRecording": _SWITCH,
        # A private-only host has no public address, which is fixed like its subnet.
        "properties.enablePrivateOnlyBastion": Field(
            default=False, answered=Answered.STATED, create_only=True, security=True
        ),
    },
)
