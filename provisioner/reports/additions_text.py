"""Renders additions by others to an environment's resources as text.

Additions are resources that the blueprint does not declare, on or in resources of the environment:
role assignments, locks, DNS records. They are drift, and a plan never changes them.
"""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from provisioner.documents.additions import AcceptedDocument, AdditionDocument
from provisioner.documents.attribution import AttributionDocument
from provisioner.reports.attribution_text import attribution_lines
from provisioner.reports.styled import BLANK, Line, Span, Style, line, wrap
from provisioner.reports.values import plain, shorten, show_value
from provisioner.reports.wording import ACCEPTED, ADDITIONS, and_more

_MOST = 30
_LONGEST_VALUE = 120
_NOBODY: Mapping[str, AttributionDocument] = MappingProxyType({})


def addition_lines(
    entries: Sequence[AdditionDocument],
    width: int,
    attributions: Mapping[str, AttributionDocument] = _NOBODY,
) -> list[Line]:
    """Return the section of additions, each with who made it where that was looked up (by id)."""
    if not entries:
        return []
    result = [line("  ", Span("additions", Style.BOLD), f" · {ADDITIONS}")]
    for entry in entries[:_MOST]:
        result += _entry_lines(entry, width)
        result += attribution_lines(attributions.get(entry.id), width, 8)
    return [*result, *_hidden_count_lines(len(entries)), BLANK]


def accepted_lines(entries: Sequence[AcceptedDocument], width: int) -> list[Line]:
    """Return the section of additions that the environment accepts."""
    if not entries:
        return []
    result = [line("  ", Span("accepted", Style.BOLD), f" · {ACCEPTED}")]
    for entry in entries[:_MOST]:
        result += _entry_lines(entry.addition, width)
        why = f"until {plain(entry.expires)} by {plain(entry.owner)}: {plain(entry.reason)}"
        result += [line(" " * 8, Span(row, Style.DIM)) for row in wrap(why, width - 8)]
    return [*result, *_hidden_count_lines(len(entries)), BLANK]


def addition_label(entry: AdditionDocument) -> str:
    """Return the label of the resource that an addition is on: its address or the end of its id."""
    if entry.address:
        return plain(entry.address)
    return "the tenant" if entry.on == "/" else plain("/".join(entry.on.split("/")[-2:]))


def describe_addition(entry: AdditionDocument, longest: int = _LONGEST_VALUE) -> str:
    """Return what an addition is, its effect, for whom and how.

    Values have at most `longest` characters. Examples: "role assignment: Owner (administers access)
    for user 5d2b…", "lock freeze, forbids changes to it: level ReadOnly".
    """
    values = {name: shorten(show_value(value), longest) for name, value in entry.values.items()}
    if entry.role is None:
        told = [f"{plain(name)} {value}" for name, value in values.items()]
        label = f"{_noun_of(entry.type)} {plain(entry.id.rpartition('/')[2])}"
        named = ", ".join(part for part in (label, plain(entry.adds)) if part)
        return ": ".join(part for part in (named, ", ".join(told)) if part)
    values.pop("roleDefinitionId", None)
    kind = _words_in(values.pop("principalType", ""))
    who = " ".join(part for part in (kind, values.pop("principalId", "")) if part)
    who += f" ({plain(entry.principal)})" if entry.principal else ""
    more = "".join(f", {plain(name)} {value}" for name, value in values.items())
    can = f" ({plain(entry.allows)})" if entry.allows else ""
    return f"{_noun_of(entry.type)}: {plain(entry.role)}{can} for {who}{more}"


def describe_ended(entry: AdditionDocument) -> str:
    """Return what is deleted together with a deleted or replaced resource.

    The text describes the addition that Azure has, and names the resource that it is on.
    """
    return f"ends {describe_addition(entry)}, on {addition_label(entry)}"


def _noun_of(type_name: str) -> str:
    """Return the singular noun of a type: "role assignment" for `…/roleAssignments`."""
    words = _words_in(plain(type_name.rpartition("/")[2]))
    if words.endswith("ies"):
        return f"{words[:-3]}y"
    if words.endswith("sses"):
        return words[:-2]
    return words[:-1] if words.endswith("s") and not words.endswith("ss") else words


def _words_in(name: str) -> str:
    """Return the words of a name in camel case, in lower case.

    A name in capitals stays as it is: it is the type of a DNS record.
    """
    return name if name.isupper() else re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


def _entry_lines(entry: AdditionDocument, width: int) -> list[Line]:
    told = f"{addition_label(entry)}  {describe_addition(entry, min(_LONGEST_VALUE, width - 10))}"
    first, *rest = wrap(told, width - 8) or [""]
    return [
        line("    ", Span("+ ", Style.CREATE), first),
        *(line(" " * 8, row) for row in rest),
        line(" " * 8, Span(plain(entry.id), Style.DIM)),
    ]


def _hidden_count_lines(count: int) -> list[Line]:
    more = count - _MOST
    return [line("    ", Span(and_more(more, "addition"), Style.DIM))] if more > 0 else []
