"""The module lock `azsec.lock`: the commit and the content that each git source is pinned to.

`azsec modules update` writes it, and it is committed: every plan after that reads the files by
their digests, on any machine, and refuses what is not in it. It holds no credentials, because no
source may (`provisioner.blueprint.source_locations`).

Read by the sources of git files, written by `workflow.lock_update`.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from provisioner.blueprint.file_model import FilePart
from provisioner.blueprint.file_schemas import Sources, load_file
from provisioner.blueprint.source_locations import COMMIT, GitLocation, parse_git
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error

LOCK_FILE = "azsec.lock"
"""In the directory that commands run in, beside `environments/`."""

_Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]


class LockedSourceFile(FilePart):
    """One source in `azsec.lock`.

    It has the URL of a repository, the tag or commit that files name, the commit that it was, and
    the files that are used, each with the digest of its content; `digest` is over all of that.
    """

    repository: str
    ref: str
    commit: str = Field(pattern=f"^({COMMIT.pattern})$")
    digest: _Digest
    files: dict[str, _Digest]


class ModuleLockFile(FilePart):
    """The whole of `azsec.lock`."""

    api_version: Literal["azsec/v1"] = Field(alias="apiVersion")
    kind: Literal["ModuleLock"]
    sources: list[LockedSourceFile] = Field(default_factory=list)


@dataclass(frozen=True, slots=True)
class LockedSource:
    """A repository at a ref: the commit, and the digest (`sha256:…`) of each file that is used."""

    repository: str
    ref: str
    commit: str
    files: Mapping[str, str]

    @property
    def key(self) -> tuple[str, str]:
        """What locations name a source by."""
        return self.repository, self.ref

    @property
    def digest(self) -> str:
        """One digest over repository, ref, commit, and the paths and digests of all files.

        Files that are cached are read without a look at the commit, and plans name this digest.
        """
        covered = [self.repository, self.ref, self.commit, sorted(self.files.items())]
        return digest_of(json.dumps(covered).encode())


Lock: TypeAlias = "Mapping[tuple[str, str], LockedSource]"
"""The sources of a lock, by repository and ref."""


def digest_of(content: bytes) -> str:
    """Return the digest of a file's content."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def read_lock(path: str, sources: Sources) -> Lock:
    """Return the sources in a lock, by repository and ref; none where there is no file.

    Raises:
        DiagnosticError: For a file that is not a lock, that names a source that no file could name,
            or whose digest is not the one of its files: it was edited.
    """
    try:
        file, node = load_file(ModuleLockFile, path, sources)
    except DiagnosticError as problem:
        if problem.diagnostics[0].code == "file-not-found":
            return {}
        raise
    found: dict[tuple[str, str], LockedSource] = {}
    for number, entry in enumerate(file.sources):
        place = node.find(("sources", number))
        for name in entry.files:
            parse_git(str(GitLocation(entry.repository, entry.ref, name)), place.span)
        source = LockedSource(entry.repository, entry.ref, entry.commit, entry.files)
        if source.digest != entry.digest or source.key in found:
            raise DiagnosticError(
                error(
                    "lock-edited",
                    f"{path} is not as azsec wrote it: {entry.repository} at {entry.ref} "
                    + ("is in it twice." if source.key in found else "has another digest."),
                    place.span,
                    "Take the file from version control, or write it with `azsec modules update`.",
                )
            )
        found[source.key] = source
    return found


def write_lock(sources: Iterable[LockedSource]) -> str:
    """Return the text of a lock: the same sources give the same bytes."""
    lines = [
        "# The commits and contents of the modules from git. Written by `azsec modules update`;",
        "# commit this file.",
        "apiVersion: azsec/v1",
        "kind: ModuleLock",
    ]
    ordered = sorted(sources, key=lambda source: source.key)
    lines.append("sources:" if ordered else "sources: []")
    for source in ordered:
        lines += [
            f"  - repository: {json.dumps(source.repository)}",
            f"    ref: {json.dumps(source.ref)}",
            f"    commit: {json.dumps(source.commit)}",
            f"    digest: {source.digest}",
            "    files:",
            *(
                f"      {json.dumps(path)}: {digest}"
                for path, digest in sorted(source.files.items())
            ),
        ]
    return "\n".join(lines) + "\n"


def moved_tag(source: GitLocation, before: str, now: str) -> Diagnostic:
    """Return that a tag was moved, with both commits."""
    return error(
        "source-moved",
        f"the tag {source.ref!r} of {source.repository} was {before} when it was locked, and is "
        f"{now} now.",
        None,
        "Ask its owner why it moved and read what changed between the two commits; then "
        "`azsec modules update --allow-moved`, or name another tag.",
    )
