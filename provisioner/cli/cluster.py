"""Wires `azsec cluster` to an API server, asks for consent, prints, and chooses the exit code."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from provisioner.cli.exit_code import ExitCode
from provisioner.cli.output import print_cluster
from provisioner.cli.session import Session, is_plan_file, refuse_options
from provisioner.cli.workspace import FileSources, write_file
from provisioner.cluster.decisions import Permission
from provisioner.documents.apply import Outcome
from provisioner.documents.trace import StateKind
from provisioner.kube.client import KubeClient
from provisioner.kube.connection import Connection
from provisioner.manifests.rendering import ClusterObjects
from provisioner.model.diagnostic import DiagnosticError, GateError, error
from provisioner.workflow.approval import read_digest
from provisioner.workflow.cluster_apply import apply_cluster, check_cluster_plan, find_unasked
from provisioner.workflow.cluster_drift import check_cluster_drift
from provisioner.workflow.cluster_plan import ClusterPlan, plan_cluster
from provisioner.workflow.plan import Desired

_PARALLELISM = 8


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked: an environment or a plan file, in which state Azure is taken for the facts
    of the cluster, and what is permitted."""

    subject: str
    of: str
    adopt: tuple[str, ...] = ()
    force_conflicts: bool = False


@dataclass(frozen=True, slots=True)
class Reach:
    """How the API server is reached, where not as the environment says; and Azure."""

    kubeconfig: str | None
    context: str | None
    cloud: str | None
    state: str | None


@dataclass(frozen=True, slots=True)
class Consent:
    """How an apply is approved."""

    yes: bool
    allow_delete: bool
    digest: str | None


@dataclass(frozen=True, slots=True)
class _Bench:
    """A command at work: what is declared, and the API server."""

    desired: Desired
    objects: ClusterObjects
    api: KubeClient

    def plan(self, request: Request) -> ClusterPlan:
        """Return the plan of now."""
        permission = Permission(request.adopt, request.force_conflicts)
        return plan_cluster(self.desired, self.objects, self.api, self.api.way, permission)


@contextmanager
def _open(request: Request, reach: Reach) -> Iterator[_Bench]:
    session = Session(
        cloud=reach.cloud,
        state=reach.state,
        parallelism=_PARALLELISM,
        realistic=None,
        quiet=True,
    )
    with session:
        desired, objects = session.find_objects(request.subject, StateKind(request.of))
        connection = find_connection(desired, reach)
        with KubeClient(connection, _PARALLELISM) as api:
            yield _Bench(desired, objects, api)


def find_connection(desired: Desired, reach: Reach) -> Connection:
    """Return the way to an environment's API server.

    Raises DiagnosticError where the environment states none and no option does, and for a way that
    cannot be gone.
    """
    from provisioner.kube.in_cluster import read_in_cluster
    from provisioner.kube.kubeconfig import read_kubeconfig

    access = desired.environment.kubernetes.access
    folder = Path(desired.environment.path).parent
    if reach.kubeconfig is not None:
        return read_kubeconfig(Path(reach.kubeconfig), reach.context)
    if access is None:
        raise DiagnosticError(
            error(
                "no-access",
                f"{desired.environment.path} does not say how its API server is reached.",
                None,
                "State kubernetes.access (docs/cluster.md), or add --kubeconfig FILE.",
            )
        )
    if access.via == "kubeconfig":
        stated = None if access.kubeconfig is None else folder / access.kubeconfig
        named = os.environ.get("KUBECONFIG", "").split(os.pathsep)[0]
        path = stated or (Path(named) if named else Path.home() / ".kube/config")
        return read_kubeconfig(path, reach.context or access.context)
    refuse_options(f"access is via {access.via}", {"--context": reach.context is not None})
    if access.via == "in-cluster":
        return read_in_cluster(os.environ)
    return _find_entra(desired)


def _find_entra(desired: Desired) -> Connection:
    """Return the connection to an AKS cluster with a token of Entra.

    The scope is that of AKS' server application, the same in every tenant (learn.microsoft.com,
    "Use kubelogin to authenticate": 6dae42f8-4368-4678-94ff-3960e28e3630).
    """
    from provisioner.azure.cloud import find_cloud
    from provisioner.azure.credential import open_credential
    from provisioner.kube.connection import check_server

    environment = desired.environment
    access = environment.kubernetes.access
    assert access is not None
    authority = None
    if access.certificate_authority is not None:
        path = Path(environment.path).parent / access.certificate_authority
        authority = FileSources().read_text(str(path)).encode()
    cloud = find_cloud(environment.cloud_names)
    credential = open_credential(environment.auth, cloud, environment.tenant_id, os.environ)
    way = f"Entra ({environment.auth})"

    def token(_renew: bool) -> str:
        return credential.get_token(_AKS_SCOPE).token

    return Connection(check_server(access.server or "", way), way, authority, token)


