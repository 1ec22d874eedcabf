"""Posts on a merged pull request what an apply did: the claim, the statuses and the comment.

After the first write to Azure a refusal of the forge stops nothing: the result is printed with the
refusal. Two orders are fixed. The approval is claimed before the first write, since later requests
may fail. The digest of a refused plan is written after the comment that shows the plan, since
whoever approves from then on approves that digest. Called by `cli` for `azsec ci apply`.
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
from provisioner.workflow.forge_refusals import describe_unwritten


@dataclass(slots=True)
class ApplyPosting:
    """The messages of one apply to its pull request.

    `url` is that of the job; `refusals` are the writes that the forge refused.
    """

    forge: Forge
    pull_request: PullRequest
    url: str | None
    refusals: list[Diagnostic] = field(default_factory=list)

    def claim(self, environment: str, digest: str) -> None:
        """Use up the approvals of a plan that is about to be applied.

        Raises:
            DiagnosticError: Where the forge refuses the status (`approval-not-claimed`): the
                approvals would remain usable.
        """
        try:
            self._write_status(claimed_status(environment, digest, self.url))
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
        """Set the status of an environment, unless it offers a digest for approval.

        A status with a digest waits for the comment.
        """
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
        """Write the comment, then the statuses that offer what it shows, and the overall status.

        The overall status is left as it is where the results of other jobs are not known.
        """
        comment: list[str] = []

        def write() -> None:
            written = write_plan_comment(self.forge, self.pull_request, render, snapshots)
            comment.append(written.url)

        self._record_refusal("the comment", write)
        for entry in filter(offers_digest, document.environments):
            status = applied_status(entry, self.url) if comment else None
            self._try_status(status or unshown_status(entry, self.url))
        if knows_others:
            self._try_status(overall_applied_status(document, self.url))
        return document.model_copy(update={"comment": comment[0] if comment else None})

    def _try_status(self, status: NewStatus) -> None:
        self._record_refusal(f"the status {status.context}", lambda: self._write_status(status))

    def _write_status(self, status: NewStatus) -> None:
        self.forge.set_status(self.pull_request, self.pull_request.head, status)

    def _record_refusal(self, what: str, write: Callable[[], None]) -> None:
        try:
            write()
        except ForgeError as refusal:
            self.refusals.append(describe_unwritten(what, refusal))
