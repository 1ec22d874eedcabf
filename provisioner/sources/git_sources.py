"""Module files in git repositories: at the commits of `azsec.lock`, or at the current tags."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from provisioner.blueprint.file_text import decode_utf8
from provisioner.blueprint.module_lock import LOCK_FILE, Lock, LockedSource, digest_of, moved_tag
from provisioner.blueprint.source_locations import GitLocation, parse_git
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.sources.content_cache import ContentCache
from provisioner.sources.git_command import GitCommand
from provisioner.sources.git_repository import GitCheckout, resolve_ref


@dataclass(frozen=True, slots=True)
class GitAccess:
    """Access to repositories: the git command, the cache, `offline`, and the allowed hosts.

    `offline` permits the cache alone (AZSEC_OFFLINE). `hosts` are the only ones that may be
    contacted (AZSEC_GIT_HOSTS); None: any.
    """

    git: GitCommand
    cache: ContentCache
    offline: bool = False
    hosts: frozenset[str] | None = None

    def check_host(self, source: GitLocation) -> None:
        """Check that the host of a source is allowed, and `file://` only where it is enabled.

        Raises:
            DiagnosticError: `host-not-allowed`.
        """
        if source.repository.startswith("file://"):
            if not self.git.allows_files:
                raise DiagnosticError(
                    error(
                        "host-not-allowed",
                        "file:// is not a source of modules here: another machine has other files.",
                        None,
                        "Use a path relative to this file, or https://; "
                        "AZSEC_ALLOW_FILE_SOURCES=1 allows it for tests.",
                    )
                )
        elif self.hosts is not None and source.host not in self.hosts:
            raise DiagnosticError(
                error(
                    "host-not-allowed",
                    f"modules may not come from the host {source.host!r}.",
                    None,
                    f"AZSEC_GIT_HOSTS allows {', '.join(sorted(self.hosts)) or 'none'}.",
                )
            )


class _Checkouts:
    """The repositories of one command at their commits; each is fetched once."""

    def __init__(self, access: GitAccess) -> None:
        self._access = access
        self._open: dict[tuple[str, str], GitCheckout] = {}

    def read(self, source: GitLocation, commit: str) -> bytes:
        """Return a file of a repository at a commit, and add it to the cache.

        Raises:
            DiagnosticError: `offline`, and what `GitCheckout.read` raises.
        """
        if self._access.offline:
            raise DiagnosticError(
                error(
                    "offline",
                    f"{source.path!r} of {source.repository} is not in the cache, and the network "
                    "is not to be used.",
                    None,
                    "Run `azsec validate` once without AZSEC_OFFLINE, or keep the folder "
                    "AZSEC_CACHE between jobs.",
                )
            )
        key = source.repository, commit
        if key not in self._open:
            self._open[key] = GitCheckout(self._access.git, source, commit)
        content = self._open[key].read(source.path)
        self._access.cache.write(content)
        return content


class LockedGitSources:
    """Files in git repositories, each with the commit and digest that `azsec.lock` states.

    The network is used for what the cache does not have.
    """

    def __init__(self, access: GitAccess, read_lock: Callable[[], Lock]) -> None:
        self._access = access
        self._read_lock = read_lock
        self._checkouts = _Checkouts(access)
        self._lock: Lock | None = None
        self._used: dict[tuple[str, str], LockedSource] = {}

    @property
    def used(self) -> tuple[LockedSource, ...]:
        """The sources that files were read from, in order."""
        return tuple(self._used[key] for key in sorted(self._used))

    def read_text(self, path: str) -> str:
        """Return the text of a file in git.

        Raises:
            DiagnosticError: `source-not-locked` and `lock-mismatch`, `source-moved` where the
                commit is gone and its tag names another one, and what fetching raises.
        """
        source = parse_git(path)
        self._access.check_host(source)
        if self._lock is None:
            self._lock = self._read_lock()
        locked = self._lock.get((source.repository, source.ref))
        if locked is None or source.path not in locked.files:
            raise _not_locked(source, locked, self._lock)
        self._used[locked.key] = locked
        digest = locked.files[source.path]
        content = self._access.cache.read(digest)
        if content is None:
            content = self._fetch(source, locked)
            found = digest_of(content)
            if found != digest:
                raise DiagnosticError(
                    error(
                        "lock-mismatch",
                        f"{source.path!r} of {source.repository} at commit {locked.commit[:12]} "
                        f"has the digest {found}, and {LOCK_FILE} states {digest}.",
                        None,
                        f"Take {LOCK_FILE} from version control; if it is the committed one, the "
                        "repository gave another content for the same commit: do not use it.",
                    )
                )
        return decode_utf8(content, path)

    def _fetch(self, source: GitLocation, locked: LockedSource) -> bytes:
        try:
            return self._checkouts.read(source, locked.commit)
        except DiagnosticError as problem:
            if problem.diagnostics[0].code != "commit-not-found" or source.is_commit:
                raise
            now = current_commit(self._access, source)
            if now == locked.commit:
                raise
            raise DiagnosticError(moved_tag(source, locked.commit, now)) from None


class CurrentGitSources:
    """Files in git repositories at the commits that their refs name now.

    `azsec modules update` reads them, and writes `found` to the lock.
    """

    def __init__(self, access: GitAccess) -> None:
        self._access = access
        self._checkouts = _Checkouts(access)
        self._commits: dict[tuple[str, str], str] = {}
        self._files: dict[tuple[str, str], dict[str, str]] = {}

    @property
    def found(self) -> tuple[LockedSource, ...]:
        """The sources that were read, with their commits and the digests of the files."""
        return tuple(
            LockedSource(*key, self._commits[key], files)
            for key, files in sorted(self._files.items())
        )

    def read_text(self, path: str) -> str:
        """Return the text of a file in git, at the commit that its ref names now.

        Raises DiagnosticError: `host-not-allowed`, and what `current_commit` and fetching raise.
        """
        source = parse_git(path)
        self._access.check_host(source)
        key = source.repository, source.ref
        if key not in self._commits:
            self._commits[key] = current_commit(self._access, source)
        content = self._checkouts.read(source, self._commits[key])
        self._files.setdefault(key, {})[source.path] = digest_of(content)
        return decode_utf8(content, path)


def current_commit(access: GitAccess, source: GitLocation) -> str:
    """Return the commit that the ref of a source names now.

    Raises:
        DiagnosticError: `offline`, and what `resolve_ref` raises.
    """
    if access.offline and not source.is_commit:
        raise DiagnosticError(
            error(
                "offline",
                f"the commit of {source.ref!r} in {source.repository} is not known without the "
                "network, and AZSEC_OFFLINE is set.",
                None,
                "Run it without AZSEC_OFFLINE.",
            )
        )
    with TemporaryDirectory(prefix="azsec-git-") as folder:
        return resolve_ref(access.git, source, Path(folder))


def _not_locked(source: GitLocation, locked: LockedSource | None, lock: Lock) -> DiagnosticError:
    if locked is not None:
        why = f"{LOCK_FILE} does not have the file {source.path!r} of it"
    else:
        others = sorted(ref for repository, ref in lock if repository == source.repository)
        known = f"; it has {', '.join(others)}" if others else ""
        why = f"it is not in {LOCK_FILE}{known}"
    return DiagnosticError(
        error(
            "source-not-locked",
            f"{source.repository} at {source.ref} is not locked: {why}.",
            None,
            f"Run `azsec modules update`, and commit {LOCK_FILE}.",
        )
    )
