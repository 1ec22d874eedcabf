"""AAAA records of public DNS zones (IPv6 addresses); facts in `catalog.public_dns_records`."""

from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.public_dns_records import record_type

TYPE = record_type(
    "AAAA",
    {
        "AAAARecords": Field(
            default=(), keys=("ipv6Address",), security=True, disruption=Disruption.CONNECTIONS
        ),
        "AAAARecords[].ipv6Address": Field(compare=Compare.CASELESS, security=True),
    },
)
