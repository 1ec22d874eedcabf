"""The base of all documents, and the fields that they share."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from provisioner.model.diagnostic import Diagnostic, Severity

FORMAT_VERSION = "1"
"""The version of every document's shape. A reader refuses one that it does not know."""


class Document(BaseModel):
    """A frozen value whose JSON has camelCase keys and nothing that is not declared."""

    model_config = ConfigDict(
        frozen=True,
        alias_generator=to_camel,
        populate_by_name=True,
        extra="forbid",
        # A command makes a few of the two hundred documents, and building a validator takes 0.5 ms.
        defer_build=True,
    )

    def to_json(self) -> dict[str, Any]:
        """Return the document as JSON-able data with its public, camelCase keys."""
        return self.model_dump(mode="json", by_alias=True)


class LockReferenceDocument(Document):
    """The blob container whose lease an apply of an environment holds, by its id.

    `optional` says that an apply goes on without it while the container does not exist: the
    environment itself makes it, or it is rehearsed on the built-in Azure.
    """

    container: str
    optional: bool


def _is_empty(entries: tuple[object, ...]) -> bool:
    return not entries


class LockedSourceDocument(Document):
    """A git repository at a tag or commit (`ref`), as azsec.lock states it.

    It has the commit, and the digest over the files that are used.
    """

    repository: str
    ref: str
    commit: str
    digest: str


class EnvironmentDocument(Document):
    """The environment that a document is about, and how Azure is reached for it.

    `cloud` is `local` where the built-in Azure was meant. `subscriptions` maps alias to GUID.
    `module_sources` are the git repositories that it was composed from; in JSON only where there
    are any. `path` is that of its file, for reports that need a place in the working copy; it is
    not in JSON.
    """

    name: str
    blueprint: str
    cloud: str
    auth: str = "default"
    tenant_id: str
    subscriptions: dict[str, str]
    lock: LockReferenceDocument | None = None
    path: str = Field(default="", exclude=True)
    module_sources: tuple[LockedSourceDocument, ...] = Field(default=(), exclude_if=_is_empty)


class DiagnosticDocument(Document):
    """A message to the reader. `place` is file:line:column."""

    severity: Severity
    code: str
    message: str
    place: str | None = None
    hint: str | None = None

    @staticmethod
    def of(diagnostic: Diagnostic) -> "DiagnosticDocument":
        """Return the document of a diagnostic."""
        return DiagnosticDocument(
            severity=diagnostic.severity,
            code=diagnostic.code,
            message=diagnostic.message,
            place=str(diagnostic.span) if diagnostic.span else None,
            hint=diagnostic.hint,
        )
