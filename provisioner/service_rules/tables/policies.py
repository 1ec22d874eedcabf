"""Azure Policy definitions and assignments."""

import re
from collections.abc import Iterator, Mapping

from provisioner.model.estate import Resource
from provisioner.model.values import ABSENT, Unknown, is_known
from provisioner.service_rules.conditions import at_most_characters, is_at
from provisioner.service_rules.partial_bodies import (
    id_at,
    is_silent,
    is_stated,
    text_at,
    value_at,
)
from provisioner.service_rules.rule import Refusal, ServiceRule, Write

_DEFINITION = "Microsoft.Authorization/policyDefinitions"
_ASSIGNMENT = "Microsoft.Authorization/policyAssignments"
_PARAMETERS, _EFFECT = "properties.parameters", "properties.policyRule.then.effect"
_ROLES = "properties.policyRule.then.details.roleDefinitionIds"
_USED = re.compile(r"parameters\(\s*'([^']+)'\s*\)", re.IGNORECASE)
_WHOLE = re.compile(r"\[\s*parameters\(\s*'([^']+)'\s*\)\s*\]", re.IGNORECASE)
_WRITING = ("modify", "deployifnotexists")
_EFFECTS = (
    "addToNetworkGroup",
    "append",
    "audit",
    "auditIfNotExists",
    "deny",
    "denyAction",
    "deployIfNotExists",
    "disabled",
    "manual",
    "modify",
    "mutate",
)
_PAGE = "learn.microsoft.com/azure/governance/policy"
_TESTS = "Azure PowerShell, PolicyAssignment tests"


def _policy_definition(write: Write) -> Resource | None:
    """Return the definition that an assignment names, where it is seen with its rule."""
    target = id_at(write.after, "properties.policyDefinitionId")
    found = write.neighbours.lookup(target) if target is not None else None
    has_rule = isinstance(found, Resource) and is_stated(found.body, "properties.policyRule")
    return found if isinstance(found, Resource) and has_rule else None


def _declared_parameters(body: object) -> Mapping[str, object]:
    """Return the parameters that a definition declares, by name in lower case."""
    found = value_at(body, _PARAMETERS)
    return {n.lower(): v for n, v in found.items()} if isinstance(found, Mapping) else {}


def _assigned_parameters(write: Write) -> Mapping[str, tuple[str, object]] | None:
    """Return (name, value) of an assignment's parameters, by name in lower case.

    None where they are not known.
    """
    found = value_at(write.after, _PARAMETERS)
    if isinstance(found, Unknown):
        return None
    items = found.items() if isinstance(found, Mapping) else ()
    return {name.lower(): (name, value_at(entry, "value")) for name, entry in items}


def _assigned_effect(write: Write, definition: Resource) -> str | None:
    """Return the effect that an assignment has, None where it is not known."""
    effect = text_at(definition.body, _EFFECT)
    named = _WHOLE.fullmatch(effect) if effect is not None else None
    if named is None:
        return effect if effect is not None and not effect.startswith("[") else None
    given = _assigned_parameters(write)
    if given is None:
        return None
    name = named[1].lower()
    if name in given:
        value = given[name][1]
    else:
        value = value_at(_declared_parameters(definition.body).get(name), "defaultValue")
    return value if isinstance(value, str) else None


def _has_writing_effect(write: Write) -> bool:
    """Return whether an assignment deploys or modifies, for which it needs an identity."""
    definition = _policy_definition(write)
    effect = _assigned_effect(write, definition) if definition is not None else None
    return effect is not None and effect.lower() in _WRITING


def _judge_identity(write: Write) -> Iterator[Refusal]:
    none = is_silent(write.after, "identity") or is_at(write.after, "identity.type", "None")
    if none and _has_writing_effect(write):
        yield Refusal(
            "identity",
            "an assignment of a policy that changes resources (modify, deployIfNotExists) needs an "
            "identity to do it with",
            "State identity: {type: SystemAssigned}, and location.",
        )


def _judge_location(write: Write) -> Iterator[Refusal]:
    identity = is_at(write.after, "identity.type", "SystemAssigned", "UserAssigned")
    if identity and is_silent(write.after, "location"):
        yield Refusal("location", "an assignment with an identity needs a location")


def _judge_missing(write: Write) -> Iterator[Refusal]:
    definition, given = _policy_definition(write), _assigned_parameters(write)
    if definition is None or given is None:
        return
    for name, declared in _declared_parameters(definition.body).items():
        has_default = value_at(declared, "defaultValue") is not ABSENT
        if not has_default and name not in given:
            yield Refusal(
                _PARAMETERS,
                f"the policy {definition.id.name} has the parameter {name} without a default, and "
                "the assignment gives it no value",
            )


def _judge_undefined(write: Write) -> Iterator[Refusal]:
    definition, given = _policy_definition(write), _assigned_parameters(write)
    if definition is None or given is None:
        return
    if isinstance(value_at(definition.body, _PARAMETERS), Unknown):
        return
    known = _declared_parameters(definition.body)
    for name, _value in (given[key] for key in given if key not in known):
        yield Refusal(
            f"{_PARAMETERS}.{name}", f"the policy {definition.id.name} has no parameter {name}"
        )


def _judge_value(write: Write) -> Iterator[Refusal]:
    definition, given = _policy_definition(write), _assigned_parameters(write)
    if definition is None or given is None:
        return
    known = _declared_parameters(definition.body)
    for key, (name, value) in given.items():
        allowed = value_at(known.get(key), "allowedValues")
        if not isinstance(allowed, (list, tuple)) or not is_known(allowed):
            continue
        if not isinstance(value, (str, int, float)):
            continue
        if _fold_case(value) not in [_fold_case(item) for item in allowed]:
            shown = ", ".join(map(str, allowed))
            yield Refusal(
                f"{_PARAMETERS}.{name}.value", f"{name} is {value!r}, and none of {shown}"
            )


