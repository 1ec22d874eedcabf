"""`azsec cluster plan`: what an apply would do to the objects in a cluster."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from provisioner.catalog.field import Disruption
from provisioner.cluster.decisions import (
    Decision,
    Permission,
    Trial,
    Wanted,
    await_creation,
    decide,
)
from provisioner.cluster.kinds import is_made_by_kubernetes, stage_of
from provisioner.cluster.objects import Key, Object, Served, ServedKind, key_of, type_of
from provisioner.cluster.ownership import Owner, mark_object, owner_of
from provisioner.documents.cluster import (
    ClusterCensusDocument,
    ClusterPlanDocument,
    ClusterStepDocument,
)
from provisioner.documents.document import DiagnosticDocument
from provisioner.documents.plan import (
    Action,
    PlanSummary,
    ResourceChangeDocument,
    UndeclaredDocument,
)
from provisioner.engine.cluster_port import METADATA, Ask, ClusterApi
from provisioner.manifests.observer import is_kept_by_observer
from provisioner.manifests.rendering import ClusterObjects
from provisioner.model.kubernetes_error import KubernetesError
from provisioner.plan.plan import digest_json
from provisioner.workflow.cluster_hindrances import (
    check_adoptions,
    find_missing_kinds,
    find_refused_lists,
)
from provisioner.workflow.cluster_identity import find_doubts
from provisioner.workflow.cluster_plan_file import approvable
from provisioner.workflow.cluster_reading import ClusterState, read_cluster
from provisioner.workflow.cluster_trials import try_objects
from provisioner.workflow.plan import Desired

_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class ClusterPlan:
    """A plan with what apply needs of it: the decisions, in the order of their stages."""

    document: ClusterPlanDocument
    decisions: tuple[Decision, ...]

    @property
    def can_apply(self) -> bool:
        """Whether nothing stands in the way of an apply, beside permissions."""
        return not self.document.has_errors and not self.document.blocked


def want_objects(desired: Desired, objects: ClusterObjects, served: Served) -> tuple[Wanted, ...]:
    """Return the declared objects with their marks, each as the server serves it."""
    marks = desired.environment.marks
    bodies = [mark_object(manifest.body, marks) for manifest in objects.manifests]
    return tuple(
        Wanted(key_of(body), body, served.find_version(str(body["apiVersion"]), str(body["kind"])))
        for body in bodies
    )


def plan_cluster(
    desired: Desired,
    objects: ClusterObjects,
    api: ClusterApi,
    way: str,
    permission: Permission,
    awaited: frozenset[str] = frozenset(),
) -> ClusterPlan:
    """Read a cluster, try what is declared there, and decide. Nothing is changed.

    `awaited` are namespaces that Azure makes before this plan is applied.
    """
    declared = [key_of(manifest.body) for manifest in objects.manifests]
    state = read_cluster(api, way, inventory=False)
    wanted = want_objects(desired, objects, state.served)
    check_adoptions(permission.adopt, wanted)
    live = state.objects
    trials = try_objects(api, wanted, live, _namespaces(live))
    marks = desired.environment.marks
    decisions: list[Decision] = []
    for each in wanted:
        refusal = state.refusal_of(each.key)
        found = live.get(each.key)
        owner = Owner.NOBODY if found is None else owner_of(found, each.key, marks)
        decision = decide(each, found, owner, trials.get(each.key) or _UNTRIED, permission)
        if _has_no_namespace(each.key, live, declared):
            if each.key.namespace in awaited and decision.action is Action.CREATE:
                decisions.append(await_creation(each, _AWAITED_NAMESPACE))
                continue
            decision = replace(decision, action=Action.BLOCKED, reason=_NO_NAMESPACE)
        if refusal is not None:
            decision = replace(decision, action=Action.BLOCKED, reason=refusal.message)
        decisions.append(decision)
    decisions += _find_deletes(api, state, frozenset(declared), desired)
    ordered = tuple(sorted(decisions, key=_order))
    return ClusterPlan(_describe(desired, objects, state, ordered, permission), ordered)


_AWAITED_CLUSTER = "tried when Azure has made the cluster"
_AWAITED_NAMESPACE = "tried when Azure has made its namespace"
_NO_NAMESPACE = (
    "its namespace does not exist: Azure makes it (run azsec apply first), or this is another "
    "cluster"
)


def plan_awaited_cluster(
    desired: Desired, objects: ClusterObjects, permission: Permission
) -> ClusterPlan:
    """Plan the objects of a cluster that Azure has yet to make: all are creations, and nothing is
    tried."""
    wanted = want_objects(desired, objects, Served({}, {}))
    awaited = (await_creation(each, _AWAITED_CLUSTER) for each in wanted)
    decisions = tuple(sorted(awaited, key=_order))
    steps = tuple(_steps(decisions))
    document = ClusterPlanDocument(
        environment=desired.document,
        path=desired.environment.path,
        cluster=None,
        digest="",
        adopt=permission.adopt,
        force_conflicts=permission.force_conflicts,
        summary=_summary(decisions),
        changes=tuple(map(_change, decisions)),
        steps=steps,
        census=ClusterCensusDocument(objects=0, kinds=()),
        diagnostics=tuple(DiagnosticDocument.of(each) for each in objects.diagnostics),
    )
    return ClusterPlan(approvable(document), decisions)


def _has_no_namespace(key: Key, live: Mapping[Key, Object], declared: Sequence[Key]) -> bool:
    """Tell whether an object's namespace is neither there nor declared: Azure Resource Manager
    makes those of `managedNamespaces`."""
    namespace = Key("", "Namespace", "", key.namespace)
    return bool(key.namespace) and namespace not in live and namespace not in declared


def _namespaces(live: Mapping[Key, Object]) -> Iterator[str]:
    return (
        key.name
        for key, body in live.items()
        if key.kind == "Namespace" and not body["metadata"].get("deletionTimestamp")
    )


def _order(decision: Decision) -> tuple[bool, int, Key]:
    """Deletes come last, what was made first at their end."""
    is_delete = decision.action is Action.DELETE
    stage = stage_of(decision.key.kind)
    return is_delete, -stage if is_delete else stage, decision.key


def _find_deletes(
    api: ClusterApi, state: ClusterState, declared: frozenset[Key], desired: Desired
) -> Iterator[Decision]:
    """Yield the objects that carry this environment's mark and that it no longer declares."""
    marks = desired.environment.marks
    for each in state.lists:
        for body in each.bodies:
            key = key_of(body)
            if key in declared or owner_of(body, key, marks) is not Owner.OURS:
                continue
            reason = None
            if key.kind == "Namespace":
                reason = _others_within(api, state, key.name, desired)
            yield Decision(
                key=key,
                type=type_of(body),
                path=each.kind.path(key.namespace, key.name),
                action=Action.DELETE if reason is None else Action.BLOCKED,
                body=None,
                live=body,
                reason=reason or "the environment no longer declares it",
            )


