"""Wires `azsec adopt`: what is asked for, the files that it writes, and the exit code."""

import re
import secrets
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from provisioner.adoption.building import Place
from provisioner.adoption.discovery import Roots
from provisioner.cli.exit_code import ExitCode
from provisioner.cli.output import print_adoption
from provisioner.cli.session import Session
from provisioner.cli.workspace import make_folder, write_file
from provisioner.documents.adoption import Verdict
from provisioner.documents.document import EnvironmentDocument
from provisioner.engine.ports import Reader
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.workflow.adopt import Adoption, adopt
from provisioner.workflow.adoption_roots import Names, find_roots


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked: the name of the environment, where to look, and where to write."""

    name: str
    groups: tuple[str, ...]
    subscriptions: tuple[str, ...]
    out: str
    cloud: str
    tenant: str | None
    auth: str


def run_adopt(session: Session, request: Request, output: str) -> int:
    """Write the files of an estate and print what they came to; return the exit code. Raises
    DiagnosticError, before anything is read, for a name that is none and a file that exists."""
    _check_name(request.name)
    _check_free(request, [f"environments/{request.name}.yaml", f"blueprints/{request.name}.yaml"])
    where = EnvironmentDocument(
        name=request.name,
        blueprint=f"blueprints/{request.name}.yaml",
        cloud=request.cloud,
        auth=request.auth,
        tenant_id=request.tenant or "",
        subscriptions={},
    )
    client = session.connect(where)
    adoption = _adopt(session, request, client)
    _write(request, adoption.files)
    print_adoption(adoption.document, output)
    proven = adoption.document.verdict is Verdict.PROVEN
    return ExitCode.SUCCESS if proven else ExitCode.ERROR


def _adopt(session: Session, request: Request, reader: Reader) -> Adoption:
    roots, names = find_roots(reader, request.groups, request.subscriptions, tenant=request.tenant)
    return adopt(
        roots,
        _place(request, names, roots),
        session.catalog,
        reader,
        datetime.now().astimezone().date(),
        _watch(quiet=session.quiet),
    )


def _place(request: Request, names: Names, roots: Roots) -> Place:
    return Place(
        name=request.name,
        cloud=request.cloud,
        auth=request.auth,
        tenant=names.tenant,
        subscriptions=names.aliases(roots),
        environment_id=secrets.token_hex(16),
    )


def _watch(*, quiet: bool) -> Callable[[str], None]:
    def watch(text: str) -> None:
        if not quiet and sys.stderr.isatty():
            sys.stderr.write(f"{text}\n")

    return watch


def _check_name(name: str) -> None:
    if re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?", name):
        return
    raise DiagnosticError(
        error(
            "wrong-name",
            f"{name!r} is no name for an environment.",
            None,
            "Use small letters, digits and dashes.",
        )
    )


def _check_free(request: Request, paths: list[str]) -> None:
    """Raise DiagnosticError where a file is there already: nothing is overwritten."""
    root = Path(request.out)
    present = [
        (root / path).as_posix()
        for path in paths
        if (root / path).exists() or (root / path).is_symlink()
    ]
    if present:
        raise DiagnosticError(
            error(
                "file-exists",
                f"{', '.join(present)} exists already; nothing was written.",
                None,
                "Name another environment, or another folder with --out.",
            )
        )


def _write(request: Request, files: Mapping[str, str]) -> None:
    _check_free(request, list(files))
    for path, text in files.items():
        target = Path(request.out) / path
        make_folder(target.parent)
        write_file(str(target), text, private=False)
