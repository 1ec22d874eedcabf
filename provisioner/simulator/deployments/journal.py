"""What becomes of the writes of a deployment: they are kept one by one, or only rehearsed."""

from typing import Protocol

from provisioner.model.resource_id import ResourceId
from provisioner.simulator.logs.activity_log import record_refusal, record_success, write_within
from provisioner.simulator.logs.change_log import keep, rollback, watch
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.records import Origin


class Journal(Protocol):
    """Hears of each write before and after; writes of nested deployments stand within."""

    def begin(self, resource: ResourceId, verb: str) -> None:
        """A write (`write` or `delete`) begins."""

    def end(self) -> None:
        """The write that began last is done."""

    def fail(self, refusal: RefusalError) -> None:
        """The write that began last is refused: nothing of it stays."""

    def close(self) -> None:
        """A deployment has been recorded."""


class CommittingJournal:
    """Commits each write by itself, with its entries in the Activity Log and among the changes."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._origins: list[Origin | None] = []

    def begin(self, resource: ResourceId, verb: str) -> None:
        """Commit what was written before: it stays, whatever becomes of this write."""
        keep(self._cloud)
        origin = write_within(self._cloud.origin, f"{resource.type}/{verb}", resource.text)
        self._origins.append(origin)
        watch(self._cloud, resource, origin)

    def end(self) -> None:
        """Log the success."""
        record_success(self._cloud, self._origins.pop())

    def fail(self, refusal: RefusalError) -> None:
        """Undo the write and log the refusal."""
        rollback(self._cloud)
        record_refusal(self._cloud, self._origins.pop(), refusal)

    def close(self) -> None:
        """Commit the record, before an outer deployment hears of a failure and takes back what it
        was writing."""
        keep(self._cloud)


class RehearsingJournal:
    """Keeps writes until `undo` takes back all of them, and refused ones at once."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._watched = dict(cloud.watched)
        cloud.store.savepoint()

    def begin(self, _resource: ResourceId, _verb: str) -> None:
        """Begin what a refusal takes back."""
        self._cloud.store.savepoint()

    def end(self) -> None:
        """Let the write be seen by those after it."""
        self._cloud.store.release()

    def fail(self, _refusal: RefusalError) -> None:
        """Undo the write."""
        self._cloud.store.undo()

    def close(self) -> None:
        """Do nothing: nothing is committed."""

    def undo(self) -> None:
        """Take back everything since the journal was made."""
        self._cloud.store.undo()
        self._cloud.watched = self._watched
