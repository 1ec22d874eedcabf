"""The schemas of the files that a person writes: Blueprint, Module, Environment and egress tables.

These models check structure; values are checked against parameters, and bodies against the SDK's
schema, while composing. `azsec schema` writes the JSON Schemas of these models.
"""

import json
import re
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Annotated, Any, Literal, Protocol, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
)
from pydantic_core import PydanticCustomError

from provisioner.blueprint.file_model import FilePart
from provisioner.blueprint.kubernetes import KubernetesSettings
from provisioner.blueprint.regular_expressions import PatternError, check_pattern
from provisioner.blueprint.secret_checks import check_file
from provisioner.blueprint.yaml_source import Node, parse_yaml
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error, nearest
from provisioner.model.guid import GUID_PATTERN
from provisioner.model.span import Span

ParameterType = Literal[
    "string", "integer", "number", "boolean", "guid", "cidr", "ipAddress", "resourceId",
    "list", "map", "object", "any",
]  # fmt: skip


class Sources(Protocol):
    """Where files come from. A path is a location (`provisioner.blueprint.source_locations`)."""

    def read_text(self, path: str) -> str:
        """Return the text of the file at `path`. Raises DiagnosticError where there is none."""


class Parameter(FilePart):
    """The values that a parameter accepts.

    Without a `default` it has to be given. An `example` is what `azsec init --from` writes into a
    first environment; nothing else reads it.
    """

    type: ParameterType
    description: str = ""
    default: Any = None
    example: Any = None
    nullable: bool = False
    pattern: str | None = None
    enum: list[Any] | None = None
    minimum: float | None = None
    maximum: float | None = None
    min_length: int | None = Field(None, alias="minLength")
    max_length: int | None = Field(None, alias="maxLength")
    items: "Parameter | None" = None
    properties: dict[str, "Parameter"] | None = None

    @field_validator("pattern")
    @classmethod
    def _is_pattern(cls, pattern: str | None) -> str | None:
        try:
            if pattern is not None:
                check_pattern(pattern)
        except PatternError as problem:
            raise PydanticCustomError("wrong_pattern", "{why}", {"why": str(problem)}) from None
        return pattern

    @property
    def is_required(self) -> bool:
        """Whether a value has to be given."""
        return "default" not in self.model_fields_set and not self.nullable


class Resource(BaseModel):
    """One ARM resource. What is not named here is its body, with the service's own names."""

    model_config = ConfigDict(frozen=True, extra="allow", populate_by_name=True)

    type: str
    name: str
    api_version: str | None = Field(None, alias="apiVersion")
    resource_group: str | None = Field(None, alias="resourceGroup")
    parent: str | None = None
    scope: str | None = None
    existing: bool = False
    when: bool | str = True
    for_each: Any = Field(None, alias="forEach")
    depends_on: list[str] = Field(default_factory=list, alias="dependsOn")


RESOURCE_KEYS = frozenset(field.alias or name for name, field in Resource.model_fields.items())
"""The keys of a resource that are not part of its ARM body."""


class ModuleCall(FilePart):
    """The use of a module file, with values for its parameters."""

    source: str
    resource_group: str | None = Field(None, alias="resourceGroup")
    parameters: dict[str, Any] = Field(default_factory=dict)
    when: bool | str = True
    for_each: Any = Field(None, alias="forEach")
    depends_on: list[str] = Field(default_factory=list, alias="dependsOn")


class ResourceGroup(FilePart):
    """A resource group: the alias of its subscription, its name and location."""

    subscription: str
    name: str
    location: str
    tags: dict[str, str] = Field(default_factory=dict)
    existing: bool = False
    when: bool | str = True


class Metadata(FilePart):
    """The name of a file, and what it is for."""

    name: str = Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$")
    description: str = ""


