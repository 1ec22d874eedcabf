"""Output of diagrams: their format, on standard output or in a file."""

import sys

from provisioner.cli.workspace import write_file
from provisioner.documents.graph import GraphDocument
from provisioner.model.diagnostic import warning

ENDINGS = {
    ".mmd": "mermaid",
    ".mermaid": "mermaid",
    ".svg": "svg",
    ".html": "html",
    ".htm": "html",
    ".json": "json",
}


def write_drawing(document: GraphDocument, output: str, out: str | None) -> None:
    """Write a drawing to a file, or to standard output; warn of one that Mermaid will not draw.

    Raises DiagnosticError where the file cannot be written.
    """
    text = _render_diagram(document, output)
    if out is None:
        sys.stdout.write(text)
    else:
        write_file(out, text)


def _render_diagram(document: GraphDocument, output: str) -> str:
    if output == "svg":
        from provisioner.reports.graph_svg import render_graph_svg

        return render_graph_svg(document)
    if output == "html":
        from provisioner.reports.graph_html import render_graph_html

        return render_graph_html(document)
    if output == "json":
        from provisioner.reports.json_text import render_json

        return render_json(document)
    return _render_mermaid(document)


def _render_mermaid(document: GraphDocument) -> str:
    from provisioner.reports.graph_mermaid import is_too_large, render_graph_mermaid

    text = render_graph_mermaid(document)
    if is_too_large(document, text):
        told = warning(
            "large-chart",
            "Mermaid draws no chart of this size, unless it is configured to.",
            None,
            "Take --out FILE.svg.",
        )
        sys.stderr.write(f"{told}\n")
    return text
