"""The one comment of azsec on a pull request, written over in place.

It is known by a marker in its body and by its author: anybody can write the marker, and only the
account of the job's token writes as that account. Two jobs may run at once, and no forge offers
creation of a unique comment: so the comments are read again after a write, and of two own ones the
older is kept. Called by `workflow.ci_posting` and `cli`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from provisioner.engine.forge_port import Comment, Forge, PullRequest
from provisioner.model.diagnostic import Diagnostic, warning
from provisioner.model.forge_error import ForgeError

_MOST_TRIES = 3


@dataclass(frozen=True, slots=True)
class Found:
    """The comments with a marker: azsec's own, the oldest first, and those of others."""

    own: tuple[Comment, ...]
    foreign: tuple[Comment, ...]

    @property
    def body(self) -> str:
        """The body of the comment that is kept; "" where there is none."""
        return self.own[0].body if self.own else ""

    def report(self) -> Sequence[Diagnostic]:
        """Return a warning of comments of others that carry the marker."""
        return [
            warning(
                "foreign-comment",
                f"a comment of {comment.author} carries azsec's marker: {comment.url}. It is "
                "neither read nor changed.",
                None,
                "Remove it, if it is not meant to look like azsec's.",
            )
            for comment in self.foreign
        ]


def find_comment(forge: Forge, pull_request: PullRequest, marker: str) -> Found:
    """Return the comments that carry a marker."""
    marked = [one for one in forge.comments(pull_request) if one.body.startswith(marker)]
    account = forge.account() if marked else ""
    return Found(
        own=tuple(one for one in marked if one.author == account),
        foreign=tuple(one for one in marked if one.author != account),
    )


def write_comment(forge: Forge, pull_request: PullRequest, marker: str, body: str) -> Comment:
    """Write azsec's comment, or replace its body; keep one, the oldest.

    `body` begins with the marker.

    Raises:
        ForgeError: Where the forge refuses the write, and where somebody deleted the comment before
            each try.
        AssertionError: Never: the last try returns or raises.
    """
    assert body.startswith(marker)
    for attempt in range(_MOST_TRIES):
        try:
            return _write_once(forge, pull_request, marker, body)
        except ForgeError as refusal:
            # Somebody deleted it between the list and the write.
            if not refusal.is_missing or attempt == _MOST_TRIES - 1:
                raise
    raise AssertionError("the last try returns or raises")


def _write_once(forge: Forge, pull_request: PullRequest, marker: str, body: str) -> Comment:
    found = find_comment(forge, pull_request, marker)
    if not found.own:
        forge.add_comment(pull_request, body)
        found = find_comment(forge, pull_request, marker)
    kept, *others = found.own or (forge.add_comment(pull_request, body),)
    if kept.body != body:
        kept = forge.edit_comment(pull_request, kept, body)
    for other in others:
        forge.remove_comment(pull_request, other)
    return kept
