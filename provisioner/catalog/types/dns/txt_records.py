"""TXT records of public DNS zones; facts in `catalog.public_dns_records`."""

from provisioner.catalog.field import Compare, Field
from provisioner.catalog.public_dns_records import record_type

TYPE = record_type(
    "TXT",
    {
        "TXTRecords": Field(default=(), compare=Compare.SET, security=True),
        "TXTRecords[].value[]": Field(compare=Compare.EXACT, security=True),
    },
)