def _others_within(
    api: ClusterApi, state: ClusterState, namespace: str, desired: Desired
) -> str | None:
    """Return why a namespace may not be deleted: what stands in it is not the environment's."""
    kinds = [
        kind
        for kind in state.served.kinds.values()
        if kind.is_namespaced and "list" in kind.verbs and kind.kind not in _PASSING
    ]
    answers = api.ask([_within(kind, namespace) for kind in kinds])
    found: list[Object] = []
    refused = [
        (kind, told)
        for kind, told in zip(kinds, answers, strict=True)
        if isinstance(told, KubernetesError)
    ]
    if refused:
        named = ", ".join(
            sorted(f"{kind.resource}.{kind.group}".rstrip(".") for kind, _ in refused)
        )
        return f"what it contains cannot be read: {named}: {refused[0][1].message}"
    for kind, told in zip(kinds, answers, strict=True):
        assert not isinstance(told, KubernetesError)
        typed = {"apiVersion": kind.api_version, "kind": kind.kind}
        found += [{**item, **typed} for item in told["items"]]
    others = _find_others(found, desired)
    if not others:
        return None
    more = f" and {len(others) - _MOST_NAMED} more" if len(others) > _MOST_NAMED else ""
    named = ", ".join(sorted(others)[:_MOST_NAMED])
    return f"it contains objects that this environment did not make: {named}{more}"


