"""Renders a plan, an apply and a drift check of Kubernetes objects as Markdown.

`cli/output.py` and `combined_markdown` call it.
"""

from collections.abc import Iterator
from functools import partial

from provisioner.documents.apply import Outcome
from provisioner.documents.cluster import (
    ClusterApplyDocument,
    ClusterCensusDocument,
    ClusterDocument,
    ClusterDriftDocument,
    ClusterPlanDocument,
)
from provisioner.documents.plan import Action, ResourceChangeDocument
from provisioner.reports.additions_markdown import accepted_section, addition_section
from provisioner.reports.cluster_text import (
    AWAITED,
    UNDECLARED_VALUES,
    apply_summary,
    census_sentence,
    describe_unread,
    drift_summary,
    nothing_found,
)
from provisioner.reports.diagnostics_markdown import diagnostics_section
from provisioner.reports.fields_markdown import LONGEST_VALUE
from provisioner.reports.markdown import LIMIT, Entry, assemble, drift_entry, plan_entry
from provisioner.reports.markdown_escape import code, details, html_code, prose
from provisioner.reports.markdown_table import row, section, table_head
from provisioner.reports.object_yaml import object_in_words, yaml_lines
from provisioner.reports.sections_markdown import undeclared_section
from provisioner.reports.values import plain, shorten
from provisioner.reports.wording import NOT_VERIFIED, SIGNS, and_more, counts, joined, risk

_MOST_LINES = 200


def render_cluster_markdown(
    document: ClusterPlanDocument | ClusterApplyDocument | ClusterDriftDocument,
) -> str:
    """Return a document of a cluster as Markdown."""
    if isinstance(document, ClusterPlanDocument):
        return render_cluster_plan_markdown(document)
    if isinstance(document, ClusterApplyDocument):
        return render_cluster_apply_markdown(document)
    return render_cluster_drift_markdown(document)


def render_cluster_plan_markdown(document: ClusterPlanDocument, limit: int = LIMIT) -> str:
    """Return a plan as Markdown of less than `limit` characters, riskiest changes first."""
    told = [f"**{number:,} {action}**" for action, number in counts(document.summary)]
    told.append(f"{document.summary.unchanged:,} unchanged")
    head = _report_heading("plan", document.environment.name, document.cluster, joined(told))
    if document.blocked or document.has_errors:
        head += "**This plan cannot be applied.**\n\n"
    elif not document.summary.changes:
        head += f"No changes: {document.summary.unchanged:,} declared objects are as declared.\n\n"
    head += f"{_scope_sentence(document)}\n\n"
    tail = (
        undeclared_section(document.undeclared, UNDECLARED_VALUES)
        + _census_section(document.census)
        + diagnostics_section(document.diagnostics)
        + f"Digest {code(document.digest)}\n"
    )
    entries = [_change_entry(change) for change in sorted(document.changes, key=risk)]
    columns = ("action", "object", "what changes")
    hint = f"{code(f'azsec cluster plan {document.environment.name}')} shows all."
    return assemble(head, table_head(columns), entries, tail, hint, limit)


def _change_entry(change: ResourceChangeDocument) -> Entry:
    """Return a change; a new object has all that it states, folded."""
    if change.action is not Action.CREATE:
        return plan_entry(change)
    version = change.type.rpartition("/")[0]
    named = f"{code(change.address)}<br>{prose(version)}"
    sign = f"`{SIGNS[change.action]}`&nbsp;{change.action}"
    summary = row(sign, named, prose(object_in_words(change.fields), 300))
    return Entry(summary, partial(_new_object, change))


def _new_object(change: ResourceChangeDocument) -> str:
    lines = [f"+ {shorten(text, LONGEST_VALUE)}" for text in yaml_lines(change.fields)]
    if len(lines) > _MOST_LINES:
        lines = [*lines[:_MOST_LINES], f"# {and_more(len(lines) - _MOST_LINES, 'line')}"]
    if change.reason:
        lines.insert(0, f"# {shorten(plain(change.reason), LONGEST_VALUE)}")
    return details(f"{html_code(change.address)} {SIGNS[change.action]} {change.action}", lines)


def render_cluster_apply_markdown(document: ClusterApplyDocument) -> str:
    """Return an apply as Markdown: failed changes, and changes that were skipped for them."""
    head = _report_heading(
        "apply", document.environment.name, document.cluster, prose(apply_summary(document))
    )
    ended = [step for step in document.steps if step.outcome is not Outcome.SUCCEEDED]
    if ended:
        again = code(f"azsec cluster plan {document.environment.name}")
        head += f"What succeeded stays. {again} takes up from there.\n\n"
    elif not document.steps:
        head += "Nothing to do: the objects are as declared.\n\n"
    rows = (row(step.outcome, code(step.address), prose(step.message or "", 500)) for step in ended)
    table = section(table_head(("outcome", "address", "why")), rows, len(ended), "step")
    told = diagnostics_section(document.diagnostics)
    return f"{head}{table}{told}Digest {code(document.digest)}\n"


def render_cluster_drift_markdown(document: ClusterDriftDocument) -> str:
    """Return a drift check as Markdown of less than 65,000 characters."""
    head = _report_heading(
        "drift", document.environment.name, document.cluster, prose(drift_summary(document))
    )
    if document.observed is not None:
        unverified = "" if document.verified else f" ({NOT_VERIFIED})"
        head += f"Compared with an observation of {prose(document.observed)}{unverified}.\n\n"
    if not document.found:
        head += f"{prose(nothing_found(document))}\n\n"
    head += f"{census_sentence(document.census)}\n\n" + addition_section(document.additions)
    tail = (
        undeclared_section(document.undeclared, UNDECLARED_VALUES)
        + accepted_section(document.accepted)
        + _census_section(document.census)
        + diagnostics_section(document.diagnostics)
    )
    columns = ("drift", "object", "declared → in the cluster")
    hint = f"{code(f'azsec cluster drift {document.environment.name}')} shows all."
    entries = [drift_entry(drifted) for drifted in document.drifted]
    return assemble(head, table_head(columns), entries, tail, hint)


def _scope_sentence(document: ClusterPlanDocument) -> str:
    return AWAITED if document.cluster is None else census_sentence(document.census)


def _report_heading(command: str, name: str, cluster: ClusterDocument | None, told: str) -> str:
    about = "a cluster that Azure has yet to make"
    if cluster is not None:
        about = joined((code(cluster.server), f"Kubernetes {prose(cluster.version, 60)}"))
    return f"### azsec cluster {command}: {prose(name, 200)}\n\n{told}\n\n{about}\n\n"


def _census_section(census: ClusterCensusDocument) -> str:
    rows = list(_census_rows(census))
    head = "**Not seen**\n\n" + table_head(("", "what", "why"))
    return section(head, rows, len(rows), "entry")


def _census_rows(census: ClusterCensusDocument) -> Iterator[str]:
    for entry in census.unreadable:
        yield row("unreadable", prose(entry.listed or entry.id, 300), prose(entry.reason, 300))
    unread = describe_unread(census)
    if unread:
        yield row(
            "not looked at", prose(unread.partition(": ")[2], 400), "azsec does not know them"
        )
    for missing in census.not_covered:
        what = f"{missing.what} ({missing.count:,})"
        yield row("not looked at", prose(what, 300), prose(missing.reason, 300))
