"""CNAME records of private DNS zones (aliases); facts in `catalog.private_dns_records`."""

from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.private_dns_records import record_type

TYPE = record_type(
    "CNAME",
    {
        "cnameRecord": Field(default=None, security=True, disruption=Disruption.CONNECTIONS),
        "cnameRecord.cname": Field(compare=Compare.CASELESS, security=True),
    },
)
