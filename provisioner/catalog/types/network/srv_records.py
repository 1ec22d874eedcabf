"""SRV records of private DNS zones (hosts and ports); facts in `catalog.private_dns_records`."""

from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.private_dns_records import record_type

TYPE = record_type(
    "SRV",
    {
        "srvRecords": Field(
            default=(),
            compare=Compare.SET,
            security=True,
            disruption=Disruption.CONNECTIONS,
        )
    },
)
