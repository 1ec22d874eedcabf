"""Run `azsec adopt`: its request, the files that it writes, and the exit code.

`cli.adopt_application` calls it.
"""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from provisioner.adoption.pipeline import AdoptionTarget
from provisioner.adoption.template_source import Pattern, read_template
from provisioner.adoption.terraform_source import Listing, read_terraform
from provisioner.catalog.type_names import EXAMPLE, is_api_version, is_type_name
from provisioner.cli.exit_code import ExitCode
from provisioner.cli.output import print_adoption
from provisioner.cli.session import Session
from provisioner.cli.workspace import MAX_DUMP_BYTES, FileSources, make_folder, write_file
from provisioner.documents.adoption import Verdict
from provisioner.documents.document import EnvironmentDocument
from provisioner.engine.ports import Source
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.workflow.adopt import Adoption, adopt
from provisioner.workflow.adoption_proof import ProofInputs
from provisioner.workflow.adoption_roots import AdoptionSources, Names, find_roots


@dataclass(frozen=True, slots=True)
class AdoptionRequest:
    """The options of `azsec adopt`: the environment's name, where to search, and where to write."""

    name: str
    groups: tuple[str, ...]
    subscriptions: tuple[str, ...]
    clusters: tuple[str, ...]
    templates: tuple[str, ...]
    terraform: tuple[str, ...]
    api_versions: tuple[str, ...]
    observe: bool
    out: str
    cloud: str
    tenant: str | None
    auth: str


def run_adopt(session: Session, request: AdoptionRequest, output: str) -> int:
    """Write the files of an estate, print a summary, and return the exit code.

    Raises DiagnosticError, before anything is read, for an invalid name and for a file that exists.
    """
    _check_name(request.name)
    _check_template(request)
    versions = dict(map(_read_version, request.api_versions))
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
    adoption = _adopt_resources(session, request, client, versions)
    _write_files(request, adoption.files)
    print_adoption(adoption.document, output)
    proven = adoption.document.verdict is Verdict.PROVEN
    return ExitCode.SUCCESS if proven else ExitCode.ERROR


def _adopt_resources(
    session: Session, request: AdoptionRequest, source: Source, versions: Mapping[str, str]
) -> Adoption:
    listing = _ids_listed_by_terraform(request.terraform)
    named = AdoptionSources(
        request.groups, request.subscriptions, request.clusters, listing.resources
    )
    roots, names = find_roots(source, named, request.tenant)
    patterns = [found for path in request.templates for found in _patterns_of_template(path)]
    today = datetime.now().astimezone().date()
    return adopt(
        roots,
        _adoption_target(request, names, versions),
        ProofInputs(session.catalog, source, today),
        patterns,
        listing,
    )


def _ids_listed_by_terraform(paths: Sequence[str]) -> Listing:
    """Return the ids and addresses that Terraform states and plans list.

    Nothing else of them is kept.
    """
    found = [read_terraform(FileSources(most=MAX_DUMP_BYTES).read_text(p), p) for p in paths]
    return Listing(
        tuple(each for listing in found for each in listing.resources),
        {key: address for listing in reversed(found) for key, address in listing.addresses.items()},
        tuple(each for listing in found for each in listing.unread),
    )


def _patterns_of_template(path: str) -> tuple[Pattern, ...]:
    return read_template(FileSources(most=MAX_DUMP_BYTES).read_text(path), path)


def _adoption_target(
    request: AdoptionRequest, names: Names, versions: Mapping[str, str]
) -> AdoptionTarget:
    return AdoptionTarget(
        name=request.name,
        cloud=request.cloud,
        auth=request.auth,
        tenant=names.tenant,
        subscription_names=names.subscriptions,
        environment_id=secrets.token_hex(16),
        observe=request.observe,
        api_versions=versions,
    )


def _read_version(text: str) -> tuple[str, str]:
    """Return (type in lower case, version) of an option.

    Raises:
        DiagnosticError: Where it is not TYPE=VERSION.
    """
    name, _, version = text.partition("=")
    if not is_type_name(name) or not is_api_version(version):
        raise DiagnosticError(
            error(
                "wrong-option",
                f"--api-version is {text!r}.",
                None,
                f"Expected a type and a version: {EXAMPLE}=2025-06-01.",
            )
        )
    return name.lower(), version


def _check_name(name: str) -> None:
    if re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?", name):
        return
    raise DiagnosticError(
        error(
            "wrong-name",
            f"{name!r} is not a name for an environment.",
            None,
            "Use small letters, digits and dashes.",
        )
    )


def _check_template(request: AdoptionRequest) -> None:
    if request.templates and not request.groups:
        raise DiagnosticError(
            error(
                "no-group",
                "--template states what was deployed, and not where.",
                None,
                "Add the resource groups: --resource-group SUBSCRIPTION/GROUP.",
            )
        )


def _check_free(request: AdoptionRequest, paths: list[str]) -> None:
    """Refuse to overwrite an existing file.

    Raises:
        DiagnosticError: Where one of the files exists.
    """
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


def _write_files(request: AdoptionRequest, files: Mapping[str, str]) -> None:
    _check_free(request, list(files))
    for path, text in files.items():
        target = Path(request.out) / path
        make_folder(target.parent)
        write_file(str(target), text, private=False)
