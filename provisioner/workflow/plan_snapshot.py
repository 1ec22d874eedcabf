"""Snapshots of plans in a comment, to describe in words what changed since the plan shown.

Each environment has the digest and, for each change, its action and short hashes by address and
property. A snapshot holds no value and no plan. Anybody who can edit the comment can write anything
here, so it is used for wording alone: which digest was approved is decided by the statuses. Called
by the workflows of `azsec ci`.
"""

import base64
import binascii
import hashlib
import json
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from provisioner.documents.ci import MovedChangeDocument
from provisioner.documents.plan import PlanDocument, ResourceChangeDocument

_FORM = re.compile(r"<!-- azsec-snapshot ([A-Za-z0-9+/=]*) -->")
_MOST_BYTES = 2 * 2**20
"""The maximum of the decompressed text: whoever edits the comment may have compressed gigabytes."""
_MOST_CHARACTERS = 9_000
_HASH = 8


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a plan: its action, a hash of the whole, and a hash per changed property.

    The latter are empty where the comment had no room for them.
    """

    action: str
    hash: str
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One plan: its digest, its target commit and its changes.

    The commit is the one of the target branch that it was made on ("" where not known). The changes
    are by address (None: the comment had no room for them).
    """

    digest: str
    base: str
    changes: Mapping[str, Change] | None


@dataclass(frozen=True, slots=True)
class RememberedPlan:
    """The snapshots of one environment: the plan that the comment shows, and the approved one.

    The latter is the last plan that the comment showed as approved.
    """

    posted: Snapshot | None = None
    approved: Snapshot | None = None

    def of(self, digest: str) -> Snapshot | None:
        """Return the plan with a digest, None where the comment does not have it."""
        known = (self.posted, self.approved)
        return next((one for one in known if one is not None and one.digest == digest), None)


def take_snapshot(plan: PlanDocument, base: str) -> Snapshot:
    """Return the snapshot of a plan."""
    changes: dict[str, Change] = {}
    for change in plan.changes:
        # A resource whose id changes has two changes at one address.
        key = change.address if change.address not in changes else f"{change.address} {change.id}"
        changes[key] = _snapshot_change(change)
    return Snapshot(plan.digest, base, changes)


def _snapshot_change(change: ResourceChangeDocument) -> Change:
    fields = {one.path: _short_hash(one.to_json()) for one in change.fields}
    return Change(change.action.value, _short_hash(change.to_json()), fields)


def _short_hash(value: object) -> str:
    # Short, since a comment has little room: a collision costs a line of the comparison and decides
    # nothing.
    text = json.dumps(value, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:_HASH]


def compare_snapshot(then: Snapshot, now: PlanDocument) -> tuple[MovedChangeDocument, ...] | None:
    """Return the changes that differ from the snapshot, by address; None where not known."""
    if then.changes is None:
        return None
    current = take_snapshot(now, "").changes or {}
    differing = []
    for address in sorted(then.changes.keys() | current.keys()):
        before, after = then.changes.get(address), current.get(address)
        if before is not None and after is not None and before.hash == after.hash:
            continue
        differing.append(
            MovedChangeDocument(
                address=address,
                then=before.action if before else None,
                now=after.action if after else None,
                paths=_moved_paths(before, after),
            )
        )
    return tuple(differing)


def _moved_paths(before: Change | None, after: Change | None) -> tuple[str, ...]:
    if before is None or after is None or not before.fields:
        return ()
    paths = sorted(before.fields.keys() | after.fields.keys())
    return tuple(path for path in paths if before.fields.get(path) != after.fields.get(path))


def write_snapshots(remembered: Mapping[str, RememberedPlan]) -> str:
    """Return the snapshots as an HTML comment of at most 9,000 characters.

    Where there is no room, the hashes of properties are left out, then the changes.
    """
    text = ""
    for lighten in (_with_all, _without_fields, _without_changes):
        content = {
            name: {
                key: _to_json(lighten(snapshot))
                for key, snapshot in (("posted", entry.posted), ("approved", entry.approved))
                if snapshot is not None
            }
            for name, entry in sorted(remembered.items())
        }
        packed = zlib.compress(json.dumps(content, sort_keys=True).encode(), 9)
        text = f"<!-- azsec-snapshot {base64.b64encode(packed).decode()} -->"
        if len(text) <= _MOST_CHARACTERS:
            return text
    return text if len(text) <= _MOST_CHARACTERS else ""


def _with_all(snapshot: Snapshot) -> Snapshot:
    return snapshot


def _without_fields(snapshot: Snapshot) -> Snapshot:
    if snapshot.changes is None:
        return snapshot
    light = {key: replace(change, fields={}) for key, change in snapshot.changes.items()}
    return replace(snapshot, changes=light)


def _without_changes(snapshot: Snapshot) -> Snapshot:
    return replace(snapshot, changes=None)


def _to_json(snapshot: Snapshot) -> object:
    listed = None
    if snapshot.changes is not None:
        listed = {
            address: [change.action, change.hash, dict(change.fields)]
            for address, change in snapshot.changes.items()
        }
    return [snapshot.digest, snapshot.base, listed]


def read_snapshots(body: str) -> Mapping[str, RememberedPlan]:
    """Return the snapshots of a comment, by the name of the environment.

    One that was edited into another shape is left out.
    """
    found = _FORM.search(body)
    if found is None:
        return {}
    try:
        packed = base64.b64decode(found[1], validate=True)
        # A longer text is cut off, and is then no JSON.
        content = json.loads(zlib.decompressobj().decompress(packed, _MOST_BYTES))
        return {str(name): _read_remembered(entry) for name, entry in content.items()}
    # Whoever may edit the comment can write any JSON there: each shape but the expected one is as
    # good as none.
    except (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError):
        return {}
    except (binascii.Error, zlib.error):
        return {}


def _read_remembered(entry: Mapping[str, Any]) -> RememberedPlan:
    return RememberedPlan(*(_read_snapshot(entry.get(key)) for key in ("posted", "approved")))


def _read_snapshot(entry: Sequence[Any] | None) -> Snapshot | None:
    if entry is None:
        return None
    digest, base, listed = entry
    changes = None
    if listed is not None:
        changes = {
            str(key): Change(str(action), str(text), _text_mapping(fields.items()))
            for key, (action, text, fields) in listed.items()
        }
    return Snapshot(str(digest), str(base), changes)


def _text_mapping(items: Iterable[tuple[object, object]]) -> Mapping[str, str]:
    return {str(key): str(value) for key, value in items}
