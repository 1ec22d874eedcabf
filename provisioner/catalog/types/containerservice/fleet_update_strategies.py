"""Update strategies of a fleet: stages and groups in upgrade order.

Stages run one after the other, so their order is compared; the groups of a stage run at the same
time and are paired by name.

Facts: "Define reusable update strategies" and the template reference; the operations as recorded of
an older version.
"""

from provisioner.catalog import api_versions
from provisioner.catalog.field import Disruption, Field
from provisioner.catalog.resource_type import DeleteFlow, ListRead, NameRule, ResourceType
from provisioner.catalog.stated_models import NUMBER, TEXT, list_of, models_of

_model, _object = models_of("fleets.strategy")
_STAGES = "properties.strategy.stages"
_GROUPS = f"{_STAGES}[].groups"

TYPE = ResourceType(
    name="Microsoft.ContainerService/fleets/updateStrategies",
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
    delete=DeleteFlow.SYNC,
    seconds=10,
    loss=Disruption.NONE,
    harmless="a strategy does nothing until a run or a profile names it",
    models=(
        _model("UpdateStrategy", eTag=TEXT, properties=_object("Properties")),
        _model("Properties", strategy=_object("Strategy"), provisioningState=TEXT),
        _model("Strategy", stages=list_of(_object("Stage"))),
        _model(
            "Stage",
            name=TEXT,
            groups=list_of(_object("Group")),
            afterStageWaitInSeconds=NUMBER,
            maxConcurrency=TEXT,
            beforeGates=list_of(_object("Gate")),
            afterGates=list_of(_object("Gate")),
        ),
        _model(
            "Group",
            name=TEXT,
            maxConcurrency=TEXT,
            beforeGates=list_of(_object("Gate")),
            afterGates=list_of(_object("Gate")),
        ),
        _model("Gate", displayName=TEXT, type=TEXT),
    ),
    fields={
        "eTag": Field(read_only=True),
        "properties.provisioningState": Field(read_only=True),
        # Stages run one after the other; the groups of a stage run at the same time.
        f"{_STAGES}[].afterStageWaitInSeconds": Field(default=None),
        f"{_STAGES}[].maxConcurrency": Field(default=None),
        f"{_STAGES}[].beforeGates": Field(default=()),
        f"{_STAGES}[].afterGates": Field(default=()),
        _GROUPS: Field(default=(), keys=("name",)),
        f"{_GROUPS}[].maxConcurrency": Field(default=None),
        f"{_GROUPS}[].beforeGates": Field(default=()),
        f"{_GROUPS}[].afterGates": Field(default=()),
    },
)
