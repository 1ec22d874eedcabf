"""Redaction of values that may be secrets and that no rule needs, before an observation is written.

An observation leaves the cluster, and is read by whoever reads the repository or the blob. A
password in `env`, a token in `args` or in the header of a probe look as any text does, so none is
kept: only that there is one. `kubectl apply` writes the whole object into an annotation once more
(kubernetes.io, "Declarative Management of Kubernetes Objects"): of that the API version stays,
which upgrades need.

Called by the workflows that read a cluster (`workflow.cluster_observation`,
`workflow.cluster_census`, `workflow.cluster_drift`).
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from provisioner.cluster.objects import Object
from provisioner.model.secret_values import MASK, mask_secrets

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")
_HANDLERS = ("livenessProbe", "readinessProbe", "startupProbe")
_HOOKS = ("postStart", "preStop")


def hide_values(body: Object) -> dict[str, Any]:
    """Return an object without the literal values of `env`, `args`, `command` and probes.

    Each is replaced by `(sensitive)`; the copy of the object in an annotation is removed.
    """
    found = {name: _hide_at_any_depth(value) for name, value in body.items() if name != "metadata"}
    metadata = dict(body.get("metadata") or {})
    if metadata.get("annotations"):
        metadata["annotations"] = dict(_masked_annotations(metadata["annotations"]))
    return {**found, "metadata": metadata}


def _masked_annotations(stated: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in stated.items():
        if name == _LAST_APPLIED:
            yield name, _type_of_last_applied(value)
        else:
            yield name, mask_secrets(value) if isinstance(value, str) else value


def _type_of_last_applied(text: object) -> str:
    try:
        found = json.loads(str(text))
    # Anybody may write the annotation: JSON that is nested deep enough exhausts the parser's stack.
    except (ValueError, RecursionError):
        return MASK
    named = found if isinstance(found, dict) else {}
    kept = {
        name: named[name] for name in ("apiVersion", "kind") if isinstance(named.get(name), str)
    }
    return json.dumps(kept)


def _hide_at_any_depth(value: Any) -> Any:  # noqa: ANN401  JSON
    """Return a part of an object with the values of its containers replaced, at any depth.

    Containers are in pods and their templates, also in custom resources.
    """
    if isinstance(value, list):
        return [_hide_at_any_depth(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: [_hide_in_container(each) for each in item]
        if name in _CONTAINERS and isinstance(item, list)
        else dict(_masked_annotations(item))
        if name == "annotations" and isinstance(item, dict)
        else _hide_at_any_depth(item)
        for name, item in value.items()
    }


def _hide_in_container(container: Any) -> Any:  # noqa: ANN401  JSON
    if not isinstance(container, dict):
        return container
    made = _mask_words(container)
    if isinstance(made.get("env"), list):
        made["env"] = [_mask_value(entry) for entry in made["env"]]
    for name in _HANDLERS:
        if isinstance(made.get(name), dict):
            made[name] = _hide_in_handler(made[name])
    if isinstance(made.get("lifecycle"), dict):
        hooks = made["lifecycle"]
        made["lifecycle"] = {
            name: _hide_in_handler(hook) if name in _HOOKS and isinstance(hook, dict) else hook
            for name, hook in hooks.items()
        }
    return made


def _mask_words(stated: dict[str, Any]) -> dict[str, Any]:
    # The number stays: one more argument is a difference.
    words = {n: [MASK] * len(stated[n]) for n in ("args", "command") if stated.get(n)}
    return {**stated, **words}


def _mask_value(entry: Any) -> Any:  # noqa: ANN401  JSON
    is_literal = isinstance(entry, dict) and bool(entry.get("value"))
    return {**entry, "value": MASK} if is_literal else entry


def _hide_in_handler(stated: dict[str, Any]) -> dict[str, Any]:
    made = dict(stated)
    if isinstance(made.get("exec"), dict):
        made["exec"] = _mask_words(made["exec"])
    get = made.get("httpGet")
    if isinstance(get, dict) and isinstance(get.get("httpHeaders"), list):
        made["httpGet"] = {**get, "httpHeaders": [_mask_value(h) for h in get["httpHeaders"]]}
    return made
