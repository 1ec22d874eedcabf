"""Renders network proofs as Markdown: the result of each, and every counter-example.

`markdown` calls it.
"""

from collections.abc import Sequence

from provisioner.documents.proof import FAILS, BreachDocument, GateDocument, ProofDocument
from provisioner.reports.markdown_escape import code, prose
from provisioner.reports.markdown_table import row, section, table_head
from provisioner.reports.wording import PROOF_WORDS, joined, waiver_words


def gates_refuse(gates: Sequence[GateDocument]) -> str:
    """Return the paragraph with the gates that refuse an apply; empty where none does."""
    names = ", ".join(dict.fromkeys(code(gate.gate) for gate in gates))
    return f"**An apply is refused by the gate {names}.**\n\n" if gates else ""


def proof_totals(proofs: Sequence[ProofDocument]) -> str:
    """Return the paragraph with the result of every proof; empty where there are no proofs."""
    told = [proof for proof in proofs if proof.verdict in PROOF_WORDS]
    words = joined(_verdict_cell(proof) for proof in told)
    return f"Proofs: {words}\n\n" if told else ""


def proof_section(proofs: Sequence[ProofDocument]) -> str:
    """Return the table of counter-examples, those that are certain first, waived ones last."""
    found = [(proof, breach) for proof in proofs for breach in proof.breaches]
    found.sort(key=lambda pair: (pair[1].waived, not pair[1].certain))
    waived = all(breach.waived for _, breach in found)
    head = f"**{'Waived' if waived else 'Not proved'}**\n\n" + table_head(
        ("proof", "to blame", "counter-example", "what to do")
    )
    rows = (_breach_row(proof, breach) for proof, breach in found)
    return section(head, rows, len(found), "counter-example")


def _verdict_cell(proof: ProofDocument) -> str:
    text = f"{prose(proof.name)} {PROOF_WORDS[proof.verdict]}"
    return f"**{text}**" if proof.verdict == FAILS else text


def _breach_row(proof: ProofDocument, breach: BreachDocument) -> str:
    name = prose(proof.name) if breach.certain else f"{prose(proof.name)} (not known)"
    name += " (waived)" if breach.waived else ""
    todo = waiver_words(breach) or breach.hint
    return row(name, code(breach.element), prose(breach.message, 500), prose(todo, 300))
