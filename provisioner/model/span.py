"""Where in a file something was written."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A place in a text file. Lines and columns count from 1; line 0 is what has none: an option or
    an environment variable, by its name. `file` is a path in the working copy, or the location of
    one in the library (`azsec:…`) or in a repository of git (`git::…`)."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        if self.line == 0:
            return self.file
        return f"{self.file}:{self.line}:{self.column}"
