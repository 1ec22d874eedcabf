"""Server-side dry runs: what an apply would do to each declared object.

Called by `workflow.cluster_plan` and `workflow.cluster_drift`.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from provisioner.cluster.decisions import DeclaredObject, DryRun
from provisioner.cluster.objects import Key, Object
from provisioner.cluster.ownership import MANAGER
from provisioner.engine.cluster_port import APPLY, Answer, ApiRequest, ClusterApi
from provisioner.model.kubernetes_error import KubernetesError

_PREFIX = "azsec-dry-run-"


def try_objects(
    api: ClusterApi,
    wanted: Sequence[DeclaredObject],
    live: Mapping[Key, Object],
    namespaces: Iterable[str],
) -> Mapping[Key, DryRun]:
    """Return the dry run's answer for each object whose namespace exists; nothing is changed."""
    present = frozenset(namespaces)
    tried = [
        each
        for each in wanted
        if each.kind is not None and (not each.key.namespace or each.key.namespace in present)
    ]
    standing = [each for each in tried if each.key in live]
    answers = list(api.ask([_apply(each) for each in tried])) if tried else []
    pristine = list(api.ask([_apply_alone(each) for each in standing])) if standing else []
    merged: dict[Key, Answer] = {e.key: a for e, a in zip(tried, answers, strict=True)}
    alone: dict[Key, Answer] = {e.key: a for e, a in zip(standing, pristine, strict=True)}
    contested = [each for each in tried if _has_conflicts(merged[each.key])]
    again = list(api.ask([_apply(each, force=True) for each in contested])) if contested else []
    forced: dict[Key, Answer] = {e.key: a for e, a in zip(contested, again, strict=True)}
    return {
        each.key: DryRun(merged[each.key], forced.get(each.key), alone.get(each.key))
        for each in tried
    }


def try_alone(api: ClusterApi, standing: Sequence[DeclaredObject]) -> Mapping[Key, DryRun]:
    """Return what the API server makes of each declared object that exists, without other fields.

    Where it refuses that, the dry run of an apply to the existing object is used: it shows less,
    but more than nothing.
    """
    tried = [each for each in standing if each.kind is not None]
    answers = list(api.ask([_apply_alone(each) for each in tried])) if tried else []
    alone: dict[Key, Answer] = {e.key: a for e, a in zip(tried, answers, strict=True)}
    refused = [each for each in tried if isinstance(alone[each.key], KubernetesError)]
    again = list(api.ask([_apply(e, force=True) for e in refused])) if refused else []
    forced: dict[Key, Answer] = {e.key: a for e, a in zip(refused, again, strict=True)}
    return {
        each.key: DryRun(forced=forced.get(each.key), pristine=alone[each.key]) for each in tried
    }


def _has_conflicts(told: Answer) -> bool:
    return isinstance(told, KubernetesError) and bool(told.conflicts)


def _apply(wanted: DeclaredObject, *, force: bool = False) -> ApiRequest:
    return _ask(wanted, wanted.body, wanted.key.name, force=force)


def _apply_alone(wanted: DeclaredObject) -> ApiRequest:
    """Return the request for a dry run of the object under an unused name.

    The answer has the object and the API server's defaults alone.
    """
    name = _PREFIX + hashlib.sha256(wanted.key.text.encode()).hexdigest()[:12]
    metadata = {**wanted.body["metadata"], "name": name}
    return _ask(wanted, {**wanted.body, "metadata": metadata}, name, force=True)


def _ask(wanted: DeclaredObject, body: Object, name: str, *, force: bool) -> ApiRequest:
    assert wanted.kind is not None
    return ApiRequest(
        "PATCH",
        wanted.kind.path(wanted.key.namespace, name),
        {
            "fieldManager": MANAGER,
            "fieldValidation": "Strict",
            "force": "true" if force else "false",
            "dryRun": "All",
        },
        body,
        APPLY,
    )
