"""Spans: the place in a file at which a value is stated."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A place in a text file.

    Lines and columns count from 1; line 0 is for what has none: an option or an environment
    variable, by its name. `file` is a path in the working copy, or the location of one in the
    library (`azsec:…`) or in a git repository (`git::…`).
    """

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        if self.line == 0:
            return self.file
        return f"{self.file}:{self.line}:{self.column}"
