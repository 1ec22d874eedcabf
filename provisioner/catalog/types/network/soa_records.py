"""The SOA record of a private DNS zone; facts in `catalog.private_dns_records`."""

from provisioner.catalog.field import Field
from provisioner.catalog.private_dns_records import record_type, start_of_authority

TYPE = start_of_authority(
    record_type(
        "SOA",
        {
            "ttl": Field(default=3600),
            "soaRecord": Field(default={}),
            # Azure keeps its own name server and serial number.
            "soaRecord.host": Field(read_only=True),
            "soaRecord.serialNumber": Field(read_only=True),
            **{
                f"soaRecord.{name}": Field(default=value)
                for name, value in (
                    ("email", "azureprivatedns-host.microsoft.com"),
                    ("expireTime", 2419200),
                    ("minimumTtl", 10),
                    ("refreshTime", 3600),
                    ("retryTime", 300),
                )
            },
        },
    )
)
