"""Waivers of an environment: failures that it accepts, for a reason and until a day.

Called by `evaluation`, `workflow.security_evaluation` and `workflow.report_register`.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from provisioner.blueprint.accepted_additions import Acceptance
from provisioner.blueprint.waivers import Waiver
from provisioner.controls.control import Control
from provisioner.controls.effective_access import path_of_assignment
from provisioner.controls.resource_types import ROLE_ASSIGNMENT
from provisioner.controls.verdict import Finding, Verdict
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error, nearest, warning
from provisioner.model.estate import Estate
from provisioner.model.span import Span
from provisioner.plan.accepted_additions import Accepted

NOTICE = timedelta(days=14)
"""How long before the end of a waiver or an attestation it is warned of."""


def covers(waiver: Waiver, seen: Finding) -> bool:
    """Return whether a finding is one that a waiver accepts."""
    address = seen.resource.address
    is_in_scope = seen.control == waiver.control and address is not None and waiver.holds(address)
    return is_in_scope and waiver.is_about(seen.evidence)


@dataclass(frozen=True, slots=True)
class AcceptedAccess:
    """Role assignments of others that the environment accepts.

    They are by the key of their id and by the path of findings about them. Who accepts an
    assignment accepts what controls find of it.
    """

    by_key: Mapping[str, Acceptance]
    by_path: Mapping[str, Acceptance]

    @staticmethod
    def of(accepted: Iterable[Accepted], estate: Estate) -> "AcceptedAccess":
        """Return those among some accepted additions.

        A path names an assignment without its scope. One that an assignment of the same name
        shares, elsewhere in the estate and not accepted, is not among the paths.
        """
        by_key = {
            each.addition.id.key: each.acceptance
            for each in accepted
            if each.acceptance.is_about_access
        }
        assignments = estate.of_type(ROLE_ASSIGNMENT) if by_key else ()
        others = {
            path_of_assignment(found.id) for found in assignments if found.id.key not in by_key
        }
        # Names of role assignments are GUIDs, but a template can deploy one GUID at two scopes:
        # an acceptance of one must not cover the other.
        by_path = {
            path: by_key[found.id.key]
            for found in assignments
            if found.id.key in by_key and (path := path_of_assignment(found.id)) not in others
        }
        return AcceptedAccess(by_key, by_path)

    def waiver_of(self, seen: Finding) -> Waiver | None:
        """Return the acceptance that covers a finding as a waiver of its control, or None."""
        entry = self.by_key.get(seen.resource.id.key) or self.by_path.get(seen.path)
        if entry is None:
            return None
        return Waiver(
            seen.control, entry.scope, entry.reason, entry.owner, entry.expires,
            span=entry.span, control_span=entry.span, scope_span=entry.span,
        )  # fmt: skip


def check_waivers(
    waivers: Sequence[Waiver],
    controls: Mapping[str, Control],
    addresses: Collection[str],
    today: date,
) -> tuple[Diagnostic, ...]:
    """Return the diagnostics on waivers that expire in a few days.

    Raises:
        DiagnosticError: Where waivers are of a control that there is not (or that only its parts
            answer), have expired, are stated twice, or have a scope that matches nothing.
    """
    errors = [
        *_find_repeated(waivers),
        *(seen for waiver in waivers for seen in _find_errors(waiver, controls, addresses, today)),
    ]
    if errors:
        raise DiagnosticError(*errors)
    return tuple(
        warning(
            "waiver-expires",
            f"{waiver.control} is waived for {waiver.scope} until {waiver.expires} by "
            f"{waiver.owner} ({waiver.reason}).",
            waiver.span,
            "Renew it, or satisfy the control.",
        )
        for waiver in waivers
        if waiver.expires - today <= NOTICE
    )


def check_used(waivers: Iterable[Waiver], found: Collection[Finding]) -> tuple[Diagnostic, ...]:
    """Return an error for each waiver that waives none of some findings.

    The findings of breaches are matched one by one.
    """
    # A waiver without effect is an open door for the next failure in its scope, hence an error
    # and not a warning.
    waived = [seen for seen in found if seen.verdict is Verdict.WAIVED]
    return tuple(
        error(
            "waiver-unused",
            f"{waiver.control} does not fail in {waiver.scope}: the waiver until "
            f"{waiver.expires} waives nothing.",
            waiver.span,
            _hint_for_unused(waiver, found),
        )
        for waiver in waivers
        if not any(covers(waiver, seen) for seen in waived)
    )


def _hint_for_unused(waiver: Waiver, found: Iterable[Finding]) -> str:
    if waiver.breach is None:
        return "Remove it."
    others = dict.fromkeys(
        seen.evidence
        for seen in found
        if seen.control == waiver.control and waiver.holds(seen.resource.address or "")
    )
    listed = "; ".join(repr(text) for text in others)
    return f"Remove it, or state one of its breaches: {listed}." if listed else "Remove it."


IN_CLUSTER = "kubernetes."
"""What the addresses of objects in a cluster begin with: only who looks into it knows them."""


def rests_on_cluster(
    waiver: Waiver, controls: Mapping[str, Control], stated: Collection[str]
) -> bool:
    """Return whether only the cluster's objects show whether a waiver waives something.

    `stated` are the addresses of the namespaces that the environment declares.
    """
    control = controls.get(waiver.control)
    return waiver.scope.startswith(IN_CLUSTER) and (
        waiver.scope not in stated or control is None or not control.in_cluster
    )


def unknown_control(name: str, controls: Collection[str], span: Span) -> Diagnostic:
    """Return the error that there is no control of a name, with the nearest one."""
    message = f"there is no control {name!r}."
    return error("unknown-control", message, span, nearest(name, [*controls]))


def _find_repeated(waivers: Iterable[Waiver]) -> Iterator[Diagnostic]:
    seen: dict[tuple[str, str, str | None], Waiver] = {}
    for waiver in waivers:
        first = seen.setdefault((waiver.control, waiver.scope, waiver.breach), waiver)
        if first is not waiver:
            yield error(
                "waived-twice",
                f"{waiver.control} is waived for {waiver.scope} at {first.span} already.",
                waiver.span,
                "Remove one of them.",
            )


def _find_errors(
    waiver: Waiver, controls: Mapping[str, Control], addresses: Collection[str], today: date
) -> Iterator[Diagnostic]:
    control = controls.get(waiver.control)
    if control is None:
        yield unknown_control(waiver.control, controls, waiver.control_span)
    # Waivers match findings; the verdict of an item comes from its parts, that of an evidence
    # from an attestation.
    elif not control.has_findings:
        parts = [part.id for part in control.parts_in(controls.values())]
        hint = f"Name the parts that fail, of {', '.join(parts)}." if parts else "Attest it."
        yield error(
            "nothing-to-waive",
            f"{waiver.control} finds nothing by itself, so there is nothing to waive.",
            waiver.control_span,
            hint,
        )
    if waiver.breach is not None and control is not None and control.proof is None:
        yield error(
            "no-proof",
            f"{waiver.control} is not a network proof, and has no breaches.",
            waiver.breach_span,
            "Leave `breach` out, or name one of PRF-01 to PRF-07.",
        )
    if waiver.expires < today:
        yield error(
            "waiver-expired",
            f"{waiver.control} was waived for {waiver.scope} until {waiver.expires}.",
            waiver.span,
            f"Ask {waiver.owner}: renew it, or remove it and satisfy the control.",
        )
    in_cluster = waiver.scope.startswith(IN_CLUSTER)
    # Objects of a cluster are known only to whoever read it (`check_used` looks at those).
    if not in_cluster and not any(waiver.holds(address) for address in addresses):
        yield error(
            "unknown-scope",
            f"there is no resource at {waiver.scope!r}.",
            waiver.scope_span,
            nearest(waiver.scope, sorted(addresses)),
        )
