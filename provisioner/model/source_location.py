"""How the location of a file begins that is not in the working copy."""

LIBRARY = "azsec:"
"""A file of the library that is part of azsec."""
GIT = "git::"
"""A file in a repository of git, at a tag or a commit."""


def is_local(file: str) -> bool:
    """Tell whether a file is one of the working copy."""
    return not file.startswith((LIBRARY, GIT))
