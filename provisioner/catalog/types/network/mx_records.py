"""MX records of private DNS zones (mail servers); facts in `catalog.private_dns_records`."""

from provisioner.catalog.field import Compare, Field
from provisioner.catalog.private_dns_records import record_type

TYPE = record_type(
    "MX",
    {"mxRecords": Field(default=(), compare=Compare.SET, security=True)},
)