def _within(kind: ServedKind, namespace: str) -> Ask:
    path = f"{kind.root}/namespaces/{namespace}/{kind.resource}"
    return Ask("GET", path, accept=METADATA, is_list=True)


def _find_others(found: Sequence[Object], desired: Desired) -> list[str]:
    """Return which objects of a namespace are not the environment's, and go with no other one that
    is named: an owner outside of the namespace stays when that goes."""
    within = {str(body["metadata"].get("uid")) for body in found}
    others = []
    for body in found:
        key = key_of(body)
        owners = body["metadata"].get("ownerReferences") or ()
        is_ours = owner_of(body, key, desired.environment.marks) is Owner.OURS
        is_known = is_made_by_kubernetes(body) or is_kept_by_observer(body)
        is_owned = any(str(owner.get("uid")) in within for owner in owners)
        if not is_ours and not is_owned and not is_known:
            others.append(f"{key.kind}/{key.name}")
    return others


_PASSING = frozenset({"Event", "Endpoints", "EndpointSlice", "Lease", "PodMetrics"})
"""Kinds whose objects come and go by themselves."""

_UNTRIED = Trial()


def _describe(
    desired: Desired,
    objects: ClusterObjects,
    state: ClusterState,
    decisions: Sequence[Decision],
    permission: Permission,
) -> ClusterPlanDocument:
    steps = tuple(_steps(decisions))
    told = [
        *objects.diagnostics,
        *find_missing_kinds(decisions, state),
        *find_refused_lists(desired, state),
        *find_doubts(desired, objects, state.document),
    ]
    document = ClusterPlanDocument(
        environment=desired.document,
        path=desired.environment.path,
        cluster=state.document,
        digest="",
        adopt=permission.adopt,
        force_conflicts=permission.force_conflicts,
        summary=_summary(decisions),
        changes=tuple(
            _change(decision) for decision in decisions if decision.action is not Action.NO_OP
        ),
        undeclared=tuple(
            UndeclaredDocument(
                address=decision.key.address, id=decision.path, type=decision.type, field=field
            )
            for decision in decisions
            for field in decision.undeclared
        ),
        steps=steps,
        census=ClusterCensusDocument(
            objects=sum(len(each.bodies) for each in state.lists),
            kinds=tuple(f"{each.kind.api_version}/{each.kind.kind}" for each in state.lists),
            unreadable=state.unreadable,
        ),
        diagnostics=tuple(DiagnosticDocument.of(each) for each in told),
    )
    return approvable(document)


def _change(decision: Decision) -> ResourceChangeDocument:
    return ResourceChangeDocument(
        address=decision.key.address,
        id=decision.path,
        type=decision.type,
        resource_group=decision.key.namespace or None,
        action=decision.action,
        reason=decision.reason,
        disruption=_disruption(decision),
        fields=decision.fields,
    )


def _disruption(decision: Decision) -> Disruption:
    """Return what a change does to what runs: a namespace that goes takes all in it along."""
    goes = decision.action in (Action.DELETE, Action.REPLACE)
    return Disruption.DATA if goes and decision.key.kind == "Namespace" else Disruption.NONE


def _steps(decisions: Iterable[Decision]) -> Iterator[ClusterStepDocument]:
    for decision in decisions:
        stage = stage_of(decision.key.kind)
        address, path = decision.key.address, decision.path
        named = path or address
        if decision.action in (Action.DELETE, Action.REPLACE):
            # Deletes come after all stages, in their reverse order; a replace stays in its own.
            late = 100 - stage if decision.action is Action.DELETE else stage
            yield ClusterStepDocument(
                key=f"DELETE {named}", verb="DELETE", address=address, path=path, stage=late
            )
        if decision.action in (Action.CREATE, Action.UPDATE, Action.ADOPT, Action.REPLACE):
            yield ClusterStepDocument(
                key=f"APPLY {named}",
                verb="APPLY",
                address=address,
                path=path,
                stage=stage,
                body=digest_json(decision.body),
            )


def _summary(decisions: Iterable[Decision]) -> PlanSummary:
    counts: dict[str, int] = {}
    for decision in decisions:
        name = "unchanged" if decision.action is Action.NO_OP else decision.action.value
        counts[name] = counts.get(name, 0) + 1
    return PlanSummary(**counts)
