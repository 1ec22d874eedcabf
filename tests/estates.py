"""Estates that somebody made without azsec: the same resources, by plain PUTs without a mark."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from provisioner.blueprint.ownership import is_ownership_tag
from provisioner.engine.ports import Creation, Refresh
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body
from provisioner.plan.reads import Read
from provisioner.workflow.apply import ApplyOptions, Surface, apply_plan
from provisioner.workflow.plan import Desired
from tests.environments import Bench


@dataclass(frozen=True)
class PlainWriter:
    """Sends each body as it is, but for azsec's tags, and without a condition."""

    bench: Bench

    def put(
        self,
        resource: ResourceId,
        api_version: str,
        body: Body,
        if_match: str | None,
        on_status: Callable[[str], None],
        mode: Creation | Refresh | None = None,
    ) -> Body:
        tags = body.get("tags")
        if isinstance(tags, Mapping):
            own = {name: value for name, value in tags.items() if not is_ownership_tag(name)}
            body = {**body, "tags": own}
        return self.bench.client.put(resource, api_version, body, None, on_status)

    def delete(self, resource: ResourceId, *rest: object) -> None:
        raise AssertionError(f"nothing is deleted from an estate that is made: {resource}")


def put_estate(bench: Bench, desired: Desired) -> None:
    """Make in the built-in Azure what a blueprint describes, as another tool would have."""
    surface = Surface(bench.client, PlainWriter(bench), lambda: 0.0, lambda _event: None)
    made = apply_plan(
        bench.plan(desired), bench.catalog, surface, ApplyOptions(allow_delete=False, parallelism=8)
    )
    assert not made.diagnostics, made.diagnostics


def put(bench: Bench, path: str, body: Mapping[str, object]) -> None:
    """Make one resource by its id, with the api version that azsec speaks."""
    resource = ResourceId.parse(path)
    known = bench.catalog.get(resource.type)
    bench.client.put(
        resource, known.api_version, json.loads(json.dumps(body)), None, lambda _status: None
    )


def put_raw(
    bench: Bench, path: str, body: Mapping[str, object], version: str = "2024-04-01"
) -> None:
    """Make one resource of a type that azsec does not know."""
    resource = ResourceId.parse(path)
    bench.client.put(resource, version, json.loads(json.dumps(body)), None, lambda _status: None)


def read_raw(bench: Bench, path: str) -> Body:
    """Return the body of one resource of a type that azsec does not know."""
    resource = ResourceId.parse(path)
    read = Read(path, "2024-04-01", resource.type, is_list=False)
    return bench.client.read([read])[0].items[0]
