"""Associations of Application Gateway for Containers: the subnet from which it reaches pods.

The subnet has at least 256 addresses and is delegated to
Microsoft.ServiceNetworking/trafficControllers.

Facts: "Application Gateway for Containers components". No traffic was recorded.
"""

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Field
from provisioner.catalog.resource_type import DeleteFlow, ListRead, NameRule, ResourceType
from provisioner.catalog.stated_models import TEXT, TEXTS, choice, models_of

_model, _object = models_of("servicenetworking.association")

TYPE = ResourceType(
    name="Microsoft.ServiceNetworking/trafficControllers/associations",
    api_version=api_versions.SERVICE_NETWORKING,
    sdk=None,
    rule=NameRule(
        r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,62}[A-Za-z0-9])?",
        "1 to 64 letters, digits, underscores, periods and hyphens, starting and ending with a "
        "letter or digit",
    ),
    lists=ListRead.PARENT,
    delete=DeleteFlow.LOCATION,
    seconds=300,
    adds="reaches pods from a subnet",
    adds_by=("properties.subnet.id",),
    models=(
        _model("Association", location=TEXT, tags=TEXTS, properties=_object("Properties")),
        _model(
            "Properties",
            associationType=choice("subnets"),
            subnet=_object("Reference"),
            provisioningState=TEXT,
        ),
        _model("Reference", id=TEXT),
    ),
    fields={
        "location": Field(create_only=True),
        "properties.associationType": Field(compare=Compare.CASELESS, create_only=True),
        "properties.subnet.id": Field(compare=Compare.RESOURCE_ID, create_only=True),
        "properties.provisioningState": Field(read_only=True),
    },
)
