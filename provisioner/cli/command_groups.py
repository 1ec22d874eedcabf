"""The help of `azsec`: commands in sections, and examples of the main commands."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import typer

SECTIONS: Mapping[str, Sequence[str]] = {
    "Start": ("init", "adopt", "validate", "fmt", "console", "modules"),
    "Review": ("plan", "show", "diff", "graph", "network", "trace", "access"),
    "Apply": ("apply", "destroy", "list", "output", "lock", "ownership", "roles"),
    "Drift and audit": ("drift", "check", "controls", "report"),
    "Cluster": ("cluster", "manifests", "upgrade"),
    "Fleet and CI": ("fleet", "ci"),
    "Extend": ("schema", "compare", "export"),
    "Built-in Azure": ("local",),
}
"""The commands of `azsec` in the order of an environment's life."""


class _Formatter(Protocol):
    """The used part of click's help formatter, of which Typer has a copy of its own."""

    width: int

    def section(self, name: str) -> AbstractContextManager[None]: ...

    def write_dl(self, rows: Sequence[tuple[str, str]]) -> None: ...


class SectionedCommands(typer.core.TyperGroup):
    """A group whose help lists its commands in sections.

    Typer's own panels need rich, with which the help would not be plain text.
    """

    def format_commands(self, ctx: object, formatter: _Formatter) -> None:
        """Write the sections, each with the commands and the first line of their help."""
        width = max(map(len, self.commands))
        limit = formatter.width - 6 - width
        for section, names in SECTIONS.items():
            with formatter.section(section):
                formatter.write_dl(
                    [
                        (name.ljust(width), self.commands[name].get_short_help_str(limit))
                        for name in names
                    ]
                )


def examples(*commands: str) -> str:
    """Return the end of a help text that shows commands as they are typed."""
    # The backspace keeps the lines as they are: without it, help texts are wrapped.
    return "\b\nExamples:\n" + "\n".join(f"  {command}" for command in commands)
