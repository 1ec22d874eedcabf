"""Run `azsec manifests`: write the objects of a cluster, and check the pods of files."""

import sys
from dataclasses import dataclass
from pathlib import Path

from provisioner.blueprint.yaml_source import MAX_CHARACTERS
from provisioner.cli.exit_code import ExitCode
from provisioner.cli.output import print_manifests, print_pod_checks
from provisioner.cli.session import Session, refuse_options
from provisioner.cli.workspace import FileSources, make_folder, write_file
from provisioner.documents.trace import StateKind
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.workflow.manifests import check_pods as judge
from provisioner.workflow.manifests import describe_manifests

_STDIN = "-"


@dataclass(frozen=True, slots=True)
class ManifestRequest:
    """The options of `azsec manifests`: an environment, its state, and the output format."""

    environment: str
    state: StateKind
    output: str


def write_manifests(session: Session, wanted: ManifestRequest, directory: str | None) -> None:
    """Print the objects of an environment's cluster, or write them into a directory."""
    desired, objects = session.find_objects(wanted.environment, wanted.state)
    for told in objects.diagnostics:
        sys.stderr.write(f"{told}\n")
    document = describe_manifests(desired, objects)
    if directory is None:
        print_manifests(document, wanted.output)
        return
    from provisioner.reports.manifests_yaml import render_manifest_files

    refuse_options("files are YAML", {"--output json": wanted.output == "json"})
    folder = Path(directory)
    make_folder(folder)
    for name, text in render_manifest_files(document).items():
        path = folder / name
        write_file(str(path), text)
        sys.stdout.write(f"wrote {path}\n")


def check_pods(
    session: Session,
    wanted: ManifestRequest,
    files: list[str],
    namespace: str | None,
    *,
    asked: bool,
) -> int:
    """Print the verdicts on the pods in files; return the exit code.

    Raises:
        DiagnosticError: Where there are files without `--check`, or `--check` without files.
    """
    if not asked or not files:
        what = "files are read with --check only" if files else "there is no file to check"
        raise DiagnosticError(
            error("what-to-check", f"{what}.", None, "azsec manifests ENV --check FILE...")
        )
    desired, objects = session.find_objects(wanted.environment, wanted.state)
    texts = {path: _read_text(path) for path in files}
    document = judge(desired, objects, texts, namespace)
    print_pod_checks(document, wanted.output)
    return ExitCode.ERROR if document.refused or document.has_errors else ExitCode.SUCCESS


def _read_text(path: str) -> str:
    return sys.stdin.read(MAX_CHARACTERS + 1) if path == _STDIN else FileSources().read_text(path)
