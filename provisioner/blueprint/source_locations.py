"""Source locations of blueprints and modules: the working copy, the library, or a git repository.

A location is a text, so that it can stand in a file, in the place of a message and in a document:

    modules/vault.yaml                                   relative to the file that names it
    azsec:modules/hub.yaml, azsec:secure-aks             the library that is part of azsec
    git::https://HOST/ORG/REPO//PATH.yaml?ref=v1.2.0     a repository, at a tag or a commit

`resolve_source` makes the canonical location of what a file names; sources of files read it.
"""

import posixpath
import re
from dataclasses import dataclass

from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.model.source_location import GIT, LIBRARY
from provisioner.model.span import Span

COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
"""A whole object name of git: SHA-1, or SHA-256 where a repository uses it (git-init(1))."""

_SHAPE = "Expected git::https://HOST/ORG/REPO//PATH/FILE.yaml?ref=TAG (or a commit of 40 digits)."
_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<repository>/[^?#]*?)"
    r"//(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?"
)
_AUTHORITY = {
    "https": re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]{1,5})?"),
    "ssh": re.compile(r"([A-Za-z_][A-Za-z0-9_-]*@)?[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]{1,5})?"),
    "file": re.compile(r""),
}
_REPOSITORY = re.compile(r"(/[A-Za-z0-9_.~%+ -]+)+")
_PATH = re.compile(r"[A-Za-z0-9_.+ -]+(/[A-Za-z0-9_.+ -]+)*")
_REF = re.compile(r"(?!.*(\.\.|//|\.lock$|[./]$))[A-Za-z0-9_][A-Za-z0-9_./+-]{0,199}")
"""The part of git-check-ref-format(1) that tags are made of in practice, and nothing that git or a
shell could take for an option."""
_LIBRARY_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*(/[a-z0-9]+(-[a-z0-9]+)*)*(\.yaml)?")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
_SCP = re.compile(r"[\w.-]+@[\w.-]+:")
_DRIVE = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True, slots=True, order=True)
class GitLocation:
    """A file in a git repository.

    It has the URL of the repository, a tag or a whole commit, and the path of the file from the
    repository's root.
    """

    repository: str
    ref: str
    path: str

    def __str__(self) -> str:
        return f"{GIT}{self.repository}//{self.path}?ref={self.ref}"

    @property
    def host(self) -> str:
        """The host that the repository is on, in lower case; empty for `file://`."""
        authority = self.repository.partition("://")[2].partition("/")[0]
        return authority.rpartition("@")[2].partition(":")[0].lower()

    @property
    def is_commit(self) -> bool:
        """Whether `ref` is a commit, and not the name of a tag."""
        return COMMIT.fullmatch(self.ref) is not None


def resolve_source(reference: str, path: str | None = None, span: Span | None = None) -> str:
    """Return the location that `reference` names in the file at `path`.

    On the command line (None), it is relative to the working directory. A relative reference stays
    where the file is: in the working copy, in the library, or in the same repository at the same
    ref.

    Raises:
        DiagnosticError: At `span`: `wrong-source` for a reference that cannot be understood,
            `windows-path`, and `source-outside` for one that leaves its repository.
    """
    if reference.startswith(LIBRARY):
        return _library_location(reference, span)
    if reference.startswith(GIT):
        return str(parse_git(reference, span))
    problem = _wrong_path(reference)
    if problem is not None:
        raise DiagnosticError(error(*problem[:2], span, problem[2]))
    if path is None:
        return posixpath.normpath(reference)
    if path.startswith(GIT):
        git = parse_git(path, span)
        inside = _join_inside(git.path, reference, git.repository, span)
        return str(GitLocation(git.repository, git.ref, inside))
    if path.startswith(LIBRARY):
        name = path.removeprefix(LIBRARY)
        return _library_location(
            LIBRARY + _join_inside(name, reference, "the library of azsec", span), span
        )
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), reference))


