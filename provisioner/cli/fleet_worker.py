"""A worker of a fleet: reads items from stdin, and writes an answer to each on stdout.

Everything else that a command prints goes to stderr: stdout has answers alone. The schedulers start
it as a process, or call `run_item` on a worker of Dask.
"""

import hashlib
import json
import os
import socket
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provisioner import __version__
from provisioner.attribution.window import format_moment, read_window
from provisioner.blueprint.environment import find_next_expiry, load_environment
from provisioner.blueprint.file_schemas import Sources
from provisioner.catalog.references import references_in
from provisioner.cli.ci_environments import name_of
from provisioner.cli.garbage_collection import collect_rarely
from provisioner.cli.git import head_commit
from provisioner.cli.session import PlanChoices, Session, SessionContext
from provisioner.cli.workspace import (
    LOCAL_ENDPOINT,
    FileSources,
    cache_folder,
    make_folder,
    repository_of,
)
from provisioner.documents.document import DiagnosticDocument
from provisioner.documents.drift import DriftDocument
from provisioner.documents.fleet import FleetAnswer, FleetEntryDocument
from provisioner.model.azure_error import AzureError
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error
from provisioner.model.kubernetes_error import KubernetesError, describe_refusal
from provisioner.workflow.fleet import digest_inputs
from provisioner.workflow.fleet_findings import Verdict, read_adoption, read_verdict
from provisioner.workflow.fleet_item import FleetAnswerText, FleetItem
from provisioner.workflow.plan import Desired

if TYPE_CHECKING:
    from provisioner.documents.trace import StateKind

Answered = tuple[Any, Mapping[str, Any]]
"""A document, and the scope that the ledger keeps."""
Ask = Callable[[Session, FleetItem], Answered]


class DigestedSources:
    """Files, and the digest of each that was read; "" for one that does not exist."""

    def __init__(self, files: Sources) -> None:
        self._files = files
        self.digests: dict[str, str] = {}

    def read_text(self, path: str) -> str:
        """Return the text of a file. Raises DiagnosticError where it does not exist."""
        self.digests[path] = ""
        text = self._files.read_text(path)
        self.digests[path] = digest_text(text)
        return text


def digest_text(text: str) -> str:
    """Return the digest of a file by its text."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def serve_items() -> None:
    """Answer items until stdin ends, or the reader of the answers has gone.

    `--resume` continues from the ledger of the command that handed out the items.
    """
    collect_rarely()
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    for line in sys.stdin:
        answer = json.dumps(run_item(str(json.loads(line))))
        try:
            answers.write(f"{answer}\n")
            answers.flush()
        except BrokenPipeError:
            os._exit(0)  # An exit that closes the pipe in order would fail the same way.


def run_item(text: str) -> str:
    """Return the answer to one item.

    A failure of the environment is in its entry. Raises ValueError for a text that is not an item.
    """
    item = FleetItem.read(text)
    started, began = time.monotonic(), datetime.now(UTC)
    files = DigestedSources(FileSources(repository_of(item.path)))
    document: Any = None
    scope: Mapping[str, Any] = {}
    told: tuple[Diagnostic, ...] = ()
    try:
        with open_session(item, files) as session:
            document, scope = _COMMANDS[item.command](session, item)
            scope = {
                **scope,
                "holdsUntil": _holds_until(item.path, files),
                "readSince": format_moment(began),
            }
    except DiagnosticError as problem:
        told = problem.diagnostics
    except AzureError as problem:
        told = (error("azure", f"{problem}."),)
    except KubernetesError as problem:
        told = (describe_refusal(problem, "reading the cluster"),)
    except Exception as problem:  # noqa: BLE001  one environment's failure is no other's
        traceback.print_exc()
        # The message of an exception that nobody expected may hold any value.
        failed = f"azsec failed ({type(problem).__name__}): the worker printed where."
        told = (error("internal", failed),)
    entry = FleetEntryDocument(
        name=name_of(item.path, FileSources()),
        path=item.path,
        answer=FleetAnswer.FAILED,
        inputs=digest_inputs(files.digests, str(scope.get("holdsUntil") or "")),
        checked_at=format_moment(datetime.now(UTC)),
        seconds=round(time.monotonic() - started, 3),
        worker=f"{socket.gethostname()}/{os.getpid()}",
        diagnostics=tuple(DiagnosticDocument.of(each) for each in told),
    )
    if document is None:
        return FleetAnswerText(entry, files.digests, scope).write()
    verdict = _VERDICTS.get(item.command, read_verdict)(document)
    entry = entry.model_copy(
        update={
            "name": document.environment.name,
            "answer": verdict.answer,
            "summary": dict(verdict.summary),
            "findings": verdict.findings,
        }
    )
    return FleetAnswerText(entry, files.digests, scope, document.to_json()).write()


def report_version() -> str:
    """Return the version of azsec, where it is called."""
    return __version__


def open_session(item: FleetItem, files: Sources | None = None) -> Session:
    """Return the session of an item, on the token buckets that the workers of this machine share.

    Raises DiagnosticError where the working copy is at another commit than the item.
    """
    _check_worker(item)
    endpoint = item.options.get("endpoint")
    if endpoint:
        os.environ[LOCAL_ENDPOINT] = str(endpoint)
    return Session(
        cloud=item.options.get("cloud"),
        local_state=item.options.get("local_state"),
        parallelism=int(item.options.get("parallelism") or 10),
        realistic=None,
        quiet=True,
        surroundings=SessionContext(
            files, buckets=_buckets_folder(), bucket_share=float(item.options.get("share") or 1.0)
        ),
    )


def _check_worker(item: FleetItem) -> None:
    """Check that a remote worker has the version of azsec and the commit that the item names.

    Raises:
        DiagnosticError: Where it has another one.
    """
    version = item.options.get("azsec") or __version__
    if version != __version__:
        raise DiagnosticError(
            error(
                "worker-version",
                f"the worker runs azsec {__version__}, and the command is of {version}.",
                None,
                "Install the same version on every worker.",
            )
        )
    wanted = item.options.get("commit")
    if wanted and (here := head_commit()) != wanted:
        raise DiagnosticError(
            error(
                "worker-commit",
                f"the working copy of the worker is at {here or 'no commit'}, and the item is of "
                f"{wanted}.",
                None,
                "Check the same commit out on every worker.",
            )
        )


def _buckets_folder() -> Path:
    """Return the folder of the buckets that this user's workers on this machine share."""
    folder = cache_folder() / "buckets"
    make_folder(folder, private=True)
    return folder


