"""One invented type with a property for every rule of the comparison, and its schema.

The comparison knows no type by name: what it does follows from a schema and from facts.
"""

from provisioner.catalog.field import Compare, Disruption, Field, Owner, Since
from provisioner.catalog.registry import Catalog, build_catalog
from provisioner.catalog.resource_type import Embedded, NameRule, ResourceType
from provisioner.catalog.schema import Kind, Model, Property, Shape
from provisioner.catalog.sdk_models import read_schema_index
from provisioner.model.values import ABSENT, lookup

_TEXT = Shape(Kind.STRING)
_TEXTS = Shape(Kind.LIST, item=_TEXT)
_FLAG = Shape(Kind.BOOLEAN)
_WHOLE = Shape(Kind.INTEGER)
_TEXT_MAP = Shape(Kind.MAP, item=_TEXT)


def _model(name: str, *properties: Property) -> Model:
    return Model(name, {prop.name: prop for prop in properties})


def _text(*names: str, read_only: bool = False) -> tuple[Property, ...]:
    return tuple(Property(name, _TEXT, read_only=read_only) for name in names)


def _object(name: str, model: str) -> Property:
    return Property(name, Shape(Kind.OBJECT, model))


def _list(name: str, model: str) -> Property:
    return Property(name, Shape(Kind.LIST, item=Shape(Kind.OBJECT, model)))


def _map(name: str, model: str) -> Property:
    return Property(name, Shape(Kind.MAP, item=Shape(Kind.OBJECT, model)))


def _count_owner(body):
    scaled = lookup(body, ("properties", "autoscale")) is True
    return Owner.AUTOSCALER if scaled else Owner.BLUEPRINT


def _channel_owner(body):
    channel = lookup(body, ("properties", "channel"))
    return Owner.UPGRADE_CHANNEL if channel == "stable" else Owner.BLUEPRINT


def _yield_of_open_farms(body):
    """A default that depends on an enum, a flag and an object elsewhere in the body."""
    mode, flag = lookup(body, ("properties", "mode")), lookup(body, ("properties", "flag"))
    owned = lookup(body, ("properties", "profile")) is not ABSENT
    return "high" if mode == "Open" and flag is True and not owned else "low"


def _further(before, after):
    """Soil may get worse by one at a time."""
    old, new = (lookup(body, ("properties", "soil")) for body in (before, after))
    return "soil cannot skip a step" if isinstance(old, int) and new != old + 1 else None


def _moves(before, after):
    old, new = (lookup(body, ("properties", "land")) for body in (before, after))
    return None if str(old)[:1] == str(new)[:1] else "a worker cannot go to another land"


def _smaller(before, after):
    old, new = (lookup(body, ("properties", "size")) for body in (before, after))
    return "it cannot shrink" if int(str(new)) < int(str(old)) else None


WORKERS = ResourceType(
    name="Invented.Farm/farms/workers",
    api_version="2025-01-01",
    sdk=None,
    rule=NameRule(".+", "any text"),
    models=(
        _model("Worker", *_text("name"), _object("properties", "WorkerProperties")),
        _model(
            "WorkerProperties",
            Property("count", _WHOLE),
            Property("autoscale", _FLAG),
            *_text("image", "mode", "land"),
        ),
    ),
    fields={
        "properties.count": Field(owner=_count_owner),
        "properties.autoscale": Field(default=False),
        "properties.image": Field(create_only=True),
        "properties.land": Field(create_only=True, parent_fixed=_moves),
    },
)

