"""Event Grid system topics: the events that one Azure resource raises.

A source has one system topic, in the region of the source or `global`.

Facts: "System topics in Azure Event Grid" and the template reference of
`Microsoft.EventGrid/systemTopics`; no traffic was recorded.
"""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.resource_type import (
    ComputationContext,
    DeleteFlow,
    NameRule,
    ResourceType,
)
from provisioner.catalog.stated_models import (
    IDENTITY_FIELDS,
    TEXT,
    TEXTS,
    identity_models,
    models_of,
)
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json

_model, _object = models_of("eventgrid.topic")


def _computed_values(
    resource: ResourceId, _body: Body, context: ComputationContext
) -> Mapping[str, Json]:
    return {"properties": {"metricResourceId": context.guid(resource.text, "metrics")}}


TYPE = ResourceType(
    name="Microsoft.EventGrid/systemTopics",
    api_version=api_versions.EVENT_GRID,
    sdk=None,
    rule=NameRule(r"[a-zA-Z0-9-]{3,128}", "3 to 128 letters, digits and hyphens"),
    delete=DeleteFlow.LOCATION,
    seconds=10,
    loss=Disruption.NONE,
    # "You can create only one system topic per source."
    unique_by=("properties.source",),
    computed=_computed_values,
    models=(
        _model(
            "SystemTopic",
            location=TEXT,
            tags=TEXTS,
            identity=_object("Identity"),
            properties=_object("Properties"),
        ),
        *identity_models(_model, _object),
        _model("Properties", source=TEXT, topicType=TEXT, metricResourceId=TEXT),
    ),
    fields={
        # The region of the source; `global` for one without.
        "location": Field(compare=Compare.LOCATION, create_only=True),
        "properties.source": Field(compare=Compare.RESOURCE_ID, create_only=True, security=True),
        "properties.topicType": Field(compare=Compare.CASELESS, create_only=True),
        "properties.metricResourceId": Field(read_only=True),
        **IDENTITY_FIELDS,
    },
)
