"""Run `azsec ci plan`: plan the environments that a change touches, and post the plans for review.

`cli.ci_application` calls it.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from provisioner import __version__
from provisioner.catalog.registry import Catalog
from provisioner.cli.ci_environments import (
    Removed,
    Selection,
    describe_unknown,
    list_environments,
    name_of,
    select_all,
    select_touched,
    with_posted,
)
from provisioner.cli.ci_job import (
    SUMMARY_BYTES,
    Host,
    explain_unpublished,
    open_host,
    write_summary,
)
from provisioner.cli.ci_merge import find_before
from provisioner.cli.ci_options import Cloud, Options, open_cloud
from provisioner.cli.ci_outputs import plan_outputs, write_outputs
from provisioner.cli.ci_review import (
    describe_order,
    find_rivals,
    reason_against,
    say_not_ready,
)
from provisioner.cli.concurrent_work import run_side_by_side
from provisioner.cli.exit_code import ExitCode
from provisioner.cli.git import (
    find_commit,
    head_commit,
    merged_commit,
    parent_of,
)
from provisioner.cli.output import print_ci_plan
from provisioner.cli.session import PlanChoices
from provisioner.cli.workspace import FileSources, load_catalog, write_file
from provisioner.documents.ci import CiPlanDocument, PlanOutcome
from provisioner.documents.controls import CheckDocument
from provisioner.documents.document import DiagnosticDocument
from provisioner.documents.trace import StateKind
from provisioner.engine.forge_port import (
    NewStatus,
    PullRequest,
    PullRequestState,
)
from provisioner.model.azure_error import AzureError
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error, warning
from provisioner.model.forge_error import ForgeError
from provisioner.workflow.affected_environments import Touched
from provisioner.workflow.apply_statuses import describe_others
from provisioner.workflow.ci_plan import (
    MARKER,
    Planning,
    PullRequestReview,
    by_weight,
    cancelled_statuses,
    describe_planning,
    describe_pull_request,
    newest_statuses,
    pending_statuses,
    posted_environments,
    read_reviews,
    unposted_statuses,
)
from provisioner.workflow.ci_posting import Posting
from provisioner.workflow.forge_refusals import describe_unwritten
from provisioner.workflow.plan_review import digest_in, hold_to_head
from provisioner.workflow.plan_snapshot import read_snapshots
from provisioner.workflow.sticky_comment import find_comment


@dataclass(frozen=True, slots=True)
class Outputs:
    """The files that a run writes, its output format, and whether stale reviews are dismissed.

    A review is stale where it approved another plan.
    """

    sarif: str | None = None
    junit: str | None = None
    output: str = "text"
    dismiss_reviews: bool = False


def run_plan(options: Options, outputs: Outputs) -> int:
    """Plan what the change touches, post the plans, write the files; return the exit code."""
    with open_host(publish=options.publish) as host, open_cloud(options) as cloud:
        run = _Run(options, outputs, host, cloud)
        document = run.plan()
        print_ci_plan(document, outputs.output)
    return _exit_code(document)


def _exit_code(document: CiPlanDocument) -> int:
    outcomes = {entry.outcome for entry in document.environments}
    if PlanOutcome.FAILED in outcomes or document.has_errors:
        return ExitCode.ERROR
    if outcomes & {PlanOutcome.REFUSED, PlanOutcome.REMOVED}:
        return ExitCode.REFUSED
    return ExitCode.SUCCESS


class _Run:
    """One run of `azsec ci plan`, and the facts that its steps collect."""

    def __init__(self, options: Options, outputs: Outputs, host: Host, cloud: Cloud) -> None:
        self._options = options
        self._outputs = outputs
        self._forge, self._job = host.forge, host.job
        self._cloud = cloud
        self._commit = head_commit()
        self._catalog: Catalog = load_catalog()
        self._checks: list[CheckDocument] = []
        self._notes: list[Diagnostic] = []
        self._turns_order = False

    def plan(self) -> CiPlanDocument:
        """Plan, and post the plans.

        Raises:
            DiagnosticError: Where the plans cannot be made; the pull request gets the reason.
            KeyboardInterrupt: Where the job is cancelled; the pull request gets a note of that.
        """
        pull_request = self._find_pull_request()
        publishes = pull_request is not None and self._may_publish(pull_request)
        try:
            base, selection = self._select_environments(pull_request)
            order = describe_order(base)
        except DiagnosticError as problem:
            if publishes and pull_request is not None and self._forge is not None:
                reason = problem.diagnostics[0]
                say_not_ready(self._forge, pull_request, reason, self._job.url)
            raise
        self._turns_order = order is not None
        self._notes += [order] if order is not None else []
        self._notes += describe_unknown(selection)
        if publishes and pull_request is not None:
            publishes = self._post_pending(pull_request, selection)
        try:
            plannings = self._plan_all(selection)
        except KeyboardInterrupt:
            if publishes and pull_request is not None:
                self._say_cancelled(pull_request, selection)
            raise
        if publishes and pull_request is not None:
            # The pull request may have been pushed to, merged or closed while the plans were made.
            pull_request = self._find_pull_request()
            publishes = pull_request is not None and self._may_publish(pull_request)
        known = self._read_known(pull_request, plannings)
        document = self._plan_document(pull_request, base, selection, plannings, known)
        told = tuple(map(DiagnosticDocument.of, self._notes))
        document = document.model_copy(update={"diagnostics": told})
        if publishes and self._forge is not None and pull_request is not None:
            posting = Posting(
                self._forge, pull_request, self._catalog, self._options.named_accounts
            )
            document = self._post_results(posting, document, known, plannings)
        document = document.model_copy(
            update={"diagnostics": tuple(map(DiagnosticDocument.of, self._notes))}
        )
        self._write_files(document)
        write_outputs(self._job, plan_outputs(document))
        return document

    def _find_pull_request(self) -> PullRequest | None:
        number = self._options.number or self._job.number
        if self._forge is None or number is None:
            return None
        return self._forge.pull_request(number)

    def _may_publish(self, pull_request: PullRequest) -> bool:
        """Return whether the checked-out commit is the head of the pull request; note why not.

        Raises:
            DiagnosticError: Where another open pull request has the same head.
        """
        why = reason_against(pull_request, self._job, self._commit)
        if why is not None:
            self._notes.append(
                warning("not-published", f"pull request {pull_request.number} {why}.")
            )
        elif self._forge is not None:
            rivals = find_rivals(self._forge, pull_request)
            if rivals is not None:
                say_not_ready(self._forge, pull_request, rivals, self._job.url)
                raise DiagnosticError(rivals)
        return why is None

    def _select_environments(
        self, pull_request: PullRequest | None
    ) -> tuple[str | None, Selection]:
        options = self._options
        paths = list_environments(options.named)
        base = None if options.take_all else self._base_commit(pull_request)
        if base is None:
            if not options.take_all and not options.named:
                raise DiagnosticError(_NO_BASE)
            return None, select_all(paths)
        selection = select_touched(
            paths, base, self._commit, self._catalog, all_named=bool(options.named)
        )
        if pull_request is None or self._forge is None or options.named:
            return base, selection
        accounts = frozenset((*options.accounts, self._forge.account()))
        posted = posted_environments(self._forge, pull_request, accounts)
        return base, with_posted(selection, paths, posted)

    def _base_commit(self, pull_request: PullRequest | None) -> str | None:
        """Return the commit that the change starts from."""
        if self._options.base is not None:
            return find_commit(self._options.base)
        if pull_request is not None and pull_request.state is PullRequestState.MERGED:
            assert self._forge is not None, "it told the pull request"
            return find_before(self._forge, pull_request, None, self._commit)
        if self._job.head is not None and merged_commit(self._commit) == self._job.head:
            # The checkout is a trial merge: its first parent is the base as it is now.
            return parent_of(self._commit)
        stated = self._job.base or (pull_request.base if pull_request else None)
        return find_commit(stated) if stated else None

    def _post_pending(self, pull_request: PullRequest, selection: Selection) -> bool:
        """Post that plans are being made; return whether the job may write.

        Until the new plans are posted nobody should approve the previous ones.
        """
        assert self._forge is not None
        sources = FileSources()
        every = [name_of(one.path, sources) for one in selection.touched]
        try:
            stands = newest_statuses(self._forge, pull_request, frozenset({self._forge.account()}))
            # Without a digest in its status there is nothing to approve, and nothing to withdraw.
            names = [
                name for name in every if name in stands and digest_in(stands[name].description)
            ]
            for status in pending_statuses(names, self._job.url):
                self._forge.set_status(pull_request, pull_request.head, status)
        except ForgeError as refusal:
            self._notes.append(explain_unpublished(pull_request, refusal))
            return False
        return True

    def _say_cancelled(self, pull_request: PullRequest, selection: Selection) -> None:
        """Post that a job was cancelled.

        A cancelled job gets SIGTERM, and some seconds until it is killed.
        """
        names = [name_of(one.path, FileSources()) for one in selection.touched]
        self._set_quietly(pull_request, cancelled_statuses(names, self._job.url))

    def _plan_all(self, selection: Selection) -> Sequence[Planning]:
        items: list[Touched | Removed] = [*selection.touched, *selection.removed]
        results = run_side_by_side(
            self._plan_one, items, self._options.workers, self._options.seconds
        )
        minutes = self._options.seconds / 60
        late = error(
            "plan-too-slow",
            f"no plan after {minutes:.0f} minutes.",
            None,
            "Raise --timeout and the job's own limit, or plan more at once with --workers.",
        )
        sources = FileSources()
        return [
            done or Planning(name_of(item.path, sources), item.path, failures=(late,))
            for item, done in zip(items, results, strict=True)
        ]

    def _plan_one(self, item: Touched | Removed) -> Planning:
        is_removed = isinstance(item, Removed)
        sources = item.sources if isinstance(item, Removed) else None
        name = item.name if isinstance(item, Removed) else name_of(item.path, FileSources())
        files = () if isinstance(item, Removed) else item.files
        choices = PlanChoices(destroy=is_removed, skip_preflight=self._options.skip_preflight)
        try:
            with self._cloud.open(sources) as session:
                plan = session.plan(item.path, [], choices)
                if not is_removed and (self._outputs.sarif or self._outputs.junit):
                    self._checks.append(session.check(item.path, StateKind.DESIRED))
        except DiagnosticError as problem:
            return Planning(name, item.path, files, None, problem.diagnostics, is_removed)
        except AzureError as problem:
            told = (error("azure", f"{problem}."),)
            return Planning(name, item.path, files, None, told, is_removed)
        return Planning(plan.document.environment.name, item.path, files, plan, (), is_removed)

    def _read_known(
        self, pull_request: PullRequest | None, plannings: Sequence[Planning]
    ) -> PullRequestReview:
        if self._forge is None or pull_request is None:
            return PullRequestReview({}, {})
        names = [planning.name for planning in plannings]
        reviews = read_reviews(self._forge, pull_request, names, self._options.named_accounts)
        if self._turns_order:
            reviews = {name: hold_to_head(one, pull_request.head) for name, one in reviews.items()}
        found = find_comment(self._forge, pull_request, MARKER)
        self._notes += found.report()
        return PullRequestReview(reviews, read_snapshots(found.body))

    def _plan_document(
        self,
        pull_request: PullRequest | None,
        base: str | None,
        selection: Selection,
        plannings: Sequence[Planning],
        known: PullRequestReview,
    ) -> CiPlanDocument:
        entries = [
            describe_planning(
                planning,
                known.review_of(planning.name),
                known.remembered_of(planning.name),
                self._catalog,
            )
            for planning in plannings
        ]
        return CiPlanDocument(
            pull_request=describe_pull_request(pull_request) if pull_request else None,
            commit=self._commit,
            base=base,
            changed_files=selection.changed,
            environments=tuple(sorted(entries, key=by_weight)),
            untouched=selection.untouched,
            unknown=tuple(name_of(one.path, FileSources()) for one in selection.unknown),
        )

    def _post_results(
        self,
        posting: Posting,
        document: CiPlanDocument,
        known: PullRequestReview,
        plannings: Sequence[Planning],
    ) -> CiPlanDocument:
        from provisioner.reports.ci_plan_markdown import render_ci_plan_comment

        url = self._job.url
        planned = document
        try:
            if self._outputs.dismiss_reviews:
                document = posting.dismiss(document, known, plannings)
            if self._options.named:
                document = self._with_others(posting, document)
            shown = document
            document, refusals = posting.post(
                document, known, lambda room: render_ci_plan_comment(shown, room, url), url
            )
        except ForgeError as refusal:
            # The plans were made: they are printed, and the files are written, all the same.
            self._notes.append(describe_unwritten("the comment", refusal))
            names = [entry.name for entry in planned.environments]
            self._set_quietly(posting.pull_request, unposted_statuses(names, url))
            return planned
        self._notes += refusals
        return document

    def _with_others(self, posting: Posting, document: CiPlanDocument) -> CiPlanDocument:
        """Return a document with the environments that other jobs plan on the same commit."""
        accounts = frozenset((*self._options.accounts, posting.forge.account()))
        statuses = newest_statuses(posting.forge, posting.pull_request, accounts)
        names = {entry.name for entry in document.environments}
        return document.model_copy(update={"others": describe_others(statuses, names)})

    def _set_quietly(self, pull_request: PullRequest, statuses: Sequence[NewStatus]) -> None:
        assert self._forge is not None
        with suppress(ForgeError):
            for status in statuses:
                self._forge.set_status(pull_request, pull_request.head, status)

    def _write_files(self, document: CiPlanDocument) -> None:
        from provisioner.reports.check_junit import render_checks_junit
        from provisioner.reports.check_sarif import render_checks_sarif
        from provisioner.reports.ci_plan_markdown import render_ci_plan_summary

        checks = sorted(self._checks, key=lambda check: check.environment.name)
        if self._outputs.sarif is not None:
            write_file(self._outputs.sarif, render_checks_sarif(checks, __version__), private=False)
        if self._outputs.junit is not None:
            write_file(self._outputs.junit, render_checks_junit(checks), private=False)
        if self._job.summary is not None:
            write_summary(self._job, render_ci_plan_summary(document, SUMMARY_BYTES))


_NO_BASE = error(
    "no-base",
    "what the change is compared with is not known: this is no job of a pull request.",
    None,
    "Name a revision with --base (`--base origin/main`), environments, or take --all-environments.",
)
