"""`azsec init`: a first blueprint and environment, small and secure, to grow from."""

import re
import secrets
from importlib.resources import files
from pathlib import Path
from string import Template

from provisioner.cli.workspace import make_folder, write_file
from provisioner.model.diagnostic import DiagnosticError, error

_TEMPLATES = files("provisioner.cli") / "templates"


def write_scaffold(directory: str, name: str) -> list[str]:
    """Write the files below `directory`; return their paths.

    Raises DiagnosticError, and writes nothing, where one is there already or `name` is no name.
    """
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?", name):
        raise DiagnosticError(
            error(
                "wrong-name",
                f"{name!r} is no name for an environment.",
                None,
                "Use small letters, digits and dashes.",
            )
        )
    root = Path(directory)
    prefix = (re.sub(r"[^a-z0-9]", "", name).lstrip("0123456789") + "env")[:8]
    environment = Template(_read("environment.yaml")).substitute(
        name=name, prefix=prefix, id=secrets.token_hex(16)
    )
    written = {
        root / "blueprints" / "starter.yaml": _read("blueprint.yaml"),
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
    return [str(path) for path in written]


def _read(template: str) -> str:
    return (_TEMPLATES / template).read_text(encoding="utf-8")
