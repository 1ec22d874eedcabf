"""The log of a CI job, in which a line may be a command to the agent: such lines are escaped.

Azure Pipelines runs `##vso[area.action …]` wherever it stands in a line (azure-pipelines-agent,
docs/logging commands). GitHub Actions runs `::command …::` at the beginning of a line, and the
older form `##[command …]` wherever it stands in one (actions/runner, src/Runner.Common:
ActionCommandManager.TryProcessCommand tries both, ActionCommand.TryParse looks for `##[`). What
azsec prints contains text of others: names and tags in Azure, files of a pull request. It must not
set variables or paths for the steps after it.
"""

import os
import re
import stat
import sys
from collections.abc import Mapping
from io import TextIOWrapper

_ANYWHERE = re.compile(r"##(?=(?:vso)?\[)", re.IGNORECASE)
# A line ends at \r too, and blanks before a command are skipped (.NET: ReadLine, TrimStart).
_AT_THE_BEGINNING = re.compile(r"(?<![^\r\n])([^\S\r\n]*):(?=:(?:[a-z]|\Z))", re.IGNORECASE)


def disarm(text: str) -> str:
    """Return a text without commands of either agent: a space is inserted in their prefix."""
    return _AT_THE_BEGINNING.sub(r"\1: ", _ANYWHERE.sub("## ", text))


class JobLog(TextIOWrapper):
    """Standard output or standard error of a job, in which no written line is a command."""

    _line = ""
    """What was written of the line so far: a command may come in pieces."""

    def write(self, text: str, /) -> int:
        """Write a text, disarmed."""
        whole = disarm(self._line + text)
        is_apart = whole.startswith(self._line)
        shown = whole[len(self._line) :] if is_apart else f" {disarm(text)}"
        super().write(shown)
        self._line = re.split(r"[\r\n]", self._line + shown)[-1]
        return len(text)

    def write_command(self, line: str) -> None:
        """Write a command of azsec's own."""
        super().write(f"{line}\n")


def guard_streams(environ: Mapping[str, str]) -> None:
    """Disarm what is printed into the log of a job, but not a file of a shell's redirection."""
    if environ.get("TF_BUILD", "").lower() != "true" and environ.get("GITHUB_ACTIONS") != "true":
        return
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, TextIOWrapper) and not _is_file(stream):
            encoding, lines = stream.encoding, stream.line_buffering
            log = JobLog(
                stream.detach(), encoding=encoding, errors="backslashreplace", line_buffering=lines
            )
            setattr(sys, name, log)


def write_command(line: str) -> None:
    """Write a command to the agent, in a line of its own."""
    if isinstance(sys.stdout, JobLog):
        sys.stdout.write_command(line)
    else:
        sys.stdout.write(f"{line}\n")


def _is_file(stream: TextIOWrapper) -> bool:
    try:
        return stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError):
        return False
