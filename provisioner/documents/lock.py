"""The lock of an environment, and its holder."""

from typing import Literal

from provisioner.documents.document import FORMAT_VERSION, Document, EnvironmentDocument


class LockDocument(Document):
    """The lock of an environment, read from its container or from the Lease in its cluster.

    `container` is the id of the container, `lease` the path of the Lease: one of them is None.
    `state` is that of Azure's lease: available, leased, expired, breaking, broken; `absent` where
    the container or the Lease does not exist. `since` and `expires` are times in ISO 8601, UTC;
    they and `holder` are None where the container or the Lease does not state them.
    """

    kind: Literal["azsec/lock"] = "azsec/lock"
    format_version: str = FORMAT_VERSION
    environment: EnvironmentDocument
    container: str | None = None
    lease: str | None = None
    state: str
    held: bool
    holder: str | None = None
    since: str | None = None
    expires: str | None = None
