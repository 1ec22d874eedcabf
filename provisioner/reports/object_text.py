"""Renders one Kubernetes object of a plan: name, API version, change, and a new one's content.

`cluster_text` and `plan_diff_text` call it.
"""

from collections.abc import Iterable, Iterator

from provisioner.documents.plan import Action, ResourceChangeDocument
from provisioner.reports.field_text import change_lines
from provisioner.reports.object_yaml import yaml_lines
from provisioner.reports.plan_text import action_lines
from provisioner.reports.styled import BLANK, Line, Span, Style, columns_of, line
from provisioner.reports.values import plain

_INDENT = 6


class ObjectNames:
    """The names of objects by address, with their API versions.

    The API version is beside the address, in one column, where a line has room for it, else below;
    namespace and kind are part of the address.
    """

    def __init__(self, addresses: Iterable[str], width: int) -> None:
        widths = [columns_of(plain(address)) for address in addresses]
        self._width = width
        self._column = max((one for one in widths if one <= width // 2), default=0)

    def lines(
        self, address: str, resource_type: str, namespace: str | None = None
    ) -> Iterator[Line]:
        """Yield the line that names an object; two where it is too long for its API version.

        The namespace is not repeated beside the address.
        """
        name, version = plain(address), plain(resource_type.rpartition("/")[0])
        column = max(self._column, columns_of(name))
        if 4 + column + columns_of(version) <= self._width:
            gap = " " * (2 + column - columns_of(name))
            yield line("  ", Span(name, Style.BOLD), gap, Span(version, Style.DIM))
        else:
            yield line("  ", Span(name, Style.BOLD))
            yield line("    ", Span(version, Style.DIM))


def object_section(
    change: ResourceChangeDocument, names: ObjectNames, width: int
) -> Iterator[Line]:
    """Yield the lines of one object's change."""
    yield from names.lines(change.address, change.type)
    yield from action_lines(change, "", width)
    if change.action is Action.CREATE:
        for row in yaml_lines(change.fields, width - _INDENT):
            yield line(" " * _INDENT, row)
    else:
        yield from change_lines(change.fields, width)
    yield BLANK
