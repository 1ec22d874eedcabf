"""`azsec cluster drift`: differences of a cluster's objects from the declared ones, and additions.

Called by `cli`, against an API server or with the observation of a cluster.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from provisioner.cluster.comparison import Difference, describe_difference, has_path
from provisioner.cluster.decisions import (
    DeclaredObject,
    DryRun,
    find_deletion,
    find_drift,
    find_undeclared,
)
from provisioner.cluster.hidden_values import hide_values
from provisioner.cluster.objects import Key, Object, key_of, type_of
from provisioner.cluster.observed_comparison import find_observed_differences
from provisioner.cluster.ownership import Owner, owner_of
from provisioner.cluster.system_objects import load_bootstrap
from provisioner.cluster.undeclared_objects import Listed, Scope, find_expired, take_inventory
from provisioner.cluster.undeclared_values import weakens
from provisioner.documents.cluster import ClusterDriftDocument
from provisioner.documents.document import DiagnosticDocument
from provisioner.documents.drift import DriftKind, ResourceDriftDocument
from provisioner.documents.observation import ObservationDocument
from provisioner.documents.plan import FieldChangeDocument, UndeclaredDocument
from provisioner.engine.cluster_port import ClusterApi
from provisioner.manifests.rendering import ClusterObjects
from provisioner.model.diagnostic import error, warning
from provisioner.model.kubernetes_error import KubernetesError, describe_refusal
from provisioner.workflow.cluster_census import describe_census, with_hidden
from provisioner.workflow.cluster_dry_runs import try_alone
from provisioner.workflow.cluster_identity import find_doubts
from provisioner.workflow.cluster_observation import state_of
from provisioner.workflow.cluster_plan import declare_objects
from provisioner.workflow.cluster_reader import ClusterState, read_cluster
from provisioner.workflow.plan import Desired

_NO_DRY_RUN = DryRun()
_OBSERVE_AGAIN = "Observe the cluster again, with an observer of this version of azsec."
_BIND_ROLE = "Bind a role that may list it."

Fields = tuple[FieldChangeDocument, ...]


@dataclass(frozen=True, slots=True)
class _Comparison:
    """The differences of an existing declared object: declared fields, and values of others."""

    drifted: Fields
    undeclared: Fields


@dataclass(frozen=True, slots=True)
class _Compared:
    """The differences of the declared objects that exist, and the dry runs that were refused.

    Objects whose dry run the API server refused have a reason each, and were compared in part at
    most. `jobs` are the declared Jobs that exist, by UID, with the values that their pods are
    compared with.
    """

    found: Mapping[Key, _Comparison]
    refused: Mapping[Key, str]
    jobs: Mapping[str, Object]


@dataclass(frozen=True, slots=True)
class _Drifted:
    """An object that drifted, and how."""

    key: Key
    document: ResourceDriftDocument


def check_cluster_drift(
    desired: Desired, objects: ClusterObjects, api: ClusterApi, way: str, today: date
) -> ClusterDriftDocument:
    """Compare a cluster with the declared objects, and take the inventory of additions."""
    state = read_cluster(api, way, inventory=True)
    declared = declare_objects(desired, objects, state.served)
    live = state.objects
    existing = [each for each in declared if each.key in live]
    # The API server answers a dry run of the declared object with every default and every mutation
    # of admission, so that nothing has to be known of a kind (ADR 0029).
    dry_runs = try_alone(api, existing)
    compared = {
        each.key: _compare_live(each, live[each.key], dry_runs.get(each.key) or _NO_DRY_RUN)
        for each in existing
    }
    # What a webhook or a quota refuses now was accepted once: it is reported, and the other objects
    # are compared.
    refused = {
        each.key: str(e.message) for each in existing if (e := _refused_dry_run(each, dry_runs))
    }
    jobs = _find_jobs(declared, state)
    report = _drift_document(
        desired, objects, state, declared, _Compared(compared, refused, jobs), today
    )
    errors = (
        error("not-compared", f"{key.address} was not compared: {why}.")
        for key, why in refused.items()
    )
    doubts = find_doubts(desired, objects, state.document)
    more = tuple(map(DiagnosticDocument.of, (*errors, *doubts)))
    return report.model_copy(update={"diagnostics": (*report.diagnostics, *more)})


def check_observed_drift(
    desired: Desired, objects: ClusterObjects, observation: ObservationDocument, today: date
) -> ClusterDriftDocument:
    """Compare an observation of a cluster with the declared objects, without an API server."""
    state = state_of(observation)
    declared = declare_objects(desired, objects, state.served)
    live = state.objects
    compared = {
        each.key: _compare_observed(each, live[each.key]) for each in declared if each.key in live
    }
    # The pods of an observation have no words either, and are held against jobs without them.
    jobs = {uid: hide_values(body) for uid, body in _find_jobs(declared, state).items()}
    report = _drift_document(
        desired, objects, state, declared, _Compared(compared, {}, jobs), today
    )
    census = with_hidden(report.census, declared)
    return report.model_copy(update={"observed": observation.observed, "census": census})


def _compare_live(declared: DeclaredObject, live: Object, dry_run: DryRun) -> _Comparison:
    return _Comparison(
        (*find_drift(declared, live, dry_run), *find_deletion(live)),
        tuple(find_undeclared(declared, live, dry_run)),
    )


def _compare_observed(declared: DeclaredObject, observed: Object) -> _Comparison:
    drifted, undeclared = list(find_deletion(observed)), []
    # Values that an observation does not hold are not compared (see `with_hidden`).
    for each in find_observed_differences(hide_values(declared.body), observed):
        if has_path(declared.body, each.path):
            drifted.append(describe_difference(each, declared=True, security=True))
        else:
            # The comparison reads as from declared to observed; for a value that nobody declared,
            # the observed one is what was added.
            turned = Difference(each.path, each.after, each.before)
            weak = weakens(each)
            undeclared.append(describe_difference(turned, declared=False, security=weak))
    return _Comparison(tuple(drifted), tuple(undeclared))


def _drift_document(
    desired: Desired,
    objects: ClusterObjects,
    state: ClusterState,
    declared: tuple[DeclaredObject, ...],
    compared: _Compared,
    today: date,
) -> ClusterDriftDocument:
    declared_keys = frozenset(each.key for each in declared)
    bootstrap = load_bootstrap(state.minor)
    scope = Scope(
        declared=declared_keys,
        namespaces=frozenset(
            key.name if key.kind == "Namespace" else key.namespace for key in declared_keys
        )
        # Objects without a namespace: their key has an empty one.
        - {""},
        bootstrap=bootstrap,
        accepted=desired.environment.kubernetes.accepted,
        today=today,
        jobs=compared.jobs,
        administrators=objects.facts.administrators,
        made_by_azure={name: each.labels for name, each in objects.facts.managed.items()},
        node_group=objects.facts.node_group,
        add_ons=objects.facts.add_ons,
    )
    orphans = frozenset(
        key
        for key, body in state.objects.items()
        if key not in declared_keys and owner_of(body, key, desired.environment.marks) is Owner.OURS
    )
    listed = [
        Listed(e.kind, e.adds, tuple(b for b in e.bodies if key_of(b) not in orphans))
        for e in state.lists
        if e.adds is not None
    ]
    inventory = take_inventory(listed, scope)
    drifted = (
        *_drifted_objects(declared, compared.found, state, desired),
        *_orphaned_objects(orphans, state),
    )
    unseen = frozenset(
        each.key
        for each in declared
        if state.refusal_of(each.key) is not None or each.key in compared.refused
    ) - {entry.key for entry in drifted}
    diagnostics = [
        *objects.diagnostics,
        *(
            describe_refusal(refusal, f"{kind.resource} could not be listed", _BIND_ROLE)
            for kind, refusal in state.refusals
        ),
        *(
            error(
                "not-observed", f"the observation has no list of {kind.text}.", None, _OBSERVE_AGAIN
            )
            for kind in state.unlisted
        ),
        *(
            warning(
                "accepted-expired",
                f"the acceptance of {entry.kind}/{entry.name} ended on {entry.expires}.",
            )
            for entry in find_expired(scope)
        ),
    ]
    return ClusterDriftDocument(
        environment=desired.document,
        cluster=state.document,
        in_sync=len(declared) - sum(entry.key in declared_keys for entry in drifted) - len(unseen),
        not_compared=len(unseen),
        drifted=tuple(entry.document for entry in drifted),
        undeclared=tuple(_undeclared_documents(declared, compared.found)),
        additions=inventory.additions,
        accepted=inventory.accepted,
        census=describe_census(state, bootstrap),
        diagnostics=tuple(DiagnosticDocument.of(each) for each in diagnostics),
    )


def _find_jobs(declared: tuple[DeclaredObject, ...], state: ClusterState) -> dict[str, Object]:
    """Return the declared Jobs that exist, by their UID in the cluster."""
    live = state.objects
    return {
        str(live[each.key]["metadata"].get("uid")): each.body
        for each in declared
        if each.key.kind == "Job" and each.key in live
    }


def _drifted_objects(
    declared: tuple[DeclaredObject, ...],
    compared: Mapping[Key, _Comparison],
    state: ClusterState,
    desired: Desired,
) -> Iterator[_Drifted]:
    live = state.objects
    for each in declared:
        if state.refusal_of(each.key) is not None:
            continue
        found = live.get(each.key)
        if found is None:
            if not _ends_by_itself(each):
                yield _Drifted(each.key, _object_document(each, DriftKind.MISSING))
            continue
        fields = compared[each.key].drifted
        # Somebody may have deleted the object and created one of the same name: the mark is all
        # that tells them apart.
        if owner_of(found, each.key, desired.environment.marks) is not Owner.OURS:
            yield _Drifted(each.key, _object_document(each, DriftKind.UNMARKED, fields))
        elif fields:
            yield _Drifted(each.key, _object_document(each, DriftKind.CHANGED, fields))


def _orphaned_objects(orphans: frozenset[Key], state: ClusterState) -> Iterator[_Drifted]:
    """Yield objects with this environment's mark that are no longer declared.

    An apply deletes them.
    """
    for each in state.lists:
        for body in each.bodies:
            key = key_of(body)
            if key in orphans:
                document = ResourceDriftDocument(
                    address=key.address,
                    id=each.kind.path(key.namespace, key.name),
                    type=type_of(body),
                    resource_group=key.namespace or None,
                    kind=DriftKind.ORPHANED,
                )
                yield _Drifted(key, document)


def _ends_by_itself(declared: DeclaredObject) -> bool:
    """Return whether Kubernetes deletes an object once it is done (`ttlSecondsAfterFinished`)."""
    spec = declared.body.get("spec") or {}
    return declared.key.kind == "Job" and "ttlSecondsAfterFinished" in spec


def _object_document(
    declared: DeclaredObject, kind: DriftKind, fields: Fields = ()
) -> ResourceDriftDocument:
    path = (
        declared.key.address
        if declared.kind is None
        else declared.kind.path(declared.key.namespace, declared.key.name)
    )
    return ResourceDriftDocument(
        address=declared.key.address,
        id=path,
        type=type_of(declared.body),
        resource_group=declared.key.namespace or None,
        kind=kind,
        fields=fields,
    )


def _undeclared_documents(
    declared: tuple[DeclaredObject, ...], compared: Mapping[Key, _Comparison]
) -> Iterator[UndeclaredDocument]:
    for each in declared:
        for field in compared[each.key].undeclared if each.key in compared else ():
            yield UndeclaredDocument(
                address=each.key.address,
                id=_object_document(each, DriftKind.CHANGED).id,
                type=type_of(each.body),
                field=field,
            )


def _refused_dry_run(
    declared: DeclaredObject, dry_runs: Mapping[Key, DryRun]
) -> KubernetesError | None:
    """Return why an object could not be compared, if the API server refused the dry run."""
    result = (dry_runs.get(declared.key) or _NO_DRY_RUN).pristine
    return result if isinstance(result, KubernetesError) else None
