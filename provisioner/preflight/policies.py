"""Azure Policy: assignments that would deny or modify a resource that the plan writes.

Source: Policy Insights "Policy Restrictions - Check At Resource Group Scope" and "At Subscription
Scope": `contentEvaluationResult.policyEvaluations[]` has the policies that the content violates,
`fieldRestrictions[]` what fields may and must hold.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from provisioner.catalog.endpoints import POLICY_RESTRICTIONS
from provisioner.model.diagnostic import Diagnostic, error, warning
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import ABSENT, Json, Unknown, Value, is_known, lookup
from provisioner.preflight.azure_queries import AzureQuery, Replies, ask_scope, scope_of
from provisioner.preflight.check import Check
from provisioner.preflight.planned_changes import PlannedChanges, PolicyChange, Write
from provisioner.preflight.policy_fields import ANY_FIELD
from provisioner.preflight.policy_rules import Ruling, Subject, rule_on

_BROKEN = "noncompliant"
_DENY = "deny"
_CHANGES = ("modify", "append")
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class _Finding:
    """One policy that denies the content of a write."""

    assignment: str
    definition: str
    reason: str
    fields: tuple[str, ...]


def _queries_for(intent: PlannedChanges) -> Iterator[AzureQuery]:
    yield from _queries_by_address(intent).values()


def _queries_by_address(intent: PlannedChanges) -> Mapping[str, AzureQuery]:
    """Return the inquiry for each write, by its address.

    Writes of one type and place that no policy can tell apart share one.
    """
    first: dict[tuple[str, str, str], AzureQuery] = {}
    found: dict[str, AzureQuery] = {}
    for write in intent.writes:
        scope = scope_of(write.id, intent.groups)
        if scope is None:
            continue
        inspected = intent.inspected.get(str(scope.subscription).lower(), ANY_FIELD)
        if not write.is_new:
            # An exemption, or a `notScopes` of an assignment, may name the resource by its id.
            inspected = ANY_FIELD
        key = (scope.key, write.type.name, inspected.shape(write.id, _content_of(write)))
        if key not in first:
            first[key] = _restriction_query(write, scope)
        found[write.address] = first[key]
    return found


def _diagnostics_for(intent: PlannedChanges, replies: Replies) -> Iterator[Diagnostic]:
    inquiries = _queries_by_address(intent)
    changes: dict[tuple[str, str], list[str]] = {}
    denied: set[tuple[str, str]] = set()
    for write in intent.writes:
        inquiry = inquiries.get(write.address)
        for item in replies[inquiry].items if inquiry is not None else ():
            for finding in _denials_in(item):
                changed = _change_before_write(finding, write, intent)
                if changed is None:
                    yield _denial_diagnostic(write, finding)
                else:
                    denied.add((write.address, changed.id.key))
            for change in _policy_changes_in(item):
                changes.setdefault(change, []).append(write.address)
        yield from _denials_after_changes(write, intent, denied)
    for (assignment, what), addresses in sorted(changes.items()):
        shown = ", ".join(addresses[:_SHOWN])
        more = f" and {len(addresses) - _SHOWN} more" if len(addresses) > _SHOWN else ""
        yield warning(
            "policy-changes",
            f"the policy assignment {assignment} will set {what} of {shown}{more}.",
            None,
            "If the next plan wants it back, declare it in the blueprint, or ignore it.",
        )


def _change_before_write(
    finding: _Finding, write: Write, intent: PlannedChanges
) -> PolicyChange | None:
    """Return the change of the assignment that denies a write now, if the plan orders it before."""
    denying = parse_resource_id(finding.assignment)
    return next(
        (one for one in intent.policies if one.id == denying and write.address in one.precedes),
        None,
    )


def _denials_after_changes(
    write: Write, intent: PlannedChanges, denied: Collection[tuple[str, str]]
) -> Iterator[Diagnostic]:
    """Yield what the assignments that the plan itself changes before a write will deny of it.

    `denied` holds (address, key of the assignment) of what Azure denies now.
    """
    for policy in intent.policies:
        judged = write.address in policy.precedes and write.id.is_within(policy.scope)
        if not judged or policy.then is None or write.id == policy.id:
            continue
        ruling, fields = rule_on(policy.then, Subject(write.id, write.type, write.body))
        named = str(lookup(policy.then.assignment, ("properties", "policyDefinitionId")))
        known = policy.then.definition is not None or (write.address, policy.id.key) in denied
        if ruling is Ruling.DENIES:
            yield _denial_diagnostic(
                write, _Finding(policy.id.text, named, "as this plan changes it", fields)
            )
        elif ruling is Ruling.OPEN and known:
            yield warning(
                "policy-may-deny",
                f"{write.address}: Azure Policy may deny it (the assignment {policy.id} of "
                f"{named}, which this plan changes before it).",
                write.span,
                "Azure cannot evaluate an assignment that does not exist yet.",
            )


CHECK = Check("what Azure Policy denies", _queries_for, _diagnostics_for)


def _content_of(write: Write) -> dict[str, Json]:
    return {"name": write.id.name, "type": write.type.name, **_known_content(write.body)}


def _restriction_query(write: Write, scope: ResourceId) -> AzureQuery:
    """Return the inquiry for a write at a scope.

    Policies are evaluated at the resource's group. For a group that the plan has yet to create,
    they are evaluated at the subscription, whose assignments the group will inherit.
    """
    details: dict[str, Json] = {
        "resourceContent": _content_of(write),
        "apiVersion": write.type.api_version,
    }
    holder = write.id.parent or write.id.scope
    if holder is not None and scope.resource_group is not None and not holder.is_container:
        details["scope"] = holder.text
    body: dict[str, Json] = {"resourceDetails": details, "includeAuditEffect": False}
    if write.type.taggable:
        # A pending field is answered with the value that policies will set for it.
        body["pendingFields"] = [{"field": "tags"}]
    return ask_scope(POLICY_RESTRICTIONS, scope, body=body)


def _known_content(body: Mapping[str, Value]) -> dict[str, Json]:
    known = _without_unknowns(body)
    return known if isinstance(known, dict) else {}


def _without_unknowns(value: object) -> Json:
    """Return a body without what only Azure will know, which no policy can be asked about yet."""
    # Texts and dicts come first: the test of an abstract class takes ten times as long.
    if isinstance(value, str):
        return value
    if isinstance(value, (dict, Mapping)):
        return {k: _without_unknowns(v) for k, v in value.items() if not isinstance(v, Unknown)}
    if isinstance(value, (list, tuple)):
        return [_without_unknowns(item) for item in value if not isinstance(item, Unknown)]
    return value if isinstance(value, (int, float, bool)) else None


def _denials_in(item: Mapping[str, object]) -> Iterator[_Finding]:
    for entry in _list_at(item, "contentEvaluationResult", "policyEvaluations"):
        effect = str(lookup(entry, ("effectDetails", "policyEffect"))).lower()
        broken = str(lookup(entry, ("evaluationResult",))).lower() == _BROKEN
        if not broken or effect != _DENY:
            continue
        expressions = _list_at(entry, "evaluationDetails", "evaluatedExpressions")
        paths = (lookup(expression, ("path",)) for expression in expressions)
        reason = lookup(entry, ("evaluationDetails", "reason"))
        yield _Finding(
            assignment=str(lookup(entry, ("policyInfo", "policyAssignmentId"))),
            definition=str(lookup(entry, ("policyInfo", "policyDefinitionId"))),
            reason=reason.rstrip(". ") if isinstance(reason, str) else "",
            fields=tuple(dict.fromkeys(path for path in paths if isinstance(path, str))),
        )


def _policy_changes_in(item: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield (assignment, `field = value`) for what policies set by themselves."""
    for entry in _list_at(item, "fieldRestrictions"):
        for restriction in _list_at(entry, "restrictions"):
            value = lookup(restriction, ("defaultValue",))
            effect = lookup(restriction, ("policyEffect",))
            sets = effect is ABSENT or str(effect).lower() in _CHANGES
            if sets and isinstance(value, (str, int, bool)):
                assignment = str(lookup(restriction, ("policy", "policyAssignmentId")))
                yield assignment, f"{lookup(entry, ('field',))} = {value}"


