"""Members of a fleet: the AKS clusters that it upgrades.

A cluster can be a member of one fleet only, and a fleet with a hub can also place workloads on it:
a foreign membership is an addition to the cluster it names.

Facts: "Fleet membership" and the template reference; the operations as recorded of an older
version.
"""

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.resource_type import ListRead, NameRule, ResourceType
from provisioner.catalog.stated_models import OPEN, TEXT, TEXTS, models_of

_model, _object = models_of("fleets.member")

TYPE = ResourceType(
    name="Microsoft.ContainerService/fleets/members",
    api_version=api_versions.FLEETS,
    sdk=None,
    rule=NameRule(
        r"[a-z0-9](?:[a-z0-9-]{0,48}[a-z0-9])?",
        "1 to 50 lower-case letters, digits and hyphens, starting and ending with a letter or "
        "digit",
    ),
    lists=ListRead.PARENT,
    taggable=False,
    etag=True,
    if_none_match=True,
    etag_header=False,
    seconds=60,
    loss=Disruption.NONE,
    adds="lets it upgrade, and run things in, another cluster",
    adds_by=("properties.clusterResourceId",),
    adds_to={"properties.clusterResourceId": "is upgraded by a fleet of others"},
    models=(
        _model("FleetMember", eTag=TEXT, properties=_object("Properties")),
        _model(
            "Properties",
            clusterResourceId=TEXT,
            group=TEXT,
            labels=TEXTS,
            provisioningState=TEXT,
            status=OPEN,
        ),
    ),
    fields={
        "eTag": Field(read_only=True),
        # "A cluster can be a member of one fleet."
        "properties.clusterResourceId": Field(
            compare=Compare.RESOURCE_ID, create_only=True, security=True
        ),
        # The group decides in which stage of an update run the cluster is upgraded.
        "properties.group": Field(default=None),
        "properties.labels": Field(default={}),
        "properties.provisioningState": Field(read_only=True),
        "properties.status": Field(read_only=True),
    },
)
