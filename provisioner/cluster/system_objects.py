"""Objects that Kubernetes itself creates, recognized by a digest of their content.

Kubernetes' own are known by their content, by minor version: `bootstrap/KUBERNETES.json` holds a
digest of each role, binding and the like that kube-apiserver makes when it starts, read off a real
one (`scripts/record_bootstrap.py`). A name alone proves nothing: who adds a subject to
`cluster-admin` changes an object that has always been there. Nor do rules alone: who labels
`cluster-admin` for `view` has the controller manager copy its rules there, and RBAC's check of
escalation is for rules, not for labels (kubernetes.io, "Aggregated ClusterRoles").

Called by `undeclared_objects`, `system_accounts`, `workflow.cluster_census` and
`workflow.cluster_drift`.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from provisioner.cluster.comparison import content_of
from provisioner.cluster.objects import Key, Object
from provisioner.cluster.permissions import find_aggregates, find_capabilities, find_sources

OWN_NAMESPACES = frozenset({"default", "kube-node-lease", "kube-public", "kube-system"})
"""The namespaces that Kubernetes makes itself (kubernetes.io, "Namespaces": initial namespaces)."""


def digest_object(body: Object) -> str:
    """Return a digest of an object's content, 16 characters.

    Of labels and annotations it covers only those by which the object is aggregated into roles.
    """
    content = {name: value for name, value in content_of(body).items() if name != "metadata"}
    if content.get("aggregationRule"):
        # The controller manager fills the rules in, from those of other roles: `find_foreign`.
        content.pop("rules", None)
    if find_aggregates(body):
        content["aggregates"] = find_aggregates(body)
    text = json.dumps(_without_nulls(content), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _without_nulls(value: Any) -> Any:  # noqa: ANN401  JSON
    if isinstance(value, Mapping):
        return {k: _without_nulls(v) for k, v in value.items() if v is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list | tuple) else value


@dataclass(frozen=True, slots=True)
class KnownObject:
    """Digest of an object, what it allows and the roles that it is aggregated into.

    What it allows is of `permissions.CAPABILITIES`; it and the roles are empty for what is no role.
    """

    digest: str
    allows: tuple[str, ...] = ()
    aggregates: tuple[str, ...] = ()


def describe_known(body: Object) -> KnownObject:
    """Return what is recorded of an object."""
    allows = find_capabilities(() if body.get("aggregationRule") else body.get("rules") or ())
    return KnownObject(digest_object(body), allows, find_aggregates(body))


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """What the API server of one minor version makes itself, by the text of a key.

    `is_exact` says that the version is the cluster's; else it is the nearest that is known, and
    what roles hold may differ from it with good reason, as long as they allow no more.
    """

    version: str
    objects: Mapping[str, KnownObject]
    is_exact: bool

    def knows(self, key: Key, body: Object, cluster_roles: Iterable[Object]) -> bool:
        """Return whether an object is Kubernetes' own, and as Kubernetes makes it.

        `cluster_roles` are those of the cluster, which may be aggregated into this one.
        """
        known = self.objects.get(key.text)
        if known is None:
            return False
        if body.get("aggregationRule") and _has_foreign_rules(body, cluster_roles):
            return False
        found = describe_known(body)
        if found.digest == known.digest:
            return True
        return (
            not self.is_exact
            and key.kind.endswith("Role")
            and set(found.allows) <= set(known.allows)
            and set(found.aggregates) <= set(known.aggregates)
        )


def _has_foreign_rules(role: Object, cluster_roles: Iterable[Object]) -> bool:
    """Return whether an aggregated role has rules of none of the roles that it aggregates.

    The roles that have a rule themselves are judged themselves.
    """
    given = [
        rule
        for source in find_sources(role, tuple(cluster_roles))
        for rule in source.get("rules") or ()
    ]
    return any(rule not in given for rule in role.get("rules") or ())


@cache
def load_bootstrap(minor: str) -> Bootstrap:
    """Return what Kubernetes of a minor version (`1.35`) makes itself."""
    folder = files("provisioner.cluster") / "bootstrap"
    known = _recorded_versions()
    chosen = minor if minor in known else _nearest_version(minor, known)
    if chosen is None:
        return Bootstrap(minor, {}, False)
    recorded = json.loads((folder / f"{chosen}.json").read_text(encoding="utf-8"))
    objects = {
        key: KnownObject(
            entry["digest"], tuple(entry.get("allows", ())), tuple(entry.get("aggregates", ()))
        )
        for key, entry in recorded.items()
    }
    return Bootstrap(chosen, objects, chosen == minor)


@cache
def find_allowed(kind: str, namespace: str, name: str) -> frozenset[str] | None:
    """Return the most that a role of Kubernetes itself allows in any version that is known.

    It is of `permissions.CAPABILITIES`, and None for a role that Kubernetes does not make. `kind`
    is Role or ClusterRole, `namespace` "" for the latter.
    """
    key = Key("rbac.authorization.k8s.io", kind, namespace, name).text
    objects = (load_bootstrap(minor).objects for minor in _recorded_versions())
    found = [known[key].allows for known in objects if key in known]
    return frozenset().union(*found) if found else None


def _recorded_versions() -> list[str]:
    """Return the minor versions that are recorded, the oldest first."""
    names = (entry.name for entry in (files("provisioner.cluster") / "bootstrap").iterdir())
    return sorted(
        (n.removesuffix(".json") for n in names if n.endswith(".json")), key=_version_numbers
    )


def _nearest_version(minor: str, known: list[str]) -> str | None:
    below = [each for each in known if _version_numbers(each) <= _version_numbers(minor)]
    return (below or known[:1] or [None])[-1]  # type: ignore[list-item]  # none at all


def _version_numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
