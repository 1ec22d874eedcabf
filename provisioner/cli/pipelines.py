"""`azsec init --ci`: workflows of GitHub Actions, or a pipeline of Azure Pipelines.

The commits of actions in the templates were each found with the same version beside them in at
least two public repositories: actions/checkout v6.0.2 (also in the list of
saas-factory-labs/Saas-Factory), actions/setup-python v6.2.0 (action.yml) and github/codeql-action
v4.32.4. Dependabot (`package-ecosystem: github-actions`) moves commit and comment together.
"""

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from importlib.resources import files
from pathlib import Path
from string import Template
from urllib.parse import urlsplit

from provisioner.cli.options import PipelineKind
from provisioner.cli.workspace import make_folder, write_file
from provisioner.model.diagnostic import DiagnosticError, error

_TEMPLATES = files("provisioner.cli") / "templates"
_COMMIT = re.compile(r"[0-9a-f]{40}")
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*(?: [\w.-]+)*/[A-Za-z0-9][\w.-]*")
_BRANCH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")
_GITHUB = "github.com"
_NO_NAMES = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
"""What YAML reads as something else than a text."""


@dataclass(frozen=True, slots=True)
class Source:
    """The source from which CI jobs install azsec: a repository at a commit.

    On GitHub (OWNER/NAME) through the service connection `connection`, or in Azure Repos
    (PROJECT/NAME) where there is none.
    """

    repository: str
    commit: str
    connection: str | None = None


class _Workflow(Template):
    """A template of YAML that is full of `$`."""

    delimiter = "%%"


def read_source(text: str | None, connection: str | None = None) -> Source:
    """Return the source that `text` states as OWNER/NAME@COMMIT.

    Without `text`: the source of this installation, if that was a commit of a repository on GitHub
    (PEP 610).

    Raises:
        DiagnosticError: Where the text has another form, and where no source is known.
    """
    stated = text if text is not None else _installed_from()
    if stated is None:
        raise DiagnosticError(
            error(
                "source-unknown",
                "which repository and commit the CI is to take azsec from is not known.",
                None,
                "Name them: --azsec OWNER/NAME@COMMIT, the commit with its 40 digits.",
            )
        )
    repository, _, commit = stated.rpartition("@")
    if not _REPOSITORY.fullmatch(repository) or not _COMMIT.fullmatch(commit):
        raise DiagnosticError(
            error(
                "wrong-source",
                f"{stated!r} names no commit of a repository. Expected OWNER/NAME@COMMIT.",
                None,
                "A branch or a tag can be moved: give the 40 digits of `git rev-parse HEAD`.",
            )
        )
    return Source(repository, commit, connection)


def _installed_from() -> str | None:
    try:
        told = distribution("azsec").read_text("direct_url.json")
    except PackageNotFoundError:
        return None
    origin = json.loads(told) if told else {}
    commit = (origin.get("vcs_info") or {}).get("commit_id", "")
    url = urlsplit(str(origin.get("url", "")))
    if url.hostname != _GITHUB or not commit:
        return None
    return f"{url.path.strip('/').removesuffix('.git')}@{commit}"


def write_pipelines(
    directory: str, kind: PipelineKind, environments: Sequence[str], source: Source, branch: str
) -> list[str]:
    """Write the pipelines for the environments in `directory` and return their paths.

    `environments` are names in the order of promotion. They are written at the root of the git
    repository, where GitHub looks for workflows, and run in `directory`.

    Raises:
        DiagnosticError: Where the name of the branch is invalid, and where one of the files exists;
            nothing is written.
    """
    if not _BRANCH.fullmatch(branch):
        raise DiagnosticError(error("wrong-branch", f"{branch!r} is not a name of a branch."))
    root, folder = _find_root(directory)
    if kind is PipelineKind.GITHUB:
        written = _github_workflows(environments, source, branch, folder)
    else:
        written = _azure_pipelines(environments, source, branch, folder)
    paths = {root / path: text for path, text in written.items()}
    present = [str(path) for path in paths if path.exists() or path.is_symlink()]
    if present:
        raise DiagnosticError(
            error("file-exists", f"{', '.join(present)} already there; nothing was written.")
        )
    for path, text in paths.items():
        make_folder(path.parent)
        write_file(str(path), text, private=False)
    return [str(path) for path in paths]


def _find_root(directory: str) -> tuple[Path, str]:
    """Return the root of the git repository of a folder, and the folder's path from there.

    "" for the root itself, and where there is no repository.
    """
    here = Path(directory).resolve()
    root = next((above for above in (here, *here.parents) if (above / ".git").exists()), here)
    if root == here:
        return Path(directory), ""
    return Path(os.path.relpath(root)), here.relative_to(root).as_posix()


def _github_workflows(
    environments: Sequence[str], source: Source, branch: str, folder: str
) -> Mapping[str, str]:
    values = {
        "within": f"\n          working-directory: {_yaml_text(folder)}" if folder else "",
        "action": f"{source.repository}@{source.commit}",
        "branch": _yaml_text(branch),
        "environments": ", ".join(map(_yaml_text, environments)),
    }
    return {
        f".github/workflows/{name}.yml": _fill_template(f"github/{name}.yaml", values)
        for name in ("azsec-plan", "azsec-apply", "azsec-drift")
    }


def _azure_pipelines(
    environments: Sequence[str], source: Source, branch: str, folder: str
) -> Mapping[str, str]:
    endpoint = f"\n      endpoint: {_yaml_text(source.connection)}" if source.connection else ""
    within = f"workingDirectory: {_yaml_text(folder)}"
    values = {
        "within": f"\n              {within}" if folder else "",
        "branch": branch,
        "commit": source.commit,
        "repository": source.repository,
        "type": "github" if source.connection else "git",
        "endpoint": endpoint,
    }
    stages = []
    previous = ""
    for name in environments:
        # The name of a stage has letters, digits and underscores only.
        identifier = re.sub(r"[^A-Za-z0-9]", "_", name)
        stage = {
            **values,
            "within": f"\n                    {within}" if folder else "",
            "environment": _yaml_text(name),
            "name": name,
            "identifier": identifier,
            "previous": previous,
        }
        stages.append(_fill_template("azure_pipelines/stage.yaml", stage))
        previous = f"apply_{identifier}"
    values["stages"] = "\n".join(stages)
    return {"azure-pipelines/azsec.yml": _fill_template("azure_pipelines/azsec.yaml", values)}


def _yaml_text(name: str) -> str:
    """Return a name as YAML reads it back: `no`, `on` and numbers would be other values."""
    is_plain = re.fullmatch(r"[A-Za-z][A-Za-z0-9_./-]*", name) is not None
    return name if is_plain and name.lower() not in _NO_NAMES else json.dumps(name)


def _fill_template(template: str, values: Mapping[str, str]) -> str:
    text = (_TEMPLATES / template).read_text(encoding="utf-8")
    return _Workflow(text).substitute(values)
