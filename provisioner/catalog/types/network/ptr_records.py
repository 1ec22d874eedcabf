"""PTR records of private DNS zones: the names of addresses."""

from provisioner.catalog.field import Field
from provisioner.catalog.private_dns_records import record_type

TYPE = record_type(
    "PTR",
    {"ptrRecords": Field(default=(), keys=("ptrdname",), security=True)},
)
