"""`azsec cluster drift`: what in a cluster is not as declared, and what nobody declared."""

from collections.abc import Iterator, Mapping
from datetime import date

from provisioner.cluster.decisions import Trial, Wanted, find_drift, find_undeclared
from provisioner.cluster.inventory import Listed, Scope, find_expired, take_inventory
from provisioner.cluster.objects import Key, Object, key_of, type_of
from provisioner.cluster.ownership import Owner, owner_of
from provisioner.cluster.system_objects import Bootstrap, load_bootstrap
from provisioner.documents.census import NotCoveredDocument
from provisioner.documents.cluster import ClusterCensusDocument, ClusterDriftDocument
from provisioner.documents.document import DiagnosticDocument
from provisioner.documents.drift import DriftKind, ResourceDriftDocument
from provisioner.documents.plan import UndeclaredDocument
from provisioner.engine.cluster_port import ClusterApi
from provisioner.manifests.rendering import ClusterObjects
from provisioner.model.diagnostic import Diagnostic, error, warning
from provisioner.model.kubernetes_error import KubernetesError
from provisioner.workflow.cluster_plan import want_objects
from provisioner.workflow.cluster_reading import ClusterState, read_cluster
from provisioner.workflow.cluster_trials import try_objects
from provisioner.workflow.plan import Desired

_NO_TRIAL = Trial()


def check_cluster_drift(
    desired: Desired, objects: ClusterObjects, api: ClusterApi, way: str, today: date
) -> ClusterDriftDocument:
    """Compare a cluster with what is declared, and take the inventory of what adds up."""
    declared = [key_of(manifest.body) for manifest in objects.manifests]
    state = read_cluster(api, way, declared, inventory=True)
    wanted = want_objects(desired, objects, state.served)
    live = state.objects
    standing = [each for each in wanted if each.key in live]
    namespaces = {key.name for key in live if key.kind == "Namespace"}
    trials = try_objects(api, standing, live, namespaces)
    bootstrap = load_bootstrap(state.minor)
    scope = Scope(
        declared=frozenset(declared),
        namespaces=frozenset(key.namespace or key.name for key in declared if key.namespace)
        | {key.name for key in declared if key.kind == "Namespace"},
        bootstrap=bootstrap,
        accepted=desired.environment.kubernetes.accepted,
        today=today,
    )
    listed = [Listed(e.kind, e.adds, e.bodies) for e in state.lists if e.adds is not None]
    inventory = take_inventory(listed, scope)
    drifted = tuple(_drifted(wanted, live, trials, state, desired))
    told = [
        *objects.diagnostics,
        *_untold(standing, trials),
        *(
            error("forbidden", f"{entry.reason}.", None, "Bind a role that may list it.")
            for entry in state.unreadable
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
        in_sync=len(wanted) - len(drifted),
        drifted=drifted,
        undeclared=tuple(_undeclared(standing, live, trials)),
        additions=inventory.additions,
        accepted=inventory.accepted,
        census=_census(state, bootstrap),
        diagnostics=tuple(DiagnosticDocument.of(each) for each in told),
    )


def _drifted(
    wanted: tuple[Wanted, ...],
    live: Mapping[Key, Object],
    trials: Mapping[Key, Trial],
    state: ClusterState,
    desired: Desired,
) -> Iterator[ResourceDriftDocument]:
    for each in wanted:
        if state.refusal_of(each.key) is not None:
            continue
        found = live.get(each.key)
        if found is None:
            yield _document(each, DriftKind.MISSING)
            continue
        fields = tuple(find_drift(each, found, trials.get(each.key) or _NO_TRIAL))
        if owner_of(found, each.key, desired.environment.marks) is not Owner.OURS:
            yield _document(each, DriftKind.UNMARKED).model_copy(update={"fields": fields})
        elif fields:
            yield _document(each, DriftKind.CHANGED).model_copy(update={"fields": fields})


def _document(wanted: Wanted, kind: DriftKind) -> ResourceDriftDocument:
    path = (
        wanted.key.address
        if wanted.kind is None
        else wanted.kind.path(wanted.key.namespace, wanted.key.name)
    )
    return ResourceDriftDocument(
        address=wanted.key.address,
        id=path,
        type=type_of(wanted.body),
        resource_group=wanted.key.namespace or None,
        kind=kind,
    )


def _undeclared(
    standing: list[Wanted], live: Mapping[Key, Object], trials: Mapping[Key, Trial]
) -> Iterator[UndeclaredDocument]:
    for each in standing:
        trial = trials.get(each.key) or _NO_TRIAL
        for field in find_undeclared(each, live[each.key], trial):
            yield UndeclaredDocument(
                address=each.key.address,
                id=_document(each, DriftKind.CHANGED).id,
                type=type_of(each.body),
                field=field,
            )


def _untold(standing: list[Wanted], trials: Mapping[Key, Trial]) -> Iterator[Diagnostic]:
    """Yield what could not be compared, because the API server refused the dry run."""
    for each in standing:
        trial = trials.get(each.key) or _NO_TRIAL
        for told in (trial.pristine, trial.merged):
            if isinstance(told, KubernetesError) and not told.conflicts and not told.is_immutable:
                yield error("not-compared", f"{each.key.address} was not compared: {told.message}.")
                break


def _census(state: ClusterState, bootstrap: Bootstrap) -> ClusterCensusDocument:
    not_covered = []
    if not bootstrap.is_exact:
        not_covered.append(
            NotCoveredDocument(
                what="the rules of Kubernetes' own roles",
                count=sum(key.startswith("rbac") for key in bootstrap.digests),
                reason=f"azsec knows those of {bootstrap.version}, not of {state.minor}",
            )
        )
    return ClusterCensusDocument(
        objects=sum(len(each.bodies) for each in state.lists) + state.pods,
        kinds=tuple(f"{each.kind.api_version}/{each.kind.kind}" for each in state.lists),
        unreadable=state.unreadable,
        not_covered=tuple(not_covered),
    )
