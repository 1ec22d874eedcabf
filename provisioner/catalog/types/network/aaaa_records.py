"""AAAA records of private DNS zones (IPv6 addresses); facts in `catalog.private_dns_records`."""

from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.private_dns_records import record_type

TYPE = record_type(
    "AAAA",
    {
        "aaaaRecords": Field(
            default=(),
            keys=("ipv6Address",),
            security=True,
            disruption=Disruption.CONNECTIONS,
        ),
        "aaaaRecords[].ipv6Address": Field(compare=Compare.CIDR, security=True),
    },
)
