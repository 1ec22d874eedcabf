"""A records of public DNS zones: names that lead to IPv4 addresses. Facts:
`catalog.public_dns_records`.
"""

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
