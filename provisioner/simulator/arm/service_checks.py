"""The service rules (`provisioner.service_rules`) applied to writes and deletes of the state.

The table of rules is shared with validate and plan on purpose (ARCHITECTURE.md): like the catalog,
it holds facts of Azure with their sources. How they are applied is not shared.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.catalog.resource_type import ResourceType
from provisioner.model.estate import Resource
from provisioner.model.resource_id import ResourceId
from provisioner.service_rules.evaluation import judge_write
from provisioner.service_rules.rule import Listing, Unseen, Write
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.records import Record


@dataclass(frozen=True, slots=True)
class StoredNeighbours:
    """The neighbours of a write, read from the state: all of them are known."""

    cloud: Cloud

    def lookup(self, resource: ResourceId) -> Resource | Unseen | None:
        """See `RuleContext`."""
        row = self.cloud.find(resource)
        return _to_resource(row) if row else None

    def children(self, container: ResourceId, type_name: str) -> Listing:
        """See `RuleContext`."""
        rows = self.cloud.store.resources.inside(container.key)
        return Listing(
            tuple(_to_resource(row) for row in rows if row.type == type_name), whole=True
        )

    def of_type(self, type_name: str) -> Listing:
        """See `RuleContext`."""
        rows = self.cloud.store.resources.of_type(type_name)
        return Listing(tuple(map(_to_resource, rows)), whole=True)

    def referring_to(self, resource: ResourceId, type_name: str) -> Listing:
        """See `RuleContext`."""
        rows = self.cloud.store.resources.referring_to(resource.key)
        return Listing(
            tuple(_to_resource(row) for row in rows if row.type == type_name), whole=True
        )

    def is_new(self, _to_resource: ResourceId) -> bool:
        """See `RuleContext`: a resource created before is in the state like any other."""
        return False


def check_services(
    cloud: Cloud,
    resource_type: ResourceType,
    resource: ResourceId,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any],
    api_version: str,
) -> None:
    """Check a write against the service rules; a violation is a RefusalError.

    `before` is None for a new resource. The bodies are as a client states them, without defaults.
    """
    neighbours = StoredNeighbours(cloud)
    today = cloud.now().date().isoformat()
    write = Write(resource_type.name, resource, before, after, neighbours, api_version, today=today)
    _raise_refusal(cloud, write)


def check_delete(cloud: Cloud, resource_type: ResourceType, row: Record) -> None:
    """Check a delete against the service rules; a violation is a RefusalError."""
    neighbours = StoredNeighbours(cloud)
    version = resource_type.api_version
    _raise_refusal(cloud, Write(row.type, row.id, row.body, {}, neighbours, version, deletes=True))


def _raise_refusal(cloud: Cloud, write: Write) -> None:
    violation = next(iter(judge_write(write, cloud.catalog, by_lists=True)), None)
    if violation is not None:
        raise RefusalError(
            violation.rule.status,
            violation.rule.answered,
            f"{violation.refusal.message}.",
            target=violation.refusal.path or None,
            by_provider=not violation.rule.by_arm,
        )


def _to_resource(row: Record) -> Resource:
    return Resource(row.id, row.type, row.body)
