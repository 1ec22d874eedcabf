"""Who holds the lock of an environment."""

from typing import Literal

from provisioner.documents.document import FORMAT_VERSION, Document, EnvironmentDocument


class LockDocument(Document):
    """The lock of an environment, as its container says it.

    `state` is that of Azure's lease: available, leased, expired, breaking, broken; `absent` where
    the container does not exist. `since` and `expires` are times in ISO 8601, UTC; they and
    `holder` are None where the container does not say.
    """

    kind: Literal["azsec/lock"] = "azsec/lock"
    format_version: str = FORMAT_VERSION
    environment: EnvironmentDocument
    container: str
    state: str
    held: bool
    holder: str | None = None
    since: str | None = None
    expires: str | None = None
