"""Renders the verdicts on pods as text (`azsec manifests --check`)."""

from collections.abc import Iterator

from provisioner.documents.manifests import JudgedPodDocument, PodChecksDocument, VerdictDocument
from provisioner.reports.section_text import heading, render_diagnostics
from provisioner.reports.styled import BLANK, Line, Span, Style, line, wrap
from provisioner.reports.values import plain, plural


def render_pod_checks_text(document: PodChecksDocument, width: int = 100) -> Iterator[Line]:
    """Yield the lines: each pod with its violations and their positions."""
    yield from heading("manifests", document.environment, width)
    for pod in document.pods:
        yield from _pod(pod, width)
        yield BLANK
    yield from render_diagnostics(document.diagnostics, width)
    words = [
        plural(len(document.pods), "pod"),
        f"{document.refused} refused",
        f"{len(document.pods) - document.refused} admitted",
    ]
    if document.skipped:
        words.append(f"{plural(document.skipped, 'object')} without a pod")
    yield line(Span("Pods  ", Style.BOLD), " · ".join(words))


def _pod(pod: JudgedPodDocument, width: int) -> Iterator[Line]:
    outcome = Span("refused", Style.DELETE) if pod.is_refused else Span("admitted", Style.CREATE)
    called = f"{plain(pod.kind)} {plain(pod.name)}"
    yield line(
        "  ", Span(called, Style.BOLD), f" in {plain(pod.namespace)} ({pod.level}): ", outcome
    )
    if pod.is_refused and pod.kind != "Pod":
        yield line(
            f"    The API server makes the {plain(pod.kind)} and warns; its pods never come."
        )
    for verdict in pod.verdicts:
        yield from _verdict(verdict, width)


def _verdict(verdict: VerdictDocument, width: int) -> Iterator[Line]:
    mark = Span("x ", Style.DELETE) if verdict.enforced else Span("! ", Style.UPDATE)
    first, *more = wrap(f"{plain(verdict.place)}: {plain(verdict.message)}", width - 6)
    yield line("    ", mark, first)
    yield from (line("      ", row) for row in more)
    controls = ", ".join(verdict.controls)
    for row in wrap(f"{plain(verdict.field)} · {verdict.rule} · {controls}", width - 6):
        yield line("      ", Span(row, Style.DIM))
