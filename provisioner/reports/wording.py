"""Wording and signs that all reports share."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provisioner.documents.additions import AcceptedDocument, AdditionDocument
from provisioner.documents.document import DiagnosticDocument, LockedSourceDocument
from provisioner.documents.plan import (
    Action,
    FieldChangeDocument,
    FieldKind,
    IgnoredDocument,
    InProgressDocument,
    PlanDocument,
    PlanSummary,
    ResourceChangeDocument,
    UndeclaredDocument,
    UndeclaredTagDocument,
)
from provisioner.documents.proof import FAILS, BreachDocument
from provisioner.documents.trace import FlowPathDocument
from provisioner.reports.values import list_difference, plain, plural, show_path

if TYPE_CHECKING:
    from provisioner.documents.drift import DriftDocument

SIGNS: Mapping[Action, str] = {
    Action.NO_OP: " ",
    Action.CREATE: "+",
    Action.UPDATE: "~",
    Action.ADOPT: "<-",
    Action.REPLACE: "-/+",
    Action.DELETE: "-",
    Action.BLOCKED: "!",
}

BY_RISK = (
    Action.BLOCKED,
    Action.DELETE,
    Action.REPLACE,
    Action.ADOPT,
    Action.UPDATE,
    Action.CREATE,
)
"""The actions in order of the attention that a reviewer should give them."""

HARMLESS = "no disruption"
_DISRUPTIONS = (
    HARMLESS,
    "disruption not known",
    "connections drop",
    "access ends",
    "control plane blips",
    "nodes reimaged",
    "data lost",
)
"""`provisioner.catalog.field.Disruption`, from harmless to worst."""

GRANTS_ACCESS = "grants access"
"""The note on a change that grants access to a principal, a token issuer or a service."""

NO_CHANGES = "No changes"
NO_DRIFT = "No drift"
UNMARKED = "exists without a mark of azsec"
ORPHANED = "carries the environment's mark and is no longer declared; the next apply deletes it"
ADDITIONS = "created outside of the blueprint, not declared and not accepted"
ACCEPTED = "additions of others that the environment knows of; left as is"
IN_PROGRESS = "Azure still works on it; apply waits, and plans on what settled"

PROOF_WORDS: Mapping[str, str] = {
    "holds": "ok",
    FAILS: "FAILS",
    "waived": "waived",
    "unknown": "unknown",
}
"""The wording of a proof's result; a proof without subjects is not mentioned."""

BLUEPRINT = "blueprint"
"""The owner of a field that reports do not mention."""


def risk(change: ResourceChangeDocument) -> tuple[int, int, bool]:
    """Return the sort key of a change: the lower, the more it needs a reviewer's eye."""
    known = change.disruption in _DISRUPTIONS
    disruption = _DISRUPTIONS.index(change.disruption) if known else len(_DISRUPTIONS)
    order = BY_RISK.index(change.action) if change.action in BY_RISK else len(BY_RISK)
    return order, -disruption, not any(field.security for field in change.fields)


def is_disruptive(change: ResourceChangeDocument) -> bool:
    """Return whether a change has a disruption that the report has to state."""
    return change.disruption != HARMLESS


def tier_words(change: ResourceChangeDocument) -> str:
    """Return what azsec knows of the type of a change, for a type outside the catalog."""
    return f"type {plain(change.tier)}" if change.tier else ""


def refusal_of(document: PlanDocument) -> str | None:
    """Return why a plan cannot be applied as it is, or None."""
    if document.summary.blocked:
        return (
            f"This plan cannot be applied: {plural(document.summary.blocked, 'resource')} blocked."
        )
    if any(told.severity == "error" for told in document.diagnostics):
        return "This plan cannot be applied: it has errors."
    return None


def no_changes(document: PlanDocument) -> str:
    """Return the sentence for a plan without changes: its scope, and the limits of that."""
    if document.destroys:
        return "Nothing to delete: no resource that was read carries this environment's mark."
    unseen = document.census.unreadable if document.census else ()
    if unseen:
        return f"{_UNKNOWN} has to change: {len(unseen):,} unreadable."
    but_for = _but_for(document)
    return _nothing_found(NO_CHANGES, but_for, document.in_progress, document.diagnostics)


