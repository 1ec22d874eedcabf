"""Contents of a cluster: the lists of Kubernetes objects that were read, and when.

An observation and the files of `kubectl get -o json` are both read into this, so that controls
judge one shape. A kind whose list was not read is not an empty one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType
from typing import Any

Object = Mapping[str, Any]
"""A Kubernetes object as its API gives it, as JSON."""


@dataclass(frozen=True, slots=True, order=True)
class Kind:
    """A kind of objects: its API group ("" for the core's) and its name. The version is no part."""

    group: str
    name: str

    @property
    def text(self) -> str:
        """How people write it: Pod, Deployment.apps."""
        return f"{self.name}.{self.group}" if self.group else self.name


@dataclass(frozen=True, slots=True)
class BenchmarkTest:
    """A test of kube-bench: its number (3.2.1), its text, and PASS, FAIL, WARN or INFO."""

    number: str
    text: str
    status: str


@dataclass(frozen=True, slots=True)
class BenchmarkReport:
    """A report of kube-bench: the benchmark that it is of (aks-1.8), and its tests."""

    benchmark: str
    tests: tuple[BenchmarkTest, ...]


@dataclass(frozen=True, slots=True)
class ClusterContents:
    """The objects of a cluster: by kind, those of each list that was read in full.

    `source` is where they are from, `read_on` the day on which they were read. `refused` has the
    kinds that could not be listed, with the reason. `verified` is whether a signature was checked
    over all of it (None: no observation is part of it); `uid` is that of the namespace kube-system,
    which no other cluster has (None: some of it does not show of which cluster it is). `partial`
    has the kinds whose lists do not show that they are of the whole cluster, with their namespaces.
    """

    source: str
    read_on: date
    lists: Mapping[Kind, tuple[Object, ...]]
    refused: Mapping[Kind, str] = field(default_factory=lambda: MappingProxyType({}))
    benchmark: BenchmarkReport | None = None
    verified: bool | None = None
    uid: str | None = None
    partial: Mapping[Kind, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))

    def within(self, namespaces: frozenset[str]) -> "ClusterContents":
        """Return the contents of some namespaces alone, with the cluster-scoped objects."""
        return replace(
            self,
            lists={
                kind: tuple(body for body in bodies if _is_within(kind, body, namespaces))
                for kind, bodies in self.lists.items()
            },
        )

    def has(self, kind: Kind) -> bool:
        """Return whether the objects of a kind were listed."""
        return kind in self.lists

    def of(self, kind: Kind) -> tuple[Object, ...]:
        """Return the objects of a kind; none where it has none or was not listed (see `has`)."""
        return self.lists.get(kind, ())

    def in_namespace(self, kind: Kind, namespace: str) -> Iterator[Object]:
        """Yield the objects of a kind in a namespace."""
        return (found for found in self.of(kind) if namespace_of(found) == namespace)


def _is_within(kind: Kind, body: Object, namespaces: frozenset[str]) -> bool:
    named = name_of(body) if kind == Kind("", "Namespace") else namespace_of(body)
    return not named or named in namespaces


def name_of(body: Object) -> str:
    """Return the name of an object."""
    return str(_metadata(body).get("name", ""))


def namespace_of(body: Object) -> str:
    """Return the namespace of an object; "" where it is cluster-scoped."""
    return str(_metadata(body).get("namespace") or "")


def labels_of(body: Object) -> Mapping[str, str]:
    """Return the labels of an object."""
    found = _metadata(body).get("labels")
    return found if isinstance(found, Mapping) else {}


def annotations_of(body: Object) -> Mapping[str, str]:
    """Return the annotations of an object."""
    found = _metadata(body).get("annotations")
    return found if isinstance(found, Mapping) else {}


def at(body: Any, *path: str) -> Any:  # noqa: ANN401  JSON
    """Return the value at a path of an object, None where there is none."""
    for name in path:
        body = body.get(name) if isinstance(body, Mapping) else None
    return body


def items(value: object) -> tuple[Any, ...]:
    """Return the entries of a list; none where there is no list."""
    return tuple(value) if isinstance(value, (list, tuple)) else ()


def _metadata(body: Object) -> Mapping[str, Any]:
    found = body.get("metadata")
    return found if isinstance(found, Mapping) else {}
