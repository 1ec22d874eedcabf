"""A catalog of types that no provider has: what works with it is not made for one type."""

from collections.abc import Mapping

from provisioner.catalog.error_codes import RefusalCodes, SoftDelete
from provisioner.catalog.field import Answered, Field, Since
from provisioner.catalog.list_options import ListCondition, ListOptions
from provisioner.catalog.registry import Catalog, build_catalog
from provisioner.catalog.resource_type import (
    ComputationContext,
    DeleteFlow,
    Embedded,
    ListRead,
    NameRule,
    ResourceType,
    Scope,
    WriteFlow,
)
from provisioner.catalog.schema import Kind, Model, Property, SchemaIndex, Shape
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json

ANY_NAME = NameRule(r"[\w-]{1,40}", "1 to 40 letters, digits, underscores and hyphens")

TEXT, NUMBER, FLAG = Shape(Kind.STRING), Shape(Kind.INTEGER), Shape(Kind.BOOLEAN)


def _model(name: str, *properties: Property) -> Model:
    return Model(name, {prop.name: prop for prop in properties})


def _list(model: str) -> Shape:
    return Shape(Kind.LIST, item=Shape(Kind.OBJECT, model=model))


def _whole(name: str) -> Model:
    """A resource's root model over the properties model `name.properties`."""
    return _model(
        name,
        Property("id", TEXT, read_only=True),
        Property("name", TEXT),
        Property("etag", TEXT, read_only=True),
        Property("location", TEXT),
        Property("tags", Shape(Kind.MAP, item=TEXT)),
        Property("properties", Shape(Kind.OBJECT, model=f"{name}.properties")),
    )


_STATE = Property("provisioningState", TEXT, read_only=True)

NET = ResourceType(
    name="Contoso.Fabric/nets",
    api_version="2026-01-01",
    sdk=None,
    rule=ANY_NAME,
    etag=True,
    serialise_on="",
    seconds=30,
    embedded=(Embedded("properties.lanes", "Contoso.Fabric/nets/lanes"),),
    models=(
        _whole("net"),
        _model(
            "net.properties",
            Property("range", TEXT, required=True),
            Property("mode", Shape(Kind.STRING, enum=("Open", "Closed"))),
            Property("size", NUMBER),
            Property("guard", Shape(Kind.OBJECT, model="guard")),
            Property("lanes", _list("lane")),
            Property("rules", _list("rule")),
            Property("secret", TEXT),
            Property("tier", TEXT),
            Property("grade", Shape(Kind.STRING, enum=("Base", "Pro"))),
            Property("echo", FLAG),
            Property("quiet", FLAG),
            Property("aged", TEXT),
            Property("usage", NUMBER, read_only=True),
            _STATE,
        ),
        _model("guard", Property("action", TEXT), Property("strict", FLAG)),
        _model(
            "rule",
            Property("name", TEXT),
            Property("id", TEXT),
            Property("etag", TEXT, read_only=True),
            Property("type", TEXT, read_only=True),
            Property("properties", Shape(Kind.OBJECT, model="rule.properties")),
        ),
        _model("rule.properties", Property("weight", NUMBER), _STATE),
    ),
    fields={
        "properties.mode": Field(default="Open"),
        "properties.size": Field(create_only=True),
        "properties.guard.action": Field(default="Allow"),
        "properties.guard.strict": Field(irreversible=(True,)),
        "properties.rules[].properties.weight": Field(default=100),
        "properties.secret": Field(write_only=True),
        "properties.tier": Field(default="Free", kept=True),
        "properties.grade": Field(default="Base", aliases={"basic": "Base"}),
        "properties.echo": Field(default=False, answered=Answered.STATED),
        "properties.quiet": Field(default=False, answered=Answered.MOVED),
        "properties.aged": Field(default=Since("2026-01-01", "new", "old")),
        "properties.lanes": Field(embeds=True),
    },
)

LANE = ResourceType(
    name="Contoso.Fabric/nets/lanes",
    api_version="2026-01-01",
    sdk=None,
    rule=ANY_NAME,
    lists=ListRead.EMBEDDED,
    etag=True,
    serialise_on="",
    seconds=10,
    in_use="InUseLaneCannotBeDeleted",
    ranges_within={"properties.range": "properties.range"},
    models=(_whole("lane"), _model("lane.properties", Property("range", TEXT), _STATE)),
)

PORT = ResourceType(
    name="Contoso.Fabric/ports",
    api_version="2026-01-01",
    sdk=None,
    rule=ANY_NAME,
    seconds=20,
    flat_errors=True,
    models=(
        _whole("port"),
        _model(
            "port.properties",
            Property("laneId", TEXT),
            Property("address", TEXT, read_only=True),
            _STATE,
        ),
    ),
    codes=RefusalCodes(not_found="NotFound", busy="OperationNotAllowed"),
    computed=lambda resource, body, context: {
        "properties": {"address": context.free_address(body["properties"]["laneId"], resource.text)}
    },
)

