"""Renders a report as one printable HTML page: no script, no font, no request.

Its content security policy allows the style sheets in it, by their digests, and nothing else. Names
come from Azure and from files, so the template engine escapes every value, and `plain` makes
characters visible that would reorder or hide text. `cli/report.py` calls it.
"""

from base64 import b64encode
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from provisioner.documents.graph import GraphDocument
from provisioner.documents.report import ReportDocument
from provisioner.reports import access_wording, report_charts, report_drift, report_view
from provisioner.reports.census_text import (
    census_sentence,
    not_covered_name,
    unreadable_by_reason,
)
from provisioner.reports.drift_text import drift_summary
from provisioner.reports.graph_style import STYLE
from provisioner.reports.graph_svg import describe, describe_way, render_graph_svg
from provisioner.reports.values import plain, plural
from provisioner.reports.verdict_wording import MARKS
from provisioner.reports.wording import no_drift

if TYPE_CHECKING:
    from jinja2 import Environment


def render_report_html(document: ReportDocument) -> str:
    """Return a report as an HTML page, the same bytes for the same report."""
    templates = _template_engine()
    css, _, _ = templates.loader.get_source(templates, "report.css")  # type: ignore[union-attr]
    css = _minify_css(css)
    allowed = " ".join(f"'sha256-{_style_digest(style)}'" for style in (css, STYLE))
    policy = f"default-src 'none'; style-src {allowed}; base-uri 'none'; form-action 'none'"
    page = templates.get_template("report.html.j2").render(
        report=document,
        slugs=report_view.environment_slugs(document.environments),
        policy=policy,
        css=_trusted_html(css),
    )
    return page + "\n"


@lru_cache(maxsize=1)
def _template_engine() -> "Environment":
    """Return the template engine.

    Every value is escaped, and an undefined name is an error.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    engine = Environment(
        loader=PackageLoader("provisioner.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_visible_text,
    )
    engine.globals.update(
        view=report_view,
        charts=report_charts,
        drift=report_drift,
        access=access_wording,
        marks=MARKS,
        drawing=_network_diagram,
        describe=describe,
        describe_way=describe_way,
        census_sentence=census_sentence,
        not_covered_name=not_covered_name,
        unreadable_by_reason=unreadable_by_reason,
        drift_summary=drift_summary,
        no_drift=no_drift,
        plural=plural,
        title=_report_title,
    )
    return engine


def _visible_text(value: Any) -> Any:  # noqa: ANN401  whatever a template writes
    """Return a value for a template: text on one line, without hidden or reordering characters."""
    from markupsafe import Markup

    if isinstance(value, str) and not isinstance(value, Markup):
        return plain(value)
    return "" if value is None else value


def _trusted_html(text: str) -> str:
    """Return text that is HTML already, and ours."""
    from markupsafe import Markup

    return Markup(text)


def _network_diagram(graph: GraphDocument, name: str) -> str:
    """Return the network diagram; `render_graph_svg` escapes its texts."""
    return _trusted_html(render_graph_svg(graph, name))


def _report_title(document: ReportDocument) -> str:
    names = [entry.name for entry in document.environments]
    return names[0] if len(names) == 1 else plural(len(names), "environment")


def _minify_css(css: str) -> str:
    """Return a style sheet without the space that is for its authors."""
    return "".join(line.strip() for line in css.splitlines())


def _style_digest(style: str) -> str:
    return b64encode(sha256(style.encode()).digest()).decode()
