"""Which digest was approved: by whom, on which commit, and what does not count."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from provisioner.engine.forge_port import Approval, Status, StatusState
from provisioner.workflow.plan_review import Trust, digest_in, read_review

BOT = "github-actions[bot]"
ONE, OTHER = "sha256:" + "1" * 64, "sha256:" + "2" * 64
HEAD, OLD = "a" * 40, "b" * 40
_START = datetime(2026, 11, 30, 12, tzinfo=UTC)


def status(minute: int, text: str, creator: str = BOT, context: str = "azsec/prod") -> Status:
    at = _START + timedelta(minutes=minute)
    return Status(context, StatusState.SUCCESS, text, HEAD, creator, at)


def approval(
    minute: int, by: str = "grace", commit: str = HEAD, objection: str | None = None
) -> Approval:
    return Approval(f"{by}{minute}", by, commit, _START + timedelta(minutes=minute), objection)


def review(approvals: Sequence[Approval], statuses: dict[str, Sequence[Status]]):
    trust = Trust(frozenset({BOT}), "ada")
    return read_review("prod", approvals, lambda commit: statuses.get(commit, ()), HEAD, trust)


CASES = {
    "the digest that stood when it was approved": (
        [approval(5)],
        {HEAD: [status(1, f"{ONE} 1 change")]},
        [ONE],
    ),
    "a later plan of the same commit is not what was seen": (
        [approval(5)],
        {HEAD: [status(9, f"{OTHER} 1 change"), status(1, f"{ONE} 1 change")]},
        [ONE],
    ),
    "approved again after the later plan": (
        [approval(10)],
        {HEAD: [status(9, f"{OTHER} x"), status(1, f"{ONE} x")]},
        [OTHER],
    ),
    "the digest of an older commit, of which the approval was": (
        [approval(5, commit=OLD)],
        {OLD: [status(1, f"{ONE} x")], HEAD: [status(7, f"{OTHER} x")]},
        [ONE],
    ),
    "two people, two digests, the newest first": (
        [approval(5, "grace", OLD), approval(8, "edsger")],
        {OLD: [status(1, f"{ONE} x")], HEAD: [status(7, f"{OTHER} x")]},
        [OTHER, ONE],
    ),
    "nothing stood yet": ([approval(5)], {HEAD: [status(6, f"{ONE} x")]}, []),
    "in the very second of the status nobody has seen it": (
        [approval(6)],
        {HEAD: [status(6, f"{ONE} x")]},
        [],
    ),
    "a plan was being made": (
        [approval(5)],
        {HEAD: [status(4, "planning"), status(1, f"{ONE} x")]},
        [],
    ),
    "the plan could not be made any more": (
        [approval(5)],
        {HEAD: [status(4, "no plan: x"), status(1, f"{ONE} x")]},
        [],
    ),
    "the status of somebody else": ([approval(5)], {HEAD: [status(1, ONE, "mallory")]}, []),
    "the status of another environment": (
        [approval(5)],
        {HEAD: [status(1, ONE, context="azsec/dev")]},
        [],
    ),
    "the author's own": ([approval(5, "ada")], {HEAD: [status(1, ONE)]}, []),
    "the author's own, in other letters": ([approval(5, "Ada")], {HEAD: [status(1, ONE)]}, []),
    "of the account that posts": ([approval(5, BOT)], {HEAD: [status(1, ONE)]}, []),
    "of somebody who may only read": (
        [approval(5, objection="the account may not write")],
        {HEAD: [status(1, ONE)]},
        [],
    ),
}


def test_an_account_that_was_named_approves_whatever_the_forge_says_of_it():
    trust = Trust(frozenset({BOT}), "ada", approvers=frozenset({"grace", "ada"}))
    statuses = {HEAD: [status(1, ONE)]}
    approvals = [approval(5, objection="not required"), approval(6, "ada")]

    found = read_review("prod", approvals, lambda commit: statuses.get(commit, ()), HEAD, trust)

    assert [one.by for one in found.approvals] == ["grace"]
    assert [one.by for one in found.uncounted] == ["ada"]


@pytest.mark.parametrize("name", CASES)
def test_an_approval_is_of_the_digest_that_was_seen(name):
    approvals, statuses, expected = CASES[name]
    found = review(approvals, statuses)
    assert [one.digest for one in found.approvals] == expected
    assert len(found.uncounted) == len(approvals) - len(expected)
    assert all(one.reason for one in found.uncounted)


def test_a_plan_is_void_only_where_another_one_was_approved():
    found = review([approval(5)], {HEAD: [status(1, ONE)]})
    assert not found.is_void(ONE)
    assert found.is_void(OTHER)
    assert not review([], {}).is_void(ONE)


DESCRIPTIONS = {
    f"{ONE} 3 changes": ONE,
    ONE: ONE,
    f"the plan {ONE}": None,
    f"{ONE}0": None,
    "sha256:1234": None,
    "": None,
}


@pytest.mark.parametrize("text", DESCRIPTIONS)
def test_a_description_names_a_digest_at_its_beginning_or_none(text):
    assert digest_in(text) == DESCRIPTIONS[text]
