"""Wording of principals, permissions and deny assignments, shared by text, Markdown and HTML."""

from collections.abc import Iterator

from provisioner.documents.access import (
    AccessDocument,
    AccessState,
    DenialDocument,
    DeniedActionsDocument,
    GrantDocument,
    PrincipalDocument,
    UnreadAccessDocument,
)
from provisioner.reports.values import plain, plural
from provisioner.reports.wording import joined

_EVERYONE = "00000000-0000-0000-0000-000000000000"
_KINDS = {"user": "user", "group": "members of group", "serviceprincipal": "service principal"}


def who(principal: PrincipalDocument) -> str:
    """Return the label of a principal that has access.

    A group stands for its members, which only the directory knows.
    """
    if principal.id == _EVERYONE:
        return "everyone"
    kind = _KINDS.get((principal.type or "").lower(), "")
    return f"{kind} {plain(principal.address or principal.id)}".strip()


def notes(grant: GrantDocument, state: AccessState) -> Iterator[str]:
    """Yield the notes on an access path beside its role and its scope."""
    if grant.by_assigning:
        yield "by assigning roles"
    if grant.inherited:
        yield "inherited"
    if grant.eligible:
        yield "eligible: holds once it is activated"
    if grant.condition is not None:
        yield f"condition {grant.condition.effect}"
    if state is AccessState.ACTUAL and not grant.declared:
        yield "not declared"


def denied(denial: DenialDocument) -> str:
    """Return what a deny assignment denies, to which principals, with which exceptions, and where.

    Example: "* except */read · everyone but user 5d2b… · at resourceGroups.cluster".
    """
    entries = [entry for each in denial.permissions for entry in _denied_actions(each)]
    excluded = ", ".join(map(who, denial.excluded))
    apart = f" but {excluded}" if excluded else ""
    told = [
        "; ".join(entries) or "nothing",
        ", ".join(map(who, denial.principals)) + apart,
        f"at {plain(denial.scope_name)}{'' if denial.for_children else ' alone'}",
    ]
    if denial.conditional:
        told.append("under a condition")
    return " · ".join(told)


def _denied_actions(entry: DeniedActionsDocument) -> Iterator[str]:
    for kind, some, but in (
        ("", entry.actions, entry.not_actions),
        ("data actions ", entry.data_actions, entry.not_data_actions),
    ):
        if some:
            apart = f" except {', '.join(map(plain, but))}" if but else ""
            yield f"{kind}{', '.join(map(plain, some))}{apart}"


def unread(entry: UnreadAccessDocument) -> str:
    """Return a refused read with its reason."""
    return plain(f"{entry.path}: {entry.reason}")


def verdict(document: AccessDocument) -> str:
    """Return the last line: the counts and the state, with a note on what was unreadable."""
    principals = len({grant.principal.id for grant in document.grants})
    counts = joined(
        (
            plural(principals, "principal"),
            f"{len(document.grants)} of {plural(document.assignments, 'role assignment')}",
            plural(len(document.denials), "deny assignment"),
            f"{document.state.value} state",
        )
    )
    missing = len(document.unreadable)
    return f"{counts} · {missing} not readable" if missing else counts


def scope_of_claim(document: AccessDocument) -> str:
    """Return what the answer covers, and what it cannot cover."""
    subscriptions = plural(len(document.environment.subscriptions), "subscription")
    if document.state is AccessState.DESIRED:
        return (
            f"What the blueprint declares in {subscriptions}. What others assigned shows in the "
            "actual state (--of actual)."
        )
    if document.is_partial:
        return " ".join(_unreadable_parts(document))
    eligible = "" if document.question.eligible else " Eligible roles were not read (--eligible)."
    return (
        f"Role assignments that hold in {subscriptions}, inherited ones too.{eligible} Access of "
        "other kinds (keys, certificates, the cluster's own RBAC) is not in it."
    )


_MISSING = {
    "/roleassignments": ("Role assignments", "who is not listed may have access too."),
    "/roledefinitions": ("Role definitions", "a role that is listed may allow more than is shown."),
    "/denyassignments": ("Deny assignments", "who is listed may have less access."),
}
"""Reads that may fail, by the end of their type, and how the answer may be wrong without them."""


def _unreadable_parts(document: AccessDocument) -> Iterator[str]:
    """Yield what could not be read, and how the answer may be wrong because of it."""
    for kind, (what, so) in _MISSING.items():
        refused = [e.path.lower() for e in document.unreadable if e.type.lower().endswith(kind)]
        # A role definition that is read by its id may belong to no subscription.
        places = {path.split("/")[2] for path in refused if path.startswith("/subscriptions/")}
        of = f" of {plural(len(places), 'subscription')}" if places else ""
        if refused:
            yield f"{what}{of} could not be read: {so}"


def asked(document: AccessDocument) -> str | None:
    """Return the filters of the query in words; None without filters."""
    question = document.question
    parts = []
    if question.who is not None:
        parts.append(f"who is {plain(question.who)}")
    if question.can is not None:
        parts.append(f"can {'(data) ' if question.data else ''}{plain(question.can)}")
    if question.on is not None:
        parts.append(f"on {plain(question.on)}")
    return ", ".join(parts) or None
