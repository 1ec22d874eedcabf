"""Reads the types that an SDK package writes, from the source of its operations.

Every generation of the packages has a function for each request (`build_…_request`) with the URL as
a template, the HTTP method and the api version, and a method of a class that calls it with a model
of the body. Nothing is imported or run: the source is parsed.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from provisioner.catalog.resource_type import SdkModel
from provisioner.catalog.type_names import is_api_version, is_namespace

_MODEL = re.compile(r"\b(_\w*models\d*)\.(\w+)")
_PARAMETER = re.compile(r"\{(\w+)\}")
_GROUP = "/subscriptions/{}/resourcegroups/{}"
_SUBSCRIPTION = "/subscriptions/{}"


class Place(StrEnum):
    """The scope in a PUT's URL: the part before the last `providers`."""

    GROUP = "resource group"
    SUBSCRIPTION = "subscription"
    TENANT = "tenant"
    SCOPE = "scope"


@dataclass(frozen=True, slots=True)
class Source:
    """The source of one module of operations.

    It has the module's name (`azure.mgmt.cdn.operations._operations`), its text, and the values of
    the enums of its package by name.
    """

    module: str
    text: str
    enums: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SdkResourceType:
    """A type that a PUT of a package writes, in one api version.

    `model` is that of the body, None where the operation takes bytes or nothing. `names` are the
    only possible names, where the URLs have them. `listed` tells that resources of one parent can
    be listed, `deletable` that there is a DELETE.
    """

    name: str
    api_version: str
    model: SdkModel | None
    places: tuple[Place, ...]
    names: tuple[str, ...]
    listed: bool
    deletable: bool


@dataclass(frozen=True, slots=True)
class SkippedOperation:
    """A PUT that writes no type, by its URL, and why."""

    url: str
    reason: str


@dataclass(frozen=True, slots=True)
class PackageOperations:
    """The types that the operations of a package write.

    `puts` counts the PUT operations, of all api versions.
    """

    types: tuple[SdkResourceType, ...]
    passed: tuple[SkippedOperation, ...]
    puts: int


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    url: str
    api_version: str
    model: SdkModel | None
    kinds: Mapping[str, tuple[str, ...]]


def read_operations(sources: Iterable[Source]) -> PackageOperations:
    """Return the types that the operations of a package write.

    A source that is no Python of this version counts as one without operations.
    """
    requests = [request for source in sources for request in _requests_in(source)]
    urls = {
        method: {
            _url_shape(url) for one in requests if one.method == method for url in _expand_url(one)
        }
        for method in ("GET", "DELETE")
    }
    found: dict[tuple[str, str], list[tuple[_Request, str]]] = {}
    passed: list[SkippedOperation] = []
    puts = [request for request in requests if request.method == "PUT"]
    for request in puts:
        reason = "" if request.api_version else "the api version is a parameter"
        for url in _expand_url(request) if request.api_version else ():
            name, reason = _type_in(url)
            if name is not None:
                found.setdefault((name.lower(), request.api_version), []).append((request, url))
        if reason:
            passed.append(SkippedOperation(request.url, reason))
    types = tuple(_sdk_resource_type(those, urls) for _, those in sorted(found.items()))
    return PackageOperations(types, tuple(passed), len(puts))


def _sdk_resource_type(
    those: list[tuple[_Request, str]], urls: Mapping[str, set[str]]
) -> SdkResourceType:
    first, url = those[0]
    ends = [each.rpartition("/")[2] for _, each in those]
    fixed = tuple(sorted({end for end in ends if not _PARAMETER.search(end)}))
    name, _ = _type_in(url)
    assert name is not None
    return SdkResourceType(
        name=name,
        api_version=first.api_version,
        model=next((request.model for request, _ in those if request.model is not None), None),
        places=tuple(sorted({_place_of(each) for _, each in those})),
        names=fixed if len(fixed) == len(set(ends)) else (),
        listed=any(_url_shape(each.rpartition("/")[0]) in urls["GET"] for _, each in those),
        deletable=any(_url_shape(each) in urls["DELETE"] for _, each in those),
    )


def _type_in(url: str) -> tuple[str | None, str]:
    """Return the type that the last part of a URL names, or why it names none."""
    _, providers, tail = _split_url(url)
    if not providers:
        return None, "its URL names no resource provider"
    namespace, *steps = tail.split("/")
    if not is_namespace(namespace):
        return None, "the namespace is a parameter"
    if len(steps) % 2:
        return None, "its URL ends with an action or a setting, and not with a name"
    kinds = steps[::2]
    if any(_PARAMETER.search(kind) for kind in kinds):
        return None, "the kind is a parameter"
    return "/".join((namespace, *kinds)), ""


def _split_url(url: str) -> tuple[str, str, str]:
    """Return (scope, separator, provider and names) of a URL, by its last `providers`."""
    at = url.lower().rfind("/providers/")
    if at < 0:
        return url, "", ""
    tail = url[at + len("/providers/") :].strip("/")
    return url[:at], "/providers/", tail


def _place_of(url: str) -> Place:
    scope = _url_shape(_split_url(url)[0])
    if scope == _GROUP:
        return Place.GROUP
    if scope == _SUBSCRIPTION:
        return Place.SUBSCRIPTION
    return Place.SCOPE if scope else Place.TENANT


def _url_shape(url: str) -> str:
    """Return a URL without the names of its parameters, in lower case."""
    return _PARAMETER.sub("{}", url).rstrip("/").lower()


