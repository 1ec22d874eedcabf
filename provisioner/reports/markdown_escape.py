"""Escapes untrusted text for Markdown: it adds no markup, HTML, mention or reference.

All renderers of Markdown call it.
"""

import re

from provisioner.reports.values import plain, shorten

_ENTITIES = {
    "\\": "&bsol;",
    "`": "&grave;",
    "*": "&ast;",
    "_": "&lowbar;",
    "[": "&lbrack;",
    "]": "&rbrack;",
    "<": "&lt;",
    ">": "&gt;",
    "|": "&vert;",
    "~": "&#126;",
    "&": "&amp;",
    "!": "&excl;",
    "$": "&dollar;",
    # Hosts look for people and issues in the finished page, where an entity is a plain character
    # again: only something invisible behind it keeps a mention from being one.
    "@": "@&#8203;",
    "#": "#&#8203;",
}
_SPECIAL = re.compile("[" + re.escape("".join(_ENTITIES)) + "]")
_HARMLESS_CODE = re.compile(r"[^`|\\]+")


def prose(text: str, longest: int = 1000) -> str:
    """Return text for a paragraph or a table cell: one line, at most `longest` characters of it."""
    return escape(shorten(plain(text), longest))


def escape(text: str) -> str:
    """Return text of one line so that nothing of it is markup."""
    return _SPECIAL.sub(lambda match: _ENTITIES[match[0]], text)


def code(text: str, longest: int = 200) -> str:
    """Return text as inline code, also for a table cell. No host looks for mentions in code."""
    shown = shorten(plain(text), longest)
    if shown.strip() == shown and _HARMLESS_CODE.fullmatch(shown):
        return f"`{shown}`"
    return html_code(shown, longest)


def html_code(text: str, longest: int = 200) -> str:
    """Return text as inline code in HTML."""
    return f"<code>{prose(text, longest)}</code>"


def details(summary: str, lines: list[str]) -> str:
    """Return a block that is folded until it is clicked. `summary` is HTML already.

    The lines are in a `diff` block whose fence is longer than any that they contain.
    """
    text = "\n".join(lines)
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return folded(summary, f"{fence}diff\n{text}\n{fence}\n\n")


def folded(summary: str, content: str) -> str:
    """Return Markdown that is folded until its summary (HTML already) is clicked."""
    return f"<details><summary>{summary}</summary>\n\n{content}</details>\n\n"
