"""Renders tags that the blueprint does not declare as Markdown.

`markdown` calls it.
"""

from collections.abc import Sequence

from provisioner.documents.plan import UndeclaredTagDocument
from provisioner.reports.markdown_escape import code
from provisioner.reports.markdown_table import row, section, table_head
from provisioner.reports.values import show_path, show_value
from provisioner.reports.wording import UNDECLARED_TAGS


def tag_section(tags: Sequence[UndeclaredTagDocument]) -> str:
    """Return the section of tags that a policy or a person set; "" without any."""
    rows = (
        row(code(tag.address), code(show_path(tag.path)), code(show_value(tag.value)))
        for tag in tags
    )
    title = f"**Undeclared tags: {UNDECLARED_TAGS}**"
    head = table_head(("address", "tag", "value"))
    return section(f"{title}\n\n{head}", rows, len(tags), "tag")
