"""NS records of public DNS zones (delegation); facts in `catalog.public_dns_records`."""

from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.public_dns_records import name_servers

TYPE = name_servers(
    {
        "NSRecords": Field(
            default=(), keys=("nsdname",), security=True, disruption=Disruption.CONNECTIONS
        ),
        "NSRecords[].nsdname": Field(compare=Compare.CASELESS, security=True),
    }
)