class ModuleFile(FilePart):
    """A module: resources with parameters and outputs, composed into blueprints."""

    api_version: Literal["azsec/v1"] = Field(alias="apiVersion")
    kind: Literal["Module"]
    description: str = ""
    parameters: dict[str, Parameter] = Field(default_factory=dict)
    locals: dict[str, Any] = Field(default_factory=dict)
    resources: dict[str, Resource] = Field(default_factory=dict)
    modules: dict[str, ModuleCall] = Field(default_factory=dict)
    outputs: dict[str, Any] = Field(default_factory=dict)


def count_names(file: ModuleFile) -> int:
    """Return how many names a module gives to parameters, locals and resources."""
    return len(file.parameters) + len(file.locals) + len(file.resources)


class BlueprintFile(FilePart):
    """A blueprint: the resource groups and modules that an environment is made of."""

    api_version: Literal["azsec/v1"] = Field(alias="apiVersion")
    kind: Literal["Blueprint"]
    metadata: Metadata
    parameters: dict[str, Parameter] = Field(default_factory=dict)
    locals: dict[str, Any] = Field(default_factory=dict)
    tags: dict[str, str] = Field(default_factory=dict)
    resource_groups: dict[str, ResourceGroup] = Field(default_factory=dict, alias="resourceGroups")
    resources: dict[str, Resource] = Field(default_factory=dict)
    modules: dict[str, ModuleCall] = Field(default_factory=dict)
    outputs: dict[str, Any] = Field(default_factory=dict)


class EnvironmentMetadata(Metadata):
    """The name of an environment, and its id.

    The id is 128 random bits, which the marks on its resources are made with. `azsec init` writes
    one.
    """

    id: str | None = Field(None, pattern=r"^[0-9a-f]{32}$")


class IgnoreFile(FilePart):
    """A property that somebody else may change until it expires. `expires` is the last day."""

    path: str = Field(min_length=1)
    scope: str = Field(min_length=1)
    reason: str = Field(min_length=1)
    owner: str = Field(min_length=1)
    expires: date


_LABEL = "[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?"
_TOP = "[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = re.compile(rf"(\*\.)?({_LABEL}\.)+{_TOP}\.?")


def _check_host(text: str) -> str:
    """Return a host, or `*.` and the domain whose hosts are meant.

    It is what an application rule of Azure Firewall takes as a target FQDN. An address, a URL and a
    bare `*` are refused.

    Raises:
        PydanticCustomError: For what is no such host.
    """
    if len(text) > 253 or not _HOST.fullmatch(text):
        why = f"{text!r} is not a host. Expected one as api.contoso.com, or *.contoso.com"
        raise PydanticCustomError("no_host", "{why}", {"why": why})
    return text


_Host = Annotated[str, AfterValidator(_check_host)]
_Port = Annotated[int, Field(ge=1, le=65535)]


class EgressFile(FilePart):
    """Hosts outside that workloads may reach, beside what the cluster itself needs."""

    fqdns: list[_Host] = Field(min_length=1)
    ports: list[_Port] = Field(default=[443], min_length=1)
    reason: str = Field(min_length=1)


class EgressTableFile(FilePart):
    """Hosts outside that workloads may reach, for several environments (`egressTables`)."""

    api_version: Literal["azsec/v1"] = Field(alias="apiVersion")
    kind: Literal["EgressTable"]
    description: str = ""
    egress: list[EgressFile] = Field(min_length=1)


class WaiverFile(FilePart):
    """A control that may fail in a scope, until it expires.

    `expires` is the last day of it. `breach`: of a network proof, the one breach that is accepted,
    as `azsec check` words it.
    """

    control: str = Field(min_length=1)
    scope: str = Field(min_length=1)
    breach: str | None = Field(None, min_length=1)
    reason: str = Field(min_length=1)
    owner: str = Field(min_length=1)
    expires: date


class AttestationFile(FilePart):
    """What somebody attests where Azure's API cannot show it.

    It has who looked, when, and until when it holds. `evidence` states what shows it.
    """

    control: str = Field(min_length=1)
    by: str = Field(min_length=1)
    on: date
    expires: date
    evidence: str = ""


