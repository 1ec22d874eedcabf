"""Renders network proofs as text: counter-examples, and one line with the result of each.

`drift_text` and `plan_text` call it.
"""

from collections.abc import Iterator, Sequence

from provisioner.documents.proof import FAILS, GateDocument, ProofDocument
from provisioner.reports.styled import BLANK, Line, Span, Style, line, wrap
from provisioner.reports.values import plain
from provisioner.reports.wording import PROOF_WORDS, and_more, waiver_words

_MOST_BREACHES = 10
_STYLES = {FAILS: Style.BLOCKED, "unknown": Style.WARNING}


def breach_lines(proofs: Sequence[ProofDocument], width: int) -> Iterator[Line]:
    """Yield the section of failed proofs: the claim, then every counter-example."""
    for proof in proofs:
        if not proof.breaches:
            continue
        style = _STYLES.get(proof.verdict, Style.PLAIN)
        standing = [breach for breach in proof.breaches if not breach.waived]
        waived = [breach for breach in proof.breaches if breach.waived]
        verdict = "not proved" if standing else "waived"
        share = (
            f" · {len(waived):,} of {len(proof.breaches):,} waived" if standing and waived else ""
        )
        title = line("  ", Span(verdict, Style.BOLD), " · ", Span(plain(proof.name), style), share)
        rows = wrap(f"{plain(proof.claim)} ({plain(proof.scope)})", width - 4)
        yield title
        yield from (line("    ", Span(row, Style.DIM)) for row in rows)
        for breach in [*standing, *waived][:_MOST_BREACHES]:
            mark = " · waived" if breach.waived else ""
            yield line("    ", Span(plain(breach.element), Style.DIM if mark else style), mark)
            yield from (line(" " * 8, row) for row in wrap(plain(breach.message), width - 8))
            rows = wrap(plain(waiver_words(breach) or breach.hint), width - 8)
            yield from (line(" " * 8, Span(row, Style.DIM)) for row in rows)
        hidden = len(proof.breaches) - _MOST_BREACHES
        if hidden > 0:
            yield line("    ", Span(and_more(hidden, "counter-example"), Style.DIM))
        yield BLANK


def proof_totals(proofs: Sequence[ProofDocument], width: int) -> Iterator[Line]:
    """Yield the line with the result of every proof; nothing where there are no proofs."""
    told = [proof for proof in proofs if proof.verdict in PROOF_WORDS]
    if not told:
        return
    rows: list[list[Span]] = [[]]
    used = 7
    for proof in told:
        words = f"{plain(proof.name)} {PROOF_WORDS[proof.verdict]}"
        gap = " · " if rows[-1] else ""
        if used + len(gap) + len(words) > width and rows[-1]:
            rows.append([])
            used, gap = 7, ""
        used += len(gap) + len(words)
        rows[-1] += [Span(gap), Span(words, _STYLES.get(proof.verdict, Style.PLAIN))]
    for number, row in enumerate(rows):
        yield line(Span("Proofs ", Style.BOLD) if number == 0 else " " * 7, *row)


def gate_lines(gates: Sequence[GateDocument], width: int) -> Iterator[Line]:
    """Yield the lines about gates that refuse an apply."""
    if not gates:
        return
    names = list(dict.fromkeys(f"'{plain(gate.gate)}'" for gate in gates))
    noun = "gate" if len(names) == 1 else "gates"
    text = f"An apply is refused by the {noun} {' and '.join(names)}."
    yield from (line(Span(row, Style.BLOCKED)) for row in wrap(text, width))
