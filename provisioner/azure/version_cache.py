"""Cache of the api versions that a cloud offers, for a day, by subscription and namespace."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from provisioner.filesystem.atomic_write import write_atomically
from provisioner.filesystem.protection import check_own, make_folder

LIFESPAN = timedelta(days=1)
_KEPT = 16

Versions = Mapping[str, tuple[str, ...]]
"""The api versions offered, by the name of the type in lower case."""


class VersionCache:
    """The api versions that one cloud offers, by subscription and namespace, in a private file.

    `cloud` names the cloud, the built-in one with its state file. A file that is absent or cannot
    be read counts as empty; a folder that cannot be written is no error.
    """

    def __init__(self, folder: Path, cloud: str, now: datetime) -> None:
        self._path = _path(folder, cloud)
        self._now = now
        self._entries = _read(self._path)

    def find(self, subscription: str, namespace: str) -> Versions | None:
        """Return the cached versions of a provider; None where absent or older than a day."""
        entry = self._entries.get(_key(subscription, namespace))
        try:
            asked = datetime.fromisoformat(entry["asked"])  # type: ignore[index]
            if not timedelta() <= self._now - asked < LIFESPAN:
                return None
            offered = entry["offered"].items()  # type: ignore[index]
            return {str(name): tuple(map(str, versions)) for name, versions in offered}
        except (KeyError, TypeError, ValueError, AttributeError):
            return None

    def keep(self, subscription: str, found: Iterable[tuple[str, Versions]]) -> None:
        """Store what providers of a subscription offer: (namespace, versions)."""
        entries = dict(self._entries)
        for namespace, versions in found:
            offered = {name: list(those) for name, those in versions.items()}
            entry = {"asked": self._now.isoformat(), "offered": offered}
            entries[_key(subscription, namespace)] = entry
        if entries == self._entries:
            return
        self._entries = entries
        try:
            make_folder(self._path.parent, private=True)
            write_atomically(self._path, json.dumps(entries, separators=(",", ":")).encode())
            _prune(self._path.parent)
        except OSError:
            return


def forget_versions(folder: Path, cloud: str) -> None:
    """Delete the cached api versions of a cloud."""
    try:
        _path(folder, cloud).unlink(missing_ok=True)
    except OSError:
        return


def _path(folder: Path, cloud: str) -> Path:
    return folder / f"versions-{sha256(cloud.encode()).hexdigest()[:16]}.json"


def _key(subscription: str, namespace: str) -> str:
    return f"{subscription}/{namespace}".lower()


def _read(path: Path) -> dict[str, Any]:
    """Return the entries in a file of this user; a link or a FIFO counts as absent."""
    try:
        check_own(path)
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _prune(folder: Path) -> None:
    found = sorted(folder.glob("versions-*.json"), key=lambda path: -path.lstat().st_mtime)
    for path in found[_KEPT:]:
        path.unlink(missing_ok=True)
