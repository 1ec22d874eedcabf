"""Prefixes of the locations of files outside of the working copy."""

LIBRARY = "azsec:"
"""A file of the library that is part of azsec."""
GIT = "git::"
"""A file in a repository of git, at a tag or a commit."""


def is_local(file: str) -> bool:
    """Return whether a file is one of the working copy."""
    return not file.startswith((LIBRARY, GIT))
