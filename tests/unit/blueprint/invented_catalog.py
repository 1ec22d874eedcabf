"""A catalog of a few invented types, and files in memory: enough to compose blueprints with.

The types are small on purpose. What azsec does with a blueprint follows from what a catalog says,
not from which types Azure has.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from textwrap import dedent, indent

from provisioner.blueprint.composition import compose
from provisioner.blueprint.composition_cache import CompositionCache, CompositionStore
from provisioner.blueprint.declared_types import read_stated_types
from provisioner.blueprint.environment import load_environment
from provisioner.blueprint.graph import DesiredGraph
from provisioner.catalog.registry import Catalog, build_catalog
from provisioner.catalog.resource_type import NameRule, ResourceType, Scope
from provisioner.catalog.schema import Kind, Model, Property, Shape
from provisioner.catalog.sdk_models import read_schema_index
from provisioner.model.diagnostic import DiagnosticError, error

_TEXT = Shape(Kind.STRING)
_TEXTS = Shape(Kind.LIST, item=_TEXT)
_TAGS = Property("tags", Shape(Kind.MAP, item=_TEXT))
_LOCATION = Property("location", _TEXT, required=True)


def _model(name: str, *properties: Property) -> Model:
    return Model(name, {prop.name: prop for prop in properties})


def _object(name: str, model: str, *, required: bool = False) -> Property:
    return Property(name, Shape(Kind.OBJECT, model), required=required)


_NAME = NameRule(r"[a-z][a-z0-9-]{1,19}", "2 to 20 small letters, digits and hyphens")
_ANY_NAME = NameRule(r".+", "any text")

GROUPS = ResourceType(
    name="Microsoft.Resources/resourceGroups",
    api_version="2025-01-01",
    sdk=None,
    rule=_ANY_NAME,
    scope=Scope.SUBSCRIPTION,
    models=(_model("Group", _LOCATION, _TAGS),),
)
NETWORKS = ResourceType(
    name="Invented.Network/networks",
    api_version="2025-01-01",
    sdk=None,
    rule=_NAME,
    models=(
        _model("Network", _LOCATION, _TAGS, _object("properties", "NetworkProperties")),
        _model(
            "NetworkProperties",
            _object("addressSpace", "AddressSpace"),
            Property("mode", Shape(Kind.STRING, enum=("Open", "Closed"))),
            Property("hops", Shape(Kind.INTEGER)),
            Property("number", Shape(Kind.LONG)),
            Property("dnsServers", _TEXTS),
            Property("labels", Shape(Kind.MAP, item=_TEXT)),
            Property("state", _TEXT, read_only=True),
        ),
        _model("AddressSpace", Property("addressPrefixes", _TEXTS)),
    ),
)
SUBNETS = ResourceType(
    name="Invented.Network/networks/subnets",
    api_version="2025-01-01",
    sdk=None,
    rule=_NAME,
    taggable=False,
    ranges_within={"properties.addressPrefix": "properties.addressSpace.addressPrefixes"},
    models=(
        _model("Subnet", _object("properties", "SubnetProperties")),
        _model(
            "SubnetProperties",
            Property("addressPrefix", _TEXT),
            Property("privateIPAddress", _TEXT, read_only=True),
        ),
    ),
)
IDENTITIES = ResourceType(
    name="Invented.Identity/identities",
    api_version="2025-01-01",
    sdk=None,
    rule=_NAME,
    models=(
        _model("Identity", _LOCATION, _TAGS, _object("properties", "IdentityProperties")),
        _model("IdentityProperties", Property("principalId", _TEXT, read_only=True)),
    ),
)
GRANTS = ResourceType(
    name="Invented.Authorization/grants",
    api_version="2025-01-01",
    sdk=None,
    rule=_ANY_NAME,
    scope=Scope.EXTENSION,
    taggable=False,
    models=(
        _model("Grant", _object("properties", "GrantProperties")),
        _model(
            "GrantProperties",
            Property("principalId", _TEXT, required=True),
            Property("role", _TEXT),
        ),
    ),
)
TYPES = (GRANTS, IDENTITIES, NETWORKS, SUBNETS, GROUPS)
CATALOG: Catalog = replace(
    build_catalog(TYPES, read_schema_index(TYPES)), schema_digest="that of the types above"
)

TENANT = "aaaaaaaa-0000-0000-0000-000000000000"
WORKLOAD = "bbbbbbbb-0000-0000-0000-000000000000"
GROUP = f"/subscriptions/{WORKLOAD}/resourceGroups/rg-main"

ENVIRONMENT = f"""\
apiVersion: azsec/v1
kind: Environment
metadata: {{name: test}}
blueprint: blueprint.yaml
tenantId: {TENANT}
subscriptions: {{workload: {WORKLOAD}}}
"""

BLUEPRINT = """\
apiVersion: azsec/v1
kind: Blueprint
metadata: {name: small}
resourceGroups:
  main: {subscription: workload, name: rg-main, location: westeurope}
