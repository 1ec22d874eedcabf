"""Cache rules of a container registry: upstream images, pulled through and kept.

Both repositories are fixed; only the credential set can change.

Facts: guidelines.md §2.1 (network-isolated clusters pull their system images through one), and the
REST reference of `registries/cacheRules`.
"""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Field
from provisioner.catalog.resource_type import (
    ComputationContext,
    DeleteFlow,
    ListRead,
    NameRule,
    ResourceType,
    SdkModel,
    WriteFlow,
)
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json


def _computed_values(
    _resource: ResourceId, _body: Body, _context: ComputationContext
) -> Mapping[str, Json]:
    return {"properties": {"creationDate": "2026-01-01T00:00:00Z"}}


TYPE = ResourceType(
    name="Microsoft.ContainerRegistry/registries/cacheRules",
    api_version=api_versions.CONTAINER_REGISTRY,
    sdk=SdkModel("azure.mgmt.containerregistry", "CacheRule"),
    rule=NameRule(r"[a-zA-Z0-9-]{5,50}", "5 to 50 letters, digits and hyphens"),
    lists=ListRead.PARENT,
    taggable=False,
    write=WriteFlow.ASYNC_OPERATION,
    delete=DeleteFlow.LOCATION,
    seconds=5,
    computed=_computed_values,
    adds="serves images of another registry",
    adds_by=("properties.sourceRepository",),
    fields={
        # A rule for another repository is another rule (REST reference of `registries/cacheRules`).
        "properties.sourceRepository": Field(create_only=True, security=True),
        "properties.targetRepository": Field(create_only=True),
        "properties.credentialSetResourceId": Field(compare=Compare.RESOURCE_ID, security=True),
    },
)
