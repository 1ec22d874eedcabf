"""`azsec modules update`: the lock file of module sources after an update.

Called by `cli`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from provisioner.blueprint.module_lock import LOCK_FILE, Lock, LockedSource, moved_tag
from provisioner.blueprint.source_locations import GitLocation
from provisioner.documents.modules import LockChangeDocument
from provisioner.model.diagnostic import DiagnosticError, error


@dataclass(frozen=True, slots=True)
class LockUpdate:
    """A lock file after an update, and the result of each source.

    `is_current` is true where the lock file is unchanged.
    """

    lock: Lock
    changes: tuple[LockChangeDocument, ...]
    is_current: bool

    def refuse_moved(self) -> None:
        """Check that no tag was moved since it was locked.

        Raises:
            DiagnosticError: Where one was (`source-moved`).
        """
        moved = [
            moved_tag(GitLocation(each.repository, each.ref, ""), each.before, each.after)
            for each in self.changes
            if each.action == "moved" and each.before and each.after
        ]
        if moved:
            raise DiagnosticError(*moved)


def update_lock(before: Lock, found: Sequence[LockedSource], *, whole: bool) -> LockUpdate:
    """Return the lock file with the found sources.

    Where not all environments were read (`whole` is false), the sources of the others are kept.

    Raises DiagnosticError (`lock-mismatch`) where a repository has another content for a locked
    commit.
    """
    after = _merge_locks(before, found, whole=whole)
    changes = tuple(
        _change_document(key, before.get(key), after.get(key)) for key in sorted({*before, *after})
    )
    return LockUpdate(after, changes, dict(before) == dict(after))


def _merge_locks(before: Lock, found: Sequence[LockedSource], *, whole: bool) -> Lock:
    after = {source.key: source for source in found}
    if whole:
        return after
    for key, locked in before.items():
        new = after.get(key)
        if new is None:
            after[key] = locked
        elif new.commit == locked.commit:
            # Files that only other environments use were not read in this update: their digests
            # stay.
            after[key] = LockedSource(*key, new.commit, {**locked.files, **new.files})
    return after


def _change_document(
    key: tuple[str, str], old: LockedSource | None, new: LockedSource | None
) -> LockChangeDocument:
    action: Literal["unchanged", "added", "removed", "moved", "files"] = "unchanged"
    if old is None:
        action = "added"
    elif new is None:
        action = "removed"
    elif old.commit != new.commit:
        action = "moved"
    elif old.files != new.files:
        action = "files"
        for path in sorted(old.files.keys() & new.files.keys()):
            if old.files[path] != new.files[path]:
                raise DiagnosticError(
                    error(
                        "lock-mismatch",
                        f"{path!r} of {key[0]} at commit {new.commit[:12]} has the digest "
                        f"{new.files[path]}, and {LOCK_FILE} states {old.files[path]}.",
                        None,
                        "The repository gave another content for the same commit, or the lock was "
                        "edited: do not use it before that is understood.",
                    )
                )
    return LockChangeDocument(
        repository=key[0],
        ref=key[1],
        action=action,
        before=old.commit if old else None,
        after=new.commit if new else None,
    )
