"""Decisions on declared objects, from the live object and the answer to a dry run.

Called by the workflows of plan and apply of a cluster (`workflow.cluster_plan`,
`workflow.cluster_apply`).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from provisioner.cluster.comparison import (
    ABSENT,
    Difference,
    content_of,
    describe_difference,
    find_differences,
    has_path,
)
from provisioner.cluster.object_kinds import is_made_by_kubernetes
from provisioner.cluster.objects import Key, Object, ServedKind, type_of
from provisioner.cluster.ownership import ENVIRONMENT_LABEL, Owner
from provisioner.cluster.undeclared_values import weakens
from provisioner.documents.plan import Action, FieldChangeDocument
from provisioner.model.kubernetes_error import KubernetesError

Answer = Mapping[str, Any] | KubernetesError


@dataclass(frozen=True, slots=True)
class DeclaredObject:
    """A declared object with its mark, and the kind that the server serves it as (None: none)."""

    key: Key
    body: Object
    kind: ServedKind | None


@dataclass(frozen=True, slots=True)
class DryRun:
    """What dry runs answered for a declared object.

    `merged` is what an apply would make of it, `forced` the same with conflicts forced (asked only
    where there are some), `pristine` what the server makes of the declared object alone, under a
    name that nothing has. None: not asked, because the namespace does not exist yet.
    """

    merged: Answer | None = None
    forced: Answer | None = None
    pristine: Answer | None = None

    @property
    def immutable(self) -> KubernetesError | None:
        """Return why the object cannot be changed while it exists, None where it can.

        A conflict is reported first, so it may be the forced apply that says so.
        """
        return next(
            (
                answer
                for answer in (self.merged, self.forced)
                if isinstance(answer, KubernetesError) and answer.is_immutable
            ),
            None,
        )


@dataclass(frozen=True, slots=True)
class Decision:
    """What happens to one object. `undeclared` are values of others in it: left as they are.

    `awaited` tells a creation that nothing could be tried on: Azure has yet to make its cluster or
    its namespace."""

    key: Key
    type: str
    path: str
    action: Action
    body: Object | None
    live: Object | None = None
    reason: str | None = None
    fields: tuple[FieldChangeDocument, ...] = ()
    undeclared: tuple[FieldChangeDocument, ...] = ()
    awaited: bool = False


@dataclass(frozen=True, slots=True)
class Permission:
    """What the caller permits: addresses that may be adopted, and whether conflicts are forced."""

    adopt: tuple[str, ...] = ()
    force_conflicts: bool = False

    def may_adopt(self, key: Key) -> bool:
        """Return whether an object may be taken over: named itself, by its namespace, or by `*`."""
        return any(
            allowed in ("*", key.address) or (key.namespace and allowed == f"{key.namespace}/*")
            for allowed in self.adopt
        )


def decide(
    declared: DeclaredObject,
    live: Object | None,
    owner: Owner,
    dry_run: DryRun,
    permission: Permission,
) -> Decision:
    """Return what happens to a declared object. `live` is what stands in its place, if anything."""
    obstacle = _find_obstacle(declared, live, owner)
    if obstacle is not None:
        return _blocked_decision(declared, live, obstacle)
    if live is None:
        return _decide_absent(declared, dry_run)
    immutable = dry_run.immutable
    if immutable is not None:
        fields = tuple(_declared_fields(declared, live, dry_run))
        # Kubernetes refuses to change some fields of an object that exists (a Job's template, the
        # roleRef of a binding).
        return _decision(declared, live, Action.REPLACE, _describe_immutable(immutable), fields)
    # Each new namespace has a ServiceAccount `default` before anybody declares it.
    adopts = owner is not Owner.OURS and not is_made_by_kubernetes(declared.body)
    return _decide_existing(declared, live, dry_run, permission, adopts=adopts)


def _decide_existing(
    declared: DeclaredObject, live: Object, dry_run: DryRun, permission: Permission, *, adopts: bool
) -> Decision:
    """Return what happens to an object that exists and can be changed.

    `adopts` marks one that is without a mark of its owner.
    """
    conflicts = _describe_conflicts(dry_run.merged)
    # With a conflict the answer has no object: only the forced dry run shows what an apply would
    # make of it.
    result = dry_run.forced if conflicts else dry_run.merged
    if not isinstance(result, Mapping):
        return _blocked_decision(declared, live, _describe_refusal(result))
    fields = tuple(
        describe_difference(each, declared=True)
        for each in find_differences(content_of(live), content_of(result))
    )
    undeclared = tuple(find_undeclared(declared, live, dry_run))
    # The other manager may be a controller that writes the field again (an autoscaler its
    # replicas): whose field it is, a person decides.
    if conflicts and not permission.force_conflicts:
        why = f"{conflicts}; --force-conflicts takes the fields over"
        if adopts and not permission.may_adopt(declared.key):
            why = f"{_WITHOUT_MARK}; {why}, and --adopt {declared.key.address} the object"
        return _decision(declared, live, Action.BLOCKED, why, fields, undeclared)
    taken = conflicts.replace("conflict with", "takes fields over from")
    if adopts:
        reason = "; ".join(part for part in (_WITHOUT_MARK, taken) if part)
        return _decision(declared, live, Action.ADOPT, reason, fields, undeclared)
    action = Action.UPDATE if fields else Action.NO_OP
    return _decision(declared, live, action, taken or None, fields, undeclared)


_WITHOUT_MARK = "it exists without a mark of azsec"


def _find_obstacle(declared: DeclaredObject, live: Object | None, owner: Owner) -> str | None:
    """Return why an object cannot be applied, whatever a dry run says."""
    if declared.kind is None:
        return "the API server does not serve its kind"
    if live is not None and (live.get("metadata") or {}).get("deletionTimestamp"):
        return "it is being deleted: plan again when it is gone"
    if live is None or owner is not Owner.OTHER:
        return None
    stated = (live["metadata"].get("labels") or {}).get(ENVIRONMENT_LABEL)
    return f"it carries the mark of another environment ({ENVIRONMENT_LABEL}: {stated})"


def find_drift(
    declared: DeclaredObject, live: Object, dry_run: DryRun
) -> Iterator[FieldChangeDocument]:
    """Yield the declared fields of an object that are not as declared: before is what is declared.

    Compared with what the server makes of the declared object alone: so it is found whoever is
    noted as the manager of a field, and where nobody is.
    """
    if not isinstance(dry_run.pristine, Mapping):
        merged = dry_run.forced if isinstance(dry_run.forced, Mapping) else dry_run.merged
        if isinstance(merged, Mapping):
            for each in find_differences(content_of(merged), content_of(live)):
                yield describe_difference(each, declared=True, security=True)
        return
    for each in _pristine_differences(declared, live, dry_run.pristine):
        if has_path(declared.body, each.path):
            yield describe_difference(each, declared=True, security=True)


def find_deletion(live: Object) -> Iterator[FieldChangeDocument]:
    """Yield the time at which an object was deleted that still exists.

    It goes once its finalizers have gone, and whoever has added one chooses when that is.
    """
    since = (live.get("metadata") or {}).get("deletionTimestamp")
    if since:
        found = Difference(("metadata", "deletionTimestamp"), ABSENT, since)
        yield describe_difference(found, declared=True, security=True)


def find_undeclared(
    declared: DeclaredObject, live: Object, dry_run: DryRun
) -> Iterator[FieldChangeDocument]:
    """Yield values in an object that nobody declared: before is what stands, after the default.

    A server-side apply leaves fields of other managers as they are, and its dry run shows no
    difference: `spec.ingress: [{}]` in a NetworkPolicy that denies all would never be seen.
    """
    if not isinstance(dry_run.pristine, Mapping):
        return
    for each in _pristine_differences(declared, live, dry_run.pristine):
        if not has_path(declared.body, each.path):
            change = Difference(each.path, each.after, each.before)
            yield describe_difference(change, declared=False, security=weakens(each))


def _pristine_differences(
    declared: DeclaredObject, live: Object, pristine: Object
) -> Iterator[Difference]:
    """Yield the differences from the server's own version of the declared object to what stands."""
    tried, real = pristine.get("metadata") or {}, live.get("metadata") or {}
    # The server labels a namespace with its name, and the pods of a job with its name and UID.
    names = {tried.get("name"): declared.key.name, tried.get("uid"): real.get("uid")}
    return find_differences(_replace_names(content_of(pristine), names), content_of(live))


