"""CAA records of public DNS zones (certificate issuers); facts in `catalog.public_dns_records`."""

from provisioner.catalog.field import Compare, Field
from provisioner.catalog.public_dns_records import record_type

TYPE = record_type(
    "CAA",
    {
        "caaRecords": Field(default=(), keys=("value",), security=True),
        "caaRecords[].tag": Field(compare=Compare.CASELESS, security=True),
        "caaRecords[].value": Field(compare=Compare.CASELESS, security=True),
    },
)
