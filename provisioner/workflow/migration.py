"""`azsec ownership migrate`: new marks for the resources of an environment whose id changed.

Only tags are written. What is marked is decided by Azure's state: tags of the form that azsec wrote
before marks were keyed, or marks made with an earlier id. Resources that are not marked anew are
listed with the reason, and stay as they are. Called by `cli`.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from provisioner.blueprint.graph import DesiredResource
from provisioner.blueprint.ownership import (
    ADDRESS_TAG,
    ENVIRONMENT_TAG,
    MARK_TAG,
    OWNER_TAG,
    Marks,
    OwnershipClaim,
    embedded_children,
    is_ownership_tag,
    marks_below,
    stale_tags,
    with_marks_below,
)
from provisioner.catalog.registry import Catalog
from provisioner.diff.change import FieldChange
from provisioner.diff.comparison import compare
from provisioner.documents.plan import Action
from provisioner.engine.ports import Reader
from provisioner.model.actual import ActualState, Found, Missing
from provisioner.model.diagnostic import Diagnostic, warning
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import Body, Value, lookup
from provisioner.plan.actual_state import Inventory
from provisioner.plan.assembly import Assessment, Origin, assemble_plan
from provisioner.plan.changes import Changes, ResourceChange, unmarked_parts
from provisioner.plan.owners import Owners, find_owners, find_unaccounted
from provisioner.plan.plan import Plan, digest_json
from provisioner.plan.reads import tagged_reads
from provisioner.plan.request import Request
from provisioner.workflow.environment_reader import read_environment
from provisioner.workflow.plan import Desired, require_id

_UNKEYED_DIGITS = 8


@dataclass(frozen=True, slots=True)
class _Verdict:
    """Whether a resource is marked anew, and why."""

    marked: bool
    reason: str


def plan_migration(
    desired: Desired,
    catalog: Catalog,
    reader: Reader,
    previous_ids: Sequence[str] = (),
    *,
    forget_missing: bool = False,
) -> Plan:
    """Return the plan that marks an environment's resources anew; only tags change.

    `previous_ids` are ids that the environment had before; `forget_missing` drops the marks of
    resources that no read finds. Raises AzureError where nothing can be read, and DiagnosticError
    for an environment without an id.
    """
    require_id(desired)
    environment = desired.environment
    subscriptions = sorted(set(environment.subscriptions.values()))
    reading = read_environment(desired.graph, catalog, environment.marks, subscriptions, reader)
    migration = _Migration(
        desired,
        catalog,
        reading.state,
        reading.inventory,
        find_owners(reading.state, catalog, environment.marks),
        tuple(Marks(environment.name, each) for each in previous_ids),
        forget_missing,
    )
    # The reads of the blueprint do not find what is not in it; Azure's filter by tag does.
    tagged = reader.read(tagged_reads(ENVIRONMENT_TAG, environment.name, subscriptions))
    resources = tuple(migration.changes())
    changes = Changes(
        resources,
        (),
        (),
        (),
        {},
        (
            *migration.passed_over(),
            *migration.strangers(item for answer in tagged for item in answer.items),
        ),
    )
    origin = Origin(
        desired.document, Request(environment.path), digest_json(environment.node.plain())
    )
    return assemble_plan(origin, desired.graph, changes, reading.state, catalog, Assessment())


@dataclass(frozen=True)
class _Migration:
    desired: Desired
    catalog: Catalog
    state: ActualState
    inventory: Inventory
    owners: Owners
    previous: tuple[Marks, ...]
    forget_missing: bool

    def changes(self) -> Iterator[ResourceChange]:
        """Yield the writes of tags: those of what is marked anew, and of carriers."""
        withheld_marks = self._withheld_marks
        for resource in self._managed_resources(taggable=True):
            verdict = self._decide(resource)
            if not (verdict.marked or self.owners.is_ours(resource.id)):
                continue
            found = self.state.found[resource.id.key]
            body = {"tags": _own_tags(resource.body)}
            body_with_marks = with_marks_below(body, self._retained_marks(resource), withheld_marks)
            result = compare(resource.type, self.catalog.schemas, body_with_marks, found.body)
            fields = (
                *(change for change in result.changes if change.declared),
                *(
                    FieldChange.removed(f"tags.{name}", value)
                    for name, value in stale_tags(body_with_marks, found.body).items()
                ),
            )
            if fields:
                reason = verdict.reason if verdict.marked else "carries the marks of what is below"
                yield ResourceChange(
                    resource.address, resource.id, resource.type, Action.ADOPT, reason, fields,
                    (), body_with_marks, found,
                )  # fmt: skip

    @property
    def _withheld_marks(self) -> frozenset[str]:
        """The marks of the blueprint's resources that no carrier gets.

        Such a resource is not known to be the environment's, or it is absent. A migration creates
        nothing, so the mark would claim what others create with that id.
        """
        graph, marks = self.desired.graph, self.owners.marks
        below = (
            marks.mark_below(resource.id)
            for resource in graph
            if resource.managed
            and not resource.type.taggable
            and (self._is_missing(resource.id) or not self._decide_untagged(resource.id).marked)
        )
        parts = (
            marks.mark_part(child)
            for resource in self._managed_resources(taggable=True)
            for child in unmarked_parts(resource, graph, self.state, self.owners)
            if not self._was_stated(resource, child)
        )
        missing = (
            marks.mark_part(child)
            for resource in self._managed_resources(taggable=True)
            for child in embedded_children(resource.type, resource.id, resource.body)
            if self._is_missing(child)
        )
        return frozenset((*below, *parts, *missing))

    def _is_missing(self, resource: ResourceId) -> bool:
        return isinstance(self.state.get(resource), Missing)

    def _was_stated(self, resource: DesiredResource, child: ResourceId) -> bool:
        """Return whether a child in a body was the environment's before.

        It was if it has a mark of an earlier id, or if marks were not keyed then, when parts had
        none.
        """
        tags = lookup(self.state.found[resource.id.key].body, ("tags",))
        named = marks_below(tags)
        return _is_unkeyed(tags) or any(m.mark_part(child) in named for m in self.previous)

    def _retained_marks(self, carrier: DesiredResource) -> set[str]:
        """Return the marks that a carrier keeps although the blueprint lacks their resources.

        Those left the blueprint and still exist, or no read found them.
        """
        kept = {
            mark
            for word in self._named_by(carrier)
            for mark in self._marks_of_former_resources.get(word, ())
        }
        if not self.forget_missing:
            kept |= self._marks_of_unread_resources.get(carrier.id.key, frozenset())
        return kept

    @cached_property
    def _marks_of_former_resources(self) -> Mapping[str, set[str]]:
        """The marks of resources that left the blueprint and still exist, by possible carrier."""
        left: dict[str, set[str]] = {}
        for hit in self.state.found.values():
            known = self.catalog.of(hit.id)
            if known is None or known.taggable or hit.id.key in self.desired.graph.by_id:
                continue
            below = {m.mark_below(hit.id) for m in (*self.previous, self.owners.marks)}
            for word in (*below, _unkeyed_digest(hit.id)):
                left.setdefault(word, set()).add(self.owners.marks.mark_below(hit.id))
        return left

    @cached_property
    def _marks_of_unread_resources(self) -> Mapping[str, frozenset[str]]:
        """The marks of resources that may exist where nothing was read, by their carrier's key."""
        return find_unaccounted(self.owners, self.desired.graph, self.state, self.inventory)

    def passed_over(self) -> Iterator[Diagnostic]:
        """Yield the resources of the blueprint that exist and are not marked anew."""
        for resource in self._managed_resources(taggable=True):
            verdict = self._decide(resource)
            if not verdict.marked and not self.owners.is_ours(resource.id):
                yield _warn_not_marked(resource.address, resource.id, verdict.reason)
        for resource in self._managed_resources(taggable=False):
            verdict = self._decide_untagged(resource.id)
            if not verdict.marked and resource.type.deletable:
                yield _warn_not_marked(resource.address, resource.id, verdict.reason)

    def strangers(self, tagged: Iterable[Body]) -> Iterator[Diagnostic]:
        """Yield resources whose tags name the environment and that are not in the blueprint."""
        for body in tagged:
            resource = parse_resource_id(body.get("id"))
            if resource is None or resource.key in self.desired.graph.by_id:
                continue
            if self.owners.marks.owner_of(resource, lookup(body, ("tags",))).is_ours:
                continue
            manager = body.get("managedBy")
            why = (
                f"{manager} manages it, and its service copied the tags"
                if manager
                else "the blueprint has nothing at its id: delete it yourself if it is yours, or "
                "declare it and adopt it"
            )
            yield _warn_not_marked(resource.name, resource, why)

    def _managed_resources(self, *, taggable: bool) -> Iterator[DesiredResource]:
        for resource in self.desired.graph:
            if (
                resource.managed
                and resource.type.taggable is taggable
                and isinstance(self.state.get(resource.id), Found)
            ):
                yield resource

    def _decide(self, resource: DesiredResource) -> _Verdict:
        body = self.state.found[resource.id.key].body
        tags = lookup(body, ("tags",))
        # AKS copies the tags of a cluster to what it creates ("Use Azure tags in AKS"): on such a
        # resource they prove nothing.
        if lookup(body, ("managedBy",)):
            return _Verdict(False, "another resource manages it")
        if any(marks.owner_of(resource.id, tags).is_ours for marks in self.previous):
            return _Verdict(True, "gets new marks: its mark was made with an earlier id")
        owner = self.owners.marks.owner_of(resource.id, tags)
        if owner.claim is OwnershipClaim.NONE:
            return _Verdict(False, "it carries no tags of azsec: adopt it (`--adopt ADDRESS`)")
        if not _is_unkeyed(tags) or owner.environment != self.desired.environment.name:
            return _Verdict(False, f"its tags are {owner.claim} ({owner.environment})")
        # Tags without a key can be copied by anybody; the address is all that distinguishes the
        # copy from the original.
        if owner.address != resource.address:
            return _Verdict(False, f"its tags say that it was made at {owner.address}")
        return _Verdict(True, "gets new marks: its tags name this environment and address")

    @cached_property
    def _names_by_migrated_carriers(self) -> frozenset[str]:
        """The resources named by carriers that are marked anew."""
        return frozenset(
            word
            for carrier in self._managed_resources(taggable=True)
            if self._decide(carrier).marked
            for word in self._named_by(carrier)
        )

    def _named_by(self, carrier: DesiredResource) -> set[str]:
        """Return the resources that the tags of a carrier name as below it."""
        tags = lookup(self.state.found[carrier.id.key].body, ("tags",))
        return {word for mark in marks_below(tags) for word in mark.split()}

    def _decide_untagged(self, resource: ResourceId) -> _Verdict:
        """Decide on a resource without tags: its carrier has to name it.

        The carrier has to be the environment's, by its present id or an earlier one.
        """
        if self.owners.is_carried(resource):
            return _Verdict(True, "")
        earlier = (marks.mark_below(resource) for marks in self.previous)
        if not self._names_by_migrated_carriers.isdisjoint((_unkeyed_digest(resource), *earlier)):
            return _Verdict(True, "")
        return _Verdict(False, "no resource that is marked names it: adopt it (`--adopt ADDRESS`)")


def _unkeyed_digest(resource: ResourceId) -> str:
    """Return the digest of a resource in its carrier's tags from before marks were keyed."""
    return hashlib.sha256(resource.key.encode()).hexdigest()[:_UNKEYED_DIGITS]


def _own_tags(body: Mapping[str, Value]) -> dict[str, Value]:
    tags = lookup(body, ("tags",))
    found = tags.items() if isinstance(tags, Mapping) else ()
    return {name: value for name, value in found if is_ownership_tag(name)}


def _is_unkeyed(tags: object) -> bool:
    """Return whether tags have the form that azsec wrote before marks were keyed."""
    names = {name.lower() for name in tags} if isinstance(tags, Mapping) else set()
    return {ENVIRONMENT_TAG, ADDRESS_TAG} <= names and not names & {OWNER_TAG, MARK_TAG}


def _warn_not_marked(name: str, resource: ResourceId, why: str) -> Diagnostic:
    return warning("not-marked", f"{name} ({resource}) keeps its marks: {why}.")
