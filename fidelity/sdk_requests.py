"""Reads which requests Azure's REST API has, from the SDK packages: they are generated from its
specification, and have one function for each request (`build_…_request`).

Nothing is imported or run. The packages are those that the catalog names, and the rest of
`azure.mgmt.resource`, which is spread over several distributions.
"""

import importlib.util
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from provisioner.catalog.resource_type import ResourceType

Segments = tuple[str, ...]
"""The segments of a path in lower case; `{}` is a parameter."""

PARAMETER = "{}"
_RESOURCE_MANAGER = "azure.mgmt.resource"
_TOP_LEVEL = re.compile(r"^(?=def |class )", re.MULTILINE)
# Both generations of the packages: a default of `template_url`, or the text itself.
_URL = re.compile(r'_url = (?:kwargs\.pop\(\s*"template_url",\s*)?\(?\s*((?:"[^"]*"\s*)+)')
_METHOD = re.compile(r'method="([A-Z]+)"')
_TEXT = re.compile(r'"([^"]*)"')
_NAMED = re.compile(r"\{\w+\}")


@dataclass(frozen=True)
class SdkRequests:
    """The requests of some packages: (method, path, package)."""

    requests: frozenset[tuple[str, Segments, str]]

    @cached_property
    def _index(self) -> Mapping[tuple[str, int], tuple[tuple[Segments, str], ...]]:
        index: dict[tuple[str, int], list[tuple[Segments, str]]] = {}
        for method, path, package in sorted(self.requests, key=_rank):
            index.setdefault((method, len(path)), []).append((path, package))
        return {key: tuple(those) for key, those in index.items()}

    def package_of(self, method: str, path: str) -> str | None:
        """Return the first package that has a request of this method and whole path, a template
        whose parameters have any name, or None. A kind that the package has as a parameter (the
        kinds of DNS records) fits every kind; a namespace that is a parameter fits none, and a
        scope that is one fits a scope alone."""
        wanted = segments_of(path)
        candidates = self._index.get((method, len(wanted)), ())
        return next((package for each, package in candidates if _fits(each, wanted)), None)


def _rank(request: tuple[str, Segments, str]) -> tuple[bool, str, Segments, str]:
    """Order requests: other packages repeat some of Azure Resource Manager's own."""
    method, path, package = request
    return not package.startswith(_RESOURCE_MANAGER), method, path, package


def segments_of(path: str) -> Segments:
    """Return the segments of a path or template, without a slash at either end."""
    return tuple(_NAMED.sub(PARAMETER, path).strip("/").lower().split("/"))


def _fits(theirs: Segments, wanted: Segments) -> bool:
    for position, (their, want) in enumerate(zip(theirs, wanted, strict=True)):
        if their == want:
            continue
        is_kind = position > 1 and theirs[position - 1] != "providers" and want != "providers"
        if their != PARAMETER or not is_kind:
            return False
    return True


def read_sdk_requests(types: Iterable[ResourceType]) -> SdkRequests:
    """Return the requests of the packages that `types` name, and of Azure Resource Manager."""
    packages = {each.sdk.package for each in types if each.sdk is not None}
    inner = f"{_RESOURCE_MANAGER}."
    names = {name for name in packages if not name.startswith(inner)} | {_RESOURCE_MANAGER}
    return SdkRequests(frozenset(found for name in names for found in _requests_of(name)))


def _requests_of(package: str) -> Iterator[tuple[str, Segments, str]]:
    spec = importlib.util.find_spec(package)
    for place in (spec.submodule_search_locations or ()) if spec is not None else ():
        for file in sorted(Path(place).rglob("operations/*.py")):
            inner = file.relative_to(place).parent.parent.parts
            if "aio" in inner:
                continue
            # Parts of azure.mgmt.resource are packages of their own; versions are not.
            parts = inner[:1] if package == _RESOURCE_MANAGER else ()
            for method, path in _requests_in(file.read_text(encoding="utf-8")):
                yield method, path, ".".join((package, *parts))


def _requests_in(text: str) -> Iterator[tuple[str, Segments]]:
    for chunk in _TOP_LEVEL.split(text):
        if not chunk.startswith("def build_"):
            continue
        url, method = _URL.search(chunk), _METHOD.search(chunk)
        if url is not None and method is not None:
            yield method[1], segments_of("".join(_TEXT.findall(url[1])))
