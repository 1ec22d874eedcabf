"""Webhooks of a container registry: notifications of pushes and deletes.

GET answers neither `serviceUri` nor `customHeaders`, which the action `getCallbackConfig` does: a
change of either is invisible to a comparison.

Facts: "Webhook notifications from Azure Container Registry".
"""

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.resource_type import (
    DeleteFlow,
    ListRead,
    NameRule,
    ResourceType,
    SdkModel,
)

TYPE = ResourceType(
    name="Microsoft.ContainerRegistry/registries/webhooks",
    api_version=api_versions.CONTAINER_REGISTRY,
    sdk=SdkModel("azure.mgmt.containerregistry", "WebhookCreateParameters"),
    rule=NameRule(r"[a-zA-Z0-9]{5,50}", "5 to 50 letters and digits"),
    lists=ListRead.PARENT,
    delete=DeleteFlow.LOCATION,
    seconds=3,
    loss=Disruption.NONE,
    adds="tells another service of pushes and deletes",
    adds_by=("properties.scope", "properties.actions"),
    fields={
        # A child resource, but a tracked one: it has a location and tags.
        "location": Field(compare=Compare.LOCATION, create_only=True),
        # Not answered by GET, and often carrying a token in its query.
        "properties.serviceUri": Field(write_only=True, sensitive=True, security=True),
        # Headers usually hold a credential; GET does not answer them.
        "properties.customHeaders": Field(write_only=True, secret=True),
        "properties.status": Field(default="enabled", compare=Compare.CASELESS, security=True),
        "properties.scope": Field(default="", security=True),
        "properties.actions": Field(compare=Compare.SET, security=True),
        "properties.actions[]": Field(compare=Compare.CASELESS),
    },
)
