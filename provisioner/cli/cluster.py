"""Run `azsec cluster`: connect to an API server, ask for consent, print, and choose the exit code.

`cli.cluster_application` calls it.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from provisioner.blueprint.parameter_values import ParameterValue
from provisioner.cli.cluster_access import ApiServerAccess, open_cluster
from provisioner.cli.cluster_lock import hold_locks
from provisioner.cli.exit_code import ExitCode
from provisioner.cli.observation_source import is_verified, source_of
from provisioner.cli.output import print_cluster, print_manifests
from provisioner.cli.session import Session, SessionContext, confirm, is_plan_file, refuse_options
from provisioner.cli.workspace import FileSources, write_file
from provisioner.cluster.decisions import Permission
from provisioner.documents.cluster import ClusterApplyDocument
from provisioner.documents.trace import StateKind
from provisioner.kube.client import KubeClient
from provisioner.manifests.observer import CLUSTER_NAME, OBSERVER_NAMESPACE
from provisioner.manifests.rendering import ClusterObjects
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.workflow.approval import read_digest
from provisioner.workflow.approved_cluster_plan import (
    ApprovedPlan,
    describe_mismatch,
    read_approved,
)
from provisioner.workflow.cluster_apply import (
    apply_cluster,
    check_cluster_plan,
    find_unpermitted_adoptions,
)
from provisioner.workflow.cluster_drift import check_cluster_drift, check_observed_drift
from provisioner.workflow.cluster_plan import ClusterPlan, plan_cluster
from provisioner.workflow.cluster_plan_file import read_cluster_plan, write_cluster_plan
from provisioner.workflow.manifests import describe_manifests
from provisioner.workflow.plan import Desired, require_managed

_PARALLELISM = 8


@dataclass(frozen=True, slots=True)
class Request:
    """The subject of a cluster command, its permissions, and its sources of facts.

    An environment or a plan file; the state of Azure from which the facts of the cluster are taken;
    what is permitted; and the observation that is read in place of the API server.
    """

    subject: str
    of: str
    adopt: tuple[str, ...] = ()
    force_conflicts: bool = False
    observation: str | None = None


@dataclass(frozen=True, slots=True)
class Consent:
    """How an apply is approved."""

    yes: bool
    allow_delete: bool
    digest: str | None
    lock_timeout: float = 0.0


@dataclass(frozen=True, slots=True)
class _Bench:
    """The declared objects and the API server of a running command."""

    session: Session
    desired: Desired
    objects: ClusterObjects
    api: KubeClient

    def plan(self, request: Request) -> ClusterPlan:
        """Return the plan of now."""
        permission = Permission(request.adopt, request.force_conflicts)
        return plan_cluster(self.desired, self.objects, self.api, self.api.way, permission)


def _open_session(reach: ApiServerAccess) -> Session:
    return Session(
        cloud=reach.cloud,
        local_state=reach.state,
        parallelism=_PARALLELISM,
        realistic=None,
        quiet=True,
        surroundings=SessionContext(values=reach.values),
    )


@contextmanager
def _open_bench(request: Request, reach: ApiServerAccess) -> Iterator[_Bench]:
    with _open_session(reach) as session:
        desired, objects = session.find_objects(request.subject, StateKind(request.of))
        with open_cluster(
            desired, reach, lambda: session.connect(desired.document), _PARALLELISM
        ) as api:
            yield _Bench(session, desired, objects, api)


def run_plan(
    request: Request, reach: ApiServerAccess, output: str, out: str | None, *, detailed: bool
) -> int:
    """Print the plan of an environment's objects; return the exit code."""
    with _open_bench(request, reach) as bench:
        made = bench.plan(request)
    if out is not None:
        write_file(out, write_cluster_plan(made.document))
    print_cluster(made.document, output)
    if not made.can_apply:
        return ExitCode.ERROR
    if find_unpermitted_adoptions(made):
        return ExitCode.REFUSED
    return ExitCode.DIFFERENCES if detailed and made.document.summary.changes else ExitCode.SUCCESS