def _list_at(item: object, *path: str) -> tuple[object, ...]:
    found = lookup(item, path)
    return tuple(found) if isinstance(found, (list, tuple)) else ()


def _denial_diagnostic(write: Write, finding: _Finding) -> Diagnostic:
    unknown = [path for path in finding.fields if _is_unknown(write.body, path)]
    where = f", by {', '.join(finding.fields)}" if finding.fields else ""
    said = f": {finding.reason}" if finding.reason else ""
    policies = f"the assignment {finding.assignment} of {finding.definition}"
    if unknown:
        return warning(
            "policy-may-deny",
            f"{write.address}: Azure Policy may deny it ({policies}{where}); "
            f"{', '.join(unknown)} is known after apply{said}.",
            write.span,
            "What is refused at apply can be taken up by the next plan.",
        )
    return error(
        "policy-denies",
        f"{write.address}: Azure Policy denies it ({policies}{where}){said}.",
        write.span,
        "Change what the policy names, or ask who assigned it for an exemption.",
    )


def _is_unknown(body: Mapping[str, Value], path: str) -> bool:
    """Return whether a field, or something above or below it, is known after apply."""
    value: object = body
    for name in path.replace("[*]", "").split("."):
        if isinstance(value, Unknown):
            return True
        value = lookup(value, (name,)) if isinstance(value, Mapping) else value
    return not is_known(value)
