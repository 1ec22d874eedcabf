"""Renders the lock of an environment as text: holder, start and expiry.

`cli/lock.py` calls it.
"""

from provisioner.documents.lock import LockDocument
from provisioner.reports.values import plain

_NOTES = {
    "absent": "The container does not exist. Make it first (blueprints/modules/lock.yaml does), or "
    "correct `lock:`.",
    "available": "The lock is not held.",
    "expired": "The lock is not held: its last holder did not renew it.",
    "broken": "The lock is not held: it was broken.",
    "breaking": "The lock is being broken, and held until then.",
    "leased": "The lock is held.",
}

_CLUSTER_NOTES = {"absent": "The lock is not held: no apply has made its Lease yet."}


def render_lock_text(document: LockDocument) -> str:
    """Return the lines of a lock. `last` precedes the data that an earlier holder left there."""
    last = "" if document.held else "last "
    notes = _NOTES if document.container is not None else {**_NOTES, **_CLUSTER_NOTES}
    rows = [
        ("environment", document.environment.name),
        ("container", document.container),
        ("object", document.lease),
        ("lease", document.state),
        (f"{last}holder", document.holder or ("unknown" if document.held else None)),
        (f"{last}since", document.since),
        (f"{last}expires", document.expires),
    ]
    told = [f"{name:12}  {plain(value)}" for name, value in rows if value is not None]
    return "\n".join((*told, "", notes.get(document.state, ""))).rstrip() + "\n"
