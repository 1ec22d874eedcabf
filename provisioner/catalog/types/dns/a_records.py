"""A records of public DNS zones (IPv4 addresses); facts in `catalog.public_dns_records`."""

from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.public_dns_records import record_type

TYPE = record_type(
    "A",
    {
        "ARecords": Field(
            default=(), keys=("ipv4Address",), security=True, disruption=Disruption.CONNECTIONS
        ),
        "ARecords[].ipv4Address": Field(compare=Compare.CASELESS, security=True),
    },
)
