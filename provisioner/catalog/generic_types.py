"""Resource types outside the catalog, made from a name and an api version or an SDK package.

Both have the envelope that Azure Resource Manager itself defines ("Resource Provider Contract", and
`Resource`, `TrackedResource` and `SystemData` of common-types in Azure/azure-rest-api-specs). No
fact is guessed: what is not known is not claimed, and what could do harm (a delete) takes proof.

One thing is inferred, because a provider versions its types together: a parent that only an id
names, and a child of which the provider lists no versions, use the version of the other
(`blueprint.environment_catalog`, `api_version_selection`). Where that is wrong Azure refuses the
list, and a delete that needs it is blocked.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.resource_type import (
    DeleteFlow,
    ListRead,
    NameRule,
    ResourceType,
    Scope,
    Tier,
    WriteFlow,
)
from provisioner.catalog.schema import Kind, Model, Property, SchemaIndex, Shape, walk
from provisioner.catalog.sdk_operations import Place, SdkResourceType
from provisioner.model.secret_values import may_name_credential

UNCLAIMED = "azsec has no facts of its type: what one does to what it is in or on is not judged"
"""Why an undeclared resource is no addition."""

_FIELDS: Mapping[str, Field] = MappingProxyType({"identity.type": Field(compare=Compare.FLAGS)})
"""What Azure Resource Manager has for every type that can have a managed identity."""
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


def raw_type(
    name: str,
    api_version: str,
    *,
    extension: bool = False,
    tracked: bool = False,
    lists: ListRead = ListRead.SINGLE,
) -> ResourceType:
    """Return a type of which only the name and an api version are known.

    `extension` tells that it has a scope of its own (`scope:`), `tracked` that its bodies have
    tags. That children are listed in their parent is inferred. Writes and deletes are polled by the
    headers of each answer, so no flow is assumed, and generated roles have no action for polling.
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
        # It may have children that nothing lists, so a delete takes proof.
        contents_known=False,
        listable=name.count("/") > 1,
        lists=lists,
        write=WriteFlow.SYNC,
        delete=DeleteFlow.SYNC,
        # The worst case, since no fact tells what a delete destroys.
        loss=Disruption.DATA,
        seconds=0,
        harmless=UNCLAIMED,
        fields=_FIELDS,
    )


def sensitive_fields(schemas: SchemaIndex, type_name: str) -> dict[str, Field]:
    """Return facts for properties that are named like a credential: no document shows them.

    The SDK does not tell which are secrets (`x-ms-secret` is not in the models).
    """
    return {
        ".".join(path).replace(".[]", "[]"): Field(sensitive=True)
        for path, prop in walk(schemas, type_name)
        if _holds_text(prop.shape) and may_name_credential(path[-1])
    }


def _holds_text(shape: Shape) -> bool:
    """Return whether values of a shape are texts that anybody chose, or lists or maps of them."""
    if shape.kind in (Kind.LIST, Kind.MAP) and shape.item is not None:
        return _holds_text(shape.item)
    return shape.kind is Kind.STRING and not shape.enum


def schema_type(
    written: SdkResourceType, *, extension: bool = False, tracked: bool = True, located: bool = True
) -> ResourceType:
    """Return a type of which an SDK package has the operations and a model.

    `extension` tells that a file states a `scope:`; without one the type's scope is where a PUT of
    it exists, a resource group before anything else. `tracked` and `located` tell that its model
    has tags and a location.

    Raises:
        ValueError: The package has no model of it: that is a raw type with an api version.
    """
    if written.model is None:
        raise ValueError(f"{written.name} has no model")
    in_group = Place.GROUP in written.places and not extension
    rule = _NAME
    if written.names:
        rule = NameRule("", f"one of {', '.join(written.names)}", fixed=written.names)
    return replace(
        raw_type(written.name, written.api_version, extension=not in_group, tracked=tracked),
        tier=Tier.SCHEMA,
        sdk=written.model,
        models=(),
        rule=rule,
        located=located,
        contents_known=True,
        listable=written.listed,
        deletable=written.deletable,
    )
