"""The order of changes that Azure accepts only after others, as the service rules state it.

Azure refuses one change while another resource is as it was: a subnet grows into a range that
another gives up, a new gateway takes the address of one that goes, the last system pool goes once
there is another.

The service rules decide, and this module knows nothing of what they are about: a change that is
refused beside another as it is now, and not as it will be, comes after that one. Used by
`blockers`.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from provisioner.blueprint.graph import DesiredGraph
from provisioner.catalog.registry import Catalog
from provisioner.documents.plan import Action
from provisioner.model.estate import Estate, Resource
from provisioner.model.key_index import keys_above
from provisioner.model.resource_id import ResourceId
from provisioner.plan.changes import ResourceChange
from provisioner.plan.rotation import resource_stating
from provisioner.plan.service_refusals import findings_of
from provisioner.service_rules.evaluation import Finding
from provisioner.service_rules.rule import UNSEEN, Listing, RuleContext, Unseen

_MADE = (Action.CREATE, Action.REPLACE)
_CHANGED = (Action.UPDATE, Action.ADOPT, *_MADE, Action.DELETE)
_PASSING = "give one of them a value that none of them has now"


@dataclass(frozen=True, slots=True)
class Precedence:
    """A change that comes after others: the keys of their ids, and what Azure refuses before."""

    after: frozenset[str]
    refusal: Finding


@dataclass(frozen=True)
class ChangeOrder:
    """Finds the turns of the changes of a plan.

    `actual` is the found state, `outcome` the one that the plan leads to, `around` what stands
    beside each change then, and `today` the day of the apply.
    """

    changes: Sequence[ResourceChange]
    graph: DesiredGraph
    actual: Estate
    catalog: Catalog
    outcome: Estate
    around: RuleContext
    today: str | None

    @cached_property
    def found(self) -> Mapping[str, Precedence]:
        """The turns, by the key of the id of what changes; what has none waits for nobody."""
        standing = {key for key, change in self._changes_by_key.items() if change.found is not None}
        found: dict[str, Precedence] = {}
        for key, change in self._changes_by_key.items():
            is_delete = change.action is Action.DELETE
            others = (
                (set(self._changes_by_key) if is_delete else standing)
                - {key}
                - self._preceding_keys(change)
            )
            refused = self._refusals_while_pending(change, others) if others else ()
            if refused and not self._refusals_while_pending(change, ()):
                needed = self._changes_needed_first(change, sorted(others))
                found[key] = Precedence(frozenset(needed), refused[0])
        return found

    def stuck(self) -> Iterator[tuple[str, str]]:
        """Yield (address, why) of the changes that wait for each other, with the way out."""
        for key, turn in self.found.items():
            circle = sorted(other for other in turn.after if self._leads_to(other, key))
            if circle:
                names = ", ".join(self._changes_by_key[other].address for other in circle)
                passing = turn.refusal.rule.passing or _PASSING
                yield (
                    self._changes_by_key[key].address,
                    f"it waits for {names}, which waits for it: a cycle, so that no order of the "
                    f"changes works: {turn.refusal}. In a first step, {passing}",
                )

    def _leads_to(self, start: str, wanted: str) -> bool:
        pending, seen = [start], {start}
        while pending:
            current = pending.pop()
            if current == wanted:
                return True
            change, turn = self._changes_by_key[current], self.found.get(current)
            if change.action is Action.REPLACE:
                continue  # what it releases goes with its delete, which waits for nobody
            more = ((turn.after if turn else frozenset()) | self._preceding_keys(change)) - seen
            seen |= more
            pending += more
        return False

    @cached_property
    def _changes_by_key(self) -> Mapping[str, ResourceChange]:
        return {c.id.key: c for c in self.changes if c.action in _CHANGED and c.stand_in is None}

    def _preceding_keys(self, change: ResourceChange) -> frozenset[str]:
        """Return the keys of what is made before a change in any case.

        That is all that it refers to and that is not there yet.
        """
        stating = resource_stating(change, self.graph)
        pending = [stating] if stating is not None else []
        seen: set[str] = set()
        while pending:
            for edge in pending.pop().edges:
                resource = self.graph.resources[edge.on]
                if resource.id.key not in seen:
                    seen.add(resource.id.key)
                    pending.append(resource)
        made = (key for key in seen if key in self._changes_by_key)
        return frozenset(key for key in made if self._changes_by_key[key].action in _MADE)

    def _refusals_while_pending(
        self, change: ResourceChange, pending: Collection[str]
    ) -> tuple[Finding, ...]:
        """Return what Azure refuses of a change while others (keys) are still to be made."""
        around = _Meanwhile(self.actual, self.around, self._changes_by_key, frozenset(pending))
        return findings_of(change, self.outcome, around, self.catalog, self.today)

    def _changes_needed_first(self, change: ResourceChange, pending: Sequence[str]) -> list[str]:
        """Return which of the pending changes a change has to come after.

        Mostly each by itself is enough for a refusal, so a search by halves finds them; where only
        several together are, all of them are returned.
        """
        if not pending or not self._refusals_while_pending(change, pending):
            return []
        if len(pending) == 1:
            return list(pending)
        middle = len(pending) // 2
        parts = self._changes_needed_first(change, pending[:middle]) + self._changes_needed_first(
            change, pending[middle:]
        )
        return parts or list(pending)


@dataclass(frozen=True)
class _Meanwhile:
    """Neighbours while some `changes` (`pending`: the keys of their ids) are still to be made."""

    now: Estate
    later: RuleContext
    changes: Mapping[str, ResourceChange]
    pending: frozenset[str]

    def lookup(self, resource: ResourceId) -> Resource | Unseen | None:
        change = self._change_of(resource)
        if change is None:
            return self.later.lookup(resource)
        found = self.now.get(resource)
        if found is not None:
            return found
        return None if change.found is None else UNSEEN

    def children(self, container: ResourceId, type_name: str) -> Listing:
        later = self.later.children(container, type_name)
        return self._merge_listings(self.now.children(container, type_name), later)

    def of_type(self, type_name: str) -> Listing:
        return self._merge_listings(self.now.of_type(type_name), self.later.of_type(type_name))

    def referring_to(self, resource: ResourceId, type_name: str) -> Listing:
        now = self.now.referring_to(resource, type_name)
        return self._merge_listings(now, self.later.referring_to(resource, type_name))

    def is_new(self, resource: ResourceId) -> bool:
        return self.later.is_new(resource)

    def _merge_listings(self, now: Sequence[Resource], later: Listing) -> Listing:
        still = (resource for resource in now if self._change_of(resource.id) is not None)
        made = (resource for resource in later if self._change_of(resource.id) is None)
        return Listing((*still, *made), later.whole)

    def _change_of(self, resource: ResourceId) -> ResourceChange | None:
        """Return the pending change of a resource, or of what states it in its body."""
        keys = (resource.key, *keys_above(resource.key))
        nearest = next((key for key in keys if key in self.changes), None)
        return self.changes[nearest] if nearest in self.pending and nearest is not None else None