def _replace_names(value: Any, names: Mapping[Any, Any]) -> Any:  # noqa: ANN401  JSON
    if isinstance(value, Mapping):
        return {key: _replace_names(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [_replace_names(item, names) for item in value]
    return names.get(value, value) if isinstance(value, str) else value


def _declared_fields(
    declared: DeclaredObject, live: Object, dry_run: DryRun
) -> Iterator[FieldChangeDocument]:
    if isinstance(dry_run.pristine, Mapping):
        for each in _pristine_differences(declared, live, dry_run.pristine):
            if has_path(declared.body, each.path):
                change = Difference(each.path, each.after, each.before)
                yield describe_difference(change, declared=True)


def await_creation(declared: DeclaredObject, reason: str) -> Decision:
    """Return the creation of an object whose cluster or namespace is not there yet."""
    decision = _decide_absent(declared, DryRun())
    return replace(decision, reason=reason, awaited=True)


def _decide_absent(declared: DeclaredObject, dry_run: DryRun) -> Decision:
    if isinstance(dry_run.merged, KubernetesError):
        return _blocked_decision(declared, None, _describe_refusal(dry_run.merged))
    fields = tuple(
        describe_difference(Difference(each.path, each.before, each.after), declared=True)
        for each in find_differences({}, content_of(declared.body))
    )
    return _decision(declared, None, Action.CREATE, None, fields)


def _describe_immutable(refusal: KubernetesError) -> str:
    """Return which fields cannot change, in words: validation names each as a cause."""
    fields = ", ".join(dict.fromkeys(cause.field for cause in refusal.causes if cause.field))
    return f"immutable: {fields}" if fields else refusal.message


def _describe_conflicts(refusal: Answer | None) -> str:
    """Return which manager owns which of the fields, in words; "" where there is no conflict."""
    if not isinstance(refusal, KubernetesError) or not refusal.conflicts:
        return ""
    answer: dict[str, list[str]] = {}
    for cause in refusal.conflicts:
        answer.setdefault(cause.message, []).append(cause.field.removeprefix("."))
    return "; ".join(f"{message}: {', '.join(fields)}" for message, fields in answer.items())


_WEBHOOK_FAILURE = re.compile(
    r'failed calling webhook "([^"]+)": (?:failed to call webhook: )?(.*)'
)
"""How the API server tells it (apiserver, `ErrCallingWebhook`)."""


def _describe_refusal(answer: Answer | None) -> str:
    if not isinstance(answer, KubernetesError):
        return "the API server was not queried"
    webhook = _WEBHOOK_FAILURE.search(answer.message)
    if webhook is not None:
        return f"the webhook {webhook[1]} does not answer: {webhook[2]}"
    if answer.has_no_dry_run:
        return f"it cannot be tried: {answer.message}"
    return answer.message


def _blocked_decision(declared: DeclaredObject, live: Object | None, reason: str) -> Decision:
    return _decision(declared, live, Action.BLOCKED, reason)


def _decision(
    declared: DeclaredObject,
    live: Object | None,
    action: Action,
    reason: str | None,
    fields: tuple[FieldChangeDocument, ...] = (),
    undeclared: tuple[FieldChangeDocument, ...] = (),
) -> Decision:
    path = (
        ""
        if declared.kind is None
        else declared.kind.path(declared.key.namespace, declared.key.name)
    )
    return Decision(
        key=declared.key,
        type=type_of(declared.body),
        path=path,
        action=action,
        body=declared.body,
        live=live,
        reason=reason,
        fields=fields,
        undeclared=undeclared,
    )