def run_apply(request: Request, reach: ApiServerAccess, output: str, consent: Consent) -> int:
    """Plan, prompt, apply and print; return the exit code. Raises GateError."""
    approved = None if consent.digest is None else ApprovedPlan(read_digest(consent.digest))
    if is_plan_file(request.subject):
        given = {"--adopt": bool(request.adopt), "--force-conflicts": request.force_conflicts}
        refuse_options("a plan file is applied as it is", given)
        request, stated = _read_plan(request)
        approved = stated if approved is None else replace(stated, digest=approved.digest)
    with _open_bench(request, reach) as bench:
        require_managed(bench.desired)
        if approved is None and not consent.yes:
            made = bench.plan(request)
            _show_and_confirm(made, consent)
            if not made.document.steps:
                done = apply_cluster(made, bench.api)
            elif not confirm():
                sys.stderr.write("Nothing was changed.\n")
                return ExitCode.REFUSED
            else:
                done = _apply_under_lock(
                    bench, request, consent, read_approved(made.document.to_json())
                )
        else:
            done = _apply_under_lock(bench, request, consent, approved, shows=True)
    print_cluster(done, output)
    if done.interrupted:
        return ExitCode.INTERRUPTED
    return ExitCode.SUCCESS if done.is_whole else ExitCode.ERROR


def _show_and_confirm(
    made: ClusterPlan, consent: Consent, approved: ApprovedPlan | None = None
) -> None:
    print_cluster(made.document, "text", sys.stderr)
    _check_digest(made, approved)
    check_cluster_plan(made, allow_delete=consent.allow_delete)


def _apply_under_lock(
    bench: _Bench,
    request: Request,
    consent: Consent,
    approved: ApprovedPlan | None,
    *,
    shows: bool = False,
) -> ClusterApplyDocument:
    """Plan under the lock, and apply that plan if it was approved.

    The plan is made while no other apply runs: an object that appears between plan and apply would
    be merged, since a server-side apply cannot be limited to a creation.
    """
    with hold_locks(bench.session, bench.desired, bench.api, consent.lock_timeout) as locks:
        made = bench.plan(request)
        if shows:
            _show_and_confirm(made, consent, approved)
        _check_digest(made, approved)
        done = apply_cluster(made, bench.api, locks.halted)
        return done.with_diagnostics(locks.report())


def run_drift(request: Request, reach: ApiServerAccess, output: str) -> int:
    """Print the drift of a cluster; return the exit code."""
    today = datetime.now().astimezone().date()
    source = request.observation or _stated_observation(request, reach)
    if source is None:
        with _open_bench(request, reach) as bench:
            way = bench.api.way
            found = check_cluster_drift(bench.desired, bench.objects, bench.api, way, today)
    else:
        given = {"--kubeconfig": bool(reach.kubeconfig), "--context": bool(reach.context)}
        refuse_options("no API server is contacted", given)
        with _open_session(reach) as session:
            desired, objects = session.find_objects(request.subject, StateKind(request.of))
            settings = desired.environment.kubernetes.observation
            observation = session.observe(desired.document, source, settings)
            found = check_observed_drift(desired, objects, observation, today)
            found = found.model_copy(update={"verified": is_verified()})
    print_cluster(found, output)
    if found.found:
        return ExitCode.DIFFERENCES
    return ExitCode.SUCCESS if found.is_certain else ExitCode.ERROR


def _stated_observation(request: Request, reach: ApiServerAccess) -> str | None:
    """Return the source of the observation of an environment without access to its API server."""
    if reach.kubeconfig is not None or reach.context is not None:
        return None
    with _open_session(reach) as session:
        environment = session.load(request.subject).environment
    settings = environment.kubernetes
    return None if settings.access else source_of(settings.observation, environment.path)


def print_observer(environment: str, of: str, values: tuple[ParameterValue, ...] = ()) -> None:
    """Print the objects of an environment's observer.

    Raises:
        DiagnosticError: Where the environment states none.
    """
    with _open_session(ApiServerAccess(None, None, None, None, values)) as session:
        desired, objects = session.find_objects(environment, StateKind(of))
    found = describe_manifests(desired, objects)
    names = {OBSERVER_NAMESPACE, CLUSTER_NAME}
    kept = tuple(
        each
        for each in found.manifests
        if each.namespace == OBSERVER_NAMESPACE or str(each.body["metadata"]["name"]) in names
    )
    if not kept:
        raise DiagnosticError(
            error(
                "no-observer",
                f"{desired.environment.path} states no observer.",
                None,
                "State kubernetes.observer.image (docs/cluster.md).",
            )
        )
    print_manifests(found.model_copy(update={"manifests": kept}), "text")


def _read_plan(request: Request) -> tuple[Request, ApprovedPlan]:
    """Return the request and the document of a saved plan. Raises DiagnosticError."""
    path = request.subject
    saved = read_cluster_plan(FileSources().read_text(path), path)
    asked = Request(saved.path, request.of, saved.adopt, saved.force_conflicts)
    return asked, read_approved(saved.to_json())


def _check_digest(made: ClusterPlan, approved: ApprovedPlan | None) -> None:
    if approved is not None and made.document.digest != approved.digest:
        raise DiagnosticError(describe_mismatch(made.document, approved))
