"""Tells a merged pull request what an apply did: the claim, the statuses and the comment.

Once Azure was written, a forge that refuses to be told stops nothing: what was done is printed, and
the refusal beside it. Two things are in an order that no refusal may turn. An approval is claimed
before the first write, since what is told afterwards may not arrive; and the digest of a plan that
was refused is written after the comment that shows the plan, since whoever approves then approves
that digest.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from provisioner.documents.ci import CiApplyDocument, EnvironmentApplyDocument
from provisioner.engine.forge_port import Forge, NewStatus, PullRequest
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error
from provisioner.model.forge_error import ForgeError
from provisioner.workflow.apply_statuses import (
    applied_status,
    claimed_status,
    offers_digest,
    overall_applied_status,
    unshown_status,
)
from provisioner.workflow.ci_posting import write_plan_comment
from provisioner.workflow.forge_refusals import not_told


@dataclass(slots=True)
class ApplyPosting:
    """What an apply tells its pull request; `url` leads to the job, `refusals` are what the forge
    did not take."""

    forge: Forge
    pull_request: PullRequest
    url: str | None
    refusals: list[Diagnostic] = field(default_factory=list)

    def claim(self, environment: str, digest: str) -> None:
        """Use up the approvals of a plan that is about to be applied.

        Raises DiagnosticError where the forge does not take it: the approvals would stay usable.
        """
        try:
            self._set(claimed_status(environment, digest, self.url))
        except ForgeError as refusal:
            raise DiagnosticError(
                error(
                    "approval-not-claimed",
                    "nothing was applied: the status that uses up the approval cannot be written: "
                    f"{refusal.message}",
                    None,
                    refusal.hint or "Run the job again.",
                )
            ) from refusal

    def tell(self, entry: EnvironmentApplyDocument) -> None:
        """Set the status of an environment, unless it offers a digest for approval: such a status
        waits for the comment."""
        status = applied_status(entry, self.url)
        if status is not None and not offers_digest(entry):
            self._try_status(status)

    def post(
        self,
        document: CiApplyDocument,
        render: Callable[[int], str],
        snapshots: str,
        *,
        knows_others: bool,
    ) -> CiApplyDocument:
        """Write the comment, then the statuses that offer what it shows, and the one of all, which
        stays as it is where what other jobs did is not known."""
        comment: list[str] = []

        def write() -> None:
            written = write_plan_comment(self.forge, self.pull_request, render, snapshots)
            comment.append(written.url)

        self._try("the comment", write)
        for entry in filter(offers_digest, document.environments):
            status = applied_status(entry, self.url) if comment else None
            self._try_status(status or unshown_status(entry, self.url))
        if knows_others:
            self._try_status(overall_applied_status(document, self.url))
        return document.model_copy(update={"comment": comment[0] if comment else None})

    def _try_status(self, status: NewStatus) -> None:
        self._try(f"the status {status.context}", lambda: self._set(status))

    def _set(self, status: NewStatus) -> None:
        self.forge.set_status(self.pull_request, self.pull_request.head, status)

    def _try(self, what: str, write: Callable[[], None]) -> None:
        try:
            write()
        except ForgeError as refusal:
            self.refusals.append(not_told(what, refusal))
