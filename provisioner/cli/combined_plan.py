"""Run `azsec plan` and `azsec apply` with `--with-cluster`: Azure first, then the cluster."""

import sys
from dataclasses import dataclass, replace

from provisioner.cli.cluster_access import ApiServerAccess, Connect, find_connection, open_cluster
from provisioner.cli.exit_code import ExitCode
from provisioner.cli.lock import hold_in_cluster
from provisioner.cli.output import print_combined
from provisioner.cli.session import (
    Approval,
    PlanChoices,
    Session,
    confirm,
    is_plan_file,
    require_digest,
)
from provisioner.cli.workspace import FileSources, write_file
from provisioner.cluster.decisions import Permission
from provisioner.documents.apply import ApplyDocument
from provisioner.documents.cluster import ClusterApplyDocument
from provisioner.documents.combined import CombinedApplyDocument, CombinedPlanDocument
from provisioner.documents.document import DiagnosticDocument
from provisioner.documents.trace import StateKind
from provisioner.engine.ports import Requester
from provisioner.manifests.rendering import ClusterObjects
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, GateError, error
from provisioner.plan.plan import Plan
from provisioner.plan.plan_file import write_plan_file
from provisioner.workflow.apply import ApplyOptions, check_permitted
from provisioner.workflow.cluster_apply import (
    apply_cluster,
    check_cluster_plan,
    find_unpermitted_adoptions,
)
from provisioner.workflow.cluster_plan import ClusterPlan, plan_awaited_cluster, plan_cluster
from provisioner.workflow.combined_plan import (
    combine_digests,
    describe_moved,
    find_moved,
    made_namespaces,
    makes_cluster,
)
from provisioner.workflow.combined_plan_file import (
    SavedPlan,
    read_combined_file,
    write_combined_file,
)
from provisioner.workflow.lock import HeldLock
from provisioner.workflow.plan import Desired

_PARALLELISM = 8


@dataclass(frozen=True, slots=True)
class ClusterOptions:
    """How to connect to the API server, and whether fields of other managers are taken over."""

    reach: ApiServerAccess
    force_conflicts: bool = False

    def permit(self, adopt: tuple[str, ...]) -> Permission:
        """Return the permission for the cluster, with the objects that may be adopted."""
        return Permission(adopt, self.force_conflicts)


@dataclass(frozen=True, slots=True)
class CombinedChoices:
    """The options of both parts."""

    azure: PlanChoices
    cluster: ClusterOptions


@dataclass(frozen=True, slots=True)
class _Both:
    """Both plans, with the objects and the connections that the plans are derived from."""

    azure: Plan
    desired: Desired
    objects: ClusterObjects
    within: ClusterPlan
    connect: Connect
    reach: ApiServerAccess

    @property
    def digest(self) -> str:
        """The digest that is approved."""
        return combine_digests(self.azure.document.digest, self.within.document.digest)

    @property
    def document(self) -> CombinedPlanDocument:
        """Both as one document."""
        azure = self.azure.document.model_copy(update={"cluster": None})
        return CombinedPlanDocument(digest=self.digest, azure=azure, cluster=self.within.document)


