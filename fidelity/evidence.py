"""How each operation that the built-in Azure answers was verified: by recordings, by a published
source, or by nothing but inference."""

import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from fidelity.measure import Findings
from fidelity.sdk_requests import SdkRequests
from provisioner import catalog
from provisioner.catalog import types as type_packages
from provisioner.catalog.resource_type import ResourceType, Scope
from provisioner.simulator.protocol.routes import Route
from provisioner.simulator.services import deleted


class Operation(StrEnum):
    """What is done to resources of a type. GET includes HEAD."""

    GET = "GET"
    LIST = "list"
    PUT = "PUT"
    PATCH = "PATCH"
    DELETE = "DELETE"


class Evidence(StrEnum):
    """What says that an operation is answered as Azure answers it.

    REFUSED is no evidence: the built-in Azure refuses the operation, as the catalog states.
    """

    RECORDED = "recorded"
    DOCUMENTED = "documented"
    INFERRED = "inferred"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Verification:
    """How one operation was verified. `agreed` of `compared` recorded exchanges agree; `absent`
    tells that the SDK package of the type has no such request; `source` is the package or the
    module that documents it."""

    evidence: Evidence
    agreed: int = 0
    compared: int = 0
    absent: bool = False
    source: str = ""


@dataclass(frozen=True, slots=True)
class RouteVerification:
    """How a request beside those to resources was verified: method, path from its provider on,
    evidence, and the package or module that documents it."""

    method: str
    path: str
    evidence: Evidence
    source: str


Exchanges = Mapping[tuple[str, str], tuple[int, int]]
"""(agreed, compared) recorded exchanges by (method, type name); HEAD counts as GET."""

# A title in quotes, a reference by its kind, or an issue of a repository.
_PAGE = re.compile(
    r'"(?:[A-Z]|- [A-Z])[^"]{3,}"|\b(?:REST|template) reference\b|\blearn\.microsoft\.com\b'
    r"|\b[\w.-]+/[\w.-]+#\d+"
)
_REFERRED = re.compile(r"`(?:catalog\.|provisioner/catalog/)(\w+)(?:\.py)?`")
_GROUP = "/subscriptions/{subscription}/resourceGroups/{group}"


def count_exchanges(findings: Findings) -> Exchanges:
    """Count the recorded exchanges of each method and type, none of them twice.

    They are the requests of conversations, and of recordings that are not replayed as one the
    writes that were compared and the refusals. A request agrees in its status, a refusal in its
    code too, and a write in every settable leaf, where its settled answer was compared.
    """
    compared: Counter[tuple[str, str]] = Counter()
    agreed: Counter[tuple[str, str]] = Counter()
    for course in findings.courses:
        differing = Counter(difference.request for difference in course.differences)
        for said, times in course.requests.items():
            key = _key(*said.split(" ", 1))
            compared[key] += times
            agreed[key] += times - differing[said]
    replayed = {course.conversation.source for course in findings.courses}
    for name, figures in findings.types.items():
        for source, writes in figures.compared.items():
            if source in replayed:  # counted as a request, by its status alone
                agreed["PUT", name] -= writes - figures.alike[source]
            else:
                compared["PUT", name] += writes
                agreed["PUT", name] += figures.alike[source]
    for retrial in findings.tried:
        if retrial.refusal.source not in replayed:
            key = _key(retrial.refusal.method, retrial.refusal.type)
            compared[key] += 1
            agreed[key] += retrial.agrees
    # A write that differs in its status and in its answer counts as one.
    return {key: (max(0, agreed[key]), times) for key, times in compared.items()}


def _key(method: str, type_name: str) -> tuple[str, str]:
    return "GET" if method == "HEAD" else method, type_name


def verify_type(
    resource_type: ResourceType, sdk: SdkRequests, exchanges: Exchanges
) -> Mapping[Operation, Verification]:
    """Return how each operation of a type was verified.

    Recordings come first, where one agrees; then a request of the type's SDK package; for a type
    without one, the pages that its catalog file names, itself or by a module that it refers to;
    but for PATCH, which not every API has.
    """
    return {operation: _verify(resource_type, operation, sdk, exchanges) for operation in Operation}


def _verify(
    resource_type: ResourceType, operation: Operation, sdk: SdkRequests, exchanges: Exchanges
) -> Verification:
    agreed, compared = exchanges.get((operation.value, resource_type.name), (0, 0))
    package = None
    method = "GET" if operation is Operation.LIST else operation.value
    for path in _paths_of(resource_type, operation):
        package = package or sdk.package_of(method, path)
    absent = resource_type.sdk is not None and package is None
    if operation is Operation.DELETE and not resource_type.deletable:
        return Verification(Evidence.REFUSED, agreed, compared, absent)
    if agreed:
        return Verification(Evidence.RECORDED, agreed, compared, absent, package or "")
    if package is not None:
        return Verification(Evidence.DOCUMENTED, agreed, compared, source=package)
    if resource_type.sdk is None and operation is not Operation.PATCH:
        module = _module_with_pages(_file_of(resource_type))
        if module is not None:
            return Verification(Evidence.DOCUMENTED, agreed, compared, source=module)
    return Verification(Evidence.INFERRED, agreed, compared, absent)