def parse_git(location: str, span: Span | None = None) -> GitLocation:
    """Return the parts of a location of git.

    Raises:
        DiagnosticError: For a location that is none (`wrong-source`) or holds credentials
            (`credentials-in-source`), which the message never repeats.
    """
    match = _URL.fullmatch(location.removeprefix(GIT))
    if match is None:
        raise _wrong_git("it names no repository and path, divided by //", span)
    scheme = match["scheme"].lower()
    if scheme not in _AUTHORITY:
        raise _wrong_git(f"{scheme}:// is not supported; https:// and ssh:// are", span)
    authority = match["authority"]
    if (scheme == "https" and "@" in authority) or ":" in authority.rpartition("@")[0]:
        raise DiagnosticError(
            error(
                "credentials-in-source",
                "the git source holds credentials.",
                span,
                "Remove them from the file and revoke them; git gets credentials from its "
                "credential helper.",
            )
        )
    if not _AUTHORITY[scheme].fullmatch(authority):
        raise _wrong_git(f"it names no host that {scheme}:// can have", span)
    if not _REPOSITORY.fullmatch(match["repository"]) or _leaves_folder(match["repository"]):
        raise _wrong_git("the path of the repository has characters that are not taken", span)
    path = match["path"]
    if not _PATH.fullmatch(path) or _leaves_folder(path):
        raise _wrong_git(f"{path!r} is not a path of a file in a repository", span)
    # The host alone: a user of ssh is case-sensitive (an AWS CodeCommit key id is upper-case).
    user, at, host = authority.rpartition("@")
    repository = f"{scheme}://{user}{at}{host.lower()}{match['repository']}"
    return GitLocation(repository, _ref_in(match["query"], span), path)


def git_location(location: str) -> GitLocation | None:
    """Return the parts of a location that is in git, None for any other."""
    return parse_git(location) if location.startswith(GIT) else None


def _ref_in(query: str | None, span: Span | None) -> str:
    key, _, ref = (query or "").partition("=")
    if key != "ref" or "&" in ref:
        raise _wrong_git("it has to name one tag or commit, as ?ref=v1.2.0, and nothing else", span)
    if not _REF.fullmatch(ref):
        raise _wrong_git(f"{ref!r} is not a name of a tag or commit", span)
    return ref


def _library_location(reference: str, span: Span | None) -> str:
    name = reference.removeprefix(LIBRARY)
    if not _LIBRARY_NAME.fullmatch(name):
        raise DiagnosticError(
            error(
                "wrong-source",
                f"{reference!r} is not a name in the library.",
                span,
                "`azsec modules list` lists the library: azsec:secure-aks, azsec:modules/hub.yaml.",
            )
        )
    return LIBRARY + (name if name.endswith(".yaml") else f"{name}.yaml")


def _wrong_path(reference: str) -> tuple[str, str, str] | None:
    """Return code, message and hint of a reference that is no path on every system."""
    if "\\" in reference or _DRIVE.match(reference):
        return (
            "windows-path",
            f"{reference!r} is a path of Windows.",
            "Write paths with / and relative to this file, as modules/vault.yaml.",
        )
    if _SCP.match(reference):
        return (
            "wrong-source",
            "the source is an SSH address without a scheme.",
            "Expected git::ssh://git@HOST/ORG/REPO//PATH/FILE.yaml?ref=TAG.",
        )
    if "://" in reference:
        return "wrong-source", "the source is a URL without git:: before it.", _SHAPE
    if _SCHEME.match(reference):
        return (
            "wrong-source",
            f"{reference!r} begins with a scheme that azsec does not know.",
            "Expected a path relative to this file, azsec:NAME or git::URL//PATH?ref=TAG.",
        )
    return None


def _join_inside(path: str, reference: str, root: str, span: Span | None) -> str:
    joined = posixpath.normpath(posixpath.join(posixpath.dirname(path), reference))
    if reference.startswith("/") or joined.startswith("../") or joined in ("..", "."):
        raise DiagnosticError(
            error(
                "source-outside",
                f"{reference!r} is outside of {root}.",
                span,
                "A relative source stays in the repository of its file.",
            )
        )
    return joined


def _leaves_folder(path: str) -> bool:
    return any(part in (".", "..", ".git") for part in path.split("/"))


def _wrong_git(why: str, span: Span | None) -> DiagnosticError:
    message = f"the git source cannot be used: {why}."
    return DiagnosticError(error("wrong-source", message, span, _SHAPE))
