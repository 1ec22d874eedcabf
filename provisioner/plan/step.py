"""The step: one PUT or DELETE of a plan, with its guards and the steps that it waits for."""

from collections.abc import Mapping
from dataclasses import dataclass

from provisioner.catalog.resource_type import CreateGuard
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Value
from provisioner.plan.owners import CarriedMark

PUT, DELETE = "PUT", "DELETE"


@dataclass(frozen=True, slots=True)
class Step:
    """One request.

    `body` may hold Unknown leaves, which apply fills in. `guarded` asks for If-Match with the
    ETag read last. Steps with one `lock` go one at a time. `seconds` estimates the duration.
    Of a DELETE, `mark` is the mark that its resource carries, and `inside` the keys of all that may
    still stand in it: what else there is by then stops it.
    `create_guard` is set where the resource was absent: what appeared since is not written over.
    `query` are parameters of the request, beside the api version.
    `carried` are the marks of what the step makes or deletes, where others carry them.
    """

    key: str
    verb: str
    address: str
    id: ResourceId
    type: str
    api_version: str
    body: Mapping[str, Value] | None
    guarded: bool
    lock: str
    seconds: int
    after: tuple[str, ...] = ()
    mark: str | None = None
    inside: tuple[str, ...] = ()
    create_guard: CreateGuard | None = None
    carried: tuple[CarriedMark, ...] = ()
    query: tuple[tuple[str, str], ...] = ()

    @property
    def is_checked(self) -> bool:
        """Whether a write reads what it overwrites right before, because no ETag guards it."""
        return self.verb == PUT and not self.guarded and bool(self.mark or self.inside)