def _fold_case(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _judge_rule(write: Write) -> Iterator[Refusal]:
    rule = value_at(write.after, "properties.policyRule")
    for part in ("if", "then") if isinstance(rule, Mapping) else ():
        if is_silent(rule, part):
            yield Refusal("properties.policyRule", f"a policy rule needs {part}")


def _judge_effect(write: Write) -> Iterator[Refusal]:
    effect = text_at(write.after, _EFFECT)
    known = [name.lower() for name in _EFFECTS]
    if effect is not None and not effect.startswith("[") and effect.lower() not in known:
        yield Refusal(
            _EFFECT, f"{effect!r} is not an effect: expected one of {', '.join(_EFFECTS)}"
        )


def _judge_roles(write: Write) -> Iterator[Refusal]:
    effect = text_at(write.after, _EFFECT) or ""
    if effect.lower() in _WRITING and is_silent(write.after, _ROLES):
        yield Refusal(_ROLES, f"the effect {effect} needs roleDefinitionIds in its details")


def _judge_defaults(write: Write) -> Iterator[Refusal]:
    for name, declared in _declared_parameters(write.after).items():
        default, allowed = value_at(declared, "defaultValue"), value_at(declared, "allowedValues")
        if not isinstance(allowed, (list, tuple)) or not is_known(allowed):
            continue
        if not isinstance(default, (str, int, float)):
            continue
        if _fold_case(default) not in [_fold_case(item) for item in allowed]:
            yield Refusal(
                f"{_PARAMETERS}.{name}.defaultValue",
                f"the default {default!r} of the parameter {name} is none of its allowedValues",
            )


def _judge_used(write: Write) -> Iterator[Refusal]:
    known = _declared_parameters(write.after)
    if isinstance(value_at(write.after, _PARAMETERS), Unknown):
        return
    # A template that is deployed has parameters of its own.
    rule = value_at(write.after, "properties.policyRule")
    for name in sorted(set(_used_parameters(rule))):
        if name.lower() not in known:
            yield Refusal(
                "properties.policyRule", f"the rule uses the parameter {name}, which none declares"
            )


def _used_parameters(value: object) -> Iterator[str]:
    """Yield the names of the parameters that expressions of a rule use."""
    if isinstance(value, str) and value.startswith("["):
        yield from _USED.findall(value)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if key.lower() != "template":
                yield from _used_parameters(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _used_parameters(item)


RULES = (
    ServiceRule(
        id="policy-assignment-identity",
        type=_ASSIGNMENT,
        code="ResourceIdentityRequired",
        source="Azure/azure-powershell#11996, Azure/azure-cli#13150",
        judge=_judge_identity,
    ),
    ServiceRule(
        id="policy-assignment-location",
        type=_ASSIGNMENT,
        code="LocationRequired",
        source="hashicorp/terraform-provider-azurerm#4950, #7075",
        judge=_judge_location,
    ),
    ServiceRule(
        id="policy-parameter-missing",
        type=_ASSIGNMENT,
        code="MissingPolicyParameter",
        source=f"{_PAGE}/troubleshoot/general; {_TESTS}",
        judge=_judge_missing,
    ),
    ServiceRule(
        id="policy-parameter-undefined",
        type=_ASSIGNMENT,
        code="UndefinedPolicyParameter",
        source=_TESTS,
        judge=_judge_undefined,
    ),
    ServiceRule(
        id="policy-parameter-value",
        type=_ASSIGNMENT,
        code="PolicyParameterValueNotAllowed",
        source="salesforce/cloud-guardrails#53",
        judge=_judge_value,
    ),
    ServiceRule(
        id="policy-rule-parts",
        type=_DEFINITION,
        code="InvalidPolicyRule",
        source=f"{_TESTS}; {_PAGE}/concepts/definition-structure-policy-rule",
        judge=_judge_rule,
    ),
    ServiceRule(
        id="policy-effect",
        type=_DEFINITION,
        code="InvalidPolicyRule",
        source=f"{_TESTS}; {_PAGE}/concepts/effect-basics",
        judge=_judge_effect,
    ),
    ServiceRule(
        id="policy-effect-roles",
        type=_DEFINITION,
        code="InvalidPolicyRuleEffectDetails",
        source=f"{_PAGE}/concepts/effect-modify",
        judge=_judge_roles,
    ),
    ServiceRule(
        id="policy-default-value",
        type=_DEFINITION,
        code="PolicyParameterAllowedAndDefaultValuesMismatch",
        source="Azure/azure-monitor-baseline-alerts#917",
        judge=_judge_defaults,
    ),
    ServiceRule(
        id="policy-parameter-used",
        type=_DEFINITION,
        code="InvalidPolicyRule",
        source="Azure/Community-Policy#402",
        judge=_judge_used,
    ),
    *(
        ServiceRule(
            id=f"{what}-{name}-length".lower(),
            type=type_name,
            code=None,
            source=f"{_PAGE}/concepts/{page} ({name})",
            judge=at_most_characters(f"properties.{name}", most),
        )
        for what, type_name, page in (
            ("policy", _DEFINITION, "definition-structure-basics"),
            ("policy-assignment", _ASSIGNMENT, "assignment-structure"),
        )
        for name, most in (("displayName", 128), ("description", 512))
    ),
)
