"""Finds pods and pod templates in the files of a workload.

`workflow/manifests.py` calls it for `azsec manifests --check`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from provisioner.blueprint.yaml_source import Node
from provisioner.manifests.manifest import Object
from provisioner.model.span import Span

_TEMPLATES: dict[str, tuple[str, ...]] = {
    "Pod": (),
    "PodTemplate": ("template",),
    "Deployment": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "ReplicationController": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}
"""The path of the pod in an object of each kind."""


@dataclass(frozen=True, slots=True)
class FoundPod:
    """A pod or pod template of an object.

    `body` is the pod as plain data without null values, which the API server treats as absent;
    `path` is its path in the object.
    """

    kind: str
    name: str
    namespace: str | None
    body: Object
    path: tuple[str | int, ...]
    node: Node

    def span_of(self, field: tuple[str | int, ...]) -> Span:
        """Return the position of a field of the pod, or of its nearest ancestor."""
        path = (*self.path, *field)
        parent = self.node.find(path[:-1])
        return parent.key_spans.get(str(path[-1]), self.node.find(path).span)


def find_pods(document: Node) -> Iterator[FoundPod]:
    """Yield the pod of an object, or those of the objects of a List."""
    kind = _text_at(document, "kind")
    items = document.get("items")
    if kind is not None and kind.endswith("List") and items is not None:
        for item in items.items:
            yield from find_pods(item)
        return
    if kind not in _TEMPLATES:
        return
    path = _TEMPLATES[kind]
    body = _without_nulls(document.find(path).plain()) if _has_path(document, path) else {}
    yield FoundPod(
        kind=kind,
        name=_text_at(document, "metadata", "name")
        or _text_at(document, "metadata", "generateName")
        or "?",
        namespace=_text_at(document, "metadata", "namespace"),
        body=body if isinstance(body, dict) else {},
        path=path,
        node=document,
    )


def _has_path(node: Node, path: tuple[str, ...]) -> bool:
    current: Node | None = node
    for step in path:
        current = current.get(step) if current else None
    return current is not None


def _text_at(node: Node, *path: str) -> str | None:
    value = node.find(path).value if _has_path(node, path) else None
    return value if isinstance(value, str) else None


def _without_nulls(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value
