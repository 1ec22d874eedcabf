"""Renders who changed the drifted resources, as a section of a pull request comment.

`markdown` calls it.
"""

from provisioner.documents.additions import AdditionDocument
from provisioner.documents.drift import DriftDocument
from provisioner.reports.additions_text import addition_label, describe_addition
from provisioner.reports.attribution_wording import attribution_sentences
from provisioner.reports.markdown_escape import code, prose
from provisioner.reports.markdown_table import row, section, table_head


def _addition_words(entry: AdditionDocument) -> str:
    return f"{addition_label(entry)}: {describe_addition(entry)}"


def attribution_section(document: DriftDocument) -> str:
    """Return a table of who changed the drifted resources; empty where none was looked up."""
    addresses = {drifted.id: drifted.address for drifted in document.drifted}
    addresses |= {entry.id: entry.address for entry in document.undeclared}
    addresses |= {entry.id: _addition_words(entry) for entry in document.additions}
    rows = (
        row(
            code(addresses.get(key, key), 300),
            "<br>".join(prose(sentence, 500) for sentence in attribution_sentences(attribution)),
        )
        for key, attribution in document.attributions.items()
    )
    head = table_head(("resource", "who changed it"))
    return section(
        f"**Changes in Azure's logs**\n\n{head}",
        rows,
        len(document.attributions),
        "resource",
    )
