"""Field-by-field comparison of two objects of one API server.

Both sides come from one API server (the answer to a dry run, and what is stored), so defaults are
filled in and quantities are written alike in both: nothing has to be known of a kind.

Called by `decisions`, `observed_comparison`, `pod_templates`, `system_objects`, `undeclared_values`
and `workflow.cluster_drift`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioner.cluster.objects import Object
from provisioner.documents.plan import FieldChangeDocument, FieldKind
from provisioner.model.secret_values import mask_secrets

Step = str | int
Path = tuple[Step, ...]

_METADATA = ("labels", "annotations", "ownerReferences", "finalizers")
"""What of the metadata says something: the rest is the server's own."""

_SERVER_ANNOTATIONS = frozenset({
    "kubectl.kubernetes.io/last-applied-configuration",
    "deployment.kubernetes.io/revision",
    "deprecated.daemonset.template.generation",
})  # fmt: skip
_IDENTIFYING_KEYS = ("name", "key", "type", "kind")
"""By what items of a list are known in most kinds, the first that tells all of them apart."""


class _Absent:
    """Stands for a value that is not there; null is a value."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = _Absent()


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that differs; a side that does not have it is ABSENT."""

    path: Path
    before: Any
    after: Any

    @property
    def text(self) -> str:
        """The path for people: spec.ingress[0].ports, metadata.labels[app]."""
        return path_text(self.path)


def path_text(path: Path) -> str:
    """Return a path as text. A step that is no plain word, or an item of a list, has brackets."""
    text = ""
    for step in path:
        if (
            isinstance(step, str)
            and not step.startswith("[")
            and "/" not in step
            and "." not in step
        ):
            text += f".{step}" if text else step
        else:
            text += step if isinstance(step, str) and step.startswith("[") else f"[{step}]"
    return text


def content_of(body: Object) -> dict[str, Any]:
    """Return what of an object is compared: neither its status nor what the server keeps of it."""
    content = {
        name: value
        for name, value in body.items()
        if name not in ("apiVersion", "kind", "metadata", "status")
    }
    metadata = {}
    for name in _METADATA:
        value = (body.get("metadata") or {}).get(name)
        if isinstance(value, Mapping):
            value = {k: v for k, v in value.items() if k not in _SERVER_ANNOTATIONS}
        if value:
            metadata[name] = value
    return {"metadata": metadata, **content}


def find_differences(before: object, after: object, path: Path = ()) -> Iterator[Difference]:
    """Yield where two values differ, at the deepest place at which that can be said."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in sorted({*before, *after}):
            yield from find_differences(
                before.get(name, ABSENT), after.get(name, ABSENT), (*path, str(name))
            )
        return
    if _is_list(before) and _is_list(after):
        yield from _list_differences(before, after, path)
        return
    if not _is_equal(before, after):
        yield Difference(path, before, after)


def _list_differences(before: Any, after: Any, path: Path) -> Iterator[Difference]:  # noqa: ANN401  JSON
    # By index an item that is inserted at the front would make every later one differ.
    key = _identifying_key((before, after))
    if key is not None:
        yield from _keyed_differences(before, after, path, key)
    elif len(before) == len(after):
        for number, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from find_differences(one, other, (*path, number))
    # Without a key and with another length it is not known which items belong together.
    elif before != after:
        yield Difference(path, before, after)


def _keyed_differences(before: Any, after: Any, path: Path, key: str) -> Iterator[Difference]:  # noqa: ANN401  JSON
    ones = {str(item[key]): item for item in before}
    others = {str(item[key]): item for item in after}
    for name in dict.fromkeys((*ones, *others)):
        yield from find_differences(
            ones.get(name, ABSENT), others.get(name, ABSENT), (*path, f"[{name}]")
        )
    shared = [name for name in ones if name in others]
    if shared != [name for name in others if name in ones] and set(ones) == set(others):
        # The order alone differs, and may decide: that of webhooks, of environment variables.
        yield Difference(path, list(ones), list(others))


def _identifying_key(lists: Sequence[Sequence[object]]) -> str | None:
    items = [item for each in lists for item in each]
    if not items or not all(isinstance(item, Mapping) for item in items):
        return None
    for key in _IDENTIFYING_KEYS:
        if all(
            isinstance(item, Mapping) and isinstance(item.get(key), str) for item in items
        ) and all(len({item[key] for item in each}) == len(each) for each in lists):  # type: ignore[index]  # mappings, as just asked
            return key
    return None


def _is_list(value: object) -> bool:
    return isinstance(value, list | tuple)


def _is_equal(before: object, after: object) -> bool:
    # True == 1 in Python; in an object they are not the same.
    return type(before) is type(after) and before == after


def has_path(body: object, path: Path) -> bool:
    """Return whether an object states something at a path, or at a place below it."""
    current = body
    for step in path:
        if isinstance(current, Mapping) and step in current:
            current = current[str(step)]
        elif _is_list(current) and isinstance(step, int):
            items: Any = current
            if step >= len(items):
                return False
            current = items[step]
        elif _is_list(current) and isinstance(step, str):
            named: Any = current
            found = [
                item
                for item in named
                if isinstance(item, Mapping)
                and any(f"[{item.get(key)}]" == step for key in _IDENTIFYING_KEYS)
            ]
            if not found:
                return False
            current = found[0]
        else:
            return False
    return True


def describe_difference(
    difference: Difference, *, declared: bool, security: bool = False, reason: str | None = None
) -> FieldChangeDocument:
    """Return the document of a difference. Secrets in values are masked."""
    before, after = difference.before, difference.after
    kind = FieldKind.CHANGED
    if before is ABSENT:
        kind = FieldKind.ADDED
    elif after is ABSENT:
        kind = FieldKind.REMOVED
    return FieldChangeDocument(
        path=difference.text,
        kind=kind,
        declared=declared,
        before=_masked_value(before),
        after=_masked_value(after),
        security=security,
        reason=reason,
    )


def _masked_value(value: object) -> Any:  # noqa: ANN401  JSON
    if value is ABSENT:
        return None
    if isinstance(value, str):
        return mask_secrets(value)
    if isinstance(value, Mapping):
        return {str(key): _masked_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_masked_value(item) for item in value]
    return value
