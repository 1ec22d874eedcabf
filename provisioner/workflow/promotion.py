"""The order in which environments are applied: the stages of a file (`promotion.yaml`)."""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field, ValidationError

from provisioner.blueprint.file_part import FilePart
from provisioner.blueprint.yaml_source import parse_yaml
from provisioner.model.diagnostic import DiagnosticError, error, nearest
from provisioner.model.span import Span


class PromotionFile(FilePart):
    """The stages, the first one first; the environments of a stage wait for all stages before."""

    api_version: Literal["azsec/v1"] = Field(alias="apiVersion")
    kind: Literal["Promotion"]
    stages: list[list[str]] = Field(min_length=1)


def read_promotion(text: str, path: str, known: Sequence[str]) -> Sequence[Sequence[str]]:
    """Return the stages that a file states, as names of environments.

    Raises DiagnosticError for another shape, a name that is not among `known`, and one that stands
    in two stages.
    """
    node = parse_yaml(text, path)
    try:
        file = PromotionFile.model_validate(node.plain())
    except ValidationError as problem:
        first = problem.errors()[0]
        where = ".".join(str(step) for step in first["loc"])
        raise DiagnosticError(
            error(
                "invalid-file",
                f"{where or 'the file'}: {first['msg']}.",
                Span(path, 1, 1),
                "Expected apiVersion: azsec/v1, kind: Promotion, and stages: "
                "[[dev], [staging], [prod]].",
            )
        ) from None
    seen: set[str] = set()
    for number, stage in enumerate(file.stages):
        for name in stage:
            span = node.find(("stages", number)).span
            if name not in known:
                message = f"there is no environment {name!r}."
                hint = nearest(name, known)
                raise DiagnosticError(error("unknown-environment", message, span, hint))
            if name in seen:
                message = f"{name!r} stands in two places."
                raise DiagnosticError(error("repeated-environment", message, span, "Keep one."))
            seen.add(name)
    return file.stages


def order_stages(names: Sequence[str], stages: Sequence[Sequence[str]]) -> Sequence[Sequence[str]]:
    """Return `names` by stage, those that stand in none last, each stage by name."""
    placed = [sorted(name for name in names if name in stage) for stage in stages]
    listed = {name for stage in stages for name in stage}
    rest = sorted(name for name in names if name not in listed)
    return [stage for stage in (*placed, rest) if stage]
