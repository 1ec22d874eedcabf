"""Renders an adoption as Markdown, for the pull request that adds the generated files.

`cli/output.py` calls it.
"""

from provisioner.documents.adoption import AdoptionDocument
from provisioner.reports.adoption_wording import by_reason, next_words, proof_words, short_id
from provisioner.reports.fields_markdown import fields_cell
from provisioner.reports.markdown_escape import code, prose
from provisioner.reports.markdown_table import row, section, table_head
from provisioner.reports.wording import joined


def render_adoption_markdown(document: AdoptionDocument) -> str:
    """Return an adoption as Markdown."""
    about = joined((code(document.environment.blueprint), prose(document.environment.cloud, 60)))
    return "".join(
        (
            f"### azsec adopt: {prose(document.environment.name, 200)}\n\n{about}\n\n",
            f"{prose(proof_words(document), 400)}\n\n",
            _table(
                "Would change",
                ("address", "action", "reason", "fields"),
                [
                    row(
                        code(change.address),
                        change.action,
                        prose(change.reason or "", 300),
                        fields_cell(change.fields),
                    )
                    for change in document.changes
                ],
            ),
            _table(
                "Files",
                ("file", "lines"),
                [row(code(file.path), str(file.lines)) for file in document.files],
            ),
            _table(
                "Not in the files",
                ("resource", "why"),
                [
                    row(code(short_id(each)), prose(each.reason, 300))
                    for each in (*document.not_expressed, *document.unlisted)
                ],
            ),
            _table(
                "Could not be read",
                ("read", "why"),
                [row(code(h.path), prose(h.reason, 300)) for h in document.unreadable],
            ),
            _table(
                "Not stated",
                ("address", "property", "why"),
                [row(code(n.address), code(n.path), prose(n.reason)) for n in document.notes],
            ),
            _table(
                "Left out",
                ("why", "how many", "for example"),
                [
                    row(prose(reason, 300), str(len(names)), code(names[0]))
                    for reason, names in sorted(by_reason(document.left_out).items())
                ],
            ),
            "".join(f"- {prose(each.message, 400)}\n" for each in document.diagnostics),
            "".join(f"Next: {prose(words, 300)}\n" for words in next_words(document)),
        )
    )


def _table(name: str, columns: tuple[str, ...], rows: list[str]) -> str:
    return section(f"**{name}**\n\n{table_head(columns)}", rows, len(rows), "row")
