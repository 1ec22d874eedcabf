"""Checks that the plan to apply is the approved one: its digest, its environment, a fresh plan.

Called by `cli` for `azsec apply` and `azsec cluster apply`.
"""

import re
from collections.abc import Iterator

from provisioner.catalog.registry import Catalog
from provisioner.documents.plan import Action, PlanDocument, ResourceChangeDocument
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error
from provisioner.plan.plan import Plan, digest_of
from provisioner.plan.plan_verification import find_disagreement
from provisioner.workflow.plan import Desired, Planned

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_MOST_CHANGES = 5
_MOST_PATHS = 3


def read_digest(text: str) -> str:
    """Return the digest that an option states.

    Raises:
        DiagnosticError: Where the text is not a whole digest (`wrong-digest`): an approval must
            identify exactly one plan.
    """
    digest = text.strip().lower()
    if _DIGEST.fullmatch(digest) is None:
        raise DiagnosticError(
            error(
                "wrong-digest",
                f"{text!r} is not a digest of a plan: expected sha256: and 64 hexadecimal digits.",
                None,
                "`azsec show FILE` prints it in full, `azsec plan ENV -o json` as `digest`.",
            )
        )
    return digest


def check_digest(plan: Plan, approved: str, source: str) -> None:
    """Check that a plan has the approved digest.

    `source` names the plan in the message: a file, or the environment that was planned just now.

    Raises:
        DiagnosticError: Where the digests differ (`digest-mismatch`).
    """
    # Computed anew: a file may state any digest.
    digest = digest_of(plan)
    if digest == approved:
        return
    raise DiagnosticError(
        error(
            "digest-mismatch",
            f"{source} has the digest {digest}, and {approved} was approved. "
            f"The plan now: {_describe_plan(plan.document)}.",
            None,
            "Have this plan reviewed, and approve its digest.",
        )
    )


def _describe_plan(document: PlanDocument) -> str:
    """Return a plan in a few words: actions, addresses and properties."""
    if not document.changes:
        return "no changes"
    actions = [_describe_change(change) for change in document.changes[:_MOST_CHANGES]]
    hidden = len(document.changes) - _MOST_CHANGES
    return ", ".join(actions) + (f" and {hidden} more" if hidden > 0 else "")


def _describe_change(change: ResourceChangeDocument) -> str:
    updated = change.fields if change.action is Action.UPDATE else ()
    paths = ", ".join(entry.path for entry in updated[:_MOST_PATHS])
    return f"{change.action} {change.address}" + (f" ({paths})" if paths else "")


def check_same_environment(plan: Plan, desired: Desired) -> None:
    """Check that a plan was made for this environment as its file is now.

    Name, tenant, cloud, subscriptions and blueprint are compared.

    Raises:
        DiagnosticError: Where one of them differs (`plan-of-another-environment`).
    """
    mismatches = tuple(_find_mismatches(plan, desired))
    if mismatches:
        raise DiagnosticError(*mismatches)


def _find_mismatches(plan: Plan, desired: Desired) -> Iterator[Diagnostic]:
    planned, stated = plan.document.environment, desired.document
    rows = [
        ("name", planned.name, stated.name),
        ("tenant", planned.tenant_id, stated.tenant_id),
        ("cloud", planned.cloud, stated.cloud),
        ("authentication", planned.auth, stated.auth),
        ("blueprint", planned.blueprint, stated.blueprint),
    ]
    aliases = sorted(planned.subscriptions.keys() | stated.subscriptions.keys())
    rows += [
        (
            f"subscription {alias!r}",
            planned.subscriptions.get(alias, "(absent)"),
            stated.subscriptions.get(alias, "(absent)"),
        )
        for alias in aliases
    ]
    for what, one, other in rows:
        if one != other:
            yield error(
                "plan-of-another-environment",
                f"the plan was made for the {what} {one!r}; {desired.environment.path} states "
                f"{other!r}.",
                None,
                "Plan again, and apply in the directory and with the environment that was planned.",
            )


def check_agreement(approved: Plan, planned: Planned, catalog: Catalog) -> None:
    """Check that a fresh plan is the approved one.

    Raises:
        DiagnosticError: Where it is not, with every reason.
    """
    reasons = find_disagreement(approved, planned.plan, planned.state, catalog)
    if reasons:
        raise DiagnosticError(*reasons)
