"""Event subscriptions of a system topic: where the events of a resource are delivered.

The URL of a webhook contains its key: it is write-only, and an answer has `endpointBaseUrl` alone.
Without `includedEventTypes` Azure fills in every event type of the source.

Facts: "Event schemas", "Event filtering", "Event Grid message delivery and retry", and the template
reference of `Microsoft.EventGrid/systemTopics/eventSubscriptions`; no traffic was recorded.
"""

from provisioner.catalog import api_versions
from provisioner.catalog.field import Answered, Compare, Disruption, Field
from provisioner.catalog.resource_type import DeleteFlow, ListRead, NameRule, ResourceType
from provisioner.catalog.stated_models import FLAG, NUMBER, OPEN, TEXT, choice, list_of, models_of

_model, _object = models_of("eventgrid.subscription")
_DESTINATIONS = (
    "properties.destination",
    "properties.deliveryWithResourceIdentity.destination",
    "properties.deadLetterDestination",
)

TYPE = ResourceType(
    name="Microsoft.EventGrid/systemTopics/eventSubscriptions",
    api_version=api_versions.EVENT_GRID,
    sdk=None,
    rule=NameRule(r"[a-zA-Z0-9-]{3,64}", "3 to 64 letters, digits and hyphens"),
    lists=ListRead.PARENT,
    taggable=False,
    delete=DeleteFlow.LOCATION,
    seconds=10,
    loss=Disruption.CONNECTIONS,
    adds="sends its events to somebody else",
    adds_by=tuple(f"{path}.properties.resourceId" for path in _DESTINATIONS),
    grants_access=True,
    models=(
        _model("EventSubscription", properties=_object("Properties")),
        _model(
            "Properties",
            topic=TEXT,
            provisioningState=TEXT,
            destination=_object("Destination"),
            deliveryWithResourceIdentity=_object("Delivery"),
            deadLetterDestination=_object("Destination"),
            deadLetterWithResourceIdentity=OPEN,
            filter=_object("Filter"),
            labels=list_of(TEXT),
            expirationTimeUtc=TEXT,
            eventDeliverySchema=choice(
                "EventGridSchema", "CustomInputSchema", "CloudEventSchemaV1_0"
            ),
            retryPolicy=_object("RetryPolicy"),
        ),
        _model("Delivery", identity=_object("Identity"), destination=_object("Destination")),
        _model("Identity", type=TEXT, userAssignedIdentity=TEXT),
        _model(
            "Destination",
            endpointType=choice(
                "AzureFunction",
                "EventHub",
                "HybridConnection",
                "MonitorAlert",
                "NamespaceTopic",
                "ServiceBusQueue",
                "ServiceBusTopic",
                "StorageBlob",
                "StorageQueue",
                "WebHook",
            ),
            properties=_object("DestinationProperties"),
        ),
        # The properties of every kind of destination: on the wire they share one bag.
        _model(
            "DestinationProperties",
            resourceId=TEXT,
            queueName=TEXT,
            queueMessageTimeToLiveInSeconds=NUMBER,
            blobContainerName=TEXT,
            endpointUrl=TEXT,
            endpointBaseUrl=TEXT,
            minimumTlsVersionAllowed=TEXT,
            azureActiveDirectoryTenantId=TEXT,
            azureActiveDirectoryApplicationIdOrUri=TEXT,
            maxEventsPerBatch=NUMBER,
            preferredBatchSizeInKilobytes=NUMBER,
            deliveryAttributeMappings=list_of(OPEN),
            actionGroups=list_of(TEXT),
            description=TEXT,
            severity=TEXT,
        ),
        _model(
            "Filter",
            subjectBeginsWith=TEXT,
            subjectEndsWith=TEXT,
            includedEventTypes=list_of(TEXT),
            isSubjectCaseSensitive=FLAG,
            enableAdvancedFilteringOnArrays=FLAG,
            advancedFilters=list_of(OPEN),
        ),
        _model("RetryPolicy", maxDeliveryAttempts=NUMBER, eventTimeToLiveInMinutes=NUMBER),
    ),
    fields={
        "properties.topic": Field(read_only=True),
        "properties.provisioningState": Field(read_only=True),
        **{path: Field(default=None, security=True) for path in _DESTINATIONS},
        **{
            f"{path}.properties.resourceId": Field(compare=Compare.RESOURCE_ID, security=True)
            for path in _DESTINATIONS
        },
        **{
            # The URL of a webhook contains its key; an answer has the part before it
            # (endpointBaseUrl).
            f"{path}.properties.endpointUrl": Field(write_only=True, secret=True)
            for path in _DESTINATIONS
        },
        **{f"{path}.properties.endpointBaseUrl": Field(read_only=True) for path in _DESTINATIONS},
        **{f"{path}.properties.maxEventsPerBatch": Field(default=1) for path in _DESTINATIONS},
        **{
            f"{path}.properties.preferredBatchSizeInKilobytes": Field(default=64)
            for path in _DESTINATIONS
        },
        "properties.deliveryWithResourceIdentity": Field(default=None, security=True),
        "properties.deadLetterWithResourceIdentity": Field(default=None, security=True),
        "properties.filter": Field(default={}, security=True),
        "properties.filter.subjectBeginsWith": Field(default="", security=True),
        "properties.filter.subjectEndsWith": Field(default="", security=True),
        # Azure fills in every event type of the source.
        "properties.filter.includedEventTypes": Field(compare=Compare.SET, security=True),
        "properties.filter.isSubjectCaseSensitive": Field(default=False, answered=Answered.STATED),
        "properties.filter.enableAdvancedFilteringOnArrays": Field(
            default=False, answered=Answered.STATED
        ),
        "properties.filter.advancedFilters": Field(default=(), security=True),
        "properties.labels": Field(default=(), compare=Compare.SET),
        "properties.expirationTimeUtc": Field(default=None, compare=Compare.TIMESTAMP),
        "properties.eventDeliverySchema": Field(default="EventGridSchema", create_only=True),
        # 30 attempts within 24 hours ("Event Grid message delivery and retry").
        "properties.retryPolicy": Field(
            default={"maxDeliveryAttempts": 30, "eventTimeToLiveInMinutes": 1440}
        ),
        "properties.retryPolicy.maxDeliveryAttempts": Field(default=30),
        "properties.retryPolicy.eventTimeToLiveInMinutes": Field(default=1440),
    },
)
