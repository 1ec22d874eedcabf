"""What MkDocs does not know of the pages: blocks of code that are files, links into the code."""

import re
from html import escape

_NAMED_BLOCK = re.compile(r"^```(\w+) (\S+)$", re.MULTILINE)
_SOURCE_LINK = re.compile(r"\[([^\]]+)\]\(\.\./provisioner/[^)]+\)")
_TABLE_ROW = re.compile(r"^\|.*$", re.MULTILINE)
_CODE = re.compile(r"`([^`]*)`")


def on_page_markdown(markdown: str, **_unused: object) -> str:
    """Return the page with the path of a block (```yaml environments/dev.yaml) as its title.

    A link into the code works where the repository is browsed; the site has the text alone.
    """
    titled = _NAMED_BLOCK.sub(r'```\1 title="\2"', markdown)
    return _TABLE_ROW.sub(_with_plain_bars, _SOURCE_LINK.sub(r"\1", titled))


def _with_plain_bars(row: re.Match[str]) -> str:
    return _CODE.sub(_show_bars, row[0])


def _show_bars(code: re.Match[str]) -> str:
    # In a table, GitHub reads an escaped bar in code as a bar; Python-Markdown keeps the backslash.
    bar = r"\|"
    return f"<code>{escape(code[1]).replace(bar, '&#124;')}</code>" if bar in code[1] else code[0]
