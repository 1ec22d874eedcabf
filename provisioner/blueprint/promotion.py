"""The promotion order of environments: the stages that a file states (`promotion.yaml`).

The environments of a stage wait for those of all stages before. Read by `azsec ci`.
"""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from provisioner.blueprint.file_model import FilePart
from provisioner.blueprint.file_schemas import Sources, load_file
from provisioner.model.diagnostic import DiagnosticError, error, nearest


class PromotionFile(FilePart):
    """The stages, the first one first; the environments of a stage wait for all stages before."""

    api_version: Literal["azsec/v1"] = Field(alias="apiVersion")
    kind: Literal["Promotion"]
    stages: list[list[str]] = Field(min_length=1)


def load_promotion(path: str, sources: Sources, known: Sequence[str]) -> Sequence[Sequence[str]]:
    """Return the stages that a file states, as names of environments.

    Raises:
        DiagnosticError: For another shape, a name that is not among `known`, and one that is listed
            twice.
    """
    file, node = load_file(PromotionFile, path, sources)
    seen: set[str] = set()
    for number, stage in enumerate(file.stages):
        for position, name in enumerate(stage):
            span = node.find(("stages", number, position)).span
            if name not in known:
                message = f"there is no environment {name!r}."
                hint = nearest(name, known)
                raise DiagnosticError(error("unknown-environment", message, span, hint))
            if name in seen:
                message = f"{name!r} is listed twice."
                raise DiagnosticError(error("repeated-environment", message, span, "Keep one."))
            seen.add(name)
    return file.stages


def order_stages(names: Sequence[str], stages: Sequence[Sequence[str]]) -> Sequence[Sequence[str]]:
    """Return `names` by stage, those that are in none last, each stage by name."""
    placed = [sorted(name for name in names if name in stage) for stage in stages]
    listed = {name for stage in stages for name in stage}
    rest = sorted(name for name in names if name not in listed)
    return [stage for stage in (*placed, rest) if stage]
