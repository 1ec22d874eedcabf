"""Scope maps of a container registry: the repository permissions of its tokens.

Every registry has five system-defined ones, which nobody declares or deletes.

Facts: "Token-based repository permissions in Azure Container Registry" and the template reference
of `registries/scopeMaps`.
"""

from collections.abc import Mapping
from types import MappingProxyType

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.resource_type import (
    ComputationContext,
    DeleteFlow,
    ListRead,
    NameRule,
    ResourceType,
    SdkModel,
)
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json

_SINCE = "2026-01-01T00:00:00Z"
_READ, _WRITE, _DELETE = "content/read", "content/write", "content/delete"
_SEE, _MARK = "metadata/read", "metadata/write"
_OF_SYSTEM: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "_repositories_admin": (_SEE, _MARK, _READ, _WRITE, _DELETE),
        "_repositories_pull": (_READ,),
        "_repositories_pull_metadata_read": (_READ, _SEE),
        "_repositories_push": (_READ, _WRITE),
        "_repositories_push_metadata_write": (_SEE, _MARK, _READ, _WRITE),
    }
)
"""The maps that every registry has from the start, for all of its repositories."""


def _computed_values(
    _resource: ResourceId, _body: Body, _context: ComputationContext
) -> Mapping[str, Json]:
    return {"properties": {"type": "UserDefined", "creationDate": _SINCE}}


def _system_map(actions: tuple[str, ...]) -> Body:
    return {
        "properties": {
            "type": "SystemDefined",
            "creationDate": _SINCE,
            "provisioningState": "Succeeded",
            "actions": [f"repositories/*/{action}" for action in actions],
        }
    }


TYPE = ResourceType(
    name="Microsoft.ContainerRegistry/registries/scopeMaps",
    api_version=api_versions.CONTAINER_REGISTRY,
    sdk=SdkModel("azure.mgmt.containerregistry", "ScopeMap"),
    rule=NameRule(r"[a-zA-Z0-9_-]{5,50}", "5 to 50 letters, digits, hyphens and underscores"),
    lists=ListRead.PARENT,
    taggable=False,
    delete=DeleteFlow.LOCATION,
    seconds=3,
    loss=Disruption.CONNECTIONS,
    computed=_computed_values,
    service_names="|".join(_OF_SYSTEM),
    built_in={name: _system_map(actions) for name, actions in _OF_SYSTEM.items()},
    adds="states what tokens of it may do",
    adds_by=("properties.actions",),
    fields={
        "properties.description": Field(default=""),
        "properties.actions": Field(compare=Compare.SET, security=True),
        "properties.actions[]": Field(compare=Compare.CASELESS),
    },
)
