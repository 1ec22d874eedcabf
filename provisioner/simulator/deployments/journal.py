"""Journals of a deployment's writes: committed one by one, or rehearsed and undone."""

from typing import Protocol

from provisioner.model.resource_id import ResourceId
from provisioner.simulator.logs.activity_log import record_refusal, record_success, write_within
from provisioner.simulator.logs.change_log import commit_with_changes, rollback, watch_resource
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.records import Origin


class Journal(Protocol):
    """Is notified of each write before and after; writes of nested deployments are nested."""

    def begin(self, resource: ResourceId, verb: str) -> None:
        """Start a write; `verb` is `write` or `delete`."""

    def end(self) -> None:
        """Complete the write that began last."""

    def fail(self, refusal: RefusalError) -> None:
        """Undo the write that began last, which was refused."""

    def close(self) -> None:
        """End a deployment, whose record is written."""


class CommittingJournal:
    """Commits each write, with its entries in the activity log and the change log."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._origins: list[Origin | None] = []

    def begin(self, resource: ResourceId, verb: str) -> None:
        """Commit the writes before: they stay, whatever happens to this one."""
        commit_with_changes(self._cloud)
        origin = write_within(self._cloud.origin, f"{resource.type}/{verb}", resource.text)
        self._origins.append(origin)
        watch_resource(self._cloud, resource, origin)

    def end(self) -> None:
        """Log the success."""
        record_success(self._cloud, self._origins.pop())

    def fail(self, refusal: RefusalError) -> None:
        """Undo the write, and log the refusal."""
        rollback(self._cloud)
        record_refusal(self._cloud, self._origins.pop(), refusal)

    def close(self) -> None:
        """Commit the record.

        An outer deployment that then fails undoes its own write, which must not undo this record.
        """
        commit_with_changes(self._cloud)


class RehearsingJournal:
    """Undoes refused writes at once, and all others in `undo`."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._watched = dict(cloud.watched)
        cloud.store.savepoint()

    def begin(self, _resource: ResourceId, _verb: str) -> None:
        """Start what a refusal undoes."""
        self._cloud.store.savepoint()

    def end(self) -> None:
        """Make the write visible to the ones after it."""
        self._cloud.store.release()

    def fail(self, _refusal: RefusalError) -> None:
        """Undo the write."""
        self._cloud.store.undo()

    def close(self) -> None:
        """Do nothing: nothing is committed."""

    def undo(self) -> None:
        """Undo everything since the journal was created."""
        self._cloud.store.undo()
        self._cloud.watched = self._watched