FARMS = ResourceType(
    name="Invented.Farm/farms",
    api_version="2025-01-01",
    sdk=None,
    rule=NameRule(".+", "any text"),
    embedded=(
        Embedded("properties.workers", WORKERS.name, flattened=True),
        Embedded("properties.fields", "Invented.Farm/farms/fields"),
    ),
    models=(
        _model(
            "Farm",
            *_text("location"),
            *_text("id", "name", "type", read_only=True),
            Property("tags", _TEXT_MAP),
            _object("identity", "Identity"),
            _object("properties", "FarmProperties"),
        ),
        _model("Identity", *_text("type"), _map("userAssignedIdentities", "AssignedIdentity")),
        _model("AssignedIdentity", *_text("principalId", read_only=True)),
        _model(
            "FarmProperties",
            *_text("text", "plan", "range", "every", "moment", "version", "channel", "vnetId"),
            *_text("secret", "made", "ignored", "gone", "fixed", "born", "kept", "copy", "never"),
            *_text("tier", "grade", "since", "brand", "key", "begun"),
            *_text("role", "duties"),
            Property("signs", _TEXT_MAP),
            Property("phrases", _TEXTS),
            _list("gates", "Gate"),
            *_text("state", "home", read_only=True),
            _object("engine", "Engine"),
            *_text("yield"),
            Property("document", Shape(Kind.ANY)),
            Property("heard", Shape(Kind.ANY)),
            Property("soil", _WHOLE),
            _object("sealed", "Profile"),
            Property("mode", Shape(Kind.STRING, enum=("Open", "Closed"))),
            Property("size", _WHOLE),
            Property("flag", _FLAG),
            Property("lock", _FLAG),
            Property("silentFlag", _FLAG),
            Property("bag", _TEXTS),
            Property("servers", _TEXTS),
            Property("marks", _TEXTS),
            Property("ranges", _TEXTS),
            Property("theirs", _TEXTS),
            Property("labels", _TEXT_MAP),
            Property("config", _TEXT_MAP),
            _map("addons", "Addon"),
            _object("subnet", "Reference"),
            _object("profile", "Profile"),
            _object("other", "Profile"),
            _list("rules", "Rule"),
            _list("windows", "Window"),
            _list("lamps", "Lamp"),
            _list("allowed", "Allowed"),
            _list("subnets", "Reference"),
            _list("workers", "FarmWorker"),
            _list("fields", "FarmField"),
        ),
        _model("Addon", Property("enabled", _FLAG), Property("config", _TEXT_MAP)),
        _model(
            "Engine",
            Property("mode", Shape(Kind.STRING, enum=("Off", "On"))),
            Property("limited", _FLAG),
            _object("fan", "Profile"),
        ),
        _model("Reference", *_text("id")),
        _model("Profile", *_text("level"), Property("on", _FLAG), *_text("key", read_only=True)),
        _model(
            "Rule", *_text("id", "name", "etag", "type"), _object("properties", "RuleProperties")
        ),
        _model("RuleProperties", *_text("access"), Property("priority", _WHOLE)),
        _model("Window", *_text("day"), Property("hour", _WHOLE)),
        _model("Allowed", *_text("value", "action")),
        _model("Gate", *_text("name", "url")),
        _model("Lamp", *_text("name"), Property("lit", _FLAG)),
        _model(
            "FarmWorker",
            *_text("name", "image", "mode", "land"),
            Property("count", _WHOLE),
            Property("autoscale", _FLAG),
        ),
        _model(
            "FarmField",
            *_text("id", "name", "etag", "type"),
            _object("properties", "FieldProperties"),
        ),
        _model("FieldProperties", *_text("range"), *_text("state", read_only=True)),
    ),
    fields={
        "properties.plan": Field(default="Basic", security=True),
        "properties.flag": Field(default=False, security=True),
        "properties.lock": Field(default=False, irreversible=(True,)),
        "properties.range": Field(compare=Compare.CIDR),
        "properties.every": Field(compare=Compare.DURATION),
        "properties.moment": Field(compare=Compare.TIMESTAMP),
        "properties.version": Field(
            compare=Compare.VERSION, owner=_channel_owner, disruption=Disruption.NODES
        ),
        "properties.vnetId": Field(compare=Compare.RESOURCE_ID),
        "properties.role": Field(compare=Compare.TENANT_ID),
        "properties.duties": Field(compare=Compare.FLAGS),
        "properties.signs": Field(compare=Compare.VERBATIM, default={}),
        "properties.phrases": Field(compare=Compare.ORDERED),
        "properties.phrases[]": Field(compare=Compare.VERBATIM),
        "properties.config[]": Field(compare=Compare.EXACT),
        "properties.engine": Field(default=None),
        "properties.engine.mode": Field(default="Off"),
        "properties.engine.limited": Field(default=True),
        "properties.engine.fan": Field(default=None),
        "properties.yield": Field(default=_yield_of_open_farms),
        "properties.size": Field(create_only=_smaller),
        "properties.secret": Field(write_only=True),
        "properties.made": Field(read_only=True),
        "properties.ignored": Field(compare=Compare.IGNORED),
        "properties.gone": Field(owner=Owner.POLICY),
        "properties.fixed": Field(create_only=True, default="first"),
        "properties.born": Field(create_only=True),
        "properties.kept": Field(create_only=True, definite=True),
        "properties.sealed": Field(create_only=True, default=None),
        "properties.sealed.on": Field(default=False),
        "properties.never": Field(default="y", refused=("x",)),
        "properties.soil": Field(forbidden=_further),
        "properties.copy": Field(follows=("properties.text",)),
        "properties.begun": Field(refilled=True),
        "properties.servers": Field(compare=Compare.ORDERED),
        "properties.ranges": Field(default=(), compare=Compare.SET, security=True),
        "properties.ranges[]": Field(compare=Compare.CIDR),
        "properties.theirs": Field(shared=True),
        "properties.labels": Field(default={}, reserved="farm.io/"),
        "properties.marks": Field(default=(), reserved="farm.io/"),
        "properties.key": Field(secret=True),
        "properties.gates": Field(default=(), keys=("name",)),
        "properties.gates[].url": Field(sensitive=True),
        "properties.tier": Field(default="Free", kept=True),
        "properties.grade": Field(default="Base", aliases={"basic": "Base"}),
        "properties.since": Field(default=Since("2026-01-01", "new", "old")),
        "properties.lamps": Field(keys=("name",), shared=True),
        "properties.lamps[].lit": Field(default=False, security=True),
        "properties.brand": Field(default="New", taken_as=(("Old", "New"),)),
        "properties.home": Field(compare=Compare.RESOURCE_ID, stated=True),
        "properties.document": Field(closed=True, security=True),
        "properties.addons": Field(default={}, security=True),
        "properties.addons[].enabled": Field(default=False, security=True),
        "properties.addons.legacy.enabled": Field(default=True, security=True),
        "properties.profile": Field(default=None, security=True),
        "properties.other.level": Field(default="low"),
        "properties.rules": Field(default=(), keys=("name",), security=True),
        "properties.allowed": Field(default=(), keys=("value",), security=True),
        "properties.allowed[].value": Field(compare=Compare.CIDR),
        "properties.allowed[].action": Field(default="Allow"),
        "properties.workers": Field(embeds=True, keys=("name",)),
        "properties.fields": Field(embeds=True, keys=("name",)),
    },
)


def build_invented_catalog() -> Catalog:
    """Return the catalog of the invented types."""
    types = (FARMS, WORKERS)
    return build_catalog(types, read_schema_index(types))


CATALOG = build_invented_catalog()
FARM = CATALOG.get(FARMS.name)


def farm(**properties):
    return {"properties": properties}
