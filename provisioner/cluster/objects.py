"""Keys of objects (kind, namespace, name), and the kinds that an API server serves.

Used by every other module of this package and by the workflows of a cluster.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Object = Mapping[str, Any]
"""A Kubernetes object as its API gives it, as JSON."""

DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
"""What to accept of /api and /apis to be told every kind at once (stable since 1.30; API concepts,
"Aggregated discovery")."""


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """Which object: its API group, kind, namespace ("" for the cluster's) and name.

    The version is no part: an object is one, whichever version it is read in.
    """

    group: str
    kind: str
    namespace: str
    name: str

    @property
    def address(self) -> str:
        """What people call it: NAMESPACE/KIND/NAME, or KIND/NAME."""
        return "/".join(part for part in (self.namespace, self.kind, self.name) if part)

    @property
    def text(self) -> str:
        """The key as one text, which no other key has."""
        return "/".join((self.group, self.kind, self.namespace, self.name))


def group_of(api_version: str) -> str:
    """Return the group of an `apiVersion`: "" for the core's."""
    return api_version.rpartition("/")[0]


def key_of(body: Object) -> Key:
    """Return the key of an object."""
    metadata = body["metadata"]
    return Key(
        group_of(str(body["apiVersion"])),
        str(body["kind"]),
        str(metadata.get("namespace") or ""),
        str(metadata["name"]),
    )


def type_of(body: Object) -> str:
    """Return what an object is: apiVersion/kind."""
    return f"{body['apiVersion']}/{body['kind']}"


@dataclass(frozen=True, slots=True)
class ServedKind:
    """A kind that a server serves, in the version that it prefers, and its resource (`pods`)."""

    group: str
    version: str
    kind: str
    resource: str
    is_namespaced: bool
    verbs: frozenset[str]

    @property
    def api_version(self) -> str:
        """The `apiVersion` of its objects."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def root(self) -> str:
        """The path of its version."""
        return f"/apis/{self.api_version}" if self.group else f"/api/{self.version}"

    @property
    def list_path(self) -> str:
        """The path of all its objects, in all namespaces."""
        return f"{self.root}/{self.resource}"

    def path(self, namespace: str, name: str) -> str:
        """Return the path of one object."""
        within = f"/namespaces/{namespace}" if self.is_namespaced else ""
        # Names of RBAC are free text, but for "/" and "%" (IsValidPathSegmentName).
        escaped = name.replace("?", "%3F").replace("#", "%23")
        return f"{self.root}{within}/{self.resource}/{escaped}"


@dataclass(frozen=True, slots=True)
class Served:
    """Every kind that a server serves, by group and kind, and each in other versions."""

    kinds: Mapping[tuple[str, str], ServedKind]
    versions: Mapping[tuple[str, str], ServedKind]

    def find(self, group: str, kind: str) -> ServedKind | None:
        """Return a kind in the version that the server prefers."""
        return self.kinds.get((group, kind))

    def find_version(self, api_version: str, kind: str) -> ServedKind | None:
        """Return a kind in a stated version."""
        return self.versions.get((api_version, kind))


def read_served(lists: Iterable[Object]) -> Served:
    """Return what discovery tells: the answers of /api and /apis (`DISCOVERY`).

    The first version of a group that has a kind is the one that the server prefers.
    """
    kinds: dict[tuple[str, str], ServedKind] = {}
    versions: dict[tuple[str, str], ServedKind] = {}
    for found in (kind for entry in lists for kind in _kinds_in(entry)):
        kinds.setdefault((found.group, found.kind), found)
        versions[found.api_version, found.kind] = found
    return Served(kinds, versions)


def _kinds_in(answer: Object) -> Iterator[ServedKind]:
    for group in answer.get("items") or ():
        name = str((group.get("metadata") or {}).get("name") or "")
        for version in group.get("versions") or ():
            for resource in version.get("resources") or ():
                kind = (resource.get("responseKind") or {}).get("kind")
                if kind:
                    yield ServedKind(
                        group=name,
                        version=str(version["version"]),
                        kind=str(kind),
                        resource=str(resource["resource"]),
                        is_namespaced=resource.get("scope") == "Namespaced",
                        verbs=frozenset(map(str, resource.get("verbs") or ())),
                    )
