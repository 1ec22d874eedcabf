"""SRV records of public DNS zones (hosts and ports); facts in `catalog.public_dns_records`."""

from provisioner.catalog.field import Compare, Field
from provisioner.catalog.public_dns_records import record_type

TYPE = record_type(
    "SRV",
    {
        "SRVRecords": Field(default=(), keys=("target", "port"), security=True),
        "SRVRecords[].target": Field(compare=Compare.CASELESS, security=True),
    },
)
