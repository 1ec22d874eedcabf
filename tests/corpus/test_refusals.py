"""What Azure refused because a property cannot change, against what the comparison says before.

The recordings hold 242 refused writes (errors.jsonl) and some more in the conversations (wire/).
Read one by one, none of them is the refusal of a change of a property: the clients that were
recorded do not try such changes. So there is no earlier state to reconstruct for any of them, for
these reasons, which `REASONS` states by code:

- 195 are deletes: the resource or its group is gone already, or something still uses it;
- the other writes were made too early (what they point to, or their parent, was not there yet),
  met another operation, a permission or a breakdown of the service;
- some state a value that Azure takes for no resource, new or old.

What guards the facts here is therefore, first, that a refusal of any other code in the recordings
has to be foretold, at the property that Azure names; and, second, the opposite: a change that
Azure was recorded to make in place is not foretold as a replacement or a refusal.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.diff.change import FieldChange
from provisioner.diff.comparison import compare
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import lookup

Record = Mapping[str, Any]

TOO_EARLY = "what the body points to, or stands in, is not there or not ready yet"
BUSY = "another operation, which had not ended, was in the way"
BROKEN = "the service failed, whatever was asked of it"
NOT_PERMITTED = "who asked may not"
NEVER_ACCEPTED = "the value is accepted for no resource, new or old"
OTHER = "another resource has, or lacks, what this one asks for"

REASONS = {
    "PrincipalNotFound": TOO_EARLY,
    "ServicePrincipalNotFound": TOO_EARLY,
    "WorkspaceNotFound": TOO_EARLY,
    "InvalidResourceReference": TOO_EARLY,
    "ParentResourceNotFound": TOO_EARLY,
    "StorageProvisioningStateNotSucceeded": TOO_EARLY,
    "AnotherOperationInProgress": BUSY,
    "RetryableError": BUSY,
    "Conflict": BUSY,
    "GatewayTimeout": BROKEN,
    "InternalServerError": BROKEN,
    "AuthorizationFailed": NOT_PERMITTED,
    "InvalidPrincipalId": NEVER_ACCEPTED,
    "InvalidParameter": NEVER_ACCEPTED,
    "InvalidValuesForRequestParameters": NEVER_ACCEPTED,
    "LocationNotAvailableForResourceGroup": NEVER_ACCEPTED,
    "SystemPoolHasRestrictedTaint": NEVER_ACCEPTED,
    "BadRequest": OTHER,
    "RoleAssignmentExists": OTHER,
}

# `BadRequest` and `InvalidParameter` are what Azure says of anything, so their words decide.
_OF_A_CHANGE = re.compile(
    r"chang|immutable|cannot be (set|modified|updated|disabled)|irreversible|already been set", re.I
)
_NAMED = re.compile(r"propert(?:y|ies) '?\"?([\w.\[\]]+)", re.I)

# What Azure gives a resource once, when it is made: the same mark is the same resource.
_MARKS = (
    "properties.resourceUID",
    "properties.resourceGuid",
    "properties.fqdn",
    "properties.azurePortalFQDN",
    "properties.customerId",
    "properties.principalId",
    "properties.creationDate",
    "properties.createdOn",
    "systemData.createdAt",
)


def test_every_refusal_of_a_change_is_foretold(corpus: Path, catalog: Catalog) -> None:
    states = _states(corpus)
    refusals = list(_refused_writes(corpus))
    assert len(refusals) > 50

    for refusal in refusals:
        code, message, target = _error_of(refusal)
        if code in REASONS and not _OF_A_CHANGE.search(message):
            continue
        before = states.get((refusal["source"], refusal["id"].lower()))
        assert before is not None, f"nothing is known of the state before {code}: {message}"
        named = target or "".join(_NAMED.findall(message)[:1])
        resource_type = catalog.get(refusal["type"])
        found = compare(resource_type, catalog.schemas, refusal["request"], before)
        assert _foretells(found.changes, named), f"{code}: {message}"


def test_the_deletes_among_the_refusals_are_of_what_is_gone_or_in_use(corpus: Path) -> None:
    codes = {
        _error_of(record)[0]
        for record in _lines(corpus / "errors.jsonl")
        if record["method"] == "DELETE"
    }

    assert codes
    for code in codes:
        assert re.search(r"NotFound$|CannotBeDeleted$|^RetryableError$", code), code


def test_no_change_that_azure_made_in_place_is_foretold_otherwise(
    corpus: Path, catalog: Catalog
) -> None:
    judged, wrong = 0, []

    for resource_type, before, after in _changes_in_place(corpus, catalog):
        found = compare(resource_type, catalog.schemas, after["request"], before["response"])
        changed = [change for change in found.changes if change.declared]
        judged += bool(changed)
        wrong += [
            (after["source"], change.path, change.reason or change.refused)
            for change in changed
            if change.forces_replace or change.refused
        ]

    assert judged > 50
    assert wrong == []


def test_nothing_that_azure_made_is_refused_as_a_new_resource(
    corpus: Path, catalog: Catalog
) -> None:
    """A value that Azure answers as it was sent is one that it accepts.

    Versions before 2020 are left out: soft delete of a vault was a choice then.
    """
    judged, wrong = 0, []

    for pair in _pairs(corpus):
        resource_type = catalog.find(pair["type"])
        if resource_type is None or (pair["api_version"] or "") < "2020":
            continue
        judged += 1
        found = compare(resource_type, catalog.schemas, pair["request"], {})
        wrong += [
            (pair["source"], change.refused)
            for change in found.changes
            if change.refused and lookup(pair["response"], change.path.split(".")) == change.after
        ]

    assert judged > 500
    assert wrong == []


@pytest.mark.parametrize(
    ("message", "named"),
    [
        ("Changing property 'properties.vmSize' is not allowed.", "properties.vmSize"),
        ("The property 'softDeleteRetentionInDays' has been set already.", "softDeleteRetention"),
    ],
)
def test_the_property_that_a_refusal_names_is_read_from_its_words(message: str, named: str) -> None:
    assert _NAMED.findall(message)[0].startswith(named)


def _foretells(changes: tuple[FieldChange, ...], named: str) -> bool:
    """Tell whether one of the changes that cannot be made in place is of the property named."""
    last = named.rpartition(".")[2].lower()
    return any(
        last in change.path.lower()
        for change in changes
        if change.declared and (change.forces_replace or change.refused)
    )


def _changes_in_place(corpus: Path, catalog: Catalog) -> Iterator[tuple[Any, Record, Record]]:
    """Yield the type, the earlier and the later write of what is still the same resource."""
    last: dict[tuple[str, str], Record] = {}
    for pair in _pairs(corpus):
        key = (pair["source"], pair["id"].lower())
        before, resource_type = last.get(key), catalog.find(pair["type"])
        if before is not None and resource_type is not None and _is_same(before, pair):
            yield resource_type, before, pair
        last[key] = pair


def _is_same(before: Record, after: Record) -> bool:
    marks = [
        (lookup(before["response"], path.split(".")), lookup(after["response"], path.split(".")))
        for path in _MARKS
    ]
    return any(isinstance(old, str) and old == new for old, new in marks)


def _refused_writes(corpus: Path) -> Iterator[Record]:
    yield from (r for r in _lines(corpus / "errors.jsonl") if r["method"] != "DELETE")
    for file in sorted((corpus / "wire").glob("*.json")):
        flow = json.loads(file.read_text())
        for step in flow["steps"]:
            if step["method"] in ("PUT", "PATCH") and step["status"] >= 400:
                path = step["uri"].partition("?")[0]
                resource = ResourceId.parse(path[path.index("/subscriptions/") :])
                yield {
                    "source": flow["source"],
                    "id": resource.text,
                    "type": resource.type,
                    "request": step["request"],
                    "error": step["response"],
                }


def _states(corpus: Path) -> Mapping[tuple[str, str], Any]:
    """Return the last recorded answer for each resource, by source and id."""
    return {(pair["source"], pair["id"].lower()): pair["response"] for pair in _pairs(corpus)}


def _error_of(record: Record) -> tuple[str, str, str | None]:
    """Return code, message with those of its details, and target of a refusal."""
    outer = record["error"]
    inner = outer.get("error", outer)
    details = [detail for detail in inner.get("details") or () if isinstance(detail, dict)]
    words = [inner.get("message") or "", *(detail.get("message") or "" for detail in details)]
    return inner["code"], " ".join(words), inner.get("target")


def _pairs(corpus: Path) -> Iterator[Record]:
    for file in sorted((corpus / "pairs").glob("*.jsonl")):
        yield from _lines(file)


def _lines(file: Path) -> Iterator[Record]:
    return (json.loads(line) for line in file.read_text().splitlines() if line.strip())
