"""PTR records of public DNS zones (reverse names); facts in `catalog.public_dns_records`."""

from provisioner.catalog.field import Compare, Field
from provisioner.catalog.public_dns_records import record_type

TYPE = record_type(
    "PTR",
    {
        "PTRRecords": Field(default=(), keys=("ptrdname",), security=True),
        "PTRRecords[].ptrdname": Field(compare=Compare.CASELESS, security=True),
    },
)