class AcceptanceFile(FilePart):
    """Accepted additions of others: what they are, on what, and of whom, until they expire.

    `scope` is an address or an id; `*` stands for any text in `scope`, `principal` and `name`.
    `principal` and `role` name role assignments, `name` all other types. `expires` is the last day
    of it, `atMost` how many additions it may accept (1 where nothing is a pattern).
    """

    type: str = Field("roleAssignments", min_length=1)
    scope: str = Field(min_length=1)
    principal: str | None = Field(None, min_length=1)
    name: str | None = Field(None, min_length=1)
    role: str | None = Field(None, min_length=1)
    reason: str = Field(min_length=1)
    owner: str = Field(min_length=1)
    expires: date
    at_most: int | None = Field(None, alias="atMost", ge=1)


class LockFile(FilePart):
    """The blob container whose lease an apply holds, so that one runs at a time.

    `subscription` is an alias of the environment's `subscriptions`, or a GUID.
    """

    subscription: str
    resource_group: str = Field(alias="resourceGroup")
    storage_account: str = Field(alias="storageAccount")
    container: str


class GatesFile(FilePart):
    """The conditions that refuse an apply.

    `proofs`: whether a proof that fails does, or only warns. `controls`: the least severity at
    which a control that newly fails does.
    """

    proofs: Literal["block", "warn"] = "block"
    controls: Literal["critical", "high", "medium", "low", "none"] = "high"


SchemaPackage = Annotated[
    str, StringConstraints(pattern=r"^azure-mgmt-[a-z0-9]+(-[a-z0-9]+)*(==[0-9]+(\.[0-9a-z]+)*)?$")
]


class EnvironmentFile(FilePart):
    """One environment: where a blueprint is applied, and with which values.

    One of the mode `observe` is only watched. `types` maps types to the API versions that are used
    for them; `schemas` are the packages on PyPI that types outside the catalog are read from, each
    with `==VERSION` where it has to be that one; `extends` is the file whose values it takes;
    `controls` are files of custom controls.
    """

    api_version: Literal["azsec/v1"] = Field(alias="apiVersion")
    kind: Literal["Environment"]
    metadata: EnvironmentMetadata
    extends: str | None = None
    blueprint: str
    cloud: Literal["AzureCloud", "AzureUSGovernment", "AzureChinaCloud", "local"] = "AzureCloud"
    mode: Literal["manage", "observe"] = "manage"
    auth: Literal[
        "default", "workload-identity", "managed-identity", "azure-cli", "environment"
    ] = "default"
    tenant_id: str = Field(alias="tenantId", pattern=f"^{GUID_PATTERN}$")
    subscriptions: dict[str, str]
    parameters: dict[str, Any] = Field(default_factory=dict)
    types: dict[str, str] = Field(default_factory=dict)
    schemas: list[SchemaPackage] = Field(default_factory=list)
    adopt: list[str] = Field(default_factory=list)
    ignore: list[IgnoreFile] = Field(default_factory=list)
    egress: list[EgressFile] = Field(default_factory=list)
    egress_tables: list[str] = Field(default_factory=list, alias="egressTables")
    controls: list[str] = Field(default_factory=list)
    gates: GatesFile = Field(default_factory=GatesFile)
    waivers: list[WaiverFile] = Field(default_factory=list)
    attestations: list[AttestationFile] = Field(default_factory=list)
    accepted: list[AcceptanceFile] = Field(default_factory=list)
    kubernetes: KubernetesSettings = KubernetesSettings.model_validate({})
    lock: LockFile | None = None


AnyFile = TypeVar("AnyFile", bound=BaseModel)


def load_file(model: type[AnyFile], path: str, sources: Sources) -> tuple[AnyFile, Node]:
    """Read a file as `model`. Raises DiagnosticError with every place that does not fit."""
    file, node = _parse_file(model, path, sources.read_text(path))
    assert isinstance(file, model)
    return file, node


