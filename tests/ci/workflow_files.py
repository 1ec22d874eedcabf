"""The files that a CI reads: written by `azsec init --ci`, and those of this repository."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from provisioner.cli.options import PipelineKind
from provisioner.cli.pipelines import Source, write_pipelines
from tests.architecture.repository import ROOT

COMMIT = "0123456789abcdef0123456789abcdef01234567"
ENVIRONMENTS = ("dev", "staging", "prod")
ACTION = ROOT / "action.yml"
STEPS = ROOT / "ci/azure-pipelines/steps.yml"


def write_github(folder: Path) -> list[Path]:
    source = Source("contoso/azsec", COMMIT)
    written = write_pipelines(str(folder), PipelineKind.GITHUB, ENVIRONMENTS, source, "main")
    return [Path(path) for path in written]


def write_azure(folder: Path, connection: str | None = "github") -> Path:
    source = Source("contoso/azsec", COMMIT, connection)
    kind = PipelineKind.AZURE_PIPELINES
    (path,) = write_pipelines(str(folder), kind, ENVIRONMENTS, source, "main")
    return Path(path)


def read_texts(path: Path) -> Any:
    """Return YAML whose scalars are all texts, as the schemas of editors take it."""
    return yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)


def splice(value: Any) -> Any:
    """Return a pipeline with the lists of `${{ if … }}:` and `${{ else }}:` in their places."""
    if isinstance(value, list):
        return [one for entry in value for one in _spliced(entry)]
    if isinstance(value, dict):
        return {key: splice(entry) for key, entry in value.items()}
    return value


def _spliced(entry: Any) -> list[Any]:
    if isinstance(entry, dict) and len(entry) == 1 and next(iter(entry)).startswith("${{"):
        return list(splice(next(iter(entry.values()))))
    return [splice(entry)]


def scripts(value: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the steps that run a script: `run`, `bash`, `script`, and the tasks with one."""
    if isinstance(value, list):
        for entry in value:
            yield from scripts(entry)
    elif isinstance(value, dict):
        inputs = value.get("inputs", {})
        if {"run", "bash", "script"} & value.keys() or "inlineScript" in inputs:
            yield value
        for entry in value.values():
            yield from scripts(entry)
