"""What a comment remembers of plans: enough for words, never more than it has room for."""

import base64
import zlib

import pytest

from provisioner.documents.document import EnvironmentDocument
from provisioner.documents.plan import (
    Action,
    FieldChangeDocument,
    FieldKind,
    PlanDocument,
    PlanSummary,
    ResourceChangeDocument,
)
from provisioner.workflow.plan_snapshot import (
    RememberedPlan,
    compare_snapshot,
    read_snapshots,
    take_snapshot,
    write_snapshots,
)

_ENVIRONMENT = EnvironmentDocument(
    name="prod", blueprint="b.yaml", cloud="local", tenant_id="t", subscriptions={}
)


def plan(*changes: ResourceChangeDocument, digest: str = "sha256:1") -> PlanDocument:
    return PlanDocument(
        environment=_ENVIRONMENT, digest=digest, summary=PlanSummary(), changes=changes
    )


def change(address: str, action: Action = Action.UPDATE, **fields: str) -> ResourceChangeDocument:
    return ResourceChangeDocument(
        address=address,
        id=f"/subscriptions/s/{address}",
        type="T",
        action=action,
        disruption="no disruption",
        fields=tuple(
            FieldChangeDocument(path=path, kind=FieldKind.CHANGED, declared=True, after=value)
            for path, value in fields.items()
        ),
    )


def remembered(before: PlanDocument) -> RememberedPlan:
    told = write_snapshots({"prod": RememberedPlan(posted=take_snapshot(before, "c" * 40))})
    return read_snapshots(f"text\n{told}\n")["prod"]


CASES = {
    "nothing moved": ([change("a", x="1")], [change("a", x="1")], []),
    "a new change": ([], [change("a", x="1")], [("a", None, "update", ())]),
    "no longer planned": ([change("a", x="1")], [], [("a", "update", None, ())]),
    "another action": (
        [change("a", x="1")],
        [change("a", Action.REPLACE, x="1")],
        [("a", "update", "replace", ())],
    ),
    "another value": (
        [change("a", x="1", y="1")],
        [change("a", x="1", y="2")],
        [("a", "update", "update", ("y",))],
    ),
    "another property": (
        [change("a", x="1")],
        [change("a", x="1", z="2")],
        [("a", "update", "update", ("z",))],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_moved_is_told_by_address_and_property(name):
    before, after, expected = CASES[name]
    posted = remembered(plan(*before)).posted
    assert posted is not None
    moved = compare_snapshot(posted, plan(*after))
    assert moved is not None
    assert [(m.address, m.then, m.now, m.paths) for m in moved] == expected


def test_a_resource_that_moves_has_two_changes_at_one_address():
    before = plan(change("a", Action.DELETE), change("a", Action.CREATE))
    posted = remembered(before).posted
    assert posted is not None
    assert len(posted.changes or {}) == 2


def test_no_value_stands_in_a_comment():
    told = write_snapshots(
        {"prod": RememberedPlan(take_snapshot(plan(change("a", x="s3cr3t")), "c"))}
    )
    packed = base64.b64decode(told.split()[2])
    assert b"s3cr3t" not in zlib.decompress(packed)


@pytest.mark.parametrize("count", [10, 300, 3_000])
def test_the_size_is_bounded_whatever_a_plan_holds(count):
    large = plan(*(change(f"module.resource{n}", x=str(n), y=str(n)) for n in range(count)))
    told = write_snapshots({"prod": RememberedPlan(posted=take_snapshot(large, "c"))})
    assert len(told) <= 9_000
    posted = read_snapshots(told)["prod"].posted
    assert posted is not None, "the digest is remembered in any case"
    assert posted.digest == "sha256:1"


BROKEN = {
    "no comment": "",
    "no base64": "<!-- azsec-snapshot !!! -->",
    "no zlib": f"<!-- azsec-snapshot {base64.b64encode(b'text').decode()} -->",
    "no JSON": f"<!-- azsec-snapshot {base64.b64encode(zlib.compress(b'text')).decode()} -->",
    "another shape": f"<!-- azsec-snapshot {base64.b64encode(zlib.compress(b'[1]')).decode()} -->",
    "of an entry": "<!-- azsec-snapshot "
    + base64.b64encode(zlib.compress(b'{"prod": {"posted": 1}}')).decode()
    + " -->",
    "a bomb": "<!-- azsec-snapshot "
    + base64.b64encode(zlib.compress(b'{"prod": "' + b"x" * 10**8 + b'"}')).decode()
    + " -->",
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_somebody_edited_out_of_shape_is_nothing(name):
    assert read_snapshots(BROKEN[name]) == {}
