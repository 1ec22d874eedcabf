"""Compliance of resources with policies, evaluated when it is queried.

Source: "Get policy compliance data" and "Azure Policy compliance states". With the effects Audit,
Deny, Append and Modify a resource does not comply if the condition holds; what DenyAction guards is
Protected. What is not evaluated here (built-in policies, initiatives, effects that look for other
resources, unknown words of the language) is Unknown, and never left out.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.catalog.resource_type import ResourceType, Scope
from provisioner.model.values import lookup
from provisioner.simulator.bodies.responses import render
from provisioner.simulator.policy.rules import PolicyRule, UnknownWordsError
from provisioner.simulator.policy.scope import ApplicableAssignment, applicable_assignments
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.records import Record

COMPLIANT, NON_COMPLIANT, UNKNOWN = "Compliant", "NonCompliant", "Unknown"
EXEMPT, PROTECTED = "Exempt", "Protected"
_COMPLIANCE_EFFECTS = frozenset({"audit", "deny", "append", "modify"})


@dataclass(frozen=True, slots=True)
class PolicyState:
    """The compliance of one resource with one assignment.

    definition  the policy; None if it is not stored here
    effect      in lower case, "" if unknown
    fields      the paths that its rule has read
    """

    row: Record
    assignment: Record
    definition: Record | None
    state: str
    effect: str
    fields: tuple[str, ...] = ()

    @property
    def definition_id(self) -> str:
        """The id of the assigned policy or initiative."""
        stated = lookup(self.assignment.body, ("properties", "policyDefinitionId"))
        return stated if isinstance(stated, str) else ""


def policy_states(cloud: Cloud) -> Iterator[PolicyState]:
    """Yield the states of all resources and resource groups; a disabled policy has none."""
    for _, row in cloud.store.resources.items():
        resource_type = cloud.catalog.get(row.type)
        if resource_type.scope is Scope.EXTENSION or row.id.subscription is None:
            continue
        content = {**render(cloud, row), "type": resource_type.name}
        for applied in applicable_assignments(cloud, row.id, resource_type, content):
            found = _evaluate_assignment(row, applied, resource_type, content)
            if found is not None:
                yield found


def _evaluate_assignment(
    row: Record,
    applied: ApplicableAssignment,
    resource_type: ResourceType,
    content: Mapping[str, Any],
) -> PolicyState | None:
    assignment, definition = applied.assignment, applied.definition
    if definition is None:
        state = EXEMPT if applied.exempt else UNKNOWN
        return PolicyState(row, assignment, None, state, "")
    rule = PolicyRule(definition, assignment, resource_type, content)
    effect = ""
    try:
        effect = rule.effect()
        if effect == "disabled":
            return None
        state = _compliance_state(effect, holds=rule.holds())
    except UnknownWordsError:
        state = UNKNOWN
    state = EXEMPT if applied.exempt else state
    return PolicyState(row, assignment, definition, state, effect, rule.fields)


def _compliance_state(effect: str, *, holds: bool | None) -> str:
    if holds is False:
        return COMPLIANT
    if holds is None:
        return UNKNOWN
    if effect == "denyaction":
        return PROTECTED
    return NON_COMPLIANT if effect in _COMPLIANCE_EFFECTS else UNKNOWN
