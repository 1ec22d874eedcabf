"""The interface of a check, and the warning for what Azure refused to answer."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from provisioner.model.diagnostic import Diagnostic, warning
from provisioner.preflight.azure_queries import AzureQuery, Replies
from provisioner.preflight.planned_changes import PlannedChanges

Asker: TypeAlias = Callable[[PlannedChanges], Iterable[AzureQuery]]
Judge: TypeAlias = Callable[[PlannedChanges, Replies], Iterable[Diagnostic]]


@dataclass(frozen=True, slots=True)
class Check:
    """One check: the requests it needs for an intent, and its verdict on the replies.

    `subject` names what stays unchecked where Azure refuses to answer.
    """

    subject: str
    ask: Asker
    judge: Judge

    def run(self, intent: PlannedChanges, replies: Replies) -> Iterator[Diagnostic]:
        """Yield what the check finds, and a warning for each kind of refusal."""
        yield from self.judge(intent, replies)
        refused: dict[tuple[str, str], list[str]] = {}
        for inquiry in dict.fromkeys(self.ask(intent)):
            refusal = replies[inquiry].refused
            if refusal is not None:
                kind = (refusal.code, inquiry.scope.text)
                refused.setdefault(kind, []).append(refusal.message)
        for (code, scope), messages in sorted(refused.items()):
            times = f" ({len(messages)} times)" if len(messages) > 1 else ""
            yield warning(
                "not-checked",
                f"{self.subject} could not be checked in {scope}{times}: {code}: {messages[0]}",
                None,
                "`azsec roles --for plan` names the permissions that this takes; "
                "`--offline` skips the checks.",
            )
