"""The exit codes of every command (docs/outputs.md)."""

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes: Terraform's convention (0, 1, 2), and one more for the refusal of a gate."""

    SUCCESS = 0
    ERROR = 1
    DIFFERENCES = 2
    REFUSED = 3
    INTERRUPTED = 130
