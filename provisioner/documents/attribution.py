"""Attribution of drift: who changed a resource, as far as Azure's logs record it."""

from enum import StrEnum

from provisioner.documents.document import Document


class AttributionVerdict(StrEnum):
    """What the logs say of a resource.

    WRITTEN      one principal wrote it, with one client
    SEVERAL      there are several writers
    PLATFORM     only Azure itself did
    UNSPECIFIED  a change was seen, and Azure does not say by whom
    NOT_LOGGED   no log that was read has a change of it: it is older, or not in the log yet
    UNREADABLE   the log could not be read
    """

    WRITTEN = "written"
    SEVERAL = "several"
    PLATFORM = "platform"
    UNSPECIFIED = "unspecified"
    NOT_LOGGED = "not-logged"
    UNREADABLE = "unreadable"


class WriterKind(StrEnum):
    """The kind of a writer: a principal, Azure itself, or not named in the log."""

    PRINCIPAL = "principal"
    PLATFORM = "platform"
    UNSPECIFIED = "unspecified"


class WriterDocument(Document):
    """The writes of one actor with one client to a resource.

    With `paths` it is the one write that changed these properties.

    `actor` is what the log names: a user principal name, or an object id. `client` is the name of
    the client, null for one that is not Microsoft's; `application_id` is its id. `at` is the time
    of the last of the `writes` (ISO 8601, UTC), and `action`, `outcome` (succeeded, accepted,
    started, failed) and `correlation_id` are of that one. `resource` is the id of what was written
    where that is not the resource itself: the parent whose body holds it, a resource that contained
    it, or one that shares the correlation id. `paths` are properties that `resourcechanges` names
    for the write and that are among what drifted (entries of lists are numbered there and named
    here, so they are compared without either).
    """

    kind: WriterKind = WriterKind.PRINCIPAL
    actor: str | None = None
    object_id: str | None = None
    client: str | None = None
    application_id: str | None = None
    action: str | None = None
    deleted: bool = False
    at: str
    writes: int = 1
    outcome: str | None = None
    correlation_id: str | None = None
    resource: str | None = None
    paths: tuple[str, ...] = ()


class AttributionDocument(Document):
    """Who changed one resource, the latest first.

    A write is not a cause: only `paths` state what one changed. `since` is from when on the logs
    were read; `reason` why one could not be.
    """

    verdict: AttributionVerdict
    since: str
    writers: tuple[WriterDocument, ...] = ()
    reason: str | None = None
