"""Wording of an adoption, shared by text and Markdown."""

from collections.abc import Mapping, Sequence

from provisioner.documents.adoption import AdoptionDocument, LeftOutDocument, Verdict
from provisioner.reports.type_names import without_vendor
from provisioner.reports.values import plain, plural


def proof_words(document: AdoptionDocument) -> str:
    """Return the result of the proof, with its scope."""
    total = plural(document.adopted, "resource")
    marks = "nothing" if document.observe else "nothing but azsec's marks"
    held = f"the plan of these files changes {marks}"
    match document.verdict:
        case Verdict.PROVEN:
            return f"proven: {held} ({total}, {plural(document.types, 'type')})"
        case Verdict.PARTIAL:
            return f"proven for what could be read: {held} ({total}){_scope_of_proof(document)}"
        case Verdict.NOT_PROVEN if not document.changes:
            return f"not proven: {held} ({total}), but the plan cannot be applied: it has errors"
        case Verdict.NOT_PROVEN:
            return (
                f"not proven: {document.unchanged} of {total} stay as they are, "
                f"{document.adopted - document.unchanged} would change"
            )


def _scope_of_proof(document: AdoptionDocument) -> str:
    """Return what the proof does not cover.

    That is resources that the files do not state, and reads that Azure refused.
    """
    missing, refused = len(document.not_expressed), len(document.unreadable)
    found = f"; {plural(missing, 'resource')} not in the files" if missing else ""
    if refused:
        found += f"; {plural(refused, 'read')} refused, so there may be more"
    return found


def next_words(document: AdoptionDocument) -> list[str]:
    """Return the next steps for the user."""
    name = plain(document.environment.name)
    if document.verdict is Verdict.NOT_PROVEN and not document.changes:
        return [f"resolve the errors, then run azsec plan {name} --out {name}.azplan"]
    if document.verdict is Verdict.NOT_PROVEN:
        return [f"edit the files until `azsec plan {name}` shows no changes but marks"]
    if document.observe:
        return [f"azsec drift {name}", *_of_first_drift(document)]
    return [
        f"azsec plan {name} --out {name}.azplan, review it, azsec apply {name}.azplan",
        *_of_first_drift(document),
    ]


def _of_first_drift(document: AdoptionDocument) -> list[str]:
    """Return what the first drift check will report without any change, if there is something."""
    found = []
    if document.failing_proofs:
        found.append(
            plural(document.failing_proofs, "network proof") + " that fail on what is there"
        )
    if document.additions:
        found.append(plural(document.additions, "addition") + " that others made beside it")
    if not found:
        return []
    name = plain(document.environment.name)
    return [f"azsec drift {name} reports from the first run on: {' and '.join(found)}"]


def by_reason(entries: Sequence[LeftOutDocument]) -> Mapping[str, Sequence[str]]:
    """Return the excluded resources by reason, each as type and name."""
    found: dict[str, list[str]] = {}
    for entry in entries:
        found.setdefault(entry.reason, []).append(short_id(entry))
    return found


def short_id(entry: LeftOutDocument) -> str:
    """Return the label of an excluded resource: its type and name, or its Terraform address."""
    if entry.address is not None:
        return plain(entry.address)
    return f"{without_vendor(plain(entry.type))} {plain(entry.id.rpartition('/')[2])}"
