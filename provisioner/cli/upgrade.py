"""Run `azsec upgrade`: read the observation, write the version, and choose the exit code."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from provisioner.cli.exit_code import ExitCode
from provisioner.cli.observation_source import is_verified, source_of
from provisioner.cli.output import print_upgrade
from provisioner.cli.session import Session, refuse_options
from provisioner.cli.workspace import open_sources, write_file
from provisioner.documents.document import DiagnosticDocument
from provisioner.documents.upgrade import UpgradeDocument
from provisioner.model.diagnostic import DiagnosticError, GateError, error, warning
from provisioner.workflow.plan import Desired
from provisioner.workflow.upgrade import (
    Observed,
    UpgradeQuestion,
    describe_upgrades,
    find_version_places,
)
from provisioner.workflow.version_parameter import VersionEdit, VersionFile, write_version

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Request:
    """The subject of an upgrade: an environment, a version, and some of its clusters.

    Beside that: where the observation is, and whether the version is written, also where the path
    is blocked.
    """

    environment: str
    version: str | None
    clusters: tuple[str, ...]
    observation: str | None
    write: bool
    allow_blocked: bool


def run_upgrade(session: Session, request: Request, output: str) -> int:
    """Print the upgrade of an environment's clusters, and return the exit code.

    The version is written if that was requested. Raises GateError for a blocked path, after
    printing.
    """
    _check_options(request)
    desired = session.reach(request.environment)
    question = UpgradeQuestion(request.version, request.clusters, datetime.now(UTC))
    azure = session.connect(desired.document)
    observed = _find_observation(session, desired, request)
    found = describe_upgrades(desired, session.catalog, azure, question, observed)
    if not request.write:
        print_upgrade(found, output)
        if found.blocked:
            return ExitCode.REFUSED
        return ExitCode.SUCCESS if found.is_certain else ExitCode.ERROR
    edit = _version_edit(session, desired, found, request, output)
    if edit.written:
        _write_whole(desired.environment.path, edit.text)
        found = found.model_copy(update={"written": edit.written, "also": edit.also})
    else:
        found = _with_nothing_written(found, request)
    print_upgrade(found, output)
    return ExitCode.SUCCESS


def _check_options(request: Request) -> None:
    if request.write and request.version is None:
        raise DiagnosticError(
            error(
                "no-version",
                "--write takes a version.",
                None,
                "Add --kubernetes-version VERSION. Without --write, azsec upgrade ENV shows the "
                "path.",
            )
        )
    if not request.write:
        refuse_options("nothing is written", {"--allow-blocked": request.allow_blocked})


def _find_observation(session: Session, desired: Desired, request: Request) -> Observed | None:
    """Return the observation that was named, or that the environment names; None for neither.

    Raises DiagnosticError for one that cannot be read, was altered, is of another cluster, or is
    too old.
    """
    settings = desired.environment.kubernetes.observation
    source = request.observation or source_of(settings, desired.environment.path)
    if source is None:
        return None
    observation = session.observe(desired.document, source, settings)
    return Observed(observation, source, is_verified())


def _version_edit(
    session: Session, desired: Desired, found: UpgradeDocument, request: Request, output: str
) -> VersionEdit:
    """Return the environment's file with the requested version.

    Raises:
        DiagnosticError: Where not everything that the decision depends on could be read.
        GateError: Where the upgrade path is blocked.
    """
    if not found.is_certain:
        print_upgrade(found, output)
        raise DiagnosticError(
            error(
                "not-written",
                "nothing is written, because not everything that decides could be read.",
                None,
                "`azsec roles ENV --for plan` names what it takes.",
            )
        )
    if found.blocked and not request.allow_blocked:
        print_upgrade(found, output)
        raise GateError(
            error(
                "upgrade-blocked",
                f"{desired.environment.path} was not changed: the path is blocked.",
                None,
                "Remove what blocks it, or permit it: --allow-blocked.",
            )
        )
    path = desired.environment.path
    file = VersionFile(path, open_sources(path), session.catalog)
    return write_version(file, find_version_places(found, desired), request.version or "")


def _write_whole(path: str, text: str) -> None:
    """Write the file whole, with the mode that it has, and a mark of UTF-8 where it had one."""
    mark = "\ufeff" if Path(path).read_bytes().startswith(_BOM) else ""
    write_file(path, mark + text, private=False)


def _with_nothing_written(found: UpgradeDocument, request: Request) -> UpgradeDocument:
    told = warning(
        "nothing-written",
        f"nothing was written: {found.path} already results in {request.version} as it is.",
        None,
        f"azsec plan {found.path} shows what is left to apply.",
    )
    return found.model_copy(
        update={"diagnostics": (*found.diagnostics, DiagnosticDocument.of(told))}
    )
