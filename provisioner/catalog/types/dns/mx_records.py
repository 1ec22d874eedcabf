"""MX records of public DNS zones (mail servers); facts in `catalog.public_dns_records`."""

from provisioner.catalog.field import Compare, Field
from provisioner.catalog.public_dns_records import record_type

TYPE = record_type(
    "MX",
    {
        "MXRecords": Field(default=(), keys=("exchange",), security=True),
        "MXRecords[].exchange": Field(compare=Compare.CASELESS, security=True),
    },
)
