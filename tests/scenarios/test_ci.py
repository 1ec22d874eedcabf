"""`azsec ci` where something is in the way, on GitHub: each on a repository of its own."""

import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.forges.life import GitHubHost, Life
from tests.forges.server import Fault, Reply
from tests.scenarios.story import run_command, tamper

BLUEPRINT = """\
apiVersion: azsec/v1
kind: Blueprint
metadata: {name: app}
parameters: {stage: {type: string}}
resourceGroups:
  main: {subscription: workload, name: "rg-${stage}", tags: {owner: OWNER}, location: westeurope}
"""
ENVIRONMENT = """\
apiVersion: azsec/v1
kind: Environment
metadata: {name: NAME, id: 0000000000000000000000000000IDID}
blueprint: ../blueprints/app.yaml
cloud: local
tenantId: 99999999-9999-9999-9999-999999999999
subscriptions: {workload: 11111111-1111-1111-1111-111111111111}
parameters: {stage: NAME}
gates: {controls: none}
"""


_RUN = "from provisioner.cli import main; main()"


class Repository:
    """A repository with environments, its host, and the acts of people in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.host = GitHubHost(folder)
        self.server = self.host.server
        self.write("app", "ada")
        self.add("dev", "0d01")
        self.life = Life(self.host)

    def write(self, name: str, owner: str) -> None:
        path = self.folder / "blueprints" / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(BLUEPRINT.replace("OWNER", owner), encoding="utf-8")

    def add(self, name: str, tail: str, text: str = ENVIRONMENT) -> None:
        path = self.folder / "environments" / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        filled = text.replace("NAME", name).replace("IDID", tail)
        path.write_text(filled, encoding="utf-8")

    def act(self, *lines: str) -> None:
        for line in lines:
            self.life.act(line)

    def change(self, owner: str = "grace") -> None:
        """Open a pull request that changes every environment of the blueprint."""
        self.act("branch change")
        self.write("app", owner)
        self.act("commit Change the owner", "open pull request")

    def run(self, line: str, trigger: str = "pull request") -> str:
        with self.life.job(trigger):
            return run_command(line)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Repository]:
    monkeypatch.chdir(tmp_path)
    for name in ("GITHUB_ACTIONS", "GITHUB_TOKEN", "TF_BUILD", "AZSEC_LOCAL_STATE"):
        monkeypatch.delenv(name, raising=False)
    opened = Repository(tmp_path)
    yield opened
    opened.host.stop()


def test_nothing_is_written_where_nothing_changes_and_an_old_comment_says_so(repository):
    run_command("azsec apply dev --yes --quiet")
    repository.act("branch change")
    repository.write("app", "'ada'")
    repository.act("commit Say who", "open pull request")
    assert "no changes" in repository.run("azsec ci plan")
    assert repository.host.comment() == ""
    assert "azsec/dev success: sha256:" in repository.host.statuses()

    repository.write("app", "grace")
    repository.act("commit Change the owner")
    repository.run("azsec ci plan")
    assert "1 of 1 environment to review" in repository.host.comment()

    repository.write("app", '"ada"')
    repository.act("commit Change it back")
    repository.run("azsec ci plan")
    assert "### azsec plan: no changes in 1 environment" in repository.host.comment()


def test_a_change_that_no_environment_reads_sets_the_status_that_is_required(repository):
    repository.act("branch change")
    (repository.folder / "README.md").write_text("text", encoding="utf-8")
    repository.act("commit Write", "open pull request")
    repository.run("azsec ci plan")
    assert repository.host.comment() == ""
    assert repository.host.statuses() == (
        "azsec success: no environment reads what the change touches\n"
    )


def test_an_environment_whose_file_is_deleted_is_not_destroyed(repository):
    repository.add("old", "0d02")
    repository.act("commit Add old")
    run_command("azsec apply old --yes --quiet")
    repository.act("branch change")
    (repository.folder / "environments" / "old.yaml").unlink()
    repository.act("commit Delete old", "open pull request")
    told = repository.run("azsec ci plan")
    assert "old  file deleted  1 delete" in told
    assert "[exit 3]" in told
    assert "Nothing is destroyed on merge: run `azsec destroy old`" in repository.host.comment()
    assert "azsec/old failure: its file is deleted" in repository.host.statuses()

    repository.act("grace approves", "merge by squash")
    told = repository.run("azsec ci apply", "push")
    assert "old  refused" in told
    assert "a merge destroys nothing" in told
    assert "[exit 3]" in told


def test_an_environment_whose_file_is_renamed_is_not_deleted(repository):
    run_command("azsec apply dev --yes --quiet")
    repository.act("branch change")
    text = (repository.folder / "environments" / "dev.yaml").read_text(encoding="utf-8")
    (repository.folder / "environments" / "dev.yaml").unlink()
    repository.add("dev2", "", text)
    repository.act("commit Rename", "open pull request")
    told = repository.run("azsec ci plan")
    assert "file deleted" not in told
    assert "dev  no changes" in told


def test_a_fork_is_planned_and_nothing_is_posted(repository):
    repository.change()
    repository.server.pulls[1]["head"]["repo"] = {"full_name": "mallory/platform"}
    repository.server.permissions |= {"pull-requests": "read", "statuses": "read"}
    told = repository.run("azsec ci plan")
    assert "the pull request comes from a fork, whose jobs only read" in told
    assert "[exit" not in told
    assert "Plan of <code>dev</code>" in (repository.folder / "summary.md").read_text("utf-8")


def test_a_missing_permission_is_an_error_that_names_it(repository):
    repository.change()
    repository.server.permissions["statuses"] = "read"
    told = repository.run("azsec ci plan")
    assert "It takes the permission `statuses: write`" in told
    assert "[exit 1]" in told


def test_a_job_without_a_token_is_told_where_it_is_given(repository, monkeypatch):
    repository.change()
    with repository.life.job("pull request"):
        monkeypatch.setenv("GITHUB_TOKEN", "")
        told = run_command("azsec ci plan")
    assert "the variable GITHUB_TOKEN is not set" in told
    assert "[exit 1]" in told


def test_without_a_job_a_base_is_asked_for_and_the_comment_is_printed(repository):
    repository.change()
    assert "Name a revision with --base" in run_command("azsec ci plan")
    told = run_command("azsec ci plan --base main -o markdown")
    assert "1 of 1 environment to review" in told
    assert "git does not know the revision 'nowhere'" in run_command("azsec ci plan --base nowhere")
    assert "this is no job of GitHub Actions" in run_command("azsec ci apply")


def _newer_commit(repository: Repository) -> None:
    repository.server.push(1, "f" * 40)


def _closed(repository: Repository) -> None:
    repository.server.close(1)


def _merged(repository: Repository) -> None:
    repository.server.merge(1, "e" * 40)


MEANWHILE = {
    "a newer commit": (_newer_commit, "has a newer commit (cccccccccccc)"),
    "closed": (_closed, "was closed without a merge"),
    "merged": (_merged, "was merged meanwhile"),
}


@pytest.mark.parametrize("name", MEANWHILE)
def test_what_the_pull_request_became_while_planning_decides(repository, name):
    happens, expected = MEANWHILE[name]
    repository.change()
    # The first look is before the plans are made, the second one after.
    repository.server.server.faults += [
        Fault("GET", r"/pulls/1$", None),
        Fault("GET", r"/pulls/1$", None, before=lambda: happens(repository)),
    ]
    told = repository.run("azsec ci plan")
    assert expected in told
    assert repository.host.comment() == ""


def test_nobody_approved_and_nobody_planned(repository):
    repository.change()
    repository.act("merge by merge")
    told = repository.run("azsec ci apply", "push")
    assert "no plan was posted on the pull request" in told
    assert "[exit 3]" in told


def test_approvals_that_do_not_count_are_named(repository):
    repository.change()
    repository.act("edsger approves")
    repository.run("azsec ci plan")
    repository.act("ada approves", "mallory approves", "merge by rebase")
    told = " ".join(repository.run("azsec ci apply", "push").split())
    assert "dev refused" in told
    assert "edsger: the account may not write to the repository" in told
    assert "ada: the author's own approval does not count" in told


def test_a_status_of_somebody_else_approves_nothing(repository):
    repository.change()
    repository.run("azsec ci plan")
    head = repository.server.pulls[1]["head"]["sha"]
    forged = dict(repository.server.statuses[head][1])
    repository.server.statuses[head] = []
    repository.server.status(head, "mallory", forged)
    repository.act("grace approves", "merge by squash")
    assert "dev  refused" in repository.run("azsec ci apply dev", "push")


@pytest.mark.parametrize("way", ["merge", "squash", "rebase"])
def test_every_way_of_merging_applies_what_was_approved(repository, way):
    repository.change()
    (repository.folder / "README.md").write_text("text", encoding="utf-8")
    repository.act("commit Write a second commit")
    repository.run("azsec ci plan")
    repository.act("grace approves", f"merge by {way}")
    assert "dev  applied  1 of 1 step · approved by grace" in repository.run(
        "azsec ci apply", "push"
    )


def test_what_was_pushed_past_a_pull_request_is_not_applied(repository):
    repository.write("app", "grace")
    repository.act("commit Past it")
    # It is part of a pull request that somebody has opened elsewhere since.
    number = repository.server.open_pull(repository.life.head, "0" * 40, "ada")
    repository.server.associated[repository.life.head] = [number]
    told = repository.run("azsec ci apply", "push")
    assert "knows no pull request whose merge is the commit" in told
    assert "it belongs to #1 (open)" in told
    assert "[exit 1]" in told


def test_the_first_one_that_fails_stops_those_after_it(repository):
    repository.add("prod", "0d03")
    (repository.folder / "promotion.yaml").write_text(
        "apiVersion: azsec/v1\nkind: Promotion\nstages: [[prod], [dev]]\n", encoding="utf-8"
    )
    repository.act("commit Add prod")
    repository.change()
    repository.run("azsec ci plan")
    repository.act("grace approves", "merge by squash")
    # prod changes after its approval: it is there already.
    run_command("azsec apply prod --yes --quiet")
    repository.write("app", "mallory")
    run_command("azsec apply prod --yes --quiet")
    repository.write("app", "grace")
    told = repository.run("azsec ci apply", "push")
    assert told.index("prod  refused") < told.index("dev  not run")
    assert "dev comes after prod, which did not end well" in told


def test_a_change_beside_the_planned_ones_is_named_with_its_actor(repository, catalog):
    run_command("azsec apply dev --yes --quiet")
    repository.change()
    repository.run("azsec ci plan")
    repository.act("grace approves", "merge by squash")
    # A tag of others is no change of the plan, but the group is not as it was seen.
    line = 'resourceGroups/rg-dev tags.costCentre = "42"\n'
    tamper(line, catalog, "mallory@contoso.com with Azure CLI")
    told = " ".join(repository.run("azsec ci apply", "push").split())
    assert "dev refused" in told
    assert "resourceGroups.main approved: the same · now: update" in told
    assert "written by mallory@contoso.com with Azure CLI" in told


def test_what_moved_on_the_target_branch_since_the_review_is_named(repository):
    repository.change()
    repository.run("azsec ci plan")
    repository.act("grace approves")
    repository.life.git("switch", "--quiet", "main")
    path = repository.folder / "environments" / "dev.yaml"
    path.write_text(path.read_text("utf-8").replace("stage: dev", "stage: other"), "utf-8")
    repository.life.git("commit", "--quiet", "-a", "-m", "Main moves on")
    repository.life.git("switch", "--quiet", "change")
    repository.act("merge by squash")
    told = " ".join(repository.run("azsec ci apply", "push").split())
    assert "dev refused" in told
    moved = "The target branch moved since the plan was reviewed: environments/dev.yaml."
    assert moved in told
    assert "moved since the plan was reviewed: `environments/dev.yaml`" in repository.host.comment()


def test_a_job_that_is_cancelled_leaves_no_status_that_waits(repository, monkeypatch):
    repository.change()
    with socket.create_server(("127.0.0.1", 0)) as silent, repository.life.job("pull request"):
        port = silent.getsockname()[1]
        monkeypatch.setenv("AZSEC_LOCAL_ENDPOINT", f"http://127.0.0.1:{port}")
        process = subprocess.Popen(
            [sys.executable, "-c", _RUN, "ci", "plan"],
            stderr=subprocess.PIPE,
            text=True,
        )
        # It has announced its plans, and waits for Azure.
        silent.accept()
        process.terminate()
        _, told = process.communicate(timeout=60)
    assert process.returncode == 130, told
    assert repository.host.statuses() == (
        "azsec error: no plan: the job was cancelled\n"
        "azsec/dev error: no plan: the job was cancelled\n"
    )


def test_reviews_of_another_plan_are_dismissed_where_that_is_asked_for(repository):
    repository.change()
    repository.run("azsec ci plan")
    repository.act("grace approves")
    repository.write("app", "edsger")
    repository.act("commit Change it again")
    repository.run("azsec ci plan --dismiss-reviews")
    (review,) = repository.server.reviews[1]
    assert review["state"] == "DISMISSED"
    assert "azsec/dev success" in repository.host.statuses()
    assert "The plan is not the one that was approved" in repository.host.comment()


def test_the_base_that_moved_is_part_of_what_is_planned(repository):
    repository.change()
    repository.life.git("switch", "--quiet", "main")
    repository.add("late", "0d04")
    repository.life.git("add", "-A")
    repository.life.git("commit", "--quiet", "-m", "Main moves on")
    repository.life.git("switch", "--quiet", "change")
    told = repository.run("azsec ci plan")
    assert "dev  to review" in told
    assert "late  to review" in told, "the merge makes it read the changed blueprint"


def _applied(repository: Repository, owner: str) -> tuple[str, str]:
    """Return the commit of a change that was applied, and the one before it."""
    before = repository.life.git("rev-parse", "main")
    repository.act(f"branch {owner}")
    repository.write("app", owner)
    repository.act(f"commit Name {owner}", "open pull request")
    repository.run("azsec ci plan")
    repository.act("grace approves", "merge by squash")
    assert "dev  applied" in repository.run("azsec ci apply", "push")
    return repository.life.git("rev-parse", "main"), before


def test_a_job_that_runs_again_after_a_later_merge_applies_nothing(repository, monkeypatch):
    commit, before = _applied(repository, "one")
    number = max(repository.server.pulls)
    _applied(repository, "two")
    repository.life.git("switch", "--quiet", "--detach", commit)
    for name, value in repository.host.environ("push", commit, before).items():
        monkeypatch.setenv(name, value)
    told = " ".join(run_command("azsec ci apply").split())
    assert "dev refused" in told
    assert "main is at" in told
    assert "blueprints/app.yaml" in told
    assert f"check out main and run `azsec ci apply --pull-request {number}`" in told
    assert "[exit 3]" in told


def test_an_approval_is_for_one_apply(repository):
    run_command("azsec apply dev --yes --quiet")
    _applied(repository, "one")
    # Somebody puts Azure back to what it was, so that the approved plan is the plan once more.
    repository.write("app", "ada")
    run_command("azsec apply dev --yes --quiet")
    repository.life.git("checkout", "--quiet", "--", ".")
    told = " ".join(repository.run("azsec ci apply", "push").split())
    assert "dev refused" in told
    assert "grace: its plan was applied at" in told
    repository.act("grace approves")
    assert "dev  applied" in repository.run("azsec ci apply", "push")


TABLE = """\
resources:
  table:
    type: Microsoft.Network/routeTables
    resourceGroup: main
    name: rt-nodes
    properties: {disableBgpRoutePropagation: true}