def no_drift(document: "DriftDocument") -> str:
    """Return the sentence for a check without drift: its scope, and the limits of that."""
    if not document.is_certain:
        unseen = len(document.census.unreadable)
        cluster = document.cluster
        if unseen:
            why = f"{unseen:,} unreadable"
        elif cluster is not None and not cluster.is_certain:
            why = "the cluster was not observed" if cluster.refused else "lists were refused in it"
        else:
            unread = [entry for entry in document.undeclared if entry.unread]
            why = f"{_UNDECIDED} {plural(len(unread), 'value')}" if unread else "there are errors"
        return f"{_UNKNOWN} drifted: {why}."
    but_for = _but_for(document)
    found = _nothing_found(NO_DRIFT, but_for, document.in_progress, document.diagnostics)
    cluster = document.cluster
    if cluster is None or cluster.source is not None:
        return found
    # The claim covers what was read: Azure, and not the cluster's objects that are declared too.
    scoped = found.replace(f"{NO_DRIFT}: Azure is", f"{NO_DRIFT} in Azure: it is", 1)
    return f"{scoped} {plural(cluster.declared, 'object')} in the cluster: not observed."


def _but_for(document: "PlanDocument | DriftDocument") -> list[str]:
    """Return what Azure has beyond the blueprint, in words."""
    told = (
        ("is ignored", document.ignored),
        ("others added", document.additions),
        ("is accepted", document.accepted),
    )
    return [words for words, entries in told if entries]


NOT_VERIFIED = "signature not verified"
NOT_IDENTIFIED = "cluster not identified: no namespace kube-system in the lists"
"""The notes on an observation that was read without AZSEC_OBSERVATION_KEY, and on lists without the
namespace kube-system."""

_UNKNOWN = "It is unknown whether anything"
_UNSEEN = frozenset({"unaccounted-mark", "left-in-subscription"})
"""The codes of diagnostics about something that could not be read."""


def _nothing_found(
    what: str,
    but_for: Sequence[str],
    in_progress: Sequence[InProgressDocument],
    diagnostics: Sequence[DiagnosticDocument],
) -> str:
    beside = f", but for what {' and '.join(but_for)}" if but_for else ""
    unseen = sum(diagnostic.code in _UNSEEN for diagnostic in diagnostics)
    if unseen:
        gaps = plural(unseen, "warning")
        return f"{what} in what was read{beside}. Not all was seen: {gaps} above."
    if in_progress:
        count = plural(len(in_progress), "resource")
        return f"{what} so far: {count} in progress. The rest matches the blueprint{beside}."
    return f"{what}: Azure matches the blueprint{beside}."


def count_in_progress(in_progress: Sequence[InProgressDocument]) -> str:
    """Return how many resources Azure still works on; maybe ""."""
    return f"{len(in_progress):,} in progress" if in_progress else ""


def count_additions(
    additions: Sequence[AdditionDocument], accepted: Sequence[AcceptedDocument]
) -> str:
    """Return how many additions there are, and how many are accepted; maybe ""."""
    noted = (
        plural(len(additions), "addition") if additions else "",
        f"{len(accepted):,} accepted" if accepted else "",
    )
    return joined(noted)


def keeping(entry: UndeclaredDocument) -> str:
    """Return the note on a value that Azure keeps on writes; "" for any other value."""
    if not entry.kept:
        return ""
    if entry.unread is not None:
        return f"{KEPT}; not known whether it moved: {entry.unread}"
    return MOVED if entry.moved else KEPT


_UNDECIDED = "the logs do not show who set"
KEPT = "Azure keeps this on writes"
MOVED = "moved since the last apply, according to Azure's logs; Azure keeps it on writes"


UNDECLARED_TAGS = "the blueprint does not declare them; never overwritten"


def count_tags(tags: Sequence[UndeclaredTagDocument]) -> str:
    """Return how many tags there are that the blueprint does not declare; maybe ""."""
    return plural(len(tags), "undeclared tag") if tags else ""


def count_ignored(ignored: Sequence[IgnoredDocument]) -> str:
    """Return how many changes are suppressed, and how many of them affect security; maybe ""."""
    if not ignored:
        return ""
    security = sum(entry.field.security for entry in ignored)
    beside = f" ({security:,} security)" if security else ""
    return f"{len(ignored):,} ignored{beside}"


def counts(summary: PlanSummary) -> list[tuple[Action, int]]:
    """Return the actions that a plan takes, with how many resources each."""
    numbers = (
        (Action.CREATE, summary.create),
        (Action.UPDATE, summary.update),
        (Action.ADOPT, summary.adopt),
        (Action.REPLACE, summary.replace),
        (Action.DELETE, summary.delete),
        (Action.BLOCKED, summary.blocked),
    )
    return [(action, number) for action, number in numbers if number]


