"""The approval of a plan: the digest that a commit's status had when somebody approved the commit.

`azsec ci plan` sets a status for each environment on the head of the pull request, with the digest
of its plan in the description. Nothing else is stored: by the forge's own data a status and a
review have their author and time. A comment never decides anything. Called by `workflow.ci_apply`
and `cli`.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from provisioner.attribution.window import format_moment
from provisioner.documents.ci import ApprovalDocument, UncountedApprovalDocument
from provisioner.engine.forge_port import Approval, Status

CONTEXT = "azsec"
"""The context of the status for all environments together."""

APPLIED = "applied"
"""The text after the digest in the status of an applied plan: earlier approvals are used up."""

APPLYING = "applying"
"""The text before the digest in the status of a plan that is being applied.

It uses up the earlier approvals, even if no later status can be written.
"""

NEEDS_PERMISSION = "needs allow-delete"
"""The text in the status of a plan that deletes or replaces."""

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}(?=\s|$)")


def context_of(environment: str) -> str:
    """Return the context of an environment's status."""
    return f"{CONTEXT}/{environment}"


def digest_in(description: str) -> str | None:
    """Return the digest with which the description of a status begins, None where it has none."""
    found = _DIGEST.match(description)
    return found[0] if found else None


def is_digest(text: str) -> bool:
    """Return whether a text is the whole digest of a plan, `sha256:` and 64 hex digits."""
    return digest_in(text) == text


@dataclass(frozen=True, slots=True)
class NamedAccounts:
    """Accounts named by options.

    They are those whose statuses count beside the token's own, and those whose approvals count
    whatever permission the forge states.
    """

    accounts: frozenset[str] = frozenset()
    approvers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Trust:
    """The accounts that are trusted.

    `accounts` are those whose statuses state the digest of a plan, `author` is the pull request's,
    and `approvers` are those whose approvals count whatever permission the forge states.
    """

    accounts: frozenset[str]
    author: str
    approvers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Review:
    """The review of one environment.

    It has the approvals, the newest first, and those that approve no plan, with the reason.
    `posted` is the digest of the newest status on the head, also of a plan that is being applied.
    `outdated` is whether approvals of earlier commits would count if the order of promotion were
    the same.
    """

    approvals: tuple[ApprovalDocument, ...] = ()
    uncounted: tuple[UncountedApprovalDocument, ...] = ()
    posted: str | None = None
    outdated: bool = False

    def approval_of(self, digest: str) -> ApprovalDocument | None:
        """Return the newest approval of a digest, None where nobody approved it."""
        return next((one for one in self.approvals if one.digest == digest), None)

    def is_void(self, digest: str) -> bool:
        """Return whether plans were approved, but not this one.

        An approval for another order of promotion does not approve it either.
        """
        return (bool(self.approvals) or self.outdated) and self.approval_of(digest) is None


def read_review(
    environment: str,
    approvals: Iterable[Approval],
    statuses_of: Callable[[str], Sequence[Status]],
    head: str,
    trust: Trust,
) -> Review:
    """Return the review of an environment.

    `statuses_of` returns the statuses on a commit, the newest first; it is called for each commit
    that an approval covers, and for `head`.
    """
    found: list[ApprovalDocument] = []
    uncounted: list[UncountedApprovalDocument] = []
    for approval in approvals:
        reason = _reason_against(approval, trust)
        digest = None
        if reason is None:
            digest = _digest_at(environment, approval, statuses_of(approval.commit), trust)
            reason = None if digest else _NO_PLAN
            used = _describe_use(environment, digest, approval, statuses_of(head), trust)
            if used is not None:
                digest, reason = None, f"{used}, and is approved for once"
        if digest is None:
            uncounted.append(UncountedApprovalDocument(by=approval.by, reason=reason or _NO_PLAN))
            continue
        found.append(
            ApprovalDocument(
                digest=digest,
                by=approval.by,
                at=format_moment(approval.at),
                commit=approval.commit,
            )
        )
    posted = _trusted_statuses(environment, statuses_of(head), trust)
    return Review(
        approvals=tuple(sorted(found, key=lambda one: one.at, reverse=True)),
        uncounted=tuple(uncounted),
        posted=_applied_or_posted_digest(posted[0].description) if posted else None,
    )


def _applied_or_posted_digest(description: str) -> str | None:
    return digest_in(description.removeprefix(f"{APPLYING} "))


def hold_to_head(review: Review, head: str) -> Review:
    """Return a review in which only approvals of the head count.

    Beside the plan they approve the order of promotion, which is the head's.
    """
    uncounted = [
        UncountedApprovalDocument(by=one.by, reason=_EARLIER_COMMIT)
        for one in review.approvals
        if one.commit != head
    ]
    return Review(
        approvals=tuple(one for one in review.approvals if one.commit == head),
        uncounted=(*review.uncounted, *uncounted),
        posted=review.posted,
        outdated=bool(uncounted),
    )


_EARLIER_COMMIT = "promotion.yaml changes the order, and the approval is of an earlier commit"
_NO_PLAN = "no plan of this environment stood on the commit when it was approved"


def _reason_against(approval: Approval, trust: Trust) -> str | None:
    """Return why an approval counts for no environment, None where it may count."""
    # Logins of GitHub ignore case; the author of a change is no second pair of
    # eyes.
    if approval.by.lower() == trust.author.lower():
        return "the author's own approval does not count"
    if approval.by in trust.accounts:
        return "the account that posts the plans cannot approve them"
    return None if approval.by in trust.approvers else approval.objection


def _digest_at(
    environment: str, approval: Approval, statuses: Sequence[Status], trust: Trust
) -> str | None:
    """Return the digest that the commit had when it was approved.

    A later digest is of a plan that was made again, which the reviewer did not see.
    """
    # Strictly before: forges state seconds, and within one it is not known which came first (ADR
    # 0033).
    seen = [one for one in _trusted_statuses(environment, statuses, trust) if one.at < approval.at]
    return digest_in(seen[0].description) if seen else None


def _describe_use(
    environment: str,
    digest: str | None,
    approval: Approval,
    statuses: Sequence[Status],
    trust: Trust,
) -> str | None:
    """Return which apply used an approval up, None where none did.

    It succeeded, or it began: of the latter nothing else may have been reported.
    """
    marks = {
        f"{digest} {APPLIED}": "its plan was applied at",
        f"{APPLYING} {digest}": "an apply of its plan began at",
    }
    for status in _trusted_statuses(environment, statuses, trust):
        # Earlier approvals alone are used up; in the same second the approval does not count, to be
        # on the safe side.
        if status.description in marks and status.at >= approval.at:
            return f"{marks[status.description]} {format_moment(status.at)}"
    return None


def _trusted_statuses(
    environment: str, statuses: Sequence[Status], trust: Trust
) -> Sequence[Status]:
    context = context_of(environment)
    return [one for one in statuses if one.context == context and one.creator in trust.accounts]
