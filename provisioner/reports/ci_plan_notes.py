"""Notes on one environment below the table of a plan comment.

They state why there is no plan, what the plan deletes, and what differs from the reviewed plan.
`ci_plan_markdown` and `ci_apply_markdown` call it.
"""

from provisioner.documents.ci import (
    ComparisonDocument,
    EnvironmentPlanDocument,
    MovedChangeDocument,
    OtherJobDocument,
    PlanOutcome,
)
from provisioner.documents.document import DiagnosticDocument
from provisioner.documents.plan import PlanDocument
from provisioner.reports.markdown_escape import code, prose
from provisioner.reports.values import plural, show_path
from provisioner.reports.wording import sentence

_PATHS = 3
_NAMES = 30
_DIGEST_LENGTH = len("sha256:") + 12


def plan_notes(entry: EnvironmentPlanDocument, most: int) -> str:
    """Return the notes on one environment as a Markdown list, "" where there are none.

    Notes are why there is no plan, that the environment's file is deleted, what the plan deletes,
    at most `most` changes that differ from the reviewed plan, and approvals that do not count.
    """
    told = []
    if entry.plan is None:
        told += [diagnostic_note(text) for text in entry.diagnostics]
    if entry.outcome is PlanOutcome.REMOVED and entry.plan is not None:
        count = plural(entry.plan.summary.changes, "resource")
        told.append(
            f"{code(entry.path)} is deleted, and {count} of the environment would be left without "
            f"one. Nothing is destroyed on merge: run {code(f'azsec destroy {entry.name}')} while "
            "the file is there, then delete it."
        )
    if entry.plan is not None and entry.outcome is PlanOutcome.CHANGES and entry.plan.deleted:
        told.append(_deletes_note(entry.plan, min(most // 2, _NAMES)))
    if entry.comparison is not None:
        told.append(_comparison_note(entry, entry.comparison, most))
    if entry.widens:
        names = ", ".join(code(address) for address in entry.widens[:_NAMES])
        told.append(f"Access is granted by {names}.")
    told += [
        f"The approval of {prose(one.by, 60)} does not count: {prose(one.reason, 200)}."
        for one in entry.uncounted
    ]
    lines = "".join(f"- {text}\n" for text in told)
    return f"**{code(entry.name, 60)}**\n\n{lines}\n" if told else ""


def diagnostic_note(told: DiagnosticDocument) -> str:
    """Return a diagnostic as Markdown in one line: severity, place, message and hint."""
    place = f"{code(told.place)}: " if told.place else ""
    hint = f" {prose(told.hint, 400)}" if told.hint else ""
    return f"**{told.severity}** {place}{prose(sentence(told.message), 600)}{hint}"


def _deletes_note(plan: PlanDocument, most: int) -> str:
    """Return what a plan deletes or replaces, the data that is lost, and the permitting digest.

    At most `most` resources are named.
    """
    lost = {change.address: change.disruption for change in plan.changes}
    actions = {change.address: str(change.action) for change in plan.changes}
    named = [
        f"{code(each)} ({actions.get(each, 'delete')}: {lost.get(each, 'data lost')})"
        for each in plan.deleted
    ]
    shown = ", ".join(named[:most])
    more = f" and {len(named) - most:,} more" if len(named) > most else ""
    return f"**Deletes or replaces** {shown}{more}. Needs `allow-delete` {code(plan.digest)}."


def _comparison_note(entry: EnvironmentPlanDocument, told: ComparisonDocument, most: int) -> str:
    which = "approved" if told.with_ == "approved" else "posted last"
    digest = code(told.digest[:_DIGEST_LENGTH])
    if told.same:
        return f"The plan is the one that was {which} ({digest})."
    void = "**The approval is void.** " if entry.void else ""
    text = f"{void}The plan is not the one that was {which} ({digest})"
    if told.moved is None:
        return f"{text}; what differs is not known, since no comment of azsec remembers that plan."
    if not told.moved:
        # The digest also covers inputs that cause no change, and a comment does not record which
        # differed.
        return (
            f"{text}: the changes are the same. What differs is beside them: waivers, gates or "
            "values of the files, the version of azsec, or what else is in Azure "
            "(`azsec diff` of two saved plans names it)."
        )
    shown = "".join(f"\n  - {_changed_words(one)}" for one in told.moved[:most])
    more = len(told.moved) - most
    return f"{text}:{shown}" + (f"\n  - … and {more:,} more changes" if more > 0 else "")


def _changed_words(one: MovedChangeDocument) -> str:
    address = code(one.address)
    if one.then is None:
        return f"{address}: {one.now}, new"
    if one.now is None:
        return f"{address}: {prose(one.then, 20)}, no longer planned"
    if one.then != one.now:
        return f"{address}: {one.now}, was {prose(one.then, 20)}"
    paths = ", ".join(code(show_path(path), 120) for path in one.paths[:_PATHS])
    more = len(one.paths) - _PATHS
    rest = f" and {more} more" if more > 0 else ""
    return f"{address}: {one.now}, of other values" + (f" ({paths}{rest})" if paths else "")


def other_note(entry: OtherJobDocument) -> str:
    """Return the result of another job for its environment, as an entry of a Markdown list."""
    digest = f" {code(entry.digest[:_DIGEST_LENGTH])}" if entry.digest else ""
    told = prose(entry.told, 120)
    shown = told if entry.went_well else f"**{told}**"
    return f"- {code(entry.name, 60)}:{digest} {shown}\n"
