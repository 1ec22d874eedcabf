"""CNAME records of public DNS zones (aliases); facts in `catalog.public_dns_records`."""

from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.public_dns_records import record_type

TYPE = record_type(
    "CNAME",
    {
        "CNAMERecord": Field(default=None, security=True, disruption=Disruption.CONNECTIONS),
        "CNAMERecord.cname": Field(compare=Compare.CASELESS, security=True),
    },
)
