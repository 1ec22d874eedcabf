"""Azure Policy: what would deny or change each resource that the plan writes.

Source: Policy Insights "Policy Restrictions - Check At Resource Group Scope" and "At Subscription
Scope": `contentEvaluationResult.policyEvaluations[]` tell the policies that the content breaks,
`fieldRestrictions[]` what fields may and must hold.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from provisioner.catalog.endpoints import POLICY_RESTRICTIONS
from provisioner.model.diagnostic import Diagnostic, error, warning
from provisioner.model.values import Json, Unknown, Value, lookup, unknowns
from provisioner.preflight.check import Check
from provisioner.preflight.inquiry import Inquiry, Replies, ask_scope, scope_of
from provisioner.preflight.intent import Intent, Write

_BROKEN = "noncompliant"
_DENIES = ("deny",)
_CHANGES = ("modify", "append", "addtonetworkgroup")


@dataclass(frozen=True, slots=True)
class _Finding:
    """One policy that the content of a write breaks."""

    effect: str
    assignment: str
    definition: str
    reason: str
    fields: tuple[str, ...]


def _ask(intent: Intent) -> Iterator[Inquiry]:
    for write in intent.writes:
        inquiry = _inquiry(write, intent)
        if inquiry is not None:
            yield inquiry


def _judge(intent: Intent, replies: Replies) -> Iterator[Diagnostic]:
    changed: dict[tuple[str, str], list[str]] = {}
    for write in intent.writes:
        inquiry = _inquiry(write, intent)
        for item in replies[inquiry].items if inquiry is not None else ():
            for finding in _findings(item):
                effect = finding.effect.lower()
                if effect in _DENIES:
                    yield _denied(write, finding)
                elif effect in _CHANGES:
                    key = (finding.effect, finding.assignment)
                    changed.setdefault(key, []).append(write.address)
    for (effect, assignment), addresses in sorted(changed.items()):
        shown = ", ".join(addresses[:5])
        more = f" and {len(addresses) - 5} more" if len(addresses) > 5 else ""
        yield warning(
            "policy-changes",
            f"the policy assignment {assignment} ({effect}) changes what is written of "
            f"{shown}{more}.",
            None,
            "What it sets shows as Azure's own afterwards. Declare it in the blueprint, or ignore "
            "it, if the next plan wants it back.",
        )


CHECK = Check("what Azure Policy denies", _ask, _judge)


def _inquiry(write: Write, intent: Intent) -> Inquiry | None:
    """Return the inquiry for a write; None for what stands in no subscription.

    Policies see a resource in its group. One in a group that is yet to be made is asked about in
    the subscription, where the assignments stand that the group will have from the start.
    """
    scope = scope_of(write.id, intent.groups)
    if scope is None:
        return None
    content = {"name": write.id.name, "type": write.type.name, **_known_of(write.body)}
    details: dict[str, Json] = {
        "resourceContent": content,
        "apiVersion": write.type.api_version,
    }
    holder = write.id.parent or write.id.scope
    if holder is not None and scope.resource_group is not None and not holder.is_container:
        details["scope"] = holder.text
    return ask_scope(
        POLICY_RESTRICTIONS, scope, body={"resourceDetails": details, "includeAuditEffect": False}
    )


def _known_of(body: Mapping[str, Value]) -> dict[str, Json]:
    known = _known(body)
    return known if isinstance(known, dict) else {}


def _known(value: object) -> Json:
    """Return a body without what only Azure will know, which no policy can be asked about yet."""
    if isinstance(value, Mapping):
        return {k: _known(v) for k, v in value.items() if not isinstance(v, Unknown)}
    if isinstance(value, (list, tuple)):
        return [_known(item) for item in value if not isinstance(item, Unknown)]
    return value if isinstance(value, (str, int, float, bool)) else None


def _findings(item: Mapping[str, object]) -> Iterator[_Finding]:
    entries = lookup(item, ("contentEvaluationResult", "policyEvaluations"))
    for entry in entries if isinstance(entries, (list, tuple)) else ():
        if str(lookup(entry, ("evaluationResult",))).lower() != _BROKEN:
            continue
        seen = lookup(entry, ("evaluationDetails", "evaluatedExpressions"))
        paths = (lookup(e, ("path",)) for e in (seen if isinstance(seen, (list, tuple)) else ()))
        reason = lookup(entry, ("evaluationDetails", "reason"))
        yield _Finding(
            effect=str(lookup(entry, ("effectDetails", "policyEffect"))),
            assignment=str(lookup(entry, ("policyInfo", "policyAssignmentId"))),
            definition=str(lookup(entry, ("policyInfo", "policyDefinitionId"))),
            reason=reason.rstrip(". ") if isinstance(reason, str) else "",
            fields=tuple(dict.fromkeys(path for path in paths if isinstance(path, str))),
        )


def _denied(write: Write, finding: _Finding) -> Diagnostic:
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
    """Tell whether a field, or something above or below it, is known after apply."""
    value: object = body
    for name in path.replace("[*]", "").split("."):
        if isinstance(value, Unknown):
            return True
        value = lookup(value, (name,)) if isinstance(value, Mapping) else value
    return any(True for _ in unknowns(value))
