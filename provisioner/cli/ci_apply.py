"""Run `azsec ci apply`: on merge, apply the approved plans in the order of promotion.

`cli.ci_application` calls it.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from provisioner.blueprint.promotion import order_stages
from provisioner.cli.ci_environments import (
    Removed,
    Selection,
    describe_unknown,
    find_removed,
    list_environments,
    name_of,
    read_stages,
    select_touched,
    with_posted,
)
from provisioner.cli.ci_job import Host, open_host, write_summary
from provisioner.cli.ci_merge import find_before, find_earliest, find_merge, find_newer
from provisioner.cli.ci_options import Cloud, Options, open_cloud
from provisioner.cli.ci_outputs import apply_outputs, write_outputs
from provisioner.cli.ci_promotion import find_unapplied
from provisioner.cli.ci_review import changes_order
from provisioner.cli.exit_code import ExitCode
from provisioner.cli.git import head_commit, is_ancestor
from provisioner.cli.output import print_ci_apply
from provisioner.cli.session import PlanChoices, Session
from provisioner.cli.workspace import FileSources, load_catalog
from provisioner.documents.apply import ApplyDocument
from provisioner.documents.ci import (
    ApplyVerdict,
    CiApplyDocument,
    EnvironmentApplyDocument,
    OtherJobDocument,
)
from provisioner.documents.document import DiagnosticDocument
from provisioner.engine.forge_port import Forge, PullRequest, StatusState
from provisioner.model.azure_error import AzureError
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error, warning
from provisioner.model.forge_error import ForgeError
from provisioner.plan.plan import Plan
from provisioner.workflow.apply import ApplyOptions
from provisioner.workflow.apply_posting import ApplyPosting
from provisioner.workflow.apply_statuses import describe_others
from provisioner.workflow.ci_apply import (
    Environment,
    apply_reviewed,
    describe_removal,
    fail,
    not_run,
    not_yet,
    refuse,
    remember_applied,
)
from provisioner.workflow.ci_plan import (
    MARKER,
    describe_pull_request,
    newest_statuses,
    read_reviews,
)
from provisioner.workflow.plan_review import Review, hold_to_head, is_digest
from provisioner.workflow.plan_snapshot import RememberedPlan, read_snapshots
from provisioner.workflow.sticky_comment import find_comment


@dataclass(frozen=True, slots=True)
class Permissions:
    """What an apply may do beside creating and updating resources.

    It may delete and replace what the plans with the digests `deletes` contain, and wait some
    seconds for another apply to release a lock.
    """

    deletes: frozenset[str] = frozenset()
    lock_timeout: float = 0.0


def run_apply(options: Options, permissions: Permissions, output: str) -> int:
    """Apply the approved plans, post the results on the pull request, and return the exit code.

    Raises:
        DiagnosticError: Where `--allow-delete-digest` is not a digest, and where the job belongs to
            no forge.
    """
    for digest in permissions.deletes:
        if not is_digest(digest):
            raise DiagnosticError(_no_digest(digest))
    with open_host(publish=True) as host, open_cloud(options) as cloud:
        if host.forge is None:
            raise DiagnosticError(_NO_FORGE)
        document = _Run(options, permissions, host, host.forge, cloud).apply()
        print_ci_apply(document, output)
    verdicts = {entry.verdict for entry in document.environments}
    if ApplyVerdict.FAILED in verdicts or document.has_errors:
        return ExitCode.ERROR
    held = {ApplyVerdict.REFUSED, ApplyVerdict.NOT_RUN}
    return ExitCode.REFUSED if verdicts & held else ExitCode.SUCCESS


_NO_FORGE = error(
    "no-forge",
    "this is no job of GitHub Actions or Azure Pipelines, so there is no review to apply.",
    None,
    "Run it in a job; elsewhere `azsec apply ENV --digest sha256:…` applies a reviewed digest.",
)


def _no_digest(text: str) -> Diagnostic:
    return error(
        "wrong-digest",
        f"--allow-delete-digest {text!r} is not a digest of a plan. Expected `sha256:` and 64 hex "
        "digits.",
        None,
        "Copy the whole digest of the plan that deletes from azsec's comment or its status.",
    )


class _Run:
    """One run of `azsec ci apply`, and the facts that its steps collect."""

    def __init__(
        self, options: Options, permissions: Permissions, host: Host, forge: Forge, cloud: Cloud
    ) -> None:
        self._options = options
        self._permissions = permissions
        self._job = host.job
        self._forge = forge
        self._cloud = cloud
        self._commit = head_commit()
        self._base = ""
        self._lost: Sequence[str] = ()
        self._notes: list[Diagnostic] = []

    def apply(self) -> CiApplyDocument:
        """Apply, and post."""
        number = self._options.number
        pull_request = find_merge(self._forge, self._job, self._commit, number)
        self._base = find_before(self._forge, pull_request, self._job.before, self._commit)
        selection = self._select_environments(pull_request)
        items = {name_of(one.path, FileSources()): one for one in selection.touched}
        names = [*items, *(removed.name for removed in selection.removed)]
        reviews = read_reviews(self._forge, pull_request, names, self._options.named_accounts)
        if changes_order(self._base):
            reviews = {
                name: hold_to_head(each, pull_request.head) for name, each in reviews.items()
            }
        found = find_comment(self._forge, pull_request, MARKER)
        self._notes += found.report()
        remembered = read_snapshots(found.body)
        posting = ApplyPosting(self._forge, pull_request, self._job.url)
        done = [self._refuse_removed(removed) for removed in selection.removed]
        done += [describe_removal(name, f"environments/{name}.yaml", None) for name in self._lost]
        for entry in done:
            posting.tell(entry)
        unapplied = self._find_unapplied(pull_request, items.keys())
        for name in self._in_order(list(items)):
            path = items[name].path
            failed = next((entry for entry in done if not entry.went_well), None)
            if failed is not None:
                entry = not_run(name, path, failed.name)
            elif name in unapplied:
                entry = not_yet(name, path, unapplied[name])
            else:
                review, then = reviews[name], remembered.get(name)
                entry = self._apply_one(posting, path, name, review, then)
            posting.tell(entry)
            done.append(entry)
        document = CiApplyDocument(
            pull_request=describe_pull_request(pull_request),
            commit=self._commit,
            base=self._base,
            environments=tuple(done),
            published=True,
            diagnostics=tuple(map(DiagnosticDocument.of, (*self._notes, *posting.refusals))),
        )
        document = self._post_results(posting, document, remembered)
        write_outputs(self._job, apply_outputs(document))
        return document

    def _select_environments(self, pull_request: PullRequest) -> Selection:
        paths = list_environments(self._options.named)
        statuses = newest_statuses(self._forge, pull_request, self._trusted_accounts())
        catalog = load_catalog()
        touched = select_touched(paths, self._base, self._commit, catalog, all_named=True)
        removed = {one.name: one for one in find_removed(self._base, self._commit)}
        earliest = find_earliest(pull_request, self._base)
        for one in find_removed(earliest, self._commit) if earliest != self._base else ():
            if one.name in statuses:
                removed.setdefault(one.name, one)
        known = {name_of(path, FileSources()) for path in list_environments()}
        self._lost = sorted(
            name
            for name, status in statuses.items()
            if name not in known and name not in removed and status.state is not StatusState.SUCCESS
        )
        found = replace(touched, removed=tuple(removed.values()))
        selection = with_posted(found, paths, frozenset(statuses))
        self._notes += describe_unknown(selection)
        return selection

    def _find_unapplied(
        self, pull_request: PullRequest, names: Collection[str]
    ) -> Mapping[str, OtherJobDocument]:
        """Return what other jobs have to apply first, where this job covers some environments."""
        if not self._options.named or not names:
            return {}
        statuses = newest_statuses(self._forge, pull_request, self._trusted_accounts())
        return find_unapplied(frozenset(names), statuses, self._base, self._commit)

    def _trusted_accounts(self) -> frozenset[str]:
        return frozenset((*self._options.accounts, self._forge.account()))

    def _in_order(self, names: Sequence[str]) -> Sequence[str]:
        known = [name_of(path, FileSources()) for path in list_environments()]
        stages = read_stages(known)
        if stages is None and len(names) > 1:
            self._notes.append(
                warning(
                    "no-promotion-order",
                    "there is no promotion.yaml: environments are applied in the order of names.",
                    None,
                    "State the order: `stages: [[dev], [staging], [prod]]` (docs/ci.md).",
                )
            )
        return [name for stage in order_stages(names, stages or ()) for name in stage]

    def _apply_one(
        self,
        posting: ApplyPosting,
        path: str,
        name: str,
        review: Review,
        remembered: RememberedPlan | None,
    ) -> EnvironmentApplyDocument:
        try:
            newer = find_newer(self._forge, posting.pull_request, self._commit, path)
        except ForgeError as refusal:
            return fail(name, path, error(refusal.code, refusal.message, None, refusal.hint))
        if newer is not None:
            return refuse(name, path, newer)
        with self._cloud.open() as session:
            environment = self._bind_environment(session, path, name)
            return apply_reviewed(
                environment, review, remembered or RememberedPlan(), posting.claim
            )

    def _bind_environment(self, session: Session, path: str, name: str) -> Environment:
        permissions = self._permissions
        choices = PlanChoices(
            skip_preflight=self._options.skip_preflight,
            applies=True,
            lock_timeout=permissions.lock_timeout,
        )

        def plan() -> Plan:
            return session.plan(path, [], choices)

        def apply(made: Plan, claim: Callable[[], None]) -> ApplyDocument:
            may_delete = made.document.digest in permissions.deletes
            options = ApplyOptions(may_delete, self._options.parallelism, permissions.lock_timeout)
            with session.hold(made, permissions.lock_timeout) as lock:
                claim()
                return session.apply_under(lock, made, options)

        return Environment(
            name=name,
            path=path,
            plan=plan,
            apply=apply,
            find=lambda address: session.find(path, address),
            attribute=lambda targets, since: session.attribute(path, targets, since),
            moved_files=lambda base: self._moved_files(path, base),
            permitted=permissions.deletes,
        )

    def _moved_files(self, path: str, base: str) -> tuple[str, ...]:
        """Return the files of an environment that the target branch changed before the merge.

        Those that changed since `base`; none where git does not have both commits.
        """
        if not base or not is_ancestor(base, self._base):
            return ()
        found = select_touched([path], base, self._base, load_catalog(), all_named=True)
        return tuple(file for one in found.touched for file in one.files)

    def _refuse_removed(self, removed: Removed) -> EnvironmentApplyDocument:
        choices = PlanChoices(destroy=True, skip_preflight=True)
        try:
            with self._cloud.open(removed.sources) as session:
                plan: Plan | None = session.plan(removed.path, [], choices)
        except (DiagnosticError, AzureError) as problem:
            self._notes.append(warning("not-read", f"{removed.path} as it was: {problem}"))
            plan = None
        return describe_removal(removed.name, removed.path, plan)

    def _post_results(
        self,
        posting: ApplyPosting,
        document: CiApplyDocument,
        remembered: Mapping[str, RememberedPlan],
    ) -> CiApplyDocument:
        from provisioner.reports.ci_apply_markdown import render_ci_apply_comment
        from provisioner.reports.markdown import LIMIT

        others: tuple[OtherJobDocument, ...] | None = ()
        if self._options.named:
            # One job per environment: the results of the other jobs stay in the comment, and a job
            # whose environment the change does not touch posts nothing.
            if not document.environments:
                return document
            others = self._environments_of_other_jobs(posting, document)
            document = document.model_copy(update={"others": others or ()})
        # Written before the statuses: the summary has room for what the comment has not.
        write_summary(self._job, render_ci_apply_comment(document, 4 * LIMIT, None))
        url = self._job.url
        written = posting.post(
            document,
            lambda room: render_ci_apply_comment(document, room, url),
            remember_applied(document, remembered),
            knows_others=others is not None,
        )
        told = tuple(map(DiagnosticDocument.of, (*self._notes, *posting.refusals)))
        return written.model_copy(update={"diagnostics": told})

    def _environments_of_other_jobs(
        self, posting: ApplyPosting, document: CiApplyDocument
    ) -> tuple[OtherJobDocument, ...] | None:
        """Return the environments of the other jobs, None where the forge does not report them."""
        try:
            statuses = newest_statuses(self._forge, posting.pull_request, self._trusted_accounts())
        except ForgeError as refusal:
            posting.refusals.append(error(refusal.code, refusal.message, None, refusal.hint))
            return None
        return describe_others(statuses, {entry.name for entry in document.environments})
