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

_UNUSED_NAME_PREFIX = "azsec-dry-run-"


def try_objects(
    api: ClusterApi,
    declared: Sequence[DeclaredObject],
    live: Mapping[Key, Object],
    namespaces: Iterable[str],
) -> Mapping[Key, DryRun]:
    """Return the dry run's answer for each object whose namespace exists; nothing is changed."""
    present = frozenset(namespaces)
    tried = [
        each
        for each in declared
        # A dry run in a namespace that does not exist is refused with 404, whatever the object.
        if each.kind is not None and (not each.key.namespace or each.key.namespace in present)
    ]
    existing = [each for each in tried if each.key in live]
    answers = list(api.ask([_dry_run_apply(each) for each in tried])) if tried else []
    pristine = list(api.ask([_dry_run_alone(each) for each in existing])) if existing else []
    merged: dict[Key, Answer] = {e.key: a for e, a in zip(tried, answers, strict=True)}
    alone: dict[Key, Answer] = {e.key: a for e, a in zip(existing, pristine, strict=True)}
    # With a conflict the API server answers 409 without an object; forced, it answers what an apply
    # would make.
    contested = [each for each in tried if _has_conflicts(merged[each.key])]
    again = (
        list(api.ask([_dry_run_apply(each, force=True) for each in contested])) if contested else []
    )
    forced: dict[Key, Answer] = {e.key: a for e, a in zip(contested, again, strict=True)}
    return {
        each.key: DryRun(merged[each.key], forced.get(each.key), alone.get(each.key))
        for each in tried
    }


def try_alone(api: ClusterApi, existing: Sequence[DeclaredObject]) -> Mapping[Key, DryRun]:
    """Return what the API server makes of each declared object that exists, without other fields.

    Where it refuses that, the dry run of an apply to the existing object is used: it shows less,
    but more than nothing.
    """
    tried = [each for each in existing if each.kind is not None]
    answers = list(api.ask([_dry_run_alone(each) for each in tried])) if tried else []
    alone: dict[Key, Answer] = {e.key: a for e, a in zip(tried, answers, strict=True)}
    refused = [each for each in tried if isinstance(alone[each.key], KubernetesError)]
    again = list(api.ask([_dry_run_apply(e, force=True) for e in refused])) if refused else []
    forced: dict[Key, Answer] = {e.key: a for e, a in zip(refused, again, strict=True)}
    return {
        each.key: DryRun(forced=forced.get(each.key), pristine=alone[each.key]) for each in tried
    }


def _has_conflicts(answer: Answer) -> bool:
    return isinstance(answer, KubernetesError) and bool(answer.conflicts)


def _dry_run_apply(declared: DeclaredObject, *, force: bool = False) -> ApiRequest:
    return _dry_run_request(declared, declared.body, declared.key.name, force=force)


def _dry_run_alone(declared: DeclaredObject) -> ApiRequest:
    """Return the request for a dry run of the object under an unused name.

    The answer has the object and the API server's defaults alone.
    """
    name = _UNUSED_NAME_PREFIX + hashlib.sha256(declared.key.text.encode()).hexdigest()[:12]
    metadata = {**declared.body["metadata"], "name": name}
    return _dry_run_request(declared, {**declared.body, "metadata": metadata}, name, force=True)


def _dry_run_request(
    declared: DeclaredObject, body: Object, name: str, *, force: bool
) -> ApiRequest:
    assert declared.kind is not None
    return ApiRequest(
        "PATCH",
        declared.kind.path(declared.key.namespace, name),
        {
            "fieldManager": MANAGER,
            "fieldValidation": "Strict",
            "force": "true" if force else "false",
            "dryRun": "All",
        },
        body,
        APPLY,
    )
