"""Auto-upgrade profiles of a fleet: the channel by which its members are upgraded.

The update strategy and the selection of node images are chosen at creation.

Facts: "Automatically upgrade clusters with Fleet Manager" and the template reference; no traffic of
the version was recorded.
"""

from provisioner.catalog import api_versions
from provisioner.catalog.field import Answered, Compare, Disruption, Field
from provisioner.catalog.resource_type import DeleteFlow, ListRead, NameRule, ResourceType
from provisioner.catalog.stated_models import FLAG, OPEN, TEXT, choice, models_of

_model, _object = models_of("fleets.profile")

TYPE = ResourceType(
    name="Microsoft.ContainerService/fleets/autoUpgradeProfiles",
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
    # As recorded of strategies and of update runs.
    delete=DeleteFlow.SYNC,
    seconds=10,
    loss=Disruption.NONE,
    adds="upgrades its members by itself",
    adds_by=("properties.channel",),
    models=(
        _model("AutoUpgradeProfile", eTag=TEXT, properties=_object("Properties")),
        _model(
            "Properties",
            updateStrategyId=TEXT,
            channel=choice("Stable", "Rapid", "NodeImage", "TargetKubernetesVersion"),
            nodeImageSelection=_object("Images"),
            disabled=FLAG,
            targetKubernetesVersion=TEXT,
            longTermSupport=FLAG,
            provisioningState=TEXT,
            autoUpgradeProfileStatus=OPEN,
        ),
        _model("Images", type=choice("Latest", "Consistent")),
    ),
    fields={
        "eTag": Field(read_only=True),
        "properties.channel": Field(security=True),
        "properties.updateStrategyId": Field(
            default=None, compare=Compare.RESOURCE_ID, create_only=True
        ),
        "properties.nodeImageSelection": Field(default={"type": "Latest"}),
        "properties.nodeImageSelection.type": Field(default="Latest", create_only=True),
        # A disabled profile leaves the members on outdated versions.
        "properties.disabled": Field(default=False, security=True),
        "properties.targetKubernetesVersion": Field(default=None, compare=Compare.VERSION),
        "properties.longTermSupport": Field(default=False, answered=Answered.STATED),
        "properties.provisioningState": Field(read_only=True),
        "properties.autoUpgradeProfileStatus": Field(read_only=True),
    },
)