SAFE = ResourceType(
    name="Contoso.Safe/safes",
    api_version="2026-01-01",
    sdk=None,
    rule=NameRule(r"[a-z]{3,10}", "3 to 10 small letters", unique_in_azure=True),
    write=WriteFlow.SYNC,
    delete=DeleteFlow.SYNC,
    soft_delete=SoftDelete(
        retention="properties.days",
        protection="properties.protected",
        mode="properties.mode",
        recover="recover",
    ),
    codes=RefusalCodes(taken="SafeAlreadyExists"),
    models=(
        _whole("safe"),
        _model(
            "safe.properties",
            Property("days", NUMBER),
            Property("protected", FLAG),
            Property("mode", TEXT),
        ),
    ),
    fields={
        "properties.days": Field(default=90),
        "properties.protected": Field(default=None, irreversible=(True,), refused=(False,)),
        "properties.mode": Field(write_only=True),
    },
)

GRANT = ResourceType(
    name="Contoso.Access/grants",
    api_version="2026-01-01",
    sdk=None,
    rule=ANY_NAME,
    scope=Scope.EXTENSION,
    write=WriteFlow.SYNC,
    delete=DeleteFlow.SYNC,
    taggable=False,
    unique_by=("properties.principalId", "properties.role"),
    list_options=ListOptions(
        equals={"principalId": "properties.principalId"},
        conditions=(ListCondition.AT_SCOPE, ListCondition.ASSIGNED_TO),
        alone=("principalId",),
        code="UnsupportedQuery",
        refusal="The filter '{filter}' is not supported.",
    ),
    codes=RefusalCodes(
        not_found="GrantNotFound", fixed="GrantUpdateRefused", duplicate="GrantExists"
    ),
    models=(
        _whole("grant"),
        _model("grant.properties", Property("principalId", TEXT), Property("role", TEXT)),
    ),
    fields={"properties.principalId": Field(create_only=True)},
)

ROLE = ResourceType(
    name="Contoso.Access/roles",
    api_version="2026-01-01",
    sdk=None,
    rule=ANY_NAME,
    scope=Scope.EXTENSION,
    write=WriteFlow.SYNC,
    delete=DeleteFlow.SYNC,
    models=(_whole("role"), _model("role.properties", Property("title", TEXT))),
    built_in={"reader": {"properties": {"title": "Reads"}}},
)


def _link_state(
    _resource: ResourceId, body: Body, context: ComputationContext
) -> Mapping[str, Json]:
    answered = context.lookup(f"{body['properties']['remoteId']}/links/back") is not None
    return {"properties": {"state": "Connected" if answered else "Initiated"}}


LINK = ResourceType(
    name="Contoso.Fabric/nets/links",
    api_version="2026-01-01",
    sdk=None,
    rule=ANY_NAME,
    lists=ListRead.PARENT,
    write=WriteFlow.ACCEPTED,
    models=(
        _whole("link"),
        _model(
            "link.properties", Property("remoteId", TEXT), Property("state", TEXT, read_only=True)
        ),
    ),
    computed=_link_state,
)

FARM = ResourceType(
    name="Contoso.Fabric/farms",
    api_version="2026-01-01",
    sdk=None,
    rule=ANY_NAME,
    managed_group="properties.workGroup",
    models=(
        Model(
            "farm",
            {
                **_whole("farm").properties,
                "identity": Property("identity", Shape(Kind.OBJECT, model="identity")),
            },
        ),
        _model("farm.properties", Property("workGroup", TEXT)),
        _model("identity", Property("type", TEXT), Property("principalId", TEXT, read_only=True)),
    ),
)

LOCK = ResourceType(
    name="Contoso.Access/locks",
    api_version="2026-01-01",
    sdk=None,
    rule=ANY_NAME,
    scope=Scope.EXTENSION,
    write=WriteFlow.SYNC,
    delete=DeleteFlow.SYNC,
    taggable=False,
    lock_level="properties.level",
    models=(_whole("lock"), _model("lock.properties", Property("level", TEXT))),
)

RESOURCE_GROUPS = ResourceType(
    name="Microsoft.Resources/resourceGroups",
    api_version="2026-01-01",
    sdk=None,
    rule=ANY_NAME,
    scope=Scope.SUBSCRIPTION,
    write=WriteFlow.SYNC,
    delete=DeleteFlow.LOCATION,
    seconds=15,
    models=(_whole("group"), _model("group.properties", _STATE)),
)

INVENTED = (NET, LANE, LINK, PORT, FARM, SAFE, GRANT, ROLE, LOCK, RESOURCE_GROUPS)


def invented_catalog() -> Catalog:
    models = {model.name: model for kind in INVENTED for model in kind.models}
    roots = {kind.name: kind.models[0].name for kind in INVENTED}
    return build_catalog(INVENTED, SchemaIndex(models, roots))
