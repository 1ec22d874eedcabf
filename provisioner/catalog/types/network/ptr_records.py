"""PTR records of private DNS zones (reverse names); facts in `catalog.private_dns_records`."""

from provisioner.catalog.field import Field
from provisioner.catalog.private_dns_records import record_type

TYPE = record_type(
    "PTR",
    {"ptrRecords": Field(default=(), keys=("ptrdname",), security=True)},
)
