"""Renders upgrades as Markdown: a page, or a comment on a pull request.

`cli/output.py` calls it.
"""

from collections.abc import Iterable, Iterator, Sequence

from provisioner.documents.upgrade import ClusterUpgradeDocument, UpgradeDocument
from provisioner.model.diagnostic import Severity
from provisioner.reports.markdown_escape import code, prose
from provisioner.reports.markdown_table import row, section, table_head
from provisioner.reports.upgrade_wording import (
    NOT_OBSERVED,
    WINDOWS_NOTE,
    also_words,
    finding_words,
    findings_of,
    next_words,
    objects_words,
    pool_words,
    quota_words,
    step_by,
    support_words,
    upgrade_summary,
    versions_of,
    window_items,
    written_words,
)
from provisioner.reports.wording import joined


def render_upgrade_markdown(document: UpgradeDocument) -> str:
    """Return an upgrade as Markdown."""
    about = joined((code(document.environment.blueprint), prose(document.environment.cloud, 60)))
    head = f"### azsec upgrade: {prose(document.environment.name, 200)}\n\n{about}\n\n"
    parts = [head, f"{prose(upgrade_summary(document))}\n\n"]
    parts += [_cluster_section(each) for each in document.clusters]
    written = [*map(written_words, document.written), *also_words(document)]
    parts.append(_list_section("Written", map(prose, written)))
    parts.append(_list_section("Next", [code(words) for words in next_words(document)]))
    parts.append(_list_section("", [prose(finding_words(told)) for told in document.diagnostics]))
    return "".join(parts)


def _cluster_section(cluster: ClusterUpgradeDocument) -> str:
    title = f"{code(cluster.address)}: {prose(versions_of(cluster))}"
    about = f"{prose(cluster.location, 60)} · {prose(cluster.plan, 60)}"
    seen = objects_words(cluster.objects) if cluster.objects else NOT_OBSERVED
    return "".join(
        (
            f"**{title}** · {about}\n\n",
            _list_section(
                "Blocking", map(prose, map(finding_words, findings_of(cluster, Severity.ERROR)))
            ),
            _list_section(
                "Warnings", map(prose, map(finding_words, findings_of(cluster, Severity.WARNING)))
            ),
            _list_section("Unreadable", map(prose, cluster.unreadable)),
            _table_section("Path", ("", "what", "from", "to", "who"), _step_rows(cluster)),
            _table_section(
                "Support",
                ("version", "supported"),
                [row(code(each.version), prose(support_words(each))) for each in cluster.support],
            ),
            _table_section(
                "Pools",
                ("pool", "version", "upgrade"),
                [
                    row(code(each.name), code(each.version), prose(pool_words(each)))
                    for each in cluster.pools
                ],
            ),
            _table_section(
                "Channels",
                ("channel", "effect"),
                [
                    row(code(f"{c.property}: {c.channel}"), prose(c.effect))
                    for c in cluster.channels
                ],
            ),
            _table_section(
                f"Windows ({WINDOWS_NOTE})",
                ("window", "what for", "when"),
                [
                    row(
                        code(each.name),
                        prose(each.purpose),
                        prose(", ".join(window_items(each)), 300),
                    )
                    for each in cluster.windows
                ],
            ),
            _table_section(
                "Quota",
                ("quota", "vCPUs"),
                [row(code(each.quota), prose(quota_words(each), 300)) for each in cluster.quotas],
            ),
            f"**Objects**: {prose(seen)}\n\n" if cluster.running is not None else "",
        )
    )


def _step_rows(cluster: ClusterUpgradeDocument) -> list[str]:
    return [
        row(str(number), prose(step.subject), code(step.before), code(step.after), step_by(step))
        for number, step in enumerate(cluster.steps, 1)
    ]


def _table_section(name: str, columns: Sequence[str], rows: Sequence[str]) -> str:
    head = f"**{prose(name)}**\n\n{table_head(columns)}"
    return section(head, rows, len(rows), "row")


def _list_section(name: str, items: Iterable[str]) -> str:
    lines = list(_list_items(items))
    if not lines:
        return ""
    title = f"**{name}**\n\n" if name else ""
    return f"{title}{''.join(lines)}\n"


def _list_items(items: Iterable[str]) -> Iterator[str]:
    return (f"- {item}\n" for item in items)
