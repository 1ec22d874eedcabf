"""docs/audit.md can be read, and the audit judges by it. The scan itself is `make audit`."""

import pytest

from audit.__main__ import judge
from audit.listing import Listed, read_listing
from audit.scanning import Finding, Scan
from audit.templates import export_all, resources_of
from provisioner.catalog.registry import Catalog
from tests.environments import ROOT, TODAY


def test_every_row_has_a_reason():
    listing = read_listing((ROOT / "docs" / "audit.md").read_text(encoding="utf-8"))
    assert listing
    assert [row for row in listing if len(row.reason) < 40] == []


def test_every_row_is_about_something_that_is_deployed(catalog: Catalog):
    listing = read_listing((ROOT / "docs" / "audit.md").read_text(encoding="utf-8"))
    scanned = list(export_all(ROOT, catalog, TODAY))
    addresses = {address for one in scanned for address in one.addresses.values()}
    assert {row.address for row in listing} <= addresses
    for one in scanned:
        assert len(one.addresses) == len(list(resources_of(one.template)))


@pytest.mark.parametrize(
    ("line", "why"),
    [
        pytest.param("| `CKV_AZURE_1` | `a.b` | |", "no row", id="without a reason"),
        pytest.param("| CKV_AZURE_1 | `a.b` | why |", "no row", id="without marks"),
        pytest.param(
            "| `CKV_AZURE_1` | `a` | b |\n| `CKV_AZURE_1` | `a` | c |", "twice", id="twice"
        ),
    ],
)
def test_a_wrong_row_is_refused(line, why):
    with pytest.raises(ValueError, match=why):
        read_listing(f"| check | at | reason |\n|---|---|---|\n{line}\n")


def test_what_is_not_listed_and_what_is_not_true_any_more():
    scan = Scan(2, 1, (Finding("CKV_AZURE_1", "a", "One"), Finding("CKV_AZURE_2", "a", "Two")))
    listing = [Listed("CKV_AZURE_1", "a", "why"), Listed("CKV_AZURE_1", "b", "why")]
    unlisted, outlived = judge([scan], listing)
    assert unlisted.startswith("CKV_AZURE_2 fails at a: Two.")
    assert outlived.startswith("CKV_AZURE_1 does not fail at b any more.")
    assert judge([scan], [*listing[:1], Listed("CKV_AZURE_2", "a", "why")]) == []