_AKS_SCOPE = "6dae42f8-4368-4678-94ff-3960e28e3630/.default"


def run_plan(
    request: Request, reach: Reach, output: str, out: str | None, *, detailed: bool
) -> int:
    """Print the plan of an environment's objects; return the exit code."""
    with _open(request, reach) as bench:
        made = bench.plan(request)
    if out is not None:
        write_file(out, json.dumps(made.document.to_json(), indent=2) + "\n")
    print_cluster(made.document, output)
    if not made.can_apply:
        return ExitCode.ERROR
    if find_unasked(made):
        return ExitCode.REFUSED
    return ExitCode.DIFFERENCES if detailed and made.document.summary.changes else ExitCode.SUCCESS


def run_apply(request: Request, reach: Reach, output: str, consent: Consent) -> int:
    """Plan, ask, apply and print; return the exit code. Raises GateError."""
    approved = None if consent.digest is None else read_digest(consent.digest)
    if is_plan_file(request.subject):
        given = {"--adopt": bool(request.adopt), "--force-conflicts": request.force_conflicts}
        refuse_options("a plan file is applied as it is", given)
        request, stated = _read_plan(request)
        approved = approved or stated
    with _open(request, reach) as bench:
        made = bench.plan(request)
        print_cluster(made.document, "text", sys.stderr)
        _check_digest(made, approved)
        check_cluster_plan(made, allow_delete=consent.allow_delete)
        if made.document.steps and approved is None and not consent.yes:
            if not _confirm():
                sys.stderr.write("Nothing was changed.\n")
                return ExitCode.REFUSED
            again = bench.plan(request)
            _check_digest(again, made.document.digest)
            made = again
        done = apply_cluster(made, bench.api)
    print_cluster(done, output)
    return ExitCode.ERROR if done.count(Outcome.FAILED) else ExitCode.SUCCESS


def run_drift(request: Request, reach: Reach, output: str) -> int:
    """Print the drift of a cluster; return the exit code."""
    with _open(request, reach) as bench:
        today = datetime.now().astimezone().date()
        found = check_cluster_drift(bench.desired, bench.objects, bench.api, bench.api.way, today)
    print_cluster(found, output)
    if found.found:
        return ExitCode.DIFFERENCES
    return ExitCode.SUCCESS if found.is_certain else ExitCode.ERROR


def _read_plan(request: Request) -> tuple[Request, str]:
    """Return what a saved plan was asked for, and its digest. Raises DiagnosticError."""
    path = request.subject
    try:
        saved = json.loads(FileSources().read_text(path))
        if saved["kind"] != "azsec/cluster-plan":
            raise ValueError(saved["kind"])
        asked = Request(
            str(saved["path"]), request.of, tuple(saved["adopt"]), bool(saved["forceConflicts"])
        )
        return asked, read_digest(str(saved["digest"]))
    except (ValueError, KeyError, TypeError) as failure:
        raise DiagnosticError(
            error("no-plan-file", f"{path} is no plan of a cluster.", None, _PLAN_FILE)
        ) from failure


_PLAN_FILE = "Expected what azsec cluster plan ENV --out FILE wrote."


def _check_digest(made: ClusterPlan, approved: str | None) -> None:
    if approved is None or made.document.digest == approved:
        return
    raise DiagnosticError(
        error(
            "digest-mismatch",
            f"the plan of now has the digest {made.document.digest}, and {approved} was approved.",
            None,
            "Have this plan reviewed, and approve its digest.",
        )
    )


def _confirm() -> bool:
    if not sys.stdin.isatty():
        raise GateError(
            error(
                "not-confirmed",
                "nobody is at the terminal to confirm.",
                None,
                "Apply a reviewed plan file, or add --yes.",
            )
        )
    sys.stderr.write("\nDo you want to apply this plan? Only 'yes' is taken as one: ")
    sys.stderr.flush()
    return sys.stdin.readline().strip() == "yes"