def _paths_of(resource_type: ResourceType, operation: Operation) -> Iterator[str]:
    """Yield the paths at which the operation may stand, by the scopes of the type."""
    namespace, *kinds = resource_type.name.split("/")
    if resource_type.scope is Scope.SUBSCRIPTION and resource_type.name_in_id != resource_type.name:
        one = f"/subscriptions/{{subscription}}/{resource_type.name_in_id}/{{name}}"
        yield one.rpartition("/")[0] if operation is Operation.LIST else one
        return
    if operation is Operation.LIST:
        *above, last = kinds
        ends = [last, *([resource_type.listed_as] if resource_type.listed_as else [])]
        tails = ["".join(f"/{kind}/{{name}}" for kind in above) + f"/{end}" for end in ends]
    else:
        tails = ["".join(f"/{kind}/{{name}}" for kind in kinds)]
        fixed = resource_type.rule.fixed
        tails += [f"{tails[0].rpartition('/')[0]}/{name}" for name in fixed]
    scopes = [_GROUP, "/subscriptions/{subscription}"]
    if resource_type.scope is Scope.EXTENSION:
        scopes.append("{scope}")
    yield from (f"{scope}/providers/{namespace}{tail}" for tail in tails for scope in scopes)


def _file_of(resource_type: ResourceType) -> str:
    """Return the module that holds a type."""
    prefix = f"{type_packages.__name__}."
    return next(
        name
        for name, module in sorted(sys.modules.items())
        if name.startswith(prefix)
        and getattr(getattr(module, "TYPE", None), "name", None) == resource_type.name
    )


def _module_with_pages(module: str) -> str | None:
    """Return a module, or else the first of the catalog that its docstring refers to, whose
    docstring names a published page; None where none does."""
    docstring = sys.modules[module].__doc__ or ""
    referred = (f"{catalog.__name__}.{name}" for name in _REFERRED.findall(docstring))
    candidates = (module, *(name for name in referred if name in sys.modules))
    return next((name for name in candidates if names_page(sys.modules[name].__doc__)), None)


def names_page(docstring: str | None) -> bool:
    """Tell whether a docstring names a published page: its title in quotes, a REST or template
    reference, or an issue."""
    return docstring is not None and _PAGE.search(" ".join(docstring.split())) is not None


def verify_routes(
    routes: Iterable[Route], types: Iterable[ResourceType], sdk: SdkRequests
) -> Sequence[RouteVerification]:
    """Return how each request was verified that is answered beside those to resources, by path.

    One that stands at several scopes comes once: documented by the SDK only where it has each.
    """
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for method, path, module in (*_in_routes(routes), *_of_deleted(types)):
        found.setdefault((_from_provider(path), method), []).append((path, module))
    return [
        RouteVerification(method, path, *_verify_route(method, those, sdk))
        for (path, method), those in sorted(found.items(), key=lambda item: _order(item[0]))
    ]


def _order(key: tuple[str, str]) -> tuple[bool, str, str]:
    path, method = key
    return path.startswith(("/", "{")), path.lower(), method


def _in_routes(routes: Iterable[Route]) -> Iterator[tuple[str, str, str]]:
    for route in routes:
        yield route.method, _readable(route.path), route.handler.__module__


def _of_deleted(types: Iterable[ResourceType]) -> Iterator[tuple[str, str, str]]:
    """Yield the requests about the deleted resources of types that Azure keeps for a while."""
    for each in types:
        if each.soft_delete is not None:
            base = f"/subscriptions/{{subscription}}/providers/{each.namespace}"
            kind = f"deleted{each.kind[0].upper()}{each.kind[1:]}"
            one = f"{base}/locations/{{location}}/{kind}/{{name}}"
            yield "GET", f"{base}/{kind}", deleted.__name__
            yield "GET", one, deleted.__name__
            yield "POST", f"{one}/purge", deleted.__name__


def _verify_route(
    method: str, those: Sequence[tuple[str, str]], sdk: SdkRequests
) -> tuple[Evidence, str]:
    packages = [[sdk.package_of(method, each) for each in _alternatives(path)] for path, _ in those]
    flat = [package for each in packages for package in each]
    if all(flat):
        return Evidence.DOCUMENTED, ", ".join(sorted({package for package in flat if package}))
    modules = {_module_with_pages(module) for _, module in those}
    if None not in modules:
        return Evidence.DOCUMENTED, ", ".join(sorted(module for module in modules if module))
    return Evidence.INFERRED, ""


_NAMED_CHOICE = re.compile(r"\((?:\?P<\w+>)?([\w./]+(?:\|[\w./]+)+)\)")
_NAMED_GROUP = re.compile(r"\(\?P<(\w+)>[^()]*\)")


def _readable(template: str) -> str:
    """Return the path of a route with its choices as `(a|b)` and everything else that varies as
    `{name}`."""
    text = _NAMED_CHOICE.sub(r"(\1)", template)
    return _NAMED_GROUP.sub(r"{\1}", text).replace("[^/]+", "{name}")


def _alternatives(path: str) -> list[str]:
    """Return the paths that one with choices stands for."""
    match = _NAMED_CHOICE.search(path)
    if match is None:
        return [path]
    return [
        each
        for choice in match[1].split("|")
        for each in _alternatives(path[: match.start()] + choice + path[match.end() :])
    ]


def _from_provider(path: str) -> str:
    """Return a path from its resource provider on, whatever the scope before it."""
    before, separator, tail = path.rpartition("/providers/")
    if tail.startswith("{") and "/providers/" in before:  # a provider named in another's path
        _, separator, tail = path.partition("/providers/")
    return tail if separator and not tail.startswith("{") else path
