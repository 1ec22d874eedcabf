"""Single files of a git repository at one commit, read from a partial clone without a checkout.

A commit is fetched alone (`--depth=1`) and without the content of its files (`--filter=blob:none`,
a partial clone), into an empty repository that is removed with this object; git then fetches the
files that are read. Servers without partial clones send all files of that commit.
"""

import shutil
import weakref
from functools import cached_property
from pathlib import Path
from tempfile import mkdtemp

from provisioner.blueprint.source_locations import COMMIT, GitLocation
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.sources.git_command import GitCommand

_LINK, _SUBMODULE, _FOLDER = "120000", "160000", "040000"
_WORDS = {_LINK: "a symbolic link", _SUBMODULE: "a submodule", _FOLDER: "a folder"}


def resolve_ref(git: GitCommand, source: GitLocation, folder: Path) -> str:
    """Return the commit that the ref of a source names now; an annotated tag is peeled.

    Branches are refused: a lock of one would be stale with the next push.

    Raises:
        DiagnosticError: `ref-not-found`, also where the name is that of a branch, and what
            `GitCommand.run` raises.
    """
    if source.is_commit:
        return source.ref
    tag, branch = f"refs/tags/{source.ref}", f"refs/heads/{source.ref}"
    answer = git.run(
        source.repository,
        folder,
        "ls-remote",
        "--",
        source.repository,
        tag,
        f"{tag}^{{}}",
        branch,
    )
    found: dict[str, str] = {}
    for line in answer.decode(errors="replace").splitlines():
        commit, _, name = line.partition("\t")
        found[name] = commit
    tagged = found.get(f"{tag}^{{}}") or found.get(tag)
    if tagged is not None and COMMIT.fullmatch(tagged):
        return tagged
    if branch in found:
        why = f"{source.ref!r} is a branch of {source.repository}, and no tag or commit"
        hint = f"A branch moves: name a tag, or the commit {found[branch]}."
    else:
        why = f"{source.repository} has no tag {source.ref!r}"
        hint = "`git ls-remote --tags` lists them; a commit is written with all its digits."
    raise DiagnosticError(error("ref-not-found", f"{why}.", None, hint))


class GitCheckout:
    """The repository of a source at one commit, fetched once.

    The temporary repository is removed with this object.
    """

    def __init__(self, git: GitCommand, source: GitLocation, commit: str) -> None:
        self._git = git
        self._repository = source.repository
        self._tag = None if source.is_commit else f"refs/tags/{source.ref}"
        self._commit = commit
        self._folder = Path(mkdtemp(prefix="azsec-git-"))
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)

    def read(self, path: str) -> bytes:
        """Return the content of a regular file.

        Raises DiagnosticError: `file-not-in-repository`, `not-a-regular-file` for a symbolic link
        or a submodule at any level of the path, `commit-not-found`, and what `GitCommand.run`
        raises.
        """
        blob = self._find_blob(path)
        return self._run("cat-file", "blob", blob)

    def _find_blob(self, path: str) -> str:
        parts = path.split("/")
        for length in range(1, len(parts) + 1):
            at = "/".join(parts[:length])
            answer = self._run("--literal-pathspecs", "ls-tree", "-z", self._fetched, "--", at)
            mode, _, rest = answer.decode(errors="replace").partition(" ")
            if not mode:
                raise DiagnosticError(
                    error(
                        "file-not-in-repository",
                        f"{self._repository} has no {path!r} at {self._commit[:12]}"
                        + (f": there is no {at!r}." if at != path else "."),
                        None,
                        "Check the path: it begins at the root of the repository.",
                    )
                )
            is_last = length == len(parts)
            if mode in _WORDS and (is_last or mode != _FOLDER):
                raise DiagnosticError(
                    error(
                        "not-a-regular-file",
                        f"{at!r} of {self._repository} is {_WORDS[mode]}, which is not followed.",
                        None,
                        "Name a regular file of that repository.",
                    )
                )
            if is_last:
                return rest.partition("\t")[0].split(" ")[1]
        raise AssertionError(path)

    @cached_property
    def _fetched(self) -> str:
        """The commit, once it is fetched.

        Raises:
            DiagnosticError: `commit-not-found` where the server does not give it, and what
                `GitCommand.run` raises.
        """
        self._run("init", "--quiet", "--bare", "--template=", ".")
        for key, value in (
            ("remote.origin.url", self._repository),
            ("remote.origin.promisor", "true"),
            ("remote.origin.partialclonefilter", "blob:none"),
        ):
            self._run("config", key, value)
        try:
            try:
                self._fetch(self._commit)
            except DiagnosticError as problem:
                if problem.diagnostics[0].code != "git-failed" or self._tag is None:
                    raise
                # Servers of protocol 0 give what a ref stands for alone (gitprotocol-pack(5)).
                self._fetch(self._tag)
            kind = self._run("cat-file", "-t", self._commit).decode().strip()
        except DiagnosticError as problem:
            if problem.diagnostics[0].code != "git-failed":
                raise
            raise self._no_commit(problem.diagnostics[0].message) from None
        if kind != "commit":
            raise self._no_commit(f"it is a {kind}")
        return self._commit

    def _fetch(self, wanted: str) -> None:
        self._run(
            "fetch",
            "--quiet",
            "--depth=1",
            "--filter=blob:none",
            "--no-tags",
            "--no-recurse-submodules",
            "--no-write-fetch-head",
            "origin",
            wanted,
        )

    def _no_commit(self, why: str) -> DiagnosticError:
        return DiagnosticError(
            error(
                "commit-not-found",
                f"{self._repository} does not give the commit {self._commit} ({why.rstrip('.')}).",
                None,
                "It may have been removed with a branch or a tag that moved. `azsec modules "
                "update --check` shows where the tags are now.",
            )
        )

    def _run(self, *arguments: str) -> bytes:
        return self._git.run(self._repository, self._folder, *arguments)
