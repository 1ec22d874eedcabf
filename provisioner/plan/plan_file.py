"""The plan file: writing a plan as text, and reading and validating it."""

import json
from typing import Any

from provisioner.catalog.resource_type import CreateGuard
from provisioner.documents.plan import PlanDocument
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error
from provisioner.model.json_source import read_json
from provisioner.model.resource_id import ResourceId
from provisioner.model.span import Span
from provisioner.plan.owners import CarriedMark
from provisioner.plan.plan import (
    PLAN_FILE_VERSION,
    Input,
    Observed,
    Plan,
    decode_value,
    digest_of,
    plan_to_json,
)
from provisioner.plan.request import read_request
from provisioner.plan.steps import DELETE, PUT, Step


def write_plan_file(plan: Plan) -> str:
    """Return the text of a plan's file: JSON with a line for each entry of its long lists.

    The same plan gives the same bytes.
    """
    return _format_by_line(plan_to_json(plan), _LEVELS) + "\n"


_LEVELS = 3
"""The levels that are set on lines: the file, the parts of its plan, and the entries of those."""


# Python indents JSON in Python, and writes it in C where it is not indented: for 10,000 resources
# (52 MB with one value a line) that is 2.5 s and 160 MiB less.
def _format_by_line(value: object, levels: int) -> str:
    if levels and isinstance(value, dict) and value:
        entries = (
            f"{json.dumps(key)}: {_format_by_line(value[key], levels - 1)}" for key in sorted(value)
        )
        return "{\n" + ",\n".join(entries) + "\n}"
    if levels and isinstance(value, list) and value:
        return "[\n" + ",\n".join(json.dumps(each, sort_keys=True) for each in value) + "\n]"
    return json.dumps(value, sort_keys=True)


def read_plan_file(text: str, file: str) -> Plan:
    """Read a plan file. Nothing in it is executed: apply derives its steps again and compares.

    Raises:
        DiagnosticError: Where the text is no plan file (`not-a-plan`), has another format version
            (`plan-version`), or was changed or damaged (`plan-edited`).
    """
    span = Span(file, 1, 1)
    content = _read_content(text, file)
    if not isinstance(content, dict) or content.get("kind") != "azsec/plan-file":
        raise DiagnosticError(_not_a_plan(span, "its kind is not azsec/plan-file"))
    if content.get("formatVersion") != PLAN_FILE_VERSION:
        raise DiagnosticError(
            error(
                "plan-version",
                f"the plan file has format version {content.get('formatVersion')!r}; this azsec "
                f"reads {PLAN_FILE_VERSION!r}.",
                span,
                "Plan again, and apply with the azsec that planned.",
            )
        )
    try:
        plan = _read_plan(content)
        wrong = _find_contradiction(plan, content)
    except (AttributeError, KeyError, TypeError, ValueError) as problem:
        raise DiagnosticError(
            _edited_diagnostic(span, f"it cannot be read ({type(problem).__name__})")
        ) from None
    if wrong is not None:
        raise DiagnosticError(_edited_diagnostic(span, wrong))
    return plan


def _find_contradiction(plan: Plan, content: dict[str, Any]) -> str | None:
    """Return how a file contradicts itself, or None."""
    if digest_of(plan) != plan.document.digest or content["digest"] != plan.document.digest:
        return "its content does not have the digest that it states"
    if content["checksum"] != plan_to_json(plan)["checksum"]:
        return "its content does not have the checksum that it states"
    shown = [
        (step.key, step.verb, step.address, ResourceId.parse(step.id), step.after)
        for step in plan.document.steps
    ]
    if shown != [(step.key, step.verb, step.address, step.id, step.after) for step in plan.steps]:
        return "the steps that it shows are not the steps that it holds"
    return None


def _read_content(text: str, file: str) -> Any:  # noqa: ANN401  any JSON
    try:
        return read_json(text, file)
    except DiagnosticError as problem:
        raise DiagnosticError(
            *(
                _not_a_plan(told.span or Span(file, 1, 1), told.message.rstrip("."))
                for told in problem.diagnostics
            )
        ) from None


def _read_plan(content: dict[str, Any]) -> Plan:
    return Plan(
        document=PlanDocument.model_validate(content["plan"]),
        steps=tuple(_read_step(entry) for entry in content["steps"]),
        observed=tuple(_read_observed(entry) for entry in content["observed"]),
        inputs=tuple(
            Input(decode_value(entry["source"]), entry["value"]) for entry in content["inputs"]
        ),
        outputs=decode_value(content["outputs"]),
        digests={str(name): str(text) for name, text in content["digests"].items()},
        request=read_request(content["request"]),
    )


def _read_step(entry: dict[str, Any]) -> Step:
    if entry["verb"] not in (PUT, DELETE):
        raise ValueError(f"{entry['verb']!r} is not a verb of a plan")
    return Step(
        key=entry["key"],
        verb=entry["verb"],
        address=entry["address"],
        id=ResourceId.parse(entry["id"]),
        type=entry["type"],
        api_version=entry["apiVersion"],
        body=decode_value(entry["body"]),
        guarded=entry["guarded"],
        lock=entry["lock"],
        seconds=entry["seconds"],
        after=tuple(entry["after"]),
        mark=entry["mark"],
        inside=tuple(entry["inside"]),
        create_guard=CreateGuard(entry["createGuard"]) if entry["createGuard"] else None,
        carried=tuple(
            CarriedMark(
                ResourceId.parse(mark["id"]), ResourceId.parse(mark["carrier"]), str(mark["mark"])
            )
            for mark in entry["carried"]
        ),
        query=tuple((str(name), str(text)) for name, text in sorted(entry["query"].items())),
    )


def _read_observed(entry: dict[str, Any]) -> Observed:
    if not isinstance(entry["body"], (dict, type(None))) or not isinstance(entry["touched"], bool):
        raise TypeError("what was observed is not a body")
    return Observed(
        address=entry["address"],
        id=ResourceId.parse(entry["id"]),
        type=entry["type"],
        api_version=entry["apiVersion"],
        body=decode_value(entry["body"]),
        touched=entry["touched"],
    )


def _not_a_plan(span: Span, why: str) -> Diagnostic:
    return error(
        "not-a-plan",
        f"this is not a plan file: {why}.",
        span,
        "Write one with `azsec plan ENV --out FILE`.",
    )


def _edited_diagnostic(span: Span, why: str) -> Diagnostic:
    return error(
        "plan-edited",
        f"the plan file was changed after azsec wrote it: {why}.",
        span,
        "Plan again: only a plan as it was reviewed is applied.",
    )
