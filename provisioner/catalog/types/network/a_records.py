"""A records of private DNS zones (IPv4 addresses); facts in `catalog.private_dns_records`."""

from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.private_dns_records import record_type

TYPE = record_type(
    "A",
    {
        # The addresses decide where traffic to the name goes.
        "aRecords": Field(
            default=(),
            keys=("ipv4Address",),
            security=True,
            disruption=Disruption.CONNECTIONS,
        ),
        "aRecords[].ipv4Address": Field(compare=Compare.CASELESS, security=True),
    },
)
