"""Decodes the text of a file: UTF-8, with or without a byte order mark.

The one decoder of files from disk and from git, so that both report the same place.
"""

from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.model.span import Span


def decode_utf8(content: bytes, path: str) -> str:
    """Return the text of a file.

    Raises:
        DiagnosticError: At the first byte that is not UTF-8 (`file-unreadable`).
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        before = content[: problem.start]
        column = problem.start - before.rfind(b"\n")
        raise DiagnosticError(
            error(
                "file-unreadable",
                f"the byte 0x{content[problem.start]:02X} is not UTF-8.",
                Span(path, before.count(b"\n") + 1, column),
                "Save the file as UTF-8.",
            )
        ) from None