"""
"""Five lines: what a test adds begins in line 6."""

MODULE = """\
apiVersion: azsec/v1
kind: Module
"""
"""Two lines: what a test adds begins in line 3."""


class Memory:
    """Sources that are a mapping."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = files

    def read_text(self, path: str) -> str:
        if path not in self.files:
            raise DiagnosticError(error("file-not-found", f"there is no file {path!r}."))
        return self.files[path]


def section(name: str, text: str) -> str:
    """Return a section of a file: its name, and `text` two columns further."""
    return f"{name}:\n{indent(dedent(text).strip(), '  ')}\n"


def composed(blueprint: str, parameters: str = "", **modules: str) -> DesiredGraph:
    """Compose a blueprint from what follows its header; a module `x` is the file x.yaml.

    It is composed three times: alone, with an empty cache, and with what that kept. All three come
    to the same, what is wrong included.
    """
    alone = _attempt(None, blueprint, parameters, modules)
    store = MemoryStore()
    for _ in range(2):
        other = _attempt(store, blueprint, parameters, modules)
        if isinstance(alone, DiagnosticError):
            assert isinstance(other, DiagnosticError)
            assert other.diagnostics == alone.diagnostics
        else:
            assert other == alone
    if isinstance(alone, DiagnosticError):
        raise alone
    return alone


def composed_alone(blueprint: str, parameters: str = "", **modules: str) -> DesiredGraph:
    """Compose as `composed` does, without a cache: what takes long takes long once."""
    found = _attempt(None, blueprint, parameters, modules)
    if isinstance(found, DiagnosticError):
        raise found
    return found


def _attempt(
    store: CompositionStore | None, blueprint: str, parameters: str, modules: Mapping[str, str]
) -> DesiredGraph | DiagnosticError:
    files = {
        "env.yaml": ENVIRONMENT + parameters,
        "blueprint.yaml": BLUEPRINT + blueprint,
        **{f"{name}.yaml": MODULE + text for name, text in modules.items()},
    }
    sources, cache = Memory(files), CompositionCache(store)
    environment = load_environment("env.yaml", sources)
    if store is not None:
        with suppress(DiagnosticError):  # composing says the same
            read_stated_types(environment, sources, cache)
    try:
        graph = compose(environment, CATALOG, sources, cache)
    except DiagnosticError as problem:
        return problem
    cache.close()
    return graph


class MemoryStore:
    """Keeps the entries of a composition in memory, and counts how often they were written."""

    stamp = "a version"

    def __init__(self) -> None:
        self.entries: Mapping[str, str] = {}
        self.writes = 0

    def read(self) -> Mapping[str, str]:
        return self.entries

    def write(self, entries: Mapping[str, str]) -> None:
        self.entries = dict(entries)
        self.writes += 1
