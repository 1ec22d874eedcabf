"""Public DNS zones; facts in `catalog.public_dns_records`.

Their location is `global`, they take 15 tags and not 50, and their records are deleted with them.
"""

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.public_dns_records import ZONE, is_record, zone_models, zone_values
from provisioner.catalog.resource_type import DeleteFlow, NameRule, ResourceType, WriteFlow

TYPE = ResourceType(
    name=ZONE,
    api_version=api_versions.DNS,
    sdk=None,
    models=zone_models(),
    rule=NameRule(
        r"(?=.{1,253}$)[a-zA-Z0-9_](?:[a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?"
        r"(?:\.[a-zA-Z0-9_](?:[a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?){1,33}",
        "2 to 34 labels separated by periods, each of 1 to 63 letters, digits, underscores and "
        "hyphens that neither starts nor ends with a hyphen",
    ),
    etag=True,
    if_none_match=True,
    write=WriteFlow.SYNC,
    delete=DeleteFlow.LOCATION,
    seconds=3,
    # Its records are deleted with it.
    loss=Disruption.DATA,
    computed=zone_values,
    counts={"properties.numberOfRecordSets": is_record},
    # 15 and not 50 ("Use tags to organize your Azure resources", limitations).
    most_tags=15,
    fields={
        "location": Field(default="global", compare=Compare.LOCATION, create_only=True),
        "etag": Field(read_only=True),
        "properties": Field(default={}),
        "properties.zoneType": Field(default="Public", create_only=True),
        **{
            f"properties.{name}": Field(read_only=True)
            for name in (
                "maxNumberOfRecordSets",
                "maxNumberOfRecordsPerRecordSet",
                "numberOfRecordSets",
                "nameServers",
            )
        },
    },
)