def _expand_url(request: _Request) -> Iterator[str]:
    """Yield the URLs of a template: one for each value of an enum in it."""
    urls = [request.url]
    for name, values in request.kinds.items():
        urls = [url.replace(f"{{{name}}}", value) for url in urls for value in values]
    yield from urls


def _requests_in(source: Source) -> Iterator[_Request]:
    try:
        tree = ast.parse(source.text)
    except (SyntaxError, ValueError, RecursionError):
        return
    models = _model_packages(tree, source.module)
    bodies = _body_models(tree, models)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and _is_builder(node.name):
            request = _read_builder(node, bodies.get(node.name), source.enums)
            if request is not None:
                yield request


def _is_builder(name: str) -> bool:
    return name.startswith("build_") and "_request" in name


def _read_builder(
    node: ast.FunctionDef, model: SdkModel | None, enums: Mapping[str, tuple[str, ...]]
) -> _Request | None:
    method = url = version = ""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call):
            popped = _popped_default(inner)
            if popped is not None and popped[0] == "template_url":
                url = url or popped[1]
            elif popped is not None and popped[0] in ("api_version", "api-version"):
                version = version or popped[1]
            method = method or _keyword_text(inner, "method")
        elif isinstance(inner, (ast.Assign, ast.AnnAssign)):
            name, text = _assigned(inner)
            if name == "_url":
                url = url or text
            elif name == "api_version":
                version = version or text
    if not (method and url.startswith(("/", "{"))):
        return None
    version = version if is_api_version(version) else ""
    return _Request(
        method.upper(), _absolute_path(url), version.lower(), model, _enums_in(node, url, enums)
    )


def _absolute_path(url: str) -> str:
    return url if url.startswith("/") else f"/{url}"


def _popped_default(call: ast.Call) -> tuple[str, str] | None:
    """Return (name, default) of `kwargs.pop("name", "default")`, where both are texts."""
    if not (isinstance(call.func, ast.Attribute) and call.func.attr == "pop"):
        return None
    texts = [each.value for each in call.args if isinstance(each, ast.Constant)]
    if len(texts) == 2 and all(isinstance(text, str) for text in texts):
        return str(texts[0]), str(texts[1])
    return None


def _keyword_text(call: ast.Call, name: str) -> str:
    values = (each.value for each in call.keywords if each.arg == name)
    return next((str(v.value) for v in values if isinstance(v, ast.Constant)), "")


def _assigned(node: ast.Assign | ast.AnnAssign) -> tuple[str, str]:
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    is_text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    if isinstance(target, ast.Name) and is_text and isinstance(node.value, ast.Constant):
        return target.id, str(node.value.value)
    return "", ""


def _enums_in(
    node: ast.FunctionDef, url: str, enums: Mapping[str, tuple[str, ...]]
) -> Mapping[str, tuple[str, ...]]:
    """Return the values of the enum parameters in a URL, by the parameter's name.

    They are kinds of children, such as the record types of a zone.
    """
    _, _, tail = _split_url(url)
    kinds = [match[1] for step in tail.split("/")[1::2] if (match := _PARAMETER.fullmatch(step))]
    found: dict[str, tuple[str, ...]] = {}
    for argument in (*node.args.args, *node.args.kwonlyargs):
        named = _MODEL.search(_annotation_text(argument))
        values = enums.get(named[2]) if named is not None else None
        for kind in kinds:
            if values and kind.lower() == argument.arg.replace("_", ""):
                found[kind] = values
    return found


def _body_models(tree: ast.Module, packages: Mapping[str, str]) -> dict[str, SdkModel]:
    """Return the model of the body that each builder is called with, by the builder's name."""
    found: dict[str, SdkModel] = {}
    for owner in tree.body:
        for node in owner.body if isinstance(owner, ast.ClassDef) else ():
            if not isinstance(node, ast.FunctionDef):
                continue
            model = _body_of(node, packages)
            if model is None:
                continue
            for inner in ast.walk(node):
                if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name):
                    found.setdefault(inner.func.id, model)
    return found


def _body_of(node: ast.FunctionDef, packages: Mapping[str, str]) -> SdkModel | None:
    """Return the first model among the arguments of a method that takes a body of JSON."""
    for argument in (*node.args.args, *node.args.kwonlyargs):
        annotation = _annotation_text(argument)
        named = _MODEL.search(annotation)
        if named is None or named[1] not in packages or annotation.startswith("Union[str"):
            continue
        return SdkModel(packages[named[1]], named[2])
    return None


def _annotation_text(argument: ast.arg) -> str:
    node = argument.annotation
    if node is None:
        return ""
    if isinstance(node, ast.Constant):
        return str(node.value)
    return ast.unparse(node)


def _model_packages(tree: ast.Module, module: str) -> Mapping[str, str]:
    """Return the packages that hold the models, by the name that they are imported under."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom):
            continue
        for alias in node.names:
            if alias.name != "models":
                continue
            above = module.split(".")[: -node.level] if node.level else []
            inner = node.module.split(".") if node.module else []
            found[alias.asname or alias.name] = ".".join((*above, *inner))
    return found


def read_enums(text: str) -> dict[str, tuple[str, ...]]:
    """Return the values of the enums in the source of a package's `models`, by name."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return {}
    found: dict[str, tuple[str, ...]] = {}
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            values = [
                str(each.value.value)
                for each in node.body
                if isinstance(each, ast.Assign) and isinstance(each.value, ast.Constant)
            ]
            found[node.name] = tuple(values)
    return found
