"""Renders a network diagram as an HTML page: drawing, egress path by hop, and failed proofs.

The page is self-contained. Its content security policy allows the two style sheets in it, by their
digests, and nothing else: no script, no font, no request. `cli/diagram_output.py` calls it.
"""

from base64 import b64encode
from collections.abc import Iterable, Iterator
from hashlib import sha256
from html import escape

from provisioner.documents.graph import EgressDocument, GraphDocument, MarkDocument
from provisioner.reports.graph_style import STYLE
from provisioner.reports.graph_svg import describe_way, render_graph_svg
from provisioner.reports.values import plain

_PAGE_STYLE = (
    "body{margin:24px;font:14px/1.5 Arial,Helvetica,sans-serif;color:#1f2328;background:#fff}"
    "h1{font-size:22px;margin:0 0 4px}h2{font-size:17px;margin:32px 0 8px}p{margin:0 0 12px}"
    ".drawing{overflow-x:auto;border:1px solid #d0d7de;border-radius:6px}"
    ".drawing svg{display:block}"
    "table{border-collapse:collapse;margin:0 0 20px}caption{text-align:left;font-weight:bold}"
    "caption{padding:8px 0}th,td{border:1px solid #d0d7de;padding:4px 10px;text-align:left}"
    "td{overflow-wrap:anywhere}code{font:13px Menlo,Consolas,monospace}"
    ".stops{color:#a40e15;font-weight:bold}"
    "@media screen and (prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}"
    ".drawing,th,td{border-color:#30363d}.stops{color:#ff7b72}}"
    "@media print{body{margin:0}.drawing{border:0}}"
)


def render_graph_html(document: GraphDocument) -> str:
    """Return a graph as an HTML page, the same bytes for the same graph."""
    environment = document.environment
    name = _escaped_text(environment.name)
    allowed = " ".join(f"'sha256-{_style_digest(style)}'" for style in (_PAGE_STYLE, STYLE))
    policy = f"default-src 'none'; style-src {allowed}; base-uri 'none'; form-action 'none'"
    about = f"{document.state.value} state · {environment.blueprint} · {environment.cloud}"
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="referrer" content="no-referrer">',
        '<meta name="color-scheme" content="light dark">',
        f"<title>{name}: network</title>",
        f"<style>{_PAGE_STYLE}</style>",
        "</head>",
        "<body>",
        f"<h1>The network of {name}</h1>",
        f"<p>{_escaped_text(about)}</p>",
        '<div class="drawing" role="region" aria-label="drawing" tabindex="0">',
        render_graph_svg(document).rstrip(),
        "</div>",
        *_unproved_section(document.marks),
        "<h2>Egress paths</h2>",
        *(row for way in document.egress for row in _route_rows(way)),
        *([] if document.egress else ["<p>There is no subnet that workloads can use.</p>"]),
        "</body>",
        "</html>",
    ]
    return "\n".join(parts) + "\n"


def _unproved_section(marks: Iterable[MarkDocument]) -> Iterator[str]:
    rows = [
        _table_row(
            _escaped_text(mark.proof),
            "fails" if mark.certain else "unknown",
            f"<code>{_escaped_text(mark.element)}</code>",
            _escaped_text(mark.message),
        )
        for mark in marks
    ]
    if rows:
        yield "<h2>Not proved</h2>"
        yield "<table>"
        yield _table_head("proof", "", "element", "counter-example")
        yield from rows
        yield "</tbody></table>"


def _route_rows(way: EgressDocument) -> Iterator[str]:
    yield f"<table><caption>{_escaped_text(describe_way(way))}</caption>"
    yield _table_head("", "element", "role", "what it does")
    for number, hop in enumerate(way.hops, 1):
        words = _escaped_text(hop.words)
        yield _table_row(
            str(number),
            f"<code>{_escaped_text(hop.element)}</code>",
            _escaped_text(hop.role),
            words if hop.passes else f'<span class="stops">{words}</span>',
        )
    yield "</tbody></table>"


def _table_head(*names: str) -> str:
    cells = "".join(f'<th scope="col">{name}</th>' if name else "<td></td>" for name in names)
    return f"<thead><tr>{cells}</tr></thead><tbody>"


def _table_row(*cells: str) -> str:
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _escaped_text(words: str) -> str:
    return escape(plain(words))


def _style_digest(style: str) -> str:
    return b64encode(sha256(style.encode()).digest()).decode()
