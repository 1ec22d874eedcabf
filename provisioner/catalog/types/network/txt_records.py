"""TXT records of private DNS zones; facts in `catalog.private_dns_records`."""

from provisioner.catalog.field import Compare, Field
from provisioner.catalog.private_dns_records import record_type

TYPE = record_type(
    "TXT",
    {
        "txtRecords": Field(default=(), compare=Compare.SET, security=True),
        # One value in parts, concatenated in order (RFC 1035, 3.3.14; RFC 7208, 3.3).
        "txtRecords[].value": Field(compare=Compare.ORDERED, security=True),
        "txtRecords[].value[]": Field(compare=Compare.VERBATIM),
    },
)
