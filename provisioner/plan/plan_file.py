"""The plan file: a plan as text, and the refusal of what is not one."""

import json
from typing import Any

from pydantic import ValidationError

from provisioner.catalog.resource_type import CreateGuard
from provisioner.documents.document import FORMAT_VERSION
from provisioner.documents.plan import PlanDocument
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error
from provisioner.model.json_source import read_json
from provisioner.model.resource_id import ResourceId
from provisioner.model.span import Span
from provisioner.plan.plan import Input, Observed, Plan, decode_value, digest_of, plan_to_json
from provisioner.plan.steps import DELETE, PUT, Step


def write_plan_file(plan: Plan) -> str:
    """Return the text of a plan's file. The same plan gives the same bytes."""
    return json.dumps(plan_to_json(plan), indent=1, sort_keys=True) + "\n"


def read_plan_file(text: str, file: str) -> Plan:
    """Read a plan file. Nothing in it is executed but what azsec wrote and the digest covers.

    Raises DiagnosticError: `not-a-plan`, `plan-version` or `plan-edited`.
    """
    span = Span(file, 1, 1)
    content = _read_content(text, file)
    if not isinstance(content, dict) or content.get("kind") != "azsec/plan-file":
        raise DiagnosticError(_not_a_plan(span, "its kind is not azsec/plan-file"))
    if content.get("formatVersion") != FORMAT_VERSION:
        raise DiagnosticError(
            error(
                "plan-version",
                f"the plan file has format version {content.get('formatVersion')!r}; this azsec "
                f"reads {FORMAT_VERSION!r}.",
                span,
                "Plan again, and apply with the azsec that planned.",
            )
        )
    try:
        plan = _read(content)
        digest = digest_of(plan)
    except (AttributeError, KeyError, TypeError, ValueError, ValidationError) as problem:
        raise DiagnosticError(
            _edited(span, f"it cannot be read ({type(problem).__name__})")
        ) from None
    if digest != plan.document.digest or content.get("digest") != plan.document.digest:
        raise DiagnosticError(_edited(span, "its content does not have the digest that it states"))
    return plan


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


def _read(content: dict[str, Any]) -> Plan:
    return Plan(
        document=PlanDocument.model_validate(content["plan"]),
        steps=tuple(_read_step(entry) for entry in content["steps"]),
        observed=tuple(_read_observed(entry) for entry in content["observed"]),
        inputs=tuple(
            Input(decode_value(entry["source"]), entry["value"]) for entry in content["inputs"]
        ),
        outputs=decode_value(content["outputs"]),
        digests=content["digests"],
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
    )


def _read_observed(entry: dict[str, Any]) -> Observed:
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


def _edited(span: Span, why: str) -> Diagnostic:
    return error(
        "plan-edited",
        f"the plan file was changed after azsec wrote it: {why}.",
        span,
        "Plan again: only a plan as it was reviewed is applied.",
    )
