"""Comments on pull requests as GitHub shows them: Markdown with its tables, in its widths."""

import html
from collections.abc import Mapping
from pathlib import Path

from markdown_it import MarkdownIt

_STYLE = (Path(__file__).parent / "comment.css").read_text(encoding="utf-8")


def render_comment(markdown: str) -> str:
    """Return the HTML of a comment. Lines of a `diff` block are coloured as GitHub does."""
    reader = MarkdownIt("commonmark", {"html": True, "highlight": _highlight}).enable("table")
    return str(reader.render(markdown))


def comment_page(comments: Mapping[str, str], script: str = "") -> str:
    """Return a page with comments, each in an article that is named like it."""
    articles = "".join(
        f'<article data-name="{html.escape(name)}">{render_comment(text)}</article>'
        for name, text in comments.items()
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><style>{_STYLE}</style></head>'
        f"<body>{articles}<script>{script}</script></body></html>"
    )


def _highlight(text: str, language: str, _attributes: str) -> str:
    if language != "diff":
        return ""
    return "\n".join(_line(line) for line in text.split("\n"))


def _line(line: str) -> str:
    name = {"+": "added", "-": "removed", "#": "meta"}.get(line[:1])
    told = html.escape(line, quote=False)
    return f'<span class="{name}">{told}</span>' if name else told
