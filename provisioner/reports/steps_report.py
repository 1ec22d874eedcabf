"""Renders the requests of a plan in the order of apply: as text and as Markdown.

`cli/output.py` calls it.
"""

from collections.abc import Iterator, Mapping, Sequence

from provisioner.documents.plan import PlanDocument, StepDocument
from provisioner.reports.markdown_escape import code
from provisioner.reports.markdown_table import fitting, row, table_head
from provisioner.reports.styled import BLANK, Line, Span, Style, join_wrapped, line
from provisioner.reports.values import plain, plural, shorten, show_path, show_value
from provisioner.reports.wording import and_more, joined

_STYLES = {"PUT": Style.CREATE, "DELETE": Style.DELETE}


def render_steps_text(document: PlanDocument, width: int = 100) -> Iterator[Line]:
    """Yield the requests of a plan.

    Each has its number, verb, address, dependencies, id, and which values of Azure it keeps beyond
    the blueprint. The last line is the digest, which `--digest` takes.
    """
    numbers = _step_numbers(document.steps)
    column = len(str(len(numbers)))
    yield BLANK
    yield line("  ", Span("steps", Style.BOLD), f" · {_heading_words(document.steps)}")
    for step in document.steps:
        waits = _wait_numbers(step, numbers)
        named = Span(f"{step.verb:6}", _STYLES.get(step.verb, Style.PLAIN))
        head = f"    {numbers[step.key]:>{column}}  "
        rows = join_wrapped(waits, width - len(head) - 14)
        after = f"after {rows[0]}" if rows else ""
        name = f"  {plain(step.address)}"
        if len(head) + 6 + len(name) + 3 + len(after) <= width or not after:
            yield line(head, named, name, Span(f" · {after}" if after else "", Style.DIM))
            rows = rows[1:]
        else:
            yield line(head, named, name)
            rows = [after, *rows[1:]]
        for more in rows:
            yield line(" " * (len(head) + 8), Span(more, Style.DIM))
        yield line(" " * (len(head) + 8), Span(plain(step.id), Style.DIM))
        for words in join_wrapped(_request_notes(step), width - len(head) - 8):
            yield line(" " * (len(head) + 8), Span(words, Style.DIM))
    yield line("  ", Span("digest", Style.BOLD), f" {plain(document.digest)}")


def render_steps_markdown(document: PlanDocument, room: int) -> str:
    """Return the requests of a plan as a table of at most about `room` characters."""
    if not document.steps:
        return ""
    numbers = _step_numbers(document.steps)
    head = f"\n**Steps: {_heading_words(document.steps)}**\n\n"
    head += table_head(("step", "request", "address", "resource", "after"))
    rows = [
        row(
            str(numbers[step.key]),
            step.verb,
            code(step.address),
            code(step.id, 300),
            ", ".join(_wait_numbers(step, numbers)),
        )
        for step in document.steps
    ]
    shown = fitting(rows, room - len(head) - 100)
    text = head + "".join(shown)
    if len(shown) < len(rows):
        text += f"\n{and_more(len(rows) - len(shown), 'step')}. `azsec show FILE` shows all.\n"
    return text + _kept_markdown(document.steps, room - len(text))


def _kept_markdown(steps: Sequence[StepDocument], room: int) -> str:
    """Return the values that requests send beyond the blueprint, as a table."""
    rows = [
        row(
            code(step.address),
            code(show_path(kept.path)),
            code(shorten(show_value(kept.value), 200)),
        )
        for step in steps
        for kept in step.keeps
    ]
    if not rows:
        return ""
    head = f"\n**Sent beyond the blueprint: {plural(len(rows), 'value')} that Azure has**\n\n"
    head += table_head(("address", "property", "value"))
    shown = fitting(rows, room - len(head) - 100)
    text = head + "".join(shown)
    if len(shown) < len(rows):
        text += f"\n{and_more(len(rows) - len(shown), 'value')}. `azsec show FILE` shows all.\n"
    return text


def _heading_words(steps: Sequence[StepDocument]) -> str:
    if not steps:
        return "none: apply sends nothing"
    deletes = sum(step.verb == "DELETE" for step in steps)
    count = plural(len(steps), "request")
    return joined(
        (f"{count}, each after the ones it names", f"{deletes} DELETE" if deletes else "")
    )


def _request_notes(step: StepDocument) -> list[str]:
    """Return the query parameters of a request, and which of Azure's values it keeps, in words."""
    asked = [f"?{plain(name)}={plain(text)}" for name, text in step.query.items()]
    kept = [
        f"{show_path(kept.path)} {shorten(show_value(kept.value), _LONGEST)}" for kept in step.keeps
    ]
    return [*asked, *([f"keeps {kept[0]}", *kept[1:]] if kept else [])]


_LONGEST = 60


def _step_numbers(steps: Sequence[StepDocument]) -> Mapping[str, int]:
    return {step.key: number for number, step in enumerate(steps, start=1)}


def _wait_numbers(step: StepDocument, numbers: Mapping[str, int]) -> list[str]:
    known = sorted(numbers[key] for key in step.after if key in numbers)
    unknown = sorted(plain(key) for key in step.after if key not in numbers)
    return [*map(str, known), *unknown]
