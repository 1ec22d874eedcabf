"""Azure Policy enforcement: assignments that deny a resource, queried beforehand or on its write.

Which assignments apply is `policy.scope`, what of a rule is evaluated `policy.rules`. The effects
are Deny, for a PUT and a PATCH, and DenyAction for a DELETE ("Azure Policy definitions denyAction
effect"), also by an override. Rules that cannot be evaluated, built-in definitions and initiatives
deny nothing here. A policy with an external evaluation judges by the claims of a policy token
(`external_evaluation`); Azure does not answer about it beforehand.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from provisioner.model.resource_id import parse_resource_id
from provisioner.model.values import Json, lookup
from provisioner.simulator.policy.external_evaluation import (
    Operation,
    evaluation_settings,
    missing_token,
    present_claims,
)
from provisioner.simulator.policy.rules import PolicyRule, UnknownWordsError
from provisioner.simulator.policy.scope import enforced_policies
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.records import Record


@dataclass(frozen=True, slots=True)
class _Denial:
    """One assignment that denies a resource, with the fields that its rule has read.

    `missing` are the details of a policy token that it requires.
    """

    assignment: Record
    definition: Record
    fields: tuple[str, ...]
    message: str
    missing: Mapping[str, Json] | None = None


def check_restrictions(cloud: Cloud, request: Request, scope: str) -> Answer:
    """Answer which policies would deny the resource in the request.

    Raises:
        RefusalError: the resource has no type.
    """
    document = request.read_object()
    content = lookup(document, ("resourceDetails", "resourceContent"))
    if not isinstance(content, Mapping) or not isinstance(content.get("type"), str):
        raise RefusalError(
            400, "InvalidCheckRestrictionsRequest", "resourceContent states no type."
        )
    at = parse_resource_id(scope)
    resource_type = cloud.catalog.find(content["type"])
    denials: list[_Denial] = []
    if at is not None and resource_type is not None:
        operation = Operation(request, at, resource_type, content, is_write=False)
        denials = list(_denials_of(cloud, operation))
    return Answer(
        200,
        {
            "fieldRestrictions": [],
            "contentEvaluationResult": {
                "policyEvaluations": [_render_evaluation(d) for d in denials]
            },
        },
    )


def check_policies(cloud: Cloud, operation: Operation) -> None:
    """Check that no policy denies a write, or requires a token that it lacks.

    Raises:
        RefusalError: one does (`RequestDisallowedByPolicy`, guidelines.md §3.2).
    """
    denials = list(_denials_of(cloud, operation))
    if not denials:
        return
    named: Json = [
        {
            "policyAssignment": {"name": d.assignment.id.name, "id": d.assignment.id.text},
            "policyDefinition": {"name": d.definition.id.name, "id": d.definition.id.text},
        }
        for d in denials
    ]
    reasons = "".join(f" {d.message}" for d in denials if d.message)
    name = operation.resource.name
    raise RefusalError(
        403,
        "RequestDisallowedByPolicy",
        f"Resource '{name}' was disallowed by policy.{reasons} "
        f"Policy identifiers: '{json.dumps(named)}'.",
        target=name,
        additional=tuple(_policy_violation(denial) for denial in denials),
    )


def _denials_of(cloud: Cloud, operation: Operation) -> Iterator[_Denial]:
    """Yield the denials of an operation at or below a scope."""
    for assignment, definition in enforced_policies(
        cloud, operation.resource, operation.resource_type, operation.content
    ):
        external = evaluation_settings(definition) is not None
        if external and not operation.is_write:
            continue
        claims = present_claims(cloud, operation, assignment) if external else None
        rule = PolicyRule(
            definition, assignment, operation.resource_type, operation.content, claims
        )
        try:
            if not operation.is_denied_by(rule.effect(), definition):
                continue
            holds = rule.holds()
            missing = missing_token(definition, rule) if external and claims is None else None
        except UnknownWordsError:
            continue
        if holds or (holds is None and missing is not None):
            yield _Denial(
                assignment, definition, rule.fields, _non_compliance_message(assignment), missing
            )


def _policy_violation(denial: _Denial) -> Json:
    """Return a refusal's details of a policy ("PolicyViolation", "Azure Policy: deny effect")."""
    details: dict[str, Json] = {"reason": denial.message}
    if denial.missing is not None:
        details["missingPolicyTokenDetails"] = dict(denial.missing)
    return {
        "type": "PolicyViolation",
        "info": {
            "policyDefinitionId": denial.definition.id.text,
            "policyAssignmentId": denial.assignment.id.text,
            "policyAssignmentName": denial.assignment.id.name,
            "evaluationDetails": details,
        },
    }


def _non_compliance_message(assignment: Record) -> str:
    messages = lookup(assignment.body, ("properties", "nonComplianceMessages"))
    for entry in messages if isinstance(messages, list) else ():
        text = lookup(entry, ("message",))
        if isinstance(text, str):
            return text
    return ""


def _render_evaluation(denial: _Denial) -> Json:
    return {
        "policyInfo": {
            "policyDefinitionId": denial.definition.id.text,
            "policyAssignmentId": denial.assignment.id.text,
        },
        "evaluationResult": "NonCompliant",
        "evaluationDetails": {
            "evaluatedExpressions": [
                {"result": "True", "expressionKind": "Field", "expression": field, "path": field}
                for field in denial.fields
            ],
            "reason": denial.message,
        },
        "effectDetails": {"policyEffect": "Deny"},
    }