"""


def _digest(text: str) -> str:
    found = re.search(r"sha256:[0-9a-f]{64}", text)
    assert found is not None
    return found[0]


def test_an_approved_delete_takes_a_run_that_permits_its_digest(repository):
    path = repository.folder / "blueprints" / "app.yaml"
    path.write_text(path.read_text("utf-8") + TABLE, "utf-8")
    repository.act("commit Add a route table")
    run_command("azsec apply dev --yes --quiet")
    repository.act("branch change")
    repository.write("app", "ada")
    repository.act("commit Remove the route table", "open pull request")

    told = " ".join(repository.run("azsec ci plan").split())
    assert "Deletes or replaces table: beside an approval this needs a run" in told
    comment = repository.host.comment()
    assert "**needs allow-delete**" in comment
    assert "**Deletes or replaces** `table` (delete: " in comment
    digest = _digest(comment)
    assert f"`allow-delete` `{digest}`" in comment
    assert f"azsec/dev success: {digest} 1 change" in repository.host.statuses()
    assert ", needs allow-delete\n" in repository.host.statuses()
    repository.act("grace approves", "merge by squash")

    told = " ".join(repository.run("azsec ci apply", "push").split())
    assert "deletes or replaces table, which this run was not permitted" in told
    assert "[exit 3]" in told
    status = f"azsec/dev failure: {digest} approved, not applied: needs allow-delete\n"
    assert status in repository.host.statuses()
    assert f"and with allow-delete {digest}" in repository.host.comment()

    other = "sha256:" + "0" * 64
    line = "azsec ci apply dev --pull-request 1 --allow-delete-digest"
    assert "not permitted" in " ".join(repository.run(f"{line} {other}", "schedule").split())
    assert "is not a digest of a plan" in repository.run(f"{line} {digest[:19]}", "schedule")
    told = repository.run(f"{line} {digest}", "schedule")
    assert "dev  applied  1 of 1 step · approved by grace" in told
    assert "rt-nodes" not in run_command("azsec plan dev")


def test_a_digest_that_may_delete_is_approved_all_the_same(repository):
    path = repository.folder / "blueprints" / "app.yaml"
    path.write_text(path.read_text("utf-8") + TABLE, "utf-8")
    repository.act("commit Add a route table")
    run_command("azsec apply dev --yes --quiet")
    repository.act("branch change")
    repository.write("app", "ada")
    repository.act("commit Remove the route table", "open pull request")
    repository.run("azsec ci plan")
    digest = _digest(repository.host.comment())
    repository.act("merge by squash")
    told = " ".join(
        repository.run(f"azsec ci apply --allow-delete-digest {digest}", "push").split()
    )
    assert "there is no approval of the plan" in told
    assert "[exit 3]" in told


def test_a_plan_that_fails_says_where_and_that_there_is_none(repository):
    repository.act("branch change")
    path = repository.folder / "environments" / "dev.yaml"
    path.write_text(path.read_text("utf-8").replace("stage: dev", "stge: dev"), "utf-8")
    repository.act("commit Break it", "open pull request")
    repository.run("azsec ci plan")
    comment = repository.host.comment()
    assert "### azsec plan: no plan of 1 of 1 environment\n" in comment
    assert re.search(r"- \*\*error\*\* `\w+/\w+\.yaml:\d+:\d+`: ", comment), comment
    assert "No plan was made of `" in comment
    assert "An approval covers" not in comment
    assert "azsec failure: 0 planned, 0 to apply, 1 not ready\n" in repository.host.statuses()


def test_a_refused_plan_says_why_in_the_log_of_the_job(repository):
    repository.act("branch change")
    path = repository.folder / "environments" / "dev.yaml"
    text = path.read_text("utf-8").replace("gates: {controls: none}", "gates: {controls: low}")
    path.write_text(text, "utf-8")
    repository.act("commit Raise the gate", "open pull request")
    told = " ".join(repository.run("azsec ci plan").split())
    assert "dev refused" in told
    assert "The gate controls refuses the plan: CFG-07 " in told


def test_a_later_commit_that_the_environment_does_not_read_stops_no_apply(repository):
    repository.change()
    repository.run("azsec ci plan")
    repository.act("grace approves", "merge by squash")
    merged = repository.life.head
    (repository.folder / "README.md").write_text("text", encoding="utf-8")
    repository.act("commit Write")
    repository.server.heads["main"] = repository.life.head
    repository.life.git("switch", "--quiet", "--detach", merged)
    assert "dev  applied" in repository.run("azsec ci apply", "push")


def test_a_review_for_another_branch_is_none_for_this_one(repository):
    repository.change()
    repository.server.pulls[1]["base"]["ref"] = "feature"
    repository.run("azsec ci plan")
    repository.act("grace approves", "merge by squash")
    told = " ".join(repository.run("azsec ci apply", "push").split())
    assert "pull request 1 was merged into feature, and this job runs for the branch main" in told
    assert "[exit 1]" in told


@pytest.mark.parametrize("way", ["squash", "rebase"])
def test_a_job_of_one_environment_names_another_whose_file_is_deleted(repository, way):
    repository.add("old", "0d02")
    repository.act("commit Add old")
    run_command("azsec apply old --yes --quiet")
    repository.act("branch change")
    (repository.folder / "environments" / "old.yaml").unlink()
    repository.act("commit Delete old")
    (repository.folder / "README.md").write_text("text", encoding="utf-8")
    repository.act("commit Write", "open pull request")
    repository.run("azsec ci plan")
    repository.act("grace approves", f"merge by {way}")
    # A forge that does not tell what the branch had before (Azure Pipelines).
    repository.life._before = ""
    told = repository.run("azsec ci apply dev", "push")
    assert "old  refused" in told
    assert "[exit 3]" in told
    assert "azsec failure: not applied: old" in repository.host.statuses()


@pytest.mark.parametrize("line", ["ci plan --base main", "ci plan dev", "ci drift --no-publish"])
def test_two_files_with_one_name_are_refused(repository, line):
    repository.add("dev2", "0d02", ENVIRONMENT.replace("{name: NAME", "{name: dev"))
    told = run_command(f"azsec {line}")
    assert "environments/dev.yaml and environments/dev2.yaml both have the name 'dev'" in told
    assert "[exit 1]" in told


def test_a_shallow_clone_is_refused(repository, tmp_path_factory, monkeypatch):
    repository.change()
    repository.act("merge by squash")
    folder = tmp_path_factory.mktemp("shallow")
    source = f"file://{repository.folder}"
    repository.life.git("clone", "--quiet", "--depth", "1", source, str(folder))
    monkeypatch.chdir(folder)
    repository.life._before = ""
    told = repository.run("azsec ci apply", "push")
    assert "git does not have the commit before" in told
    assert "fetch-depth: 0" in told
    assert "[exit 1]" in told
    assert "success" not in repository.host.statuses()


def test_a_checkout_of_the_base_says_nothing_of_the_pull_request(repository, monkeypatch):
    repository.change()
    repository.life.git("switch", "--quiet", "main")
    variables = repository.host.environ(
        "pull request", repository.life.git("rev-parse", "main"), ""
    )
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    told = run_command("azsec ci plan")
    assert "is not in what is checked out" in told
    assert "pull_request_target" in told
    assert "[exit 1]" in told
    assert repository.host.statuses() == ""


def test_another_pull_request_of_the_same_commit_turns_no_check_green(repository):
    repository.change()
    head = repository.life.head
    number = repository.server.open_pull(head, head, "ada")
    repository.server.pulls[number]["base"]["ref"] = "scratch"
    told = repository.run("azsec ci plan")
    assert f"the head of #1 is that of #{number} (into scratch) too" in " ".join(told.split())
    assert "[exit 1]" in told
    assert "azsec failure: not planned: the head of #1" in repository.host.statuses()
    assert "sha256:" not in repository.host.statuses()
    repository.server.close(number)
    assert "dev  to review" in repository.run("azsec ci plan")


def _order(repository: Repository, stages: str) -> None:
    text = f"apiVersion: azsec/v1\nkind: Promotion\nstages: {stages}\n"
    (repository.folder / "promotion.yaml").write_text(text, encoding="utf-8")


def test_a_changed_order_of_promotion_is_told_to_its_reviewers(repository):
    repository.add("prod", "0d03")
    _order(repository, "[[dev], [prod]]")
    repository.act("commit State the order")
    repository.act("branch change")
    repository.write("app", "grace")
    _order(repository, "[[prod], [dev]]")
    repository.act("commit Turn the order", "open pull request")
    repository.run("azsec ci plan")
    comment = " ".join(repository.host.comment().split())
    assert "dev, then prod becomes prod, then dev" in comment


def test_an_order_that_is_turned_after_the_approval_takes_another_one(repository):
    repository.add("prod", "0d03")
    _order(repository, "[[dev], [prod]]")
    repository.act("commit State the order")
    repository.change()
    repository.run("azsec ci plan")
    repository.act("grace approves")
    _order(repository, "[[prod], [dev]]")
    repository.act("commit Turn the order")
    repository.run("azsec ci plan")
    repository.act("merge by squash")
    told = " ".join(repository.run("azsec ci apply", "push").split())
    assert "prod refused" in told
    assert "promotion.yaml changes the order, and the approval is of an earlier commit" in told
    repository.act("grace approves")
    assert "prod  applied" in repository.run("azsec ci apply", "push")


def test_a_rebase_of_several_commits_is_seen_from_its_first_one(repository):
    repository.add("prod", "0d03")
    _order(repository, "[[dev], [prod]]")
    repository.act("commit State the order")
    repository.change()
    repository.run("azsec ci plan")
    repository.act("grace approves")
    _order(repository, "[[prod], [dev]]")
    repository.act("commit Turn the order")
    (repository.folder / "README.md").write_text("text", encoding="utf-8")
    repository.act("commit Write", "merge by rebase")
    made = repository.life.git("rev-list", "-3", "main").split()
    repository.server.associated |= {commit: [1] for commit in made}
    # A run by hand is not told what the branch had before.
    repository.life._before = ""
    told = " ".join(repository.run("azsec ci apply --pull-request 1", "push").split())
    assert "prod refused" in told
    assert "promotion.yaml changes the order, and the approval is of an earlier commit" in told


def test_an_order_of_promotion_that_is_wrong_fails_before_the_merge(repository):
    repository.act("branch change")
    repository.write("app", "grace")
    _order(repository, "[[dve]]")
    repository.act("commit State the order", "open pull request")
    told = repository.run("azsec ci plan")
    assert "there is no environment 'dve'" in told
    assert "[exit 1]" in told
    assert (
        repository.host.statuses() == "azsec failure: not planned: there is no environment 'dve'.\n"
    )


def test_the_drift_issue_of_a_deleted_environment_is_closed_with_a_statement(repository, catalog):
    repository.add("old", "0d02")
    repository.act("commit Add old")
    run_command("azsec apply old --yes --quiet")
    tamper('resourceGroups/rg-old tags.owner = "mallory"\n', catalog)
    assert "issue opened" in repository.run("azsec ci drift old", "schedule")
    (issue,) = repository.server.issues.values()
    issue["labels"] = []
    (repository.folder / "environments" / "old.yaml").unlink()
    repository.act("commit Delete old")

    repository.run("azsec ci drift dev", "schedule")
    assert issue["state"] == "open", "one environment was checked, and not all"
    told = repository.run("azsec ci drift", "schedule")

    assert "environments/old.yaml, the file of environment old, is gone" in " ".join(told.split())
    assert issue["state"] == "closed"
    assert "the environment `old` is not checked any more" in issue["body"]


def test_an_environment_that_cannot_be_composed_is_not_called_untouched(repository):
    repository.add("broken", "0d04")
    path = repository.folder / "environments" / "broken.yaml"
    path.write_text("apiVersion: azsec/v1\nkind: [", encoding="utf-8")
    repository.add("other", "0d05", ENVIRONMENT.replace("app.yaml", "other.yaml"))
    bad = "apiVersion: azsec/v1\nkind: Blueprint\nmodules: {"
    (repository.folder / "blueprints" / "other.yaml").write_text(bad, encoding="utf-8")
    repository.act("commit Break two of three")
    repository.change()
    told = " ".join(repository.run("azsec ci plan").split())

    assert "dev to review" in told
    assert "Not known whether the change touches them: broken, other." in told
    assert "no file of theirs is touched" not in told
    assert "environments/broken.yaml cannot be composed" in told
    comment = " ".join(repository.host.comment().split())
    assert "Not known whether the change touches them: `broken`, `other`." in comment
    assert "azsec success: 1 planned, 1 to apply, 2 not known" in repository.host.statuses()

    repository.act("grace approves", "merge by squash")
    told = " ".join(repository.run("azsec ci apply", "push").split())
    assert "dev applied" in told
    assert "whether the change touches broken is not known" in told


@pytest.mark.parametrize("line", ["azsec ci plan", "azsec ci plan dev"])
def test_two_files_with_one_name_fail_the_status_that_is_required(repository, line):
    repository.act("branch change")
    repository.add("dev2", "0d02", ENVIRONMENT.replace("{name: NAME", "{name: dev"))
    repository.act("commit Add a second dev", "open pull request")
    assert "[exit 1]" in repository.run(line)
    assert repository.host.statuses() == (
        "azsec failure: not planned: environments/dev.yaml and environments/dev2.yaml both have "
        "the name 'dev'.\n"
    )


def test_a_turned_order_voids_the_approvals_of_earlier_commits_before_the_merge(repository):
    repository.add("prod", "0d03")
    _order(repository, "[[dev], [prod]]")
    repository.act("commit State the order")
    repository.change()
    repository.run("azsec ci plan")
    repository.act("grace approves")
    _order(repository, "[[prod], [dev]]")
    repository.act("commit Turn the order")
    told = " ".join(repository.run("azsec ci plan").split())
    assert "approval void" in told
    statuses = repository.host.statuses()
    assert statuses.count("not the approved plan") == 2
    assert "azsec failure: 2 planned, 2 to apply, promotion.yaml changes the order" in statuses
    assert "the approval is of an earlier commit" in repository.host.comment()

    repository.act("grace approves")
    repository.run("azsec ci plan")
    assert "failure" not in repository.host.statuses()


def test_an_order_that_is_turned_alone_is_shown_to_its_reviewers(repository):
    repository.add("prod", "0d03")
    _order(repository, "[[dev], [prod]]")
    repository.act("commit State the order", "branch change")
    _order(repository, "[[prod], [dev]]")
    repository.act("commit Turn the order", "open pull request")
    repository.run("azsec ci plan")
    assert "dev, then prod becomes prod, then dev" in " ".join(repository.host.comment().split())
    assert "promotion.yaml changes the order" in repository.host.statuses()


def _refuse(repository: Repository, method: str, path: str, times: int = 1) -> None:
    repository.server.server.faults.append(Fault(method, path, Reply(502), times))


def _refuse_statuses(repository: Repository, after: int) -> None:
    """Refuse each status that is set, from one on."""
    repository.server.server.faults.append(Fault("POST", r"/statuses/", None, after))
    _refuse(repository, "POST", r"/statuses/", 99)


def test_an_approval_is_used_up_though_nothing_is_told_of_the_apply(repository):
    repository.add("prod", "0d03")
    repository.act("commit Add prod")
    repository.change()
    repository.run("azsec ci plan")
    repository.act("grace approves", "merge by squash")
    # The claim of dev arrives, and no status after it.
    _refuse_statuses(repository, after=1)
    told = " ".join(repository.run("azsec ci apply", "push").split())
    assert "dev applied" in told
    assert "the status azsec/dev was not written: GitHub refuses POST" in told
    assert "prod failed" in told
    assert "nothing was applied: the status that uses up the approval" in told
    assert "[exit 1]" in told
    comment = repository.host.comment()
    assert "1 failed, 1 applied" in comment
    assert "azsec/dev pending: applying sha256:" in repository.host.statuses()
    assert "dev" in (repository.folder / "summary.md").read_text("utf-8")

    # Azure is put back to what it was, and the job is run again.
    repository.server.server.faults.clear()
    shutil.rmtree(repository.folder / ".azsec")
    told = " ".join(repository.run("azsec ci apply", "push").split())
    assert "dev refused" in told
    assert "grace: an apply of its plan began at" in told
    assert "[exit 3]" in told
    repository.act("grace approves")
    assert "dev applied" in " ".join(repository.run("azsec ci apply dev", "push").split())


def test_a_plan_that_the_comment_does_not_show_is_not_offered_for_approval(repository):
    repository.change()
    repository.run("azsec ci plan")
    repository.act("grace approves", "merge by squash")
    repository.write("app", "mallory")
    run_command("azsec apply dev --yes --quiet")
    repository.write("app", "grace")
    _refuse(repository, "PATCH", r"/issues/comments/")
    told = " ".join(repository.run("azsec ci apply", "push").split())
    assert "dev refused" in told
    assert "the comment was not written: GitHub refuses PATCH" in told
    assert "[exit 1]" in told
    assert "azsec/dev failure: not the approved plan, and the comment that" in (
        repository.host.statuses()
    )

    repository.act("grace approves")
    told = " ".join(repository.run("azsec ci apply", "push").split())
    assert "dev refused" in told, "grace has seen the first plan alone"
    repository.act("grace approves")
    assert "dev applied" in " ".join(repository.run("azsec ci apply", "push").split())


def test_a_branch_that_cannot_be_looked_up_after_an_apply_hides_nothing(repository):
    repository.add("prod", "0d03")
    repository.act("commit Add prod")
    repository.change()
    repository.run("azsec ci plan")
    repository.act("grace approves", "merge by squash")
    faults = repository.server.server.faults
    faults.append(Fault("GET", r"/branches/main$", None))
    faults.append(Fault("GET", r"/branches/main$", Reply(403, {"message": "No"}), 9))
    told = " ".join(repository.run("azsec ci apply", "push").split())
    assert "dev applied" in told
    assert "prod failed" in told
    assert "1 failed, 1 applied" in repository.host.comment()


def _drift(repository: Repository, catalog, *names: str) -> None:
    """Apply environments, and let their groups drift."""
    for name in names:
        run_command(f"azsec apply {name} --yes --quiet")
        tamper(f'resourceGroups/rg-{name} tags.owner = "mallory"\n', catalog)


def test_an_issue_that_is_refused_takes_nothing_from_the_other_findings(repository, catalog):
    repository.add("prod", "0d03")
    repository.act("commit Add prod")
    _drift(repository, catalog, "dev", "prod")
    limited = Reply(
        403, {"message": "You have exceeded a secondary rate limit."}, {"Retry-After": "3600"}
    )
    repository.server.server.faults.append(Fault("POST", r"/issues$", limited))
    told = " ".join(repository.run("azsec ci drift --badge badge.json", "schedule").split())
    assert "dev drift 1 changed" in told
    assert "prod drift issue opened" in told
    assert "the issue of dev was not written: GitHub refuses POST" in told
    assert "[exit 2]" in told
    assert [issue["title"] for issue in repository.server.issues.values()] == ["Drift in prod"]
    assert "2 of 2 drifted" in (repository.folder / "badge.json").read_text("utf-8")
    assert "mallory" in (repository.folder / "summary.md").read_text("utf-8")

    repository.server.permissions["issues"] = "none"
    told = " ".join(repository.run("azsec ci drift", "schedule").split())
    assert "dev drift 1 changed" in told
    assert "`issues: read`" in told


def test_a_branch_without_an_environment_does_not_close_its_issue(repository, catalog, monkeypatch):
    repository.add("old", "0d02")
    repository.act("commit Add old")
    run_command("azsec apply dev --yes --quiet")
    _drift(repository, catalog, "old")
    repository.run("azsec ci drift", "schedule")
    (issue,) = repository.server.issues.values()
    file = repository.folder / "environments" / "old.yaml"
    file.unlink()
    with repository.life.job("schedule"):
        told = run_command("azsec ci drift")
        assert issue["state"] == "open", "a sparse checkout: the commit has the file"
        repository.act("branch feature", "commit Delete old")
        monkeypatch.setenv("GITHUB_REF", "refs/heads/feature")
        told = " ".join(run_command("azsec ci drift").split())
    assert issue["state"] == "open"
    assert "the job is of feature, not of the default branch main" in told
    assert "environment-gone" not in told


def test_a_status_that_is_refused_takes_nothing_from_the_files_of_a_plan(repository):
    repository.change()
    # The first look of a commit announces with one status.
    _refuse_statuses(repository, after=1)
    told = " ".join(repository.run("azsec ci plan --sarif out.sarif --junit out.xml").split())
    assert "dev to review 1 create" in told
    assert "the status azsec/dev was not written: GitHub refuses POST" in told
    assert "[exit 1]" in told
    assert "azsec pending: planning" in repository.host.statuses()
    assert "1 of 1 environment to review" in repository.host.comment()
    assert (repository.folder / "out.sarif").is_file()
    assert (repository.folder / "out.xml").is_file()
    assert "Plan of <code>dev</code>" in (repository.folder / "summary.md").read_text("utf-8")

    repository.server.server.faults.clear()
    repository.run("azsec ci plan")
    _refuse(repository, "PATCH", r"/issues/comments/")
    repository.write("app", "edsger")
    repository.act("commit Change it again")
    told = " ".join(repository.run("azsec ci plan").split())
    assert "dev to review 1 create" in told
    assert "the comment was not written: GitHub refuses PATCH" in told
    assert "[exit 1]" in told
    assert repository.host.statuses() == (
        "azsec error: not posted: the comment with the plan was not written\n"
        "azsec/dev error: not posted: the comment with the plan was not written\n"
    )


def test_a_status_is_set_once_where_nothing_stood(repository):
    repository.add("prod", "0d03")
    repository.act("commit Add prod")
    repository.change()
    repository.run("azsec ci plan")
    head = repository.server.pulls[1]["head"]["sha"]
    told = [one["context"] for one in reversed(repository.server.statuses[head])]
    assert told == ["azsec", "azsec/dev", "azsec/prod", "azsec"]


def test_a_job_for_each_environment_keeps_what_the_others_planned(repository):
    repository.add("prod", "0d03")
    repository.act("commit Add prod", "branch change")
    repository.write("app", "grace")
    path = repository.folder / "environments" / "prod.yaml"
    path.write_text(path.read_text("utf-8").replace("stage:", "stge:"), "utf-8")
    repository.act("commit Break prod", "open pull request")
    repository.run("azsec ci plan prod")
    told = repository.run("azsec ci plan dev")
    assert "By other jobs: prod (no plan: " in " ".join(told.split())
    assert "azsec failure: 1 planned, 1 to apply, 1 by other jobs, 1 not ready\n" in (
        repository.host.statuses()
    )
    comment = repository.host.comment()
    assert "Planned by other jobs" in comment
    assert "- `prod`: **no plan: " in comment
    path.write_text(path.read_text("utf-8").replace("stge:", "stage:"), "utf-8")
    repository.act("commit Repair prod")
    repository.run("azsec ci plan prod")
    repository.run("azsec ci plan dev")
    assert "azsec success: 1 planned, 1 to apply, 1 by other jobs\n" in repository.host.statuses()
    assert "- `prod`: `sha256:" in repository.host.comment()


def test_two_folders_with_environments_have_statuses_and_a_comment_each(repository, monkeypatch):
    other = repository.folder / "infra" / "b"
    for name in ("environments", "blueprints"):
        shutil.copytree(repository.folder / name, other / name)
    repository.act("commit Add a second folder", "branch change")
    repository.write("app", "grace")
    path = other / "blueprints" / "app.yaml"
    path.write_text(BLUEPRINT.replace("OWNER", "edsger"), encoding="utf-8")
    repository.act("commit Change both", "open pull request")
    repository.run("azsec ci plan")
    monkeypatch.chdir(other)
    repository.run("azsec ci plan")
    repository.run("azsec ci plan")
    monkeypatch.chdir(repository.folder)

    contexts = [line.partition(": ")[0] for line in repository.host.statuses().splitlines()]
    assert contexts == [
        "azsec success",
        "azsec/dev success",
        "azsec:infra:b success",
        "azsec:infra:b/dev success",
    ]
    first, second = (comment["body"] for comment in repository.server.comments[1])
    assert first.startswith("<!-- azsec-plan -->\n### azsec plan: 1 of 1")
    assert second.startswith("<!-- azsec-plan infra/b -->\nIn the folder `infra/b`:\n### azsec")
    assert "grace" in first
    assert "edsger" in second

    repository.act("grace approves", "merge by squash")
    monkeypatch.chdir(other)
    assert "dev  applied" in repository.run("azsec ci apply", "push")
    assert "azsec:infra:b/dev success: sha256:" in repository.host.statuses()
    assert "applied" not in repository.host.statuses().partition("azsec:")[0]
    monkeypatch.chdir(repository.folder)
    assert "dev  applied" in repository.run("azsec ci apply", "push")
