"""Renders network traces as Markdown.

`cli/output.py` calls it.
"""

from provisioner.documents.trace import FlowPathDocument, TraceDocument
from provisioner.reports.markdown_escape import code, prose
from provisioner.reports.markdown_table import row, table_head
from provisioner.reports.wording import joined, outcome_of


def render_trace_markdown(document: TraceDocument) -> str:
    """Return a trace as Markdown: a table of hops for each journey."""
    about = joined(
        (
            f"`{document.state.value}` state",
            document.protocol,
            code(document.environment.blueprint),
            prose(document.environment.cloud, 60),
        )
    )
    head = f"### azsec trace: {prose(document.environment.name, 200)}\n\n{about}\n\n"
    return head + "\n".join(_flow_section(journey) for journey in document.journeys)


def _flow_section(journey: FlowPathDocument) -> str:
    ends = f"{code(journey.source)} -> {code(journey.destination)}"
    rows = (
        row(
            str(number),
            code(hop.element),
            prose(hop.role),
            prose(hop.words, 300) if hop.passes else f"**{prose(hop.words, 300)}**",
        )
        for number, hop in enumerate(journey.hops, 1)
    )
    table = table_head(("", "element", "role", "what it does"))
    return f"**{ends}: {prose(outcome_of(journey))}**\n\n{table}{''.join(rows)}"
