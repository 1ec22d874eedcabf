"""Security rules of network security groups.

A group's body embeds its rules: these facts apply there too. Prefix, prefixes and application
security groups exclude each other, so a change of one drops what Azure filled into the others.
Service tags and ranges share `addressPrefix`.

Facts: guidelines.md NET-04 and the recorded pairs.
"""

from dataclasses import replace

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.network_provider import NETWORK_NAME
from provisioner.catalog.resource_type import ListRead, ResourceType, SdkModel

_ENDS = ("source", "destination")
_MEMBERS = Field(default=(), compare=Compare.SET, security=True)

TYPE = ResourceType(
    name="Microsoft.Network/networkSecurityGroups/securityRules",
    api_version=api_versions.NETWORK,
    sdk=SdkModel("azure.mgmt.network", "SecurityRule"),
    rule=NETWORK_NAME,
    lists=ListRead.EMBEDDED,
    taggable=False,
    etag=True,
    serialise_on="",
    seconds=3,
    loss=Disruption.CONNECTIONS,
    adds="allows or denies traffic",
    adds_by=("properties.access", "properties.direction"),
    fields={
        "properties.description": Field(default=None),
        "properties.access": Field(security=True),
        "properties.direction": Field(security=True),
        "properties.priority": Field(security=True),
        "properties.protocol": Field(security=True),
        # One value, or several, or groups: one of them goes when another comes.
        **{
            f"properties.{end}AddressPrefix": Field(
                compare=Compare.CIDR,
                security=True,
                follows=(
                    f"properties.{end}AddressPrefixes",
                    f"properties.{end}ApplicationSecurityGroups",
                ),
            )
            for end in _ENDS
        },
        **{
            f"properties.{end}AddressPrefixes": replace(
                _MEMBERS,
                follows=(
                    f"properties.{end}AddressPrefix",
                    f"properties.{end}ApplicationSecurityGroups",
                ),
            )
            for end in _ENDS
        },
        **{f"properties.{end}AddressPrefixes[]": Field(compare=Compare.CIDR) for end in _ENDS},
        **{
            f"properties.{end}PortRange": Field(
                security=True, follows=(f"properties.{end}PortRanges",)
            )
            for end in _ENDS
        },
        **{
            f"properties.{end}PortRanges": replace(
                _MEMBERS, follows=(f"properties.{end}PortRange",)
            )
            for end in _ENDS
        },
        **{
            f"properties.{end}ApplicationSecurityGroups": Field(
                default=(), keys=("id",), security=True
            )
            for end in _ENDS
        },
        **{
            f"properties.{end}ApplicationSecurityGroups[].id": Field(compare=Compare.RESOURCE_ID)
            for end in _ENDS
        },
    },
)
