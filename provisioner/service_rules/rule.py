"""The parts of a service rule: its codes, the write it judges, and the neighbours it can see.

A rule is a pure function of a `Write`. A `Listing` says whether it is complete (`whole`), because
most refusals about something missing need certainty that it is missing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol, TypeAlias

from provisioner.model.cidr import Range, parse_range
from provisioner.model.estate import Resource
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Value
from provisioner.service_rules.partial_bodies import texts_at

ANY_TYPE = "*"
"""The type of a rule that holds for resources of every type."""


UNCONFIRMED = "BadRequest"
"""The code of a refusal whose own code no source says (guidelines.md §3.8)."""


@dataclass(frozen=True, slots=True)
class Unseen:
    """The one answer about what was not read: it may exist, or not, with any body."""

    token: str = field(default="unseen", repr=False)

    def __bool__(self) -> bool:
        return False


UNSEEN = Unseen()


@dataclass(frozen=True, slots=True, eq=False)
class Listing:
    """The resources that were read.

    `whole` is whether these are all there are: a rule about one too many may refuse by any listing,
    a rule about one too few by a whole one alone.
    """

    resources: tuple[Resource, ...] = ()
    whole: bool = False

    def __iter__(self) -> Iterator[Resource]:
        return iter(self.resources)


class RuleContext(Protocol):
    """The other resources, as they are after a write.

    Types are the catalog's names. A child that ARM answers inside its parent's body (a subnet, a
    rule, a node pool) is a resource of its own here: use `children`, and not the parent's body.
    """

    def lookup(self, resource: ResourceId) -> Resource | Unseen | None:
        """Return a resource; None where it does not exist; UNSEEN where that is not known."""

    def children(self, container: ResourceId, type_name: str) -> Listing:
        """Return the resources of a type directly in a resource, group or scope."""

    def of_type(self, type_name: str) -> Listing:
        """Return the resources of a type in any scope."""

    def referring_to(self, resource: ResourceId, type_name: str) -> Listing:
        """Return the resources of a type whose bodies contain the id of a resource anywhere.

        A rule about one of their properties reads that property itself.
        """

    def is_new(self, resource: ResourceId) -> bool:
        """Return whether a resource is certainly created by this: nothing can refer to it yet."""


@dataclass(frozen=True)
class Write:
    """One write: the body before (None: nothing, or all of it is deleted first) and after.

    `after` is the live body overlaid with the desired one. It may hold Unknown leaves, and holds a
    list of children (`ResourceType.embedded`) only where the write itself states that list. A
    delete (`deletes`) leads to {}, and `neighbours` no longer has the resource. `today` is the day
    of the write (`2026-12-31`); None where it is made on a day to come.
    """

    type: str
    id: ResourceId
    before: Mapping[str, Value] | None
    after: Mapping[str, Value]
    neighbours: RuleContext
    api_version: str
    deletes: bool = False
    today: str | None = None

    @property
    def parent(self) -> Resource | Unseen | None:
        """Return the parent of a child; None for no child, or for a parent that does not exist."""
        return self.neighbours.lookup(self.id.parent) if self.id.parent else None

    def texts_at(self, *paths: str) -> tuple[tuple[str, str], ...]:
        """Return (path, text) of each text at these paths of the body after.

        It is a text, or those of a list of them.
        """
        found = self._texts.get(paths)
        if found is None:
            found = self._texts[paths] = tuple(texts_at(self.after, *paths))
        return found

    def ranges_at(self, *paths: str) -> Iterator[tuple[str, Range]]:
        """Yield (path, range) of the ranges at these paths of the body after.

        What is no range is left out.
        """
        for at, text in self.texts_at(*paths):
            found = parse_range(text)
            if found is not None:
                yield at, found

    @cached_property
    def _texts(self) -> dict[tuple[str, ...], tuple[tuple[str, str], ...]]:
        """What was read: the rules of a subnet read its ranges seven times."""
        return {}

    @property
    def siblings(self) -> Listing:
        """The other resources of the type in the same parent, group or scope."""
        container = self.id.container
        if container is None:
            return Listing()
        return self.others(self.neighbours.children(container, self.type))

    def others(self, listing: Listing) -> Listing:
        """Return a listing without the written resource itself."""
        return Listing(tuple(r for r in listing if r.id.key != self.id.key), listing.whole)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a write is refused.

    path     the property that is wrong, with indices (`properties.routes[0].properties.name`);
             "" for the resource as a whole
    message  a sentence with what is wrong and what is accepted instead, without a full stop
    hint     what to do about it, as a sentence; None where the message has that already
    """

    path: str
    message: str
    hint: str | None = None


Judge: TypeAlias = Callable[[Write], Iterable[Refusal]]
"""A pure function that yields what is wrong with a write, and nothing where it cannot know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRule:
    """One thing that Azure refuses.

    id       kebab-case and unique: the code of azsec's own diagnostic
    type     the catalog's name of the type that is written, or `ANY_TYPE`
    status   of Azure's answer
    code     of Azure's answer; None where no source has it: the built-in Azure then answers
             `UNCONFIRMED`
    source   where the refusal and its code are documented
    judge    the function that yields refusals
    deletes  whether it is about deletes, instead of creations and updates
    by_arm   whether ARM itself refuses, before the resource provider sees the write
    by_list  whether it uses a list of azsec's own, which ages (regions, versions): then only the
             built-in Azure refuses by it, and no blueprint is rejected
    passing  the first step (an imperative, without a full stop) where two writes cannot be made
             because each is refused until the other is; None where any free value will do
    """

    id: str
    type: str
    status: int = 400
    code: str | None
    source: str
    judge: Judge
    deletes: bool = False
    by_arm: bool = False
    by_list: bool = False
    passing: str | None = None

    @property
    def answered(self) -> str:
        """The code that the built-in Azure answers."""
        return self.code or UNCONFIRMED
