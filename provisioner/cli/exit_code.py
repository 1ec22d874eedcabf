"""The exit codes of every command (docs/outputs.md)."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Terraform's convention, and one more for what a gate refused."""

    SUCCESS = 0
    ERROR = 1
    DIFFERENCES = 2
    REFUSED = 3
    INTERRUPTED = 130