def _holds_until(path: str, files: Sources) -> str | None:
    """Return the last day (ISO 8601) on which all holds that an environment states for a time."""
    last = find_next_expiry(load_environment(path, files), datetime.now(UTC).date())
    return None if last is None else last.isoformat()


def _scope_of(desired: Desired, document: DriftDocument) -> Mapping[str, Any]:
    """Return the scope of an environment, as a ledger keeps it.

    Its subscriptions and resource groups, with those that its bodies refer to (a peered network),
    and whether the logs of the subscriptions cover all that a check reads. They do not cover scopes
    above the subscriptions, nor the objects in a cluster.
    """
    ids = [resource.id for resource in desired.graph]
    schemas = desired.catalog.schemas
    places = [
        *ids,
        *(
            referred
            for resource in desired.graph
            for _path, referred in references_in(resource.type, schemas, resource.body)
        ),
    ]
    groups = {
        (one.subscription.lower(), one.resource_group.lower())
        for one in places
        if one.subscription is not None and one.resource_group is not None
    }
    is_logged = all(one.subscription is not None for one in ids)
    own = {s.lower() for s in desired.environment.subscriptions.values()}
    return {
        "subscriptions": sorted(own | {subscription for subscription, _group in groups}),
        "groups": sorted(groups),
        "logged": is_logged and document.cluster is None,
    }


def _run_drift(session: Session, item: FleetItem) -> Answered:
    window = read_window(item.options.get("since"), datetime.now(UTC))
    desired = session.reach(item.path)
    document = session.check_drift(
        desired, window, strict_tags=bool(item.options.get("strict_tags"))
    )
    return document, _scope_of(desired, document)


def _run_plan(session: Session, item: FleetItem) -> Answered:
    choices = PlanChoices(skip_preflight=bool(item.options.get("no_preflight")))
    return session.plan(item.path, (), choices).document, {}


def _run_check(session: Session, item: FleetItem) -> Answered:
    return session.check(item.path, _state_of(item)), {}


def _run_report(session: Session, item: FleetItem) -> Answered:
    from provisioner.controls.frameworks import Framework

    framework = Framework(str(item.options["framework"]))
    return session.report_compliance(item.path, _state_of(item), framework), {}


def _state_of(item: FleetItem) -> "StateKind":
    from provisioner.documents.trace import StateKind

    return StateKind(str(item.options.get("state") or "desired"))


_COMMANDS: Mapping[str, Ask] = {
    "drift": _run_drift,
    "plan": _run_plan,
    "check": _run_check,
    "report": _run_report,
    "adopt-status": _run_plan,
}
_VERDICTS: Mapping[str, Callable[[Any], Verdict]] = {"adopt-status": read_adoption}