_PARSED = 1_024
"""Files that are kept parsed: as many as one environment may have (`module_closure.MAX_FILES`), and
some. They are read twice in the same order, for their types and to compose them, so that a cache of
fewer would never hit: it drops each file before its second reading."""


# The environments of a directory share their modules, and `validate` composes all of them.
@lru_cache(maxsize=_PARSED)
def _parse_file(model: type[BaseModel], path: str, text: str) -> tuple[BaseModel, Node]:
    node = _parse_root(path, text)
    return check_shape(model, node), node


def parse_file(path: str, sources: Sources) -> Node:
    """Read a file without checking its shape.

    Raises DiagnosticError for what is no mapping, and with the place of every secret.
    """
    return _parse_root(path, sources.read_text(path))


@lru_cache(maxsize=_PARSED)
def _parse_root(path: str, text: str) -> Node:
    node = parse_yaml(text, path)
    if not isinstance(node.value, Mapping):
        raise DiagnosticError(
            error("invalid-file", "expected a mapping with apiVersion and kind.", node.span)
        )
    secrets = list(check_file(node.plain(), node))
    if secrets:
        raise DiagnosticError(*secrets)
    return node


def check_shape(model: type[AnyFile], node: Node) -> AnyFile:
    """Return a node as `model`.

    Raises:
        DiagnosticError: With every place that does not fit.
    """
    try:
        return model.model_validate(node.plain())
    except ValidationError as problem:
        raise DiagnosticError(
            *(_explain_error(model, node, details) for details in problem.errors())
        ) from None


def _explain_error(model: type[BaseModel], root: Node, details: Any) -> Diagnostic:  # noqa: ANN401
    path = tuple(step for step in details["loc"] if isinstance(step, str | int))
    node = root.find(path)
    readable = ".".join(str(step) for step in path)
    hint: str | None = None
    match details["type"]:
        case "extra_forbidden":
            parent = root.find(path[:-1])
            span = parent.key_spans.get(str(path[-1]), node.span)
            return error(
                "unknown-property",
                f"{readable!r} is not a property of {_kind_with_article(model)}.",
                span,
                nearest(str(path[-1]), _keys_at(model, path[:-1])),
            )
        case "missing":
            return error("missing-property", f"{readable!r} is required.", node.span, "Add it.")
        case "literal_error":
            return error(
                "wrong-value",
                f"{readable!r} is {details['input']!r}.",
                node.span,
                f"Expected {details['ctx']['expected']}.",
            )
        case "wrong_pattern":
            return error(
                "wrong-pattern", f"{readable!r} {details['ctx']['why']}.", node.span, "Simplify it."
            )
        case "string_type" if isinstance(details["input"], bool | int | float):
            shown = json.dumps(details["input"])
            told, hint = f"{readable!r} is {shown}, which is not a string.", f'Quote it: "{shown}".'
        case _:
            told = f"{readable!r}: {details['msg']}."
    return error("wrong-type", told, node.span, hint)


def _kind_with_article(model: type[BaseModel]) -> str:
    kind = model.__name__.removesuffix("File")
    return f"an {kind}" if kind[0] in "AEIO" else f"a {kind}"


def _keys_at(model: type[BaseModel], path: tuple[str | int, ...]) -> list[str]:
    """Return the keys that the part of a file at `path` may have."""
    current: type[BaseModel] = model
    for step in path:
        found = next((f for n, f in current.model_fields.items() if step in (n, f.alias)), None)
        if found is None:
            continue
        parts = [found.annotation, *getattr(found.annotation, "__args__", ())]
        current = next(
            (p for p in parts if isinstance(p, type) and issubclass(p, BaseModel)), current
        )
    return [field.alias or name for name, field in current.model_fields.items()]


def span_of(node: Node, *path: str | int) -> Span:
    """Return the place of the key that ends `path`, or of the nearest thing above it."""
    parent = node.find(path[:-1])
    return parent.key_spans.get(str(path[-1]), node.find(path).span)