def marks(field: FieldChangeDocument) -> list[str]:
    """Return the notes on a field beside its values."""
    told = []
    if field.security:
        told.append("security")
    if field.forces_replace:
        told.append("forces replace")
    if field.owner != BLUEPRINT:
        told.append(f"set by {plain(field.owner)}")
    return told


@dataclass(frozen=True, slots=True)
class Part:
    """One change within a field: `+` is added, `-` is removed, `~` is changed.

    `path` is as displayed. `kept` counts the entries of a list that stay.
    """

    path: str
    sign: str
    before: Any = None
    after: Any = None
    kept: int = 0

    @property
    def value(self) -> Any:  # noqa: ANN401  any JSON
        """The value that a `+` adds or a `-` removes."""
        return self.after if self.sign == "+" else self.before


def parts_of(field: FieldChangeDocument) -> list[Part]:
    """Take a field's change apart, down to the properties and entries that really differ."""
    path = show_path(field.path)
    if field.kind is FieldKind.ADDED:
        return _parts_of_whole(path, "+", field.after)
    if field.kind is FieldKind.REMOVED:
        return _parts_of_whole(path, "-", field.before)
    return list(_changed_parts(path, field.before, field.after))


def _parts_of_whole(path: str, sign: str, value: Any) -> list[Part]:  # noqa: ANN401  any JSON
    entries = value if isinstance(value, list) and value else [value]
    if sign == "+":
        return [Part(path, sign, after=entry) for entry in entries]
    return [Part(path, sign, before=entry) for entry in entries]


def _changed_parts(path: str, before: Any, after: Any) -> Iterator[Part]:  # noqa: ANN401  any JSON
    if before is None or after is None:
        yield from _parts_of_whole(
            path, "+" if before is None else "-", after if before is None else before
        )
    elif isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in (*before, *(key for key in after if key not in before)):
            one, other = before.get(key), after.get(key)
            if one != other:
                inner = path if key == "properties" else f"{path}.{plain(key)}"
                yield from _changed_parts(inner, one, other)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _changed_list(path, before, after)
    else:
        yield Part(path, "~", before, after)


def _changed_list(path: str, before: Sequence[Any], after: Sequence[Any]) -> Iterator[Part]:
    difference = list_difference(before, after)
    if not difference.removed and not difference.added:
        yield Part(path, "~", before, after)
        return
    for entry in difference.removed:
        yield Part(path, "-", before=entry, kept=difference.kept)
    for entry in difference.added:
        yield Part(path, "+", after=entry, kept=difference.kept)


def outcome_of(journey: FlowPathDocument) -> str:
    """Return the result of a traced flow, in words."""
    over = f", through {plain(journey.through)}" if journey.through else ""
    if journey.delivered:
        return f"delivered{over}"
    stopped = f"stopped by {plain(journey.hops[-1].element)}"
    if journey.unjudged:
        return f"unknown: {stopped}, and {unjudged_words(journey.unjudged)}"
    return stopped


def unjudged_words(unjudged: Sequence[str]) -> str:
    """Return which parts of a subnet are not evaluated: a path through them is not found."""
    named = ", ".join(plain(each) for each in unjudged[:_MOST_UNJUDGED])
    more = f" and {len(unjudged) - _MOST_UNJUDGED} more" if len(unjudged) > _MOST_UNJUDGED else ""
    return f"{named}{more} may open another way, and azsec does not judge it"


_MOST_UNJUDGED = 3


def sentence(text: str) -> str:
    """Return a message that another sentence can follow: with a full stop, if it has no end."""
    return text if text.endswith((".", "!", "?", ":", "…")) else f"{text}."


def joined(texts: Iterable[str]) -> str:
    """Return short facts on one line."""
    return " · ".join(text for text in texts if text)


def and_more(hidden: int, noun: str) -> str:
    """Return the line with the number of omitted entries."""
    number, _, nouns = plural(hidden, noun).partition(" ")
    return f"… and {number} more {nouns}"


def source_words(source: LockedSourceDocument) -> str:
    """Return which commit of a git repository an environment is composed from."""
    at = "" if source.ref == source.commit else f" {source.ref}"
    return f"from {source.repository}{at} ({source.commit[:12]})"


def waiver_words(breach: BreachDocument) -> str:
    """Return who waives a counter-example, until when and why; empty without a waiver."""
    if breach.waiver is None:
        return "waived" if breach.waived else ""
    waiver = breach.waiver
    return f"waived by {waiver.owner} until {waiver.expires}: {waiver.reason}"
