"""Run `azsec init`: write a small, secure first blueprint and environment, and pipelines."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from provisioner.cli.files import ignore_plan_files, make_folder, write_file
from provisioner.cli.options import PipelineKind
from provisioner.model.diagnostic import DiagnosticError, error

if TYPE_CHECKING:
    from provisioner.cli.first_environment import Blueprint

_TEMPLATES = files("provisioner.cli") / "templates"


@dataclass(frozen=True, slots=True)
class PipelineChoices:
    """The pipelines to write: their CI, the source of azsec, and the branch that is applied.

    `pipelines.read_source` returns the source.
    """

    kind: PipelineKind
    source: str | None = None
    connection: str | None = None
    branch: str = "main"


def init_directory(
    directory: str,
    name: str,
    pipelines: PipelineChoices | None,
    blueprint: "Blueprint | None" = None,
) -> list[str]:
    """Write a first environment, and pipelines if requested; return what to report.

    Where environments exist, pipelines are written for them, and nothing else. `blueprint` is that
    of the environment (None: one that is written with it). Raises DiagnosticError, and overwrites
    nothing.
    """
    _check_name(name)
    if blueprint is not None:
        from provisioner.cli.first_environment import write_first_environment

        return write_first_environment(directory, name, blueprint)
    known = _known_environments(directory)
    if pipelines is None:
        paths = write_scaffold(directory, name)
        return [*(f"wrote {path}" for path in paths), f"Next: azsec plan {name} --cloud local"]
    from provisioner.cli.pipelines import read_source, write_pipelines

    source = read_source(pipelines.source, pipelines.connection)
    paths = [] if known else write_scaffold(directory, name)
    paths += write_pipelines(directory, pipelines.kind, known or [name], source, pipelines.branch)
    return [*(f"wrote {path}" for path in paths), f"Next: {_SET_UP[pipelines.kind]}"]


def _known_environments(directory: str) -> Sequence[str]:
    """Return the names of the existing environments.

    In the order of promotion.yaml, where it states one. Raises DiagnosticError for a wrong file.
    """
    known = sorted(path.stem for path in (Path(directory) / "environments").glob("*.yaml"))
    promotion = Path(directory) / "promotion.yaml"
    if not promotion.is_file():
        return known
    from provisioner.blueprint.promotion import load_promotion, order_stages
    from provisioner.cli.workspace import FileSources

    stages = load_promotion(str(promotion), FileSources(), known)
    return [name for stage in order_stages(known, stages) for name in stage]


_SET_UP = {
    PipelineKind.GITHUB: "azsec roles ENV --github OWNER/NAME, and the variables of "
    "docs/ci-setup.md",
    PipelineKind.AZURE_PIPELINES: "azsec roles ENV --azure-pipelines ORGANIZATION-ID, and the "
    "service connections of docs/ci-setup.md",
}


def _check_name(name: str) -> None:
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?", name):
        raise DiagnosticError(
            error(
                "wrong-name",
                f"{name!r} is not a name for an environment.",
                None,
                "Use small letters, digits and dashes.",
            )
        )


def write_scaffold(directory: str, name: str) -> list[str]:
    """Write the files below `directory`; return their paths.

    Raises:
        DiagnosticError: Where one exists; nothing is written.
    """
    root = Path(directory)
    prefix = (re.sub(r"[^a-z0-9]", "", name).lstrip("0123456789") + "env")[:8]
    environment = Template(_read_template("environment.yaml")).substitute(
        name=name, prefix=prefix, id=secrets.token_hex(16)
    )
    written = {
        root / "blueprints" / "starter.yaml": _read_template("blueprint.yaml"),
        root / "environments" / f"{name}.yaml": environment,
    }
    present = [str(path) for path in written if path.exists() or path.is_symlink()]
    if present:
        raise DiagnosticError(
            error("file-exists", f"{', '.join(present)} exists already; nothing was written.")
        )
    for path, text in written.items():
        make_folder(path.parent)
        write_file(str(path), text, private=False)
    return [*(str(path) for path in written), *ignore_plan_files(directory)]


def _read_template(template: str) -> str:
    return (_TEMPLATES / template).read_text(encoding="utf-8")