def split_adoptions(adopt: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return which addresses that may be adopted are of Azure, and which are of the cluster.

    Addresses of objects have a slash, and `*` is everything.
    """
    return (
        tuple(each for each in adopt if "/" not in each),
        tuple(each for each in adopt if "/" in each or each == "*"),
    )


@dataclass(frozen=True, slots=True)
class CombinedOutput:
    """Where a plan is written: to a file, if one is named, and to the terminal in a format.

    With `detailed` changes give the exit code 2.
    """

    out: str | None
    output: str
    detailed: bool


def run_plan(
    session: Session,
    environment: str,
    choices: CombinedChoices,
    shown: CombinedOutput,
) -> int:
    """Print both plans; return the exit code. Nothing is saved where the cluster's is missing."""
    in_azure, in_cluster = split_adoptions(choices.azure.adopt)
    with session:
        azure = session.plan(environment, (), replace(choices.azure, adopt=in_azure))
        try:
            both = _plan_both(
                session, azure, choices.cluster.permit(in_cluster), choices.cluster.reach
            )
        except DiagnosticError as problem:
            document = _without_cluster(azure, problem.diagnostics)
            print_combined(document, shown.output)
            return ExitCode.ERROR
    if shown.out is not None:
        text = write_combined_file(both.digest, write_plan_file(azure), both.within.document)
        write_file(shown.out, text)
    print_combined(both.document, shown.output)
    if not azure.can_apply() or not both.within.can_apply:
        return ExitCode.ERROR
    if azure.adopts_unasked or find_unpermitted_adoptions(both.within):
        return ExitCode.REFUSED
    changes = azure.document.summary.changes + both.within.document.summary.changes
    if shown.detailed and changes:
        return ExitCode.DIFFERENCES
    is_partial = azure.document.census is not None and bool(azure.document.census.unreadable)
    return ExitCode.ERROR if shown.detailed and is_partial else ExitCode.SUCCESS


def _without_cluster(azure: Plan, why: tuple[Diagnostic, ...]) -> CombinedPlanDocument:
    return CombinedPlanDocument(
        digest=None,
        azure=azure.document.model_copy(update={"cluster": None}),
        diagnostics=tuple(DiagnosticDocument.of(each) for each in why),
    )


def _plan_both(
    session: Session, azure: Plan, permission: Permission, reach: ApiServerAccess
) -> _Both:
    """Plan the cluster's objects beside a plan of Azure.

    Raises DiagnosticError where the API server cannot be reached, unless this plan creates its
    cluster.
    """
    path = azure.request.path
    desired, objects = session.find_objects(path, StateKind.DESIRED)

    def connect() -> Requester:
        return session.connect(desired.document)

    if makes_cluster(azure.document, objects.facts):
        if desired.environment.kubernetes.access is None or reach.is_stated:
            find_connection(desired, reach, connect)
        within = plan_awaited_cluster(desired, objects, permission)
        return _Both(azure, desired, objects, within, connect, reach)
    awaited = made_namespaces(azure.document, objects.facts)
    with open_cluster(desired, reach, connect, _PARALLELISM) as api:
        within = plan_cluster(desired, objects, api, api.way, permission, awaited)
    return _Both(azure, desired, objects, within, connect, reach)


def run_apply(
    session: Session,
    subject: str,
    choices: CombinedChoices,
    options: ApplyOptions,
    approval: Approval,
    output: str,
) -> int:
    """Plan both, or derive saved plans again; prompt once, apply both; return the exit code.

    Raises DiagnosticError and GateError before anything was changed.
    """
    with session:
        both = _prepare_both(session, subject, choices, options, approval.digest)
        print_combined(both.document, "text", sys.stderr)
        if approval.digest is not None:
            _check_digest(both, approval.digest)
        check_permitted(both.azure, options)
        check_cluster_plan(both.within, allow_delete=options.allow_delete)
        has_steps = both.azure.steps or both.within.document.steps
        is_asked = not (is_plan_file(subject) or approval.yes or approval.digest)
        if has_steps and is_asked:
            if not confirm():
                sys.stderr.write("Nothing was changed.\n")
                return ExitCode.REFUSED
            azure = session.derive(both.azure, options.lock_timeout)
            again = _plan_both(session, azure, _permission_of(both.within), both.reach)
            _check_digest(again, both.digest)
            both = again
        done = _apply_both(session, both, options)
    print_combined(done, output)
    if done.azure.interrupted or (done.cluster is not None and done.cluster.interrupted):
        return ExitCode.INTERRUPTED
    return ExitCode.SUCCESS if done.is_whole else ExitCode.ERROR


def _prepare_both(
    session: Session,
    subject: str,
    choices: CombinedChoices,
    options: ApplyOptions,
    digest: str | None,
) -> _Both:
    if not is_plan_file(subject):
        in_azure, in_cluster = split_adoptions(choices.azure.adopt)
        azure = session.plan(subject, (), replace(choices.azure, adopt=in_azure))
        return _plan_both(session, azure, choices.cluster.permit(in_cluster), choices.cluster.reach)
    saved = read_saved(subject)
    require_digest(saved.azure, digest, subject)
    azure = session.derive(saved.azure, options.lock_timeout)
    both = _plan_both(session, azure, Permission(saved.adopt, saved.forces), choices.cluster.reach)
    _check_digest(both, saved.digest, saved)
    return both


def read_saved(path: str) -> SavedPlan:
    """Return the plans in a file. Raises DiagnosticError."""
    return read_combined_file(FileSources().read_text(path), path)


def _check_digest(both: _Both, approved: str, saved: SavedPlan | None = None) -> None:
    if both.digest == approved:
        return
    moved = describe_moved(saved.cluster, both.within.document) if saved is not None else ""
    raise DiagnosticError(
        error(
            "digest-mismatch",
            f"the plan of now has the digest {both.digest}, and {approved} was approved."
            + (f" In the cluster: {moved}." if moved else ""),
            None,
            "Have this plan reviewed, and approve its digest.",
        )
    )


def _apply_both(session: Session, both: _Both, options: ApplyOptions) -> CombinedApplyDocument:
    """Apply Azure's plan and then the cluster's, under one lock of the environment."""
    document = both.azure.document
    with session.hold(both.azure, options.lock_timeout) as lock:
        in_azure = ApplyDocument(environment=document.environment, digest=document.digest)
        if both.azure.steps:
            in_azure = session.apply_under(lock, both.azure, options)
        done = CombinedApplyDocument(digest=both.digest, azure=in_azure)
        if in_azure.has_errors or in_azure.interrupted or not _is_done(in_azure):
            return _stopped_document(done, both, ())
        try:
            within = _apply_within(both, options, lock)
        except (DiagnosticError, GateError) as problem:
            return _stopped_document(done, both, problem.diagnostics)
    return done.model_copy(update={"cluster": within})


def _permission_of(plan: ClusterPlan) -> Permission:
    """Return the permission that a plan was made with."""
    return Permission(plan.document.adopt, plan.document.force_conflicts)


def _is_done(document: ApplyDocument) -> bool:
    return all(step.outcome == "succeeded" for step in document.steps)


def _stopped_document(
    done: CombinedApplyDocument, both: _Both, why: tuple[Diagnostic, ...]
) -> CombinedApplyDocument:
    """Return the document of an apply whose second part was not begun, with how to go on."""
    name = both.desired.document.name
    again = f"azsec apply {name} --with-cluster" if not why else f"azsec cluster apply {name}"
    stopped = error(
        "cluster-not-applied",
        f"the {len(both.within.document.steps):,} steps in the cluster were not sent. What was "
        "done in Azure stays.",
        None,
        f"Go on with `{again}`.",
    )
    told = tuple(DiagnosticDocument.of(each) for each in (*why, stopped))
    return done.model_copy(update={"diagnostics": told})


def _apply_within(both: _Both, options: ApplyOptions, lock: HeldLock) -> ClusterApplyDocument:
    """Plan the objects again under the lock in the cluster, and apply that plan if it was approved.

    Raises:
        DiagnosticError: Where the plan differs from the approved one, before the first write.
    """
    approved, desired = both.within, both.desired
    if not approved.document.steps and approved.document.cluster is not None:
        return ClusterApplyDocument(
            environment=desired.document,
            cluster=approved.document.cluster,
            digest=approved.document.digest,
        )
    with (
        open_cluster(desired, both.reach, both.connect, _PARALLELISM) as api,
        hold_in_cluster(desired, api, options.lock_timeout) as lease,
    ):
        now = plan_cluster(desired, both.objects, api, api.way, _permission_of(approved))
        moved = tuple(find_moved(approved, now))
        if moved:
            raise DiagnosticError(*moved)
        check_cluster_plan(now, allow_delete=options.allow_delete)
        return apply_cluster(now, api, lambda: lock.halted() or lease.halted())
