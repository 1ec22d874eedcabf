"""`azsec cluster plan`: what an apply would do to the objects in a cluster.

It writes nothing: creates and updates are server-side dry runs. Called by `cli`, and by the
workflows of combined plans and cluster drift.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from provisioner.cluster.decisions import (
    Decision,
    DeclaredObject,
    DryRun,
    Permission,
    await_creation,
    decide,
)
from provisioner.cluster.object_kinds import stage_of
from provisioner.cluster.objects import Key, Object, Served, key_of
from provisioner.cluster.ownership import Owner, mark_object, owner_of
from provisioner.documents.cluster import (
    ClusterCensusDocument,
    ClusterPlanDocument,
)
from provisioner.documents.document import DiagnosticDocument
from provisioner.documents.plan import (
    Action,
    UndeclaredDocument,
)
from provisioner.engine.cluster_port import ClusterApi
from provisioner.manifests.rendering import ClusterObjects
from provisioner.workflow.cluster_blockers import (
    check_adoptions,
    find_missing_kinds,
    find_refused_lists,
)
from provisioner.workflow.cluster_changes import describe_change, describe_steps, summarize
from provisioner.workflow.cluster_deletions import find_deletions
from provisioner.workflow.cluster_dry_runs import try_objects
from provisioner.workflow.cluster_identity import find_doubts
from provisioner.workflow.cluster_plan_file import approvable
from provisioner.workflow.cluster_reader import ClusterState, read_cluster
from provisioner.workflow.plan import Desired


@dataclass(frozen=True, slots=True)
class ClusterPlan:
    """A plan with what apply needs of it: the decisions, in the order of their stages."""

    document: ClusterPlanDocument
    decisions: tuple[Decision, ...]

    @property
    def can_apply(self) -> bool:
        """Whether nothing but missing permissions prevents an apply."""
        return not self.document.has_errors and not self.document.blocked


def declare_objects(
    desired: Desired, objects: ClusterObjects, served: Served
) -> tuple[DeclaredObject, ...]:
    """Return the declared objects with their marks, in the versions that the API server serves."""
    marks = desired.environment.marks
    bodies = [mark_object(manifest.body, marks) for manifest in objects.manifests]
    return tuple(
        DeclaredObject(
            key_of(body), body, served.find_version(str(body["apiVersion"]), str(body["kind"]))
        )
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
    """Read a cluster, dry-run the declared objects, and decide; nothing is changed.

    `awaited` are namespaces that Azure creates before this plan is applied.
    """
    declared = [key_of(manifest.body) for manifest in objects.manifests]
    state = read_cluster(api, way, inventory=False)
    to_apply = declare_objects(desired, objects, state.served)
    check_adoptions(permission.adopt, to_apply)
    live = state.objects
    # Only the API server knows its defaults, its admission and the other field managers: the plan
    # is what its dry run of the same apply answers (ADR 0029).
    dry_runs = try_objects(api, to_apply, live, _active_namespaces(live))
    marks = desired.environment.marks
    decisions: list[Decision] = []
    for each in to_apply:
        refusal = state.refusal_of(each.key)
        found = live.get(each.key)
        owner = Owner.NOBODY if found is None else owner_of(found, each.key, marks)
        decision = decide(each, found, owner, dry_runs.get(each.key) or _NO_DRY_RUN, permission)
        if _has_no_namespace(each.key, live, declared):
            if each.key.namespace in awaited and decision.action is Action.CREATE:
                decisions.append(await_creation(each, _AWAITED_NAMESPACE))
                continue
            decision = replace(decision, action=Action.BLOCKED, reason=_NAMESPACE_MISSING)
        if refusal is not None:
            # Objects of a kind that could not be listed may exist, with or without a mark.
            decision = replace(decision, action=Action.BLOCKED, reason=refusal.message)
        decisions.append(decision)
    decisions += find_deletions(api, state, frozenset(declared), desired)
    ordered = tuple(sorted(decisions, key=_apply_order))
    return ClusterPlan(_plan_document(desired, objects, state, ordered, permission), ordered)


_AWAITED_CLUSTER = "tried when Azure has made the cluster"
_AWAITED_NAMESPACE = "tried when Azure has made its namespace"
_NAMESPACE_MISSING = (
    "its namespace does not exist: Azure makes it (run azsec apply first), or this is another "
    "cluster"
)


def plan_awaited_cluster(
    desired: Desired, objects: ClusterObjects, permission: Permission
) -> ClusterPlan:
    """Plan the objects of a cluster that Azure has yet to create.

    All changes are creations, and there is no dry run.
    """
    declared = declare_objects(desired, objects, Served({}, {}))
    awaited = (await_creation(each, _AWAITED_CLUSTER) for each in declared)
    decisions = tuple(sorted(awaited, key=_apply_order))
    steps = tuple(describe_steps(decisions))
    document = ClusterPlanDocument(
        environment=desired.document,
        path=desired.environment.path,
        cluster=None,
        digest="",
        adopt=permission.adopt,
        force_conflicts=permission.force_conflicts,
        summary=summarize(decisions),
        changes=tuple(map(describe_change, decisions)),
        steps=steps,
        census=ClusterCensusDocument(objects=0, kinds=()),
        diagnostics=tuple(DiagnosticDocument.of(each) for each in objects.diagnostics),
    )
    return ClusterPlan(approvable(document), decisions)


def _has_no_namespace(key: Key, live: Mapping[Key, Object], declared: Sequence[Key]) -> bool:
    """Return whether an object's namespace neither exists nor is declared.

    Azure Resource Manager creates those of `managedNamespaces`.
    """
    namespace = Key("", "Namespace", "", key.namespace)
    return bool(key.namespace) and namespace not in live and namespace not in declared


def _active_namespaces(live: Mapping[Key, Object]) -> Iterator[str]:
    return (
        key.name
        for key, body in live.items()
        # The API server refuses new objects in a namespace that is being deleted.
        if key.kind == "Namespace" and not body["metadata"].get("deletionTimestamp")
    )


def _apply_order(decision: Decision) -> tuple[bool, int, Key]:
    """Return a sort key: deletes come last, and among them what was created first."""
    is_delete = decision.action is Action.DELETE
    stage = stage_of(decision.key.kind)
    return is_delete, -stage if is_delete else stage, decision.key


_NO_DRY_RUN = DryRun()


def _plan_document(
    desired: Desired,
    objects: ClusterObjects,
    state: ClusterState,
    decisions: Sequence[Decision],
    permission: Permission,
) -> ClusterPlanDocument:
    steps = tuple(describe_steps(decisions))
    diagnostics = [
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
        summary=summarize(decisions),
        changes=tuple(
            describe_change(decision)
            for decision in decisions
            if decision.action is not Action.NO_OP
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
        diagnostics=tuple(DiagnosticDocument.of(each) for each in diagnostics),
    )
    return approvable(document)
