"""Types outside the catalog: what every resource of Azure Resource Manager has in common.

A type that no file of the catalog describes is made for the environment that names it: from its
name and its api version alone, or with the models of an SDK package. Both have the envelope that
Azure Resource Manager itself defines ("Resource Provider Contract", and `Resource`,
`TrackedResource` and `SystemData` of common-types in Azure/azure-rest-api-specs). No fact is
guessed: what is not known is not claimed, and what could do harm (a delete) takes proof.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

from provisioner.catalog.field import Disruption
from provisioner.catalog.resource_type import (
    DeleteFlow,
    ListRead,
    NameRule,
    ResourceType,
    Scope,
    Tier,
    WriteFlow,
)
from provisioner.catalog.schema import Kind, Model, Property, Shape

TYPE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*(\.[A-Za-z0-9]+)+(/[A-Za-z0-9][A-Za-z0-9._-]*)+")
"""`Namespace.Provider/kind`, children `/kind/kind`."""
EXAMPLE = "Microsoft.Network/virtualNetworks"
API_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(-[A-Za-z][A-Za-z0-9.-]*)?")
"""A day, and what sort of preview it is, if it is one (`2024-05-01-preview`)."""

UNCLAIMED = "azsec has no facts of its type: what one does to what it stands in or on is not judged"
"""Why one that nobody declared is no addition."""

_NAME = NameRule(
    r"[^/\\?#%\x00-\x1f]{1,260}", "1 to 260 characters, none of them a control or / \\ ? # %"
)
_TEXT, _ANY, _TAGS = (
    Shape(Kind.STRING),
    Shape(Kind.ANY),
    Shape(Kind.MAP, item=Shape(Kind.STRING)),
)
_IDENTITY, _PROPERTIES = "raw.Identity", "raw.Properties"


def _model(name: str, *properties: Property) -> Model:
    return Model(name, {prop.name: prop for prop in properties}, open_ended=True)


def _read_only(name: str) -> Property:
    return Property(name, _ANY, read_only=True)


RAW_MODELS: tuple[Model, ...] = (
    _model(
        "raw.Resource",
        *map(_read_only, ("id", "name", "type", "etag", "systemData")),
        Property("location", _TEXT),
        Property("tags", _TAGS),
        Property("identity", Shape(Kind.OBJECT, _IDENTITY)),
        Property("properties", Shape(Kind.OBJECT, _PROPERTIES)),
    ),
    _model(_PROPERTIES, _read_only("provisioningState")),
    _model(
        _IDENTITY,
        Property("type", _TEXT),
        *map(_read_only, ("principalId", "tenantId")),
    ),
)
"""The envelope of a body of which nothing else is known, the root first."""

RAW_BY_NAME: Mapping[str, Model] = MappingProxyType({model.name: model for model in RAW_MODELS})


def is_type_name(text: str) -> bool:
    """Tell whether a text is the name of a type: a namespace with a dot, then a segment or more."""
    return TYPE_NAME.fullmatch(text) is not None


def is_namespace(text: str) -> bool:
    """Tell whether a text can be the namespace of a resource provider."""
    return is_type_name(f"{text}/kinds")


def is_api_version(text: str) -> bool:
    """Tell whether a text is an api version."""
    return API_VERSION.fullmatch(text) is not None


def raw_type(
    name: str,
    api_version: str,
    *,
    extension: bool = False,
    tracked: bool = False,
    lists: ListRead = ListRead.SINGLE,
) -> ResourceType:
    """Return a type of which its name and an api version are known.

    `extension` tells that it stands on a scope of its own (`scope:`), `tracked` that its bodies
    have tags. Writes and deletes are followed by the headers of each answer, so no flow is assumed,
    and roles name no action for following one.
    """
    return ResourceType(
        name=name,
        api_version=api_version,
        sdk=None,
        models=RAW_MODELS,
        rule=_NAME,
        tier=Tier.RAW,
        scope=Scope.EXTENSION if extension else Scope.RESOURCE_GROUP,
        located=False,
        taggable=tracked,
        contents_known=False,
        lists=lists,
        write=WriteFlow.SYNC,
        delete=DeleteFlow.SYNC,
        loss=Disruption.DATA,
        seconds=0,
        harmless=UNCLAIMED,
    )
