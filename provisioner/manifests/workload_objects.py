"""Finds what the API server refuses of a workload before it evaluates the pod.

That is an unknown field, an API version that is not served, or a missing selector. `kubectl apply`
requests strict validation (kubernetes.io, "API concepts", field validation), so an unknown field is
an error there too. `workflow/manifests.py` calls it.
"""

from collections.abc import Iterator, Mapping

from provisioner.blueprint.yaml_source import Node
from provisioner.catalog.removed_apis import find_removal
from provisioner.manifests.workload_fields import fields_of
from provisioner.model.diagnostic import Diagnostic, error, nearest, warning
from provisioner.model.span import Span

_API_VERSIONS: Mapping[str, str] = {
    "Pod": "v1",
    "PodTemplate": "v1",
    "ReplicationController": "v1",
    "Deployment": "apps/v1",
    "ReplicaSet": "apps/v1",
    "StatefulSet": "apps/v1",
    "DaemonSet": "apps/v1",
    "Job": "batch/v1",
    "CronJob": "batch/v1",
}
"""The version in which each kind is served since Kubernetes 1.25 (kubernetes.io, "Deprecated API
Migration Guide": extensions/v1beta1, apps/v1beta1 and v1beta2, batch/v1beta1 are gone)."""

_SELECTING = ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet")
"""Kinds of apps/v1 whose `spec.selector` is required and not derived from the template."""


def find_flaws(document: Node, minor: int) -> Iterator[Diagnostic]:
    """Yield why the API server of Kubernetes 1.`minor` would refuse an object or items of a List.

    A removed API version is an error for any kind. An object of an unknown kind with a pod template
    gets a warning: nothing would evaluate the pods of a misspelt kind.
    """
    if not isinstance(document.plain(), dict):
        yield error(
            "no-object",
            "this is not an object of Kubernetes.",
            document.span,
            "Expected a mapping with apiVersion, kind and metadata.",
        )
        return
    kind, version = _text_at(document, "kind"), _text_at(document, "apiVersion")
    listed = document.get("items")
    if kind.endswith("List") and listed is not None:
        for item in listed.items:
            yield from find_flaws(item, minor)
    elif kind in _API_VERSIONS and "." not in version.partition("/")[0]:
        yield from _find_workload_flaws(document, kind, version)
        return
    meant = next((known for known in _API_VERSIONS if known.lower() == kind.lower()), None)
    if meant is not None and kind != meant and "." not in version.partition("/")[0]:
        yield error(
            "unknown-kind",
            f"kind {kind!r} is not served: kinds are case-sensitive.",
            _span_of_key(document, "kind"),
            f"Expected {meant}.",
        )
        return
    removal = find_removal(version, kind)
    if removal is not None and removal.removed <= minor and kind not in _API_VERSIONS:
        instead = removal.successor
        yield error(
            "unserved-version",
            f"{kind} is not served in apiVersion {version!r} since Kubernetes 1.{removal.removed}.",
            _span_of_key(document, "apiVersion"),
            f"Expected {instead}." if instead else "It has no successor: remove the object.",
        )
    elif kind not in _API_VERSIONS and _has_pod_template(document):
        yield warning(
            "unknown-kind",
            f"{kind or 'an object without a kind'} has a template of pods, and is not judged: it "
            "is not a workload of Kubernetes.",
            _span_of_key(document, "kind"),
            nearest(kind, list(_API_VERSIONS)),
        )


def _find_workload_flaws(document: Node, kind: str, version: str) -> Iterator[Diagnostic]:
    if version != _API_VERSIONS[kind]:
        yield error(
            "unserved-version",
            f"{kind} is not served in apiVersion {version!r}.",
            _span_of_key(document, "apiVersion"),
            f"Expected {_API_VERSIONS[kind]}.",
        )
    yield from _find_unknown_fields(document, kind, "")
    if not (_is_named(document, "name") or _is_named(document, "generateName")):
        yield error(
            "missing-field",
            f"{kind}: metadata.name or metadata.generateName is required.",
            _span_of_key(document, "metadata"),
            "Name the object: metadata: {name: …}.",
        )
    spec = document.get("spec")
    if kind in _SELECTING and (spec is None or spec.get("selector") is None):
        yield error(
            "missing-field",
            f"{kind}: spec.selector is required.",
            document.span if spec is None else spec.span,
            "State the labels of its pods: selector: {matchLabels: …}.",
        )


def _find_unknown_fields(node: Node, type_name: str, path: str) -> Iterator[Diagnostic]:
    """Yield the fields that a type does not have, in a value or in the entries of its list."""
    for number, item in enumerate(node.items):
        yield from _find_unknown_fields(item, type_name, f"{path}[{number}]")
    known = fields_of(type_name)
    for name, value in node.entries.items() if known else ():
        inner = f"{path}.{name}" if path else name
        if name not in known:
            yield error(
                "unknown-field",
                f"unknown field {inner}.",
                _span_of_key(node, name),
                nearest(name, list(known)),
            )
        elif known[name]:
            yield from _find_unknown_fields(value, known[name], inner)


def _is_named(document: Node, field: str) -> bool:
    metadata = document.get("metadata")
    return metadata is not None and bool(_text_at(metadata, field))


def _has_pod_template(document: Node) -> bool:
    path = ("spec", "template", "spec", "containers")
    return bool(document.find(path).items) and _has_path(document, path)


def _has_path(document: Node, path: tuple[str, ...]) -> bool:
    current: Node | None = document
    for step in path:
        current = current.get(step) if current else None
    return current is not None


def _text_at(document: Node, key: str) -> str:
    found = document.get(key)
    return found.value if found is not None and isinstance(found.value, str) else ""


def _span_of_key(node: Node, key: str) -> Span:
    return node.key_spans.get(key, node.span)
