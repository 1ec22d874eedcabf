"""The SOA record of a public DNS zone; facts in `catalog.public_dns_records`."""

from provisioner.catalog.field import Compare, Field
from provisioner.catalog.public_dns_records import start_of_authority

TYPE = start_of_authority(
    {
        "SOARecord": Field(default={}),
        "SOARecord.host": Field(read_only=True),
        "SOARecord.serialNumber": Field(read_only=True),
        "SOARecord.email": Field(
            default="azuredns-hostmaster.microsoft.com", compare=Compare.CASELESS
        ),
        "SOARecord.expireTime": Field(default=2419200),
        "SOARecord.minimumTTL": Field(default=300),
        "SOARecord.refreshTime": Field(default=3600),
        "SOARecord.retryTime": Field(default=300),
    }
)
