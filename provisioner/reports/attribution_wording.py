"""Wording of attributions: who changed a resource, as far as the activity log records it."""

from collections.abc import Iterator

from provisioner.documents.attribution import (
    AttributionDocument,
    AttributionVerdict,
    WriterDocument,
    WriterKind,
)
from provisioner.reports.values import plain, show_path
from provisioner.reports.wording import and_more

_MOST_WRITERS = 5
_MOST_PATHS = 5


def attribution_sentences(attribution: AttributionDocument) -> Iterator[str]:
    """Yield who changed a resource: a sentence, or one and an entry for each of several writers."""
    verdict, writers = attribution.verdict, attribution.writers
    since = plain(attribution.since)
    if verdict is AttributionVerdict.UNREADABLE:
        yield f"who changed it is unknown: {plain(attribution.reason or 'no reason given')}"
    elif verdict is AttributionVerdict.NOT_LOGGED:
        yield (
            f"no change of it is logged since {since}: it is older, or not in the log yet (up to "
            "20 minutes)"
        )
    elif len(writers) == 1:
        yield _writer_sentence(writers[0])
    else:
        yield f"changed several times since {since}, the latest first:"
        yield from (f"- {_writer_sentence(writer)}" for writer in writers[:_MOST_WRITERS])
        if len(writers) > _MOST_WRITERS:
            yield f"- {and_more(len(writers) - _MOST_WRITERS, 'writer')}"


def _writer_sentence(writer: WriterDocument) -> str:
    verb = "deleted" if writer.deleted else _VERBS[writer.kind]
    told = f"{verb} {_actor_words(writer)} at {plain(writer.at)}"
    if writer.writes > 1:
        told += f" (the last of {writer.writes:,} writes)"
    if writer.outcome not in (None, "succeeded"):
        told += f", {_OUTCOMES.get(writer.outcome or '', plain(writer.outcome or ''))}"
    if writer.resource:
        deletes = (writer.action or "").lower().endswith("/delete")
        how = "the delete of" if deletes else "a write to"
        told += f", by {how} {_relative_id(plain(writer.resource))}"
    if writer.paths:
        shown = [show_path(path) for path in writer.paths[:_MOST_PATHS]]
        if len(writer.paths) > _MOST_PATHS:
            shown.append(and_more(len(writer.paths) - _MOST_PATHS, "property"))
        told += f"; changed {', '.join(shown)}"
    if writer.correlation_id:
        told += f"; correlation id {plain(writer.correlation_id)}"
    return told


_VERBS = {
    WriterKind.PRINCIPAL: "written",
    WriterKind.PLATFORM: "changed",
    WriterKind.UNSPECIFIED: "changed",
}
_OUTCOMES = {
    "started": "its end is not logged yet",
    "accepted": "its end is not logged yet",
    "failed": "which failed after it was accepted",
}


def _relative_id(resource: str) -> str:
    """Return the end of an id that names the resource: `virtualNetworks/vnet`."""
    kind, _, name = resource.rpartition("/")
    return f"{kind.rpartition('/')[2]}/{name}"


def _actor_words(writer: WriterDocument) -> str:
    if writer.kind is WriterKind.PLATFORM:
        return "by Azure itself"
    if writer.kind is WriterKind.UNSPECIFIED:
        return "by a caller that the log does not name"
    client = writer.client or (writer.application_id and f"application {writer.application_id}")
    return f"by {plain(writer.actor or '')}" + (f" with {plain(client)}" if client else "")
