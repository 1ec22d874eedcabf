"""What Azure answered once, for tests that ask what follows from other answers.

It stands for the ports Reader and Inquirer: the first answers are the built-in Azure's, over its
socket; each change makes another source, so that many states are judged for one apply.
"""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from provisioner.azure.client import ArmClient
from provisioner.model.azure_error import AzureError
from provisioner.plan.reads import Answer, Read
from provisioner.preflight.azure_queries import AzureQuery, Reply

Body = dict[str, Any]
REFUSALS = {
    403: AzureError(403, "AuthorizationFailed", "The client has no permission."),
    500: AzureError(500, "InternalServerError", "The service failed."),
}


@dataclass(frozen=True)
class RecordedSource:
    """Answers by their requests. What was not asked before is asked of `client`, and kept."""

    client: ArmClient
    answers: dict[object, Answer]
    replies: dict[AzureQuery, Reply]
    edits: tuple[Callable[[Answer], Answer], ...] = ()

    def read(self, reads: Sequence[Read]) -> Sequence[Answer]:
        """Answer reads, as `Reader` does."""
        new = [read for read in reads if _key(read) not in self.answers]
        for read, answer in zip(new, self.client.read(new), strict=True):
            self.answers[_key(read)] = answer
        return [self._edited(replace(self.answers[_key(read)], read=read)) for read in reads]

    def ask(self, inquiries: Sequence[AzureQuery]) -> Sequence[Reply]:
        """Answer inquiries, as `Inquirer` does."""
        new = [inquiry for inquiry in inquiries if inquiry not in self.replies]
        self.replies.update(zip(new, self.client.ask(new), strict=True))
        return [self.replies[inquiry] for inquiry in inquiries]

    def refusing(self, refuses: Callable[[Read], bool], status: int) -> "RecordedSource":
        """Return a source that refuses some reads."""

        def edit(answer: Answer) -> Answer:
            return Answer(answer.read, refused=REFUSALS[status]) if refuses(answer.read) else answer

        return replace(self, edits=(*self.edits, edit))

    def changing(self, resource: str, change: Callable[[Body], object]) -> "RecordedSource":
        """Return a source in which the body of a resource is another; `change` edits it."""

        def edit(answer: Answer) -> Answer:
            if all(str(item.get("id")).lower() != resource.lower() for item in answer.items):
                return answer
            items = deepcopy(answer.items)
            for item in items:
                if str(item["id"]).lower() == resource.lower() and "properties" in item:
                    change(item)  # type: ignore[arg-type]
            return replace(answer, items=items)

        return replace(self, edits=(*self.edits, edit))

    def adding(self, kind: str, body: Body) -> "RecordedSource":
        """Return a source that lists one more resource of a type in its scope, in lists of mixed
        types for ""."""

        def edit(answer: Answer) -> Answer:
            scope = answer.read.path.partition("/providers/")[0].removesuffix("/resources")
            within = str(body["id"]).lower().startswith(f"{scope}/".lower())
            if answer.read.type == kind and answer.read.is_list and within:
                return replace(answer, items=(*answer.items, body))
            return answer

        return replace(self, edits=(*self.edits, edit))

    def _edited(self, answer: Answer) -> Answer:
        for edit in self.edits:
            answer = edit(answer)
        return answer


def _key(read: Read) -> Any:
    return read.path.lower(), read.api_version, tuple(sorted(read.query.items()))
