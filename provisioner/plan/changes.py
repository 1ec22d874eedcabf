"""The diff of desired and actual state: one decision (create, update, replace, …) a resource.

Ownership marks decide what may be changed: a resource of others is blocked, one without a mark has
to be adopted. `workflow.plan` calls `decide_changes`, then `rotation`, `blockers` and others to
refine its result.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from enum import StrEnum

from provisioner.blueprint.expression import ExpressionError, resolve
from provisioner.blueprint.graph import DesiredGraph, DesiredResource
from provisioner.blueprint.ownership import (
    Owner,
    OwnershipClaim,
    embedded_children,
    is_ownership_tag,
    marks_below,
    needs_carrier,
    stale_tags,
    with_marks_below,
)
from provisioner.catalog.field import Disruption
from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import ResourceType, Tier
from provisioner.catalog.schema import SchemaIndex
from provisioner.catalog.sensitive_values import find_sensitive
from provisioner.diff.change import FieldChange
from provisioner.diff.comparison import compare
from provisioner.documents.plan import Action
from provisioner.model.actual import ActualState, Found, Missing, Unreadable
from provisioner.model.diagnostic import Diagnostic, error, warning
from provisioner.model.key_index import KeyIndex
from provisioner.model.resource_id import RESOURCE_GROUP, ResourceId, resource_group_id
from provisioner.model.secret_values import find_secrets
from provisioner.model.values import Body, Value, is_known, lookup
from provisioner.plan.accepted_additions import Accepted, sort_additions
from provisioner.plan.actual_state import Inventory
from provisioner.plan.additions import Addition, find_additions
from provisioner.plan.container_contents import ContainerContents, find_contents
from provisioner.plan.options import Ignored, PlanOptions, split_ignored, with_live
from provisioner.plan.orphans import Orphan, find_orphans, find_unmanaged
from provisioner.plan.owners import CarriedMark, Owners, find_owners, find_unaccounted
from provisioner.plan.redaction import concealed_values, sensitive_problem


class ActionReason(StrEnum):
    """The reason for a change's action, for reports alone: no decision depends on it."""

    ADOPTED = "exists already, without a mark of azsec, and is taken over"
    LEFT_BLUEPRINT = "carries this environment's mark and is no longer in the blueprint"
    BELOW_LEFT_BLUEPRINT = "was made by azsec and is no longer in the blueprint"
    PARENT_REPLACED = "its parent or scope is replaced"
    DESTROY = "the environment is destroyed"
    MARKS = "the marks that it carries change"
    DEFAULT = "goes back to the service's default"


@dataclass(frozen=True, slots=True)
class TemporaryReplacement:
    """The temporary resource that takes the place of one that is replaced by rotation.

    `body` is what is written of it, None where it is there already and needs no write. `found` is
    what an earlier apply left of it. `relieves` tells whether the resource has to be deleted.
    """

    address: str
    id: ResourceId
    body: Mapping[str, Value] | None
    found: Found | None
    relieves: bool


@dataclass(frozen=True, slots=True)
class ResourceChange:
    """The decision on one resource, with its bodies before and after.

    `desired` is the body with its references resolved as far as they are known; None for a
    delete. `found` is what stands in Azure now, or None. `tags` are those of others. `stand_in` is
    set on a rotation. `loses` is the worst that happens to what stands in a resource that is
    deleted or replaced. `carried` are the marks that others carry of what the change makes or
    deletes, `inside` the keys of all that stands in one that is deleted or replaced.
    """

    address: str
    id: ResourceId
    type: ResourceType
    action: Action
    reason: str | None
    fields: tuple[FieldChange, ...]
    undeclared: tuple[FieldChange, ...]
    desired: Mapping[str, Value] | None
    found: Found | None
    stand_in: TemporaryReplacement | None = None
    ignored: tuple[Ignored, ...] = ()
    tags: tuple[FieldChange, ...] = ()
    loses: Disruption = Disruption.NONE
    carried: tuple[CarriedMark, ...] = ()
    inside: tuple[str, ...] = ()

    @property
    def disruption(self) -> Disruption:
        """The worst disruption that the change causes to workloads on the resource."""
        if self.action in _LOSSES:
            return max(self.type.loss, self.loses, key=lambda d: d.rank)
        if self.action not in (Action.UPDATE, Action.ADOPT):
            return Disruption.NONE
        # Tags alone are a PUT of the whole body, too: an extension or a script may run again.
        is_judged = self.type.tier is Tier.KNOWN or not self.fields
        least = Disruption.NONE if is_judged else Disruption.UNKNOWN
        return max((least, *(f.disruption for f in self.fields)), key=lambda d: d.rank)


@dataclass(frozen=True, slots=True)
class Changes:
    """All decisions, in the order in which the graph can be made, deletes last.

    `turns` tells by the key of an id after the changes of which other ids Azure takes a change.
    """

    resources: tuple[ResourceChange, ...]
    unmanaged: tuple[ResourceId, ...]
    additions: tuple[Addition, ...]
    accepted: tuple[Accepted, ...]
    values: Mapping[str, Mapping[str, Value]]
    diagnostics: tuple[Diagnostic, ...]
    turns: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Limits:
    """The addresses that a plan is limited to.

    One limit is for the deletes of what left the blueprint, one for the writes of what the
    blueprint has. `only_read` are the keys of what the blueprint states as existing: it may carry a
    mark of a time when the environment made it, and is never deleted.
    """

    deletes_at: Callable[[str], bool]
    writes_at: Callable[[str], bool]
    only_read: frozenset[str] = frozenset()
    stated: DesiredGraph | None = None


UNLIMITED = Limits(lambda _address: True, lambda _address: True)


def decide_changes(
    graph: DesiredGraph,
    state: ActualState,
    inventory: Inventory,
    catalog: Catalog,
    terms: PlanOptions,
    limits: Limits = UNLIMITED,
) -> Changes:
    """Return the changes that make the actual state the desired one.

    An empty graph plans a delete of everything that the environment owns: only `destroy` gives
    one. `values` holds what is known of each resource that exists and stays, by address.
    """
    owners = find_owners(state, catalog, terms.marks)
    contents = find_contents(state, inventory, owners, catalog)
    orphans = [
        orphan
        for orphan in find_orphans(graph, state, inventory, catalog, owners)
        if orphan.id.key not in limits.only_read
    ]
    unaccounted = find_unaccounted(owners, limits.stated or graph, state, inventory)
    withheld = _Withholding(graph, state, owners, terms, limits).marks
    carried = {
        mark
        for resource in graph
        if limits.writes_at(resource.address)
        for mark in marks_below(lookup(resource.body, ("tags",)))
    }
    deletes = guard_deletes(
        [_deletion(orphan, owners, catalog, bool(graph.resources)) for orphan in orphans],
        contents,
        DeleteConditions(
            carried - withheld, limits.deletes_at, frozenset(graph.by_id) | limits.only_read
        ),
    )
    stays = [
        d.id for d in deletes if d.action is Action.BLOCKED or not limits.deletes_at(d.address)
    ]
    kept_marks = {
        mark
        for resource in stays
        for mark in (terms.marks.mark_below(resource), terms.marks.mark_part(resource))
    }
    # What such a mark stands for may be where nothing was read: in a list that was refused, in a
    # zone or a subscription that left the blueprint. To drop it is to leave that behind for ever.
    kept_marks |= {mark for marks in unaccounted.values() for mark in marks}
    decider = _Decider(graph, state, catalog, terms, contents, (kept_marks, withheld))
    kept = [decider.decide(resource) for resource in graph.ordered]
    managed = [change for change in kept if change is not None]
    changes = _with_losses(_without_taken_names([*managed, *deletes]), contents)
    gone = {change.id.key for change in changes if change.action is Action.DELETE}
    additions = find_additions(graph, state, contents, gone)
    told = {addition.id.key for addition in additions}
    # Of those whose type is in no tier the marks are seen, and nothing else is.
    told |= {owned.id.key for owned in inventory.owned if catalog.of(owned.id) is None}
    sorting = sort_additions(additions, terms.accepted, state, catalog)
    # What is not there yet, or was not listed, can have additions that an entry accepts.
    is_partial = bool(inventory.unlisted) or any(c.action is Action.CREATE for c in changes)
    return Changes(
        tuple(changes),
        find_unmanaged(graph, state, contents, gone, told),
        sorting.left,
        sorting.accepted,
        decider.values,
        (
            *decider.diagnostics,
            *_warn_of_unaccounted(unaccounted, state, inventory),
            *(sorting.exceeded if is_partial else sorting.diagnostics),
            *(() if graph.resources else _warn_of_others(limits.stated, owners, terms)),
        ),
    )


def _warn_of_others(
    stated: DesiredGraph | None, owners: Owners, terms: PlanOptions
) -> Iterator[Diagnostic]:
    """Yield what the blueprint has, exists, and is not deleted with the environment."""
    for resource in stated or ():
        owner = owners.by_tags.get(resource.id.key)
        if resource.managed and owner is not None and not owner.is_ours:
            why = _why_not_ours(owner, terms.marks.environment) or "it carries no mark of azsec"
            yield warning("not-owned", f"{resource.address} ({resource.id}) is not deleted: {why}.")


def _warn_of_unaccounted(
    unaccounted: Mapping[str, frozenset[str]], state: ActualState, inventory: Inventory
) -> Iterator[Diagnostic]:
    hint = (
        "They are outside of what was read, or their parent was deleted. The marks stay; if "
        "they were deleted, `azsec ownership migrate --forget-missing` removes the marks."
    )
    if inventory.unlisted:
        hint = "They may be in a list that was refused: the marks stay until it can be read."
    for key, marks in sorted(unaccounted.items()):
        yield warning(
            "unaccounted-mark",
            f"{state.found[key].id} carries {len(marks)} marks of resources that azsec made, that "
            "are no longer in the blueprint, and that no read found.",
            None,
            hint,
        )


def _without_taken_names(changes: Sequence[ResourceChange]) -> list[ResourceChange]:
    """Return the changes, with the creations blocked whose name a deleted resource keeps.

    A vault that moves to another group is deleted there and made here under the one name that all
    of Azure has of it, and a soft-deleted one keeps that name until it is purged.
    """
    kept = {
        (change.type.name, change.id.name.lower()): change
        for change in changes
        if change.action is Action.DELETE and change.type.soft_delete is not None
    }
    return [
        replace(change, action=Action.BLOCKED, reason=_name_kept_by(kept[name]), fields=())
        if change.action is Action.CREATE
        and (name := (change.type.name, change.id.name.lower())) in kept
        else change
        for change in changes
    ]


def _name_kept_by(deleted: ResourceChange) -> str:
    return (
        f"{deleted.id} is deleted by this plan and keeps the name {deleted.id.name} until it is "
        "purged: choose another name"
    )


@dataclass(frozen=True, slots=True)
class _Withholding:
    """Finds the ownership marks of declared resources that a plan may not write yet.

    They would claim what azsec has not made, or adopt what nobody permitted.
    """

    graph: DesiredGraph
    state: ActualState
    owners: Owners
    terms: PlanOptions
    limits: Limits

    @property
    def marks(self) -> frozenset[str]:
        """The marks that no carrier gets by this plan."""
        marks = self.terms.marks
        below = (marks.mark_below(r.id) for r in self.graph if self._is_withheld(r))
        parts = (
            marks.mark_part(child)
            for resource in self.graph
            if not self.terms.permits_adoption(resource.address)
            for child in unmarked_parts(resource, self.graph, self.state, self.owners)
        )
        return frozenset((*below, *parts))

    def _is_withheld(self, resource: DesiredResource) -> bool:
        if not resource.managed or not needs_carrier(resource.type):
            return False
        actual = self.state.get(resource.id)
        if isinstance(actual, Missing):
            # A mark of what is absent is for a create of this plan, and claims nothing beyond it.
            return not self.limits.writes_at(resource.address)
        if self.owners.is_marked(resource.id):
            return False
        if not self.limits.writes_at(resource.address):
            return True
        return isinstance(actual, Found) and not self.terms.permits_adoption(resource.address)


def unmarked_parts(
    resource: DesiredResource, graph: DesiredGraph, state: ActualState, owners: Owners
) -> list[ResourceId]:
    """Return the children that a body states, that exist, and that azsec did not make.

    One is a node pool that somebody added by hand and that the blueprint now lists in the cluster.
    """
    if not resource.managed or not resource.type.taggable:
        return []
    return [
        child
        for child in embedded_children(resource.type, resource.id, resource.body)
        if child.key not in graph.by_id
        and isinstance(state.get(child), Found)
        and not owners.is_ours(child)
    ]


def _with_losses(
    changes: Sequence[ResourceChange], contents: ContainerContents
) -> list[ResourceChange]:
    """Return the changes, deletes and replacements with the lost content and its disruption.

    The disruption is the worst of any loss below the resource. Updates that keep children in the
    body have their content too.
    """
    worst: dict[str, Disruption] = {}
    for change in changes:
        for container in change.id.ancestors if change.action in _LOSSES else ():
            before = worst.get(container.key, Disruption.NONE)
            worst[container.key] = max(before, change.type.loss, key=lambda d: d.rank)
    return [
        replace(
            change,
            loses=worst.get(change.id.key, Disruption.NONE),
            inside=tuple(resource.key for resource in contents.within(change.id)),
        )
        if change.action in _LOSSES
        or (change.action in _UPDATES and any(e.kept for e in change.type.embedded))
        else change
        for change in changes
    ]


_LOSSES = (Action.DELETE, Action.REPLACE)
_UPDATES = (Action.UPDATE, Action.ADOPT)


class _LiveValues(Mapping[str, Mapping[str, Value]]):
    """What expressions may read of the resources that exist, by address.

    Each is made when it is first read: most resources are read by none.
    """

    def __init__(self) -> None:
        self._parts: dict[str, tuple[DesiredResource, Body, Mapping[str, Value]]] = {}
        self._made: dict[str, Mapping[str, Value]] = {}

    def add(self, resource: DesiredResource, live: Body, desired: Mapping[str, Value]) -> None:
        """Add a resource that exists, with its live body and the desired one."""
        self._parts[resource.address] = (resource, live, desired)

    def __getitem__(self, address: str) -> Mapping[str, Value]:
        if address not in self._made:
            self._made[address] = _value_of(*self._parts[address])
        return self._made[address]

    def __contains__(self, address: object) -> bool:
        return address in self._parts

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)


class _Decider:
    def __init__(
        self,
        graph: DesiredGraph,
        state: ActualState,
        catalog: Catalog,
        terms: PlanOptions,
        contents: ContainerContents,
        marks: tuple[Set[str], Set[str]],
    ) -> None:
        self._graph = graph
        self._state = state
        self._catalog = catalog
        self._terms = terms
        self._contents = contents
        self._owners = contents.owners
        self._only_read = {r.id.key for r in graph if not r.managed}
        self._replaced = KeyIndex(())
        self._kept_marks, self._withheld = marks
        self.values = _LiveValues()
        types = {resource.address: resource.type for resource in graph}
        self._readable = concealed_values(self.values, types, catalog.schemas)
        self.diagnostics: list[Diagnostic] = []

    def decide(self, resource: DesiredResource) -> ResourceChange | None:
        """Return the change of one resource; None for one that is only read."""
        actual = self._state.get(resource.id)
        if not resource.managed:
            self._report_missing_existing(resource, actual)
            return None
        try:
            desired = self._resolve_known(resource.body)
        except ExpressionError as problem:
            return self._blocked_change(resource, actual, f"a value that it refers to: {problem}")
        assert isinstance(desired, Mapping)
        desired = self._with_marks(resource, desired)
        if isinstance(actual, Unreadable):
            return self._blocked_change(resource, actual, f"it cannot be read: {actual.reason}")
        if isinstance(actual, Missing):
            return self._creation_or_block(resource, desired)
        if self._replaced.covers(resource.id.key):
            return self._loss_with_container(resource, desired, actual)
        return self._compare_with_found(resource, desired, actual)

    def _resolve_known(self, stated: Mapping[str, Value]) -> Value:
        """Return a body with its references resolved as far as they are known.

        ExpressionError passes through for a reference that has no value, or for which Azure
        answered a secret.
        """
        if is_known(stated):
            return stated  # most bodies: nothing in them is to be resolved, or is Azure's
        return _without_secrets(resolve(stated, self._readable))

    def _loss_with_container(
        self, resource: DesiredResource, desired: Mapping[str, Value], found: Found
    ) -> ResourceChange:
        """Return the change of what stands in something that is replaced: lost, and made anew.

        What Azure Resource Manager does not delete by itself goes with what it stands in.
        """
        made = replace(
            _creation(resource, desired, self._catalog.schemas),
            reason=ActionReason.PARENT_REPLACED,
            found=found,
        )
        return replace(made, action=Action.REPLACE) if resource.type.deletable else made

    def _with_marks(
        self, resource: DesiredResource, desired: Mapping[str, Value]
    ) -> Mapping[str, Value]:
        """Return a desired body with the marks that the resource is to carry after this plan.

        Left out are those of what may not be adopted; kept are those of what left the blueprint and
        is not deleted.
        """
        carried = self._owners.below.get(resource.id.key, frozenset())
        return with_marks_below(desired, carried & self._kept_marks, self._withheld)

    def _adoption_of(self, resource: DesiredResource, found: Found) -> tuple[bool, str | None]:
        """Return whether a found resource has to be adopted, and why it may not be changed.

        The reason is None where it may.
        """
        if self._terms.observes:
            return False, None
        manager = lookup(found.body, ("managedBy",))
        if not resource.type.taggable:
            if not needs_carrier(resource.type) or self._owners.is_marked(resource.id):
                return False, None
            return True, self._unread_carrier(found.id) or self._held_above(found.id)
        owner = self._owners.by_tags[found.id.key]
        if isinstance(manager, str) and manager and not owner.is_ours:
            return False, f"it is managed by {manager}"
        return owner.claim is OwnershipClaim.NONE, _why_not_ours(
            owner, self._terms.marks.environment
        )

    def _unread_carrier(self, resource: ResourceId) -> str | None:
        """Return why the owner of a resource without a mark is unknown, or None.

        It is unknown where what may carry its mark cannot be read. The carrier for an extension
        resource at a subscription is a resource group.
        """
        above = {each.key for each in resource.ancestors}
        for hidden in self._state.unreadable:
            if hidden.id.key in above or hidden.id.type == RESOURCE_GROUP:
                return f"its mark may be on {hidden.id}, which cannot be read: {hidden.reason}"
        return None

    def _held_above(self, resource: ResourceId) -> str | None:
        """Return why what exists without a mark may not be adopted, or None.

        It may not where it stands in something of another environment that carries the marks of its
        content: only that environment can verify whether this is one of them.
        """
        for above in resource.ancestors:
            owner, found = self._owners.by_tags.get(above.key), self._state.get(above)
            if owner is None or not isinstance(found, Found):
                continue
            foreign = owner.claim is OwnershipClaim.OTHER and marks_below(
                lookup(found.body, ("tags",))
            )
            return (
                f"it is in {above}, which belongs to the environment {owner.environment!r} and "
                "carries marks of what that environment made in it: state it as `existing: true`"
                if foreign
                else None
            )
        return None

    def _taken_child(self, resource: DesiredResource) -> ResourceId | None:
        """Return a child that a body states and that exists without a mark, or None.

        A node pool that somebody added to the cluster is one.
        """
        if self._terms.observes:
            return None
        parts = unmarked_parts(resource, self._graph, self._state, self._owners)
        return next(iter(parts), None)

    def _stale_tags(self, desired: Mapping[str, Value], live: Body) -> Mapping[str, str]:
        """Return azsec's own tags that are to be removed.

        Those on resources that are only watched belong to the environment that owns them.
        """
        return {} if self._terms.observes else stale_tags(desired, live)

    def _hinders_loss(self, container: ResourceId) -> str | None:
        """Return why a container cannot be deleted and made anew, or None."""
        unseen = self._contents.unseen(container)
        if unseen is not None:
            return f"what it holds cannot be listed: {unseen.reason}"
        known = self._catalog.of(container)
        if known is not None and not known.contents_known:
            return _CONTENTS_UNKNOWN.format(known.name)
        if known is not None and any(each.listable for each in self._catalog.children(known)):
            return (
                f"azsec has no facts of {known.name}, and looks into one only before a delete: "
                "leave it out of the blueprint, apply, and put it back"
            )
        inside = list(self._contents.within(container))
        only_read = self._only_read
        ours = {r.key for r in inside if self._owners.is_ours(r) and r.key not in only_read}
        foreign = self._contents.foreign(container, ours, only_read)
        if foreign:
            return _reason_of_foreign_content(foreign)
        for resource in inside:
            resource_type = self._catalog.of(resource)
            if resource_type is not None and resource_type.soft_delete is not None:
                return (
                    f"it holds {resource}, which keeps its name when it is deleted, so that a new "
                    "one cannot take its place"
                )
        return None

    def _creation_or_block(
        self, resource: DesiredResource, desired: Mapping[str, Value]
    ) -> ResourceChange:
        """Return the creation of a resource, blocked where Azure would refuse it.

        Azure refuses values that it never accepts, and a managed resource group that exists already
        with resources of others.
        """
        group = managed_group_id(resource, desired)
        if group is not None and group.key in self._state.found:
            why = f"the group {group} exists, and {resource.type.kind} takes one that Azure makes"
            return self._blocked_change(resource, Missing(resource.id), why)
        refused = self._refused_value(resource, desired)
        if refused is not None:
            return self._blocked_change(resource, Missing(resource.id), refused)
        return _creation(resource, desired, self._catalog.schemas)

    def _refused_value(self, resource: DesiredResource, desired: Mapping[str, Value]) -> str | None:
        """Return why Azure never accepts a value in the body of a creation, or None."""
        if not resource.type.can_refuse:
            return None  # most types, and a comparison takes long
        found = compare(resource.type, self._catalog.schemas, desired, {})
        return next((change.refused for change in found.changes if change.refused), None)

    def _report_missing_existing(
        self, resource: DesiredResource, actual: Found | Missing | Unreadable
    ) -> None:
        if isinstance(actual, Found):
            self.values.add(resource, actual.body, {})
            return
        why = actual.reason if isinstance(actual, Unreadable) else "Azure has no such resource"
        self.diagnostics.append(
            error(
                "existing-not-found",
                f"{resource.address} is stated as existing, but {why}: {resource.id}.",
                resource.span,
                "Correct its name and place, or let azsec make it (remove `existing`).",
            )
        )

    def _compare_with_found(
        self, resource: DesiredResource, desired: Mapping[str, Value], found: Found
    ) -> ResourceChange:
        adopted, held = self._adoption_of(resource, found)
        if held is not None:
            return self._blocked_change(resource, found, held)
        result = compare(resource.type, self._catalog.schemas, desired, found.body)
        told = (*result.changes, *result.kept)
        changes, ignored = split_ignored(resource.address, told, self._terms.ignores)
        stated, undeclared = _by_declaration(changes)
        back, undeclared = self._put_back(resource, undeclared)
        tags, _ = split_ignored(resource.address, result.tags, self._terms.ignores)
        declared = (
            *stated,
            *back,
            *(
                FieldChange.removed(f"tags.{name}", value)
                for name, value in self._stale_tags(desired, found.body).items()
            ),
        )
        why = _hinders_update(resource, declared, adopted=adopted)
        if why is not None:
            action: Action = Action.BLOCKED
            reason: str | None = why
        elif any(c.forces_replace and not self._can_rotate_child(c) for c in declared):
            action, reason = self._replace_or_block(resource, declared)
        else:
            action, reason = self._action_in_place(resource, found, declared, adopted=adopted)
        if action in (Action.NO_OP, Action.UPDATE, Action.ADOPT):
            desired = with_live(desired, ignored)
            self.values.add(resource, found.body, desired)
        return ResourceChange(
            resource.address, resource.id, resource.type, action, reason, declared, undeclared,
            desired, found, ignored=ignored, tags=tuple(tag for tag in tags if not _is_mark(tag)),
        )  # fmt: skip

    def _action_in_place(
        self,
        resource: DesiredResource,
        found: Found,
        declared: Sequence[FieldChange],
        *,
        adopted: bool,
    ) -> tuple[Action, str | None]:
        """Return the action for a resource that stays, and its reason."""
        if adopted:
            return Action.ADOPT, ActionReason.ADOPTED
        taken = self._taken_child(resource)
        if taken is not None:
            return Action.ADOPT, f"its {taken.name} {ActionReason.ADOPTED}"
        if not declared:
            return Action.NO_OP, None
        marks_alone = all(is_ownership_tag(f.path.removeprefix("tags.")) for f in declared)
        moved = self._reason_of_other_address(resource, found)
        return Action.UPDATE, moved or (ActionReason.MARKS if marks_alone else None)

    def _replace_or_block(
        self, resource: DesiredResource, declared: Sequence[FieldChange]
    ) -> tuple[Action, str | None]:
        """Return REPLACE, or BLOCKED where the resource's content prevents it, and the reason."""
        forcing = next(c for c in declared if c.forces_replace and not self._can_rotate_child(c))
        hindrance = self._hinders_loss(resource.id)
        if hindrance is not None:
            return Action.BLOCKED, f"{forcing.reason}, and {hindrance}"
        self._replaced.add(resource.id.key)
        return Action.REPLACE, forcing.reason

    def _reason_of_other_address(self, resource: DesiredResource, found: Found) -> str | None:
        """Return that the blueprint has a resource at another address now, if it has."""
        before = self._owners.address_of(found.id)
        if before is None or before == resource.address:
            return None
        return f"was {before} in the blueprint"

    def _put_back(
        self, resource: DesiredResource, undeclared: tuple[FieldChange, ...]
    ) -> tuple[tuple[FieldChange, ...], tuple[FieldChange, ...]]:
        """Return the undeclared changes that are planned back to the default, and the others.

        What Azure cannot change in place is left as it is, with a warning: nobody asked for a new
        resource.
        """
        if not self._terms.reset_defaults:
            return (), undeclared
        back, left = [], []
        for change in undeclared:
            if change.kept:  # an earlier apply may have set it, and nobody asked to take it back
                left.append(change)
                continue
            if change.hindrance is None:
                back.append(replace(change, reason=ActionReason.DEFAULT))
                continue
            left.append(change)
            self.diagnostics.append(
                warning(
                    "default-not-adopted",
                    f"{change.path} of {resource.address} stays off its default: "
                    f"{change.hindrance}.",
                    resource.span,
                    "Declare the value, or ignore it in the environment.",
                )
            )
        return tuple(back), tuple(left)

    def _can_rotate_child(self, change: FieldChange) -> bool:
        """Return whether a child can be replaced instead of the resource whose body states it."""
        child = change.child
        return child is not None and self._catalog.get(child.type).rotation is not None

    def _blocked_change(
        self, resource: DesiredResource, actual: Found | Missing | Unreadable, why: str
    ) -> ResourceChange:
        return ResourceChange(
            resource.address, resource.id, resource.type, Action.BLOCKED, why, (), (), None,
            actual if isinstance(actual, Found) else None,
        )  # fmt: skip


def managed_group_id(resource: DesiredResource, body: Mapping[str, Value]) -> ResourceId | None:
    """Return the id of the group that a service makes for a resource, where its body names it.

    AKS accepts no group that exists (learn.microsoft.com, "Frequently asked questions about AKS":
    the node resource group is made by AKS).
    """
    path, subscription = resource.type.managed_group, resource.id.subscription
    name = lookup(body, path.split(".")) if path else None
    if not isinstance(name, str) or not name or subscription is None:
        return None
    return resource_group_id(subscription, name)


def _hinders_update(
    resource: DesiredResource, declared: Sequence[FieldChange], *, adopted: bool
) -> str | None:
    """Return why an update to the declared body is impossible, or None."""
    refused = next((change for change in declared if change.refused), None)
    forcing = next((change for change in declared if change.forces_replace), None)
    if refused is not None:
        return refused.refused
    if declared and resource.type.changed_by is not None:
        return (
            f"Azure Resource Manager does not change one that is there: use "
            f"{resource.type.changed_by}, or choose another name"
        )
    if forcing is not None and adopted:
        return f"{forcing.path} cannot change in place, and azsec did not make the resource"
    if forcing is not None and resource.type.soft_delete is not None:
        return (
            f"{forcing.reason}, and a new {resource.id.name} cannot take the place of the old "
            "one, which keeps the name when it is deleted: choose another name"
        )
    return None


def _without_secrets(desired: Value) -> Value:
    """Return a resolved body unchanged if it holds no secret.

    Files hold none, so a secret is one that Azure answered elsewhere; a plan is a file.

    Raises:
        ExpressionError: Where the body holds a secret.
    """
    problem = sensitive_problem(desired)
    if problem is not None:
        raise ExpressionError(problem)
    secret = next(find_secrets(desired), None)
    if secret is not None:
        path = ".".join(map(str, secret.path))
        raise ExpressionError(f"{path} would be {secret.kind} that Azure answered")
    return desired


def _is_mark(tag: FieldChange) -> bool:
    return is_ownership_tag(tag.path.removeprefix("properties.").removeprefix("tags."))


def _by_declaration(
    changes: Sequence[FieldChange],
) -> tuple[tuple[FieldChange, ...], tuple[FieldChange, ...]]:
    return (
        tuple(change for change in changes if change.declared),
        tuple(change for change in changes if not change.declared),
    )


def _value_of(
    resource: DesiredResource, live: Body, desired: Mapping[str, Value]
) -> Mapping[str, Value]:
    """Return what expressions may read of a resource that exists.

    That is the live body, overlaid with the desired one.
    """
    merged = _overlay_values(live, desired)
    assert isinstance(merged, Mapping)
    return {
        **merged,
        "id": resource.id.text,
        "name": resource.id.name,
        "type": resource.type.name,
    }


def _overlay_values(live: object, desired: object) -> Value:
    if desired.__class__ is str:  # most values of most bodies
        return desired
    if isinstance(live, Mapping) and isinstance(desired, Mapping):
        names = {key.lower(): key for key in live}
        merged = dict(live)
        for key, item in desired.items():
            real = names.get(key.lower(), key)
            merged[real] = _overlay_values(live.get(real), item)
        return merged
    both_lists = isinstance(live, (list, tuple)) and isinstance(desired, (list, tuple))
    if both_lists and len(live) == len(desired):  # type: ignore[arg-type]
        return [_overlay_values(one, other) for one, other in zip(live, desired, strict=True)]  # type: ignore[call-overload]
    return desired if desired is not None else live  # type: ignore[return-value]


def _creation(
    resource: DesiredResource, desired: Mapping[str, Value], schemas: SchemaIndex
) -> ResourceChange:
    return creation_of(resource.address, resource.id, resource.type, desired, schemas)


def creation_of(
    address: str,
    resource: ResourceId,
    resource_type: ResourceType,
    desired: Mapping[str, Value],
    schemas: SchemaIndex,
) -> ResourceChange:
    """Return the change that makes a resource of a body."""
    hidden = {
        path[:length]
        for _, path in find_sensitive(resource_type, schemas, desired)
        for length in range(1, len(path) + 1)
    }
    fields = tuple(
        FieldChange.added(path, value, sensitive=steps in hidden)
        for path, steps, value in _leaf_values(desired, "", ())
        if not is_ownership_tag(path.removeprefix("tags."))
    )
    return ResourceChange(
        address, resource, resource_type, Action.CREATE, None, fields, (), desired, None
    )


def _leaf_values(
    value: Value, path: str, steps: tuple[str | int, ...]
) -> Iterator[tuple[str, tuple[str | int, ...], Value]]:
    """Yield the values of a body with their paths: as text for reports, and as a tuple of steps."""
    if isinstance(value, Mapping) and value:
        for key in value:
            yield from _leaf_values(value[key], f"{path}.{key}" if path else key, (*steps, key))
    elif isinstance(value, (list, tuple)) and any(isinstance(item, Mapping) for item in value):
        for index, item in enumerate(value):
            name = item.get("name") if isinstance(item, Mapping) else None
            mark = name if isinstance(name, str) else index
            yield from _leaf_values(item, f"{path}[{mark}]", (*steps, index))
    else:
        yield path, steps, value


def _deletion(
    orphan: Orphan, owners: Owners, catalog: Catalog, keeps_others: bool
) -> ResourceChange:
    reason: str = ActionReason.DESTROY
    if keeps_others:
        reason = (
            ActionReason.LEFT_BLUEPRINT if orphan.by_tags else ActionReason.BELOW_LEFT_BLUEPRINT
        )
    stated = owners.by_tags[orphan.id.key].environment if orphan.id.key in owners.by_tags else ""
    if stated not in ("", owners.marks.environment):
        reason = f"{reason}; its tags name the environment {stated!r}, which has the same id"
    action = Action.DELETE
    if orphan.unreadable is not None:
        action, reason = Action.BLOCKED, f"{reason}, and cannot be read: {orphan.unreadable}"
    resource_type = catalog.get(orphan.id.type)
    return ResourceChange(
        orphan.address, orphan.id, resource_type, action, reason, (), (), None, orphan.found,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class DeleteConditions:
    """The conditions beside ownership under which a delete is allowed.

    `carried` are the marks that what the plan writes carries. `deletes_at` tells at which addresses
    a plan that is limited to some deletes. `staying` are the keys of what the blueprint has.
    """

    carried: Set[str]
    deletes_at: Callable[[str], bool]
    staying: Collection[str]

    def keys(self, deletes: Sequence[ResourceChange]) -> frozenset[str]:
        """Return the keys of the deletes that the limits cover, with all that is in them."""
        planned = [change for change in deletes if change.action is Action.DELETE]
        covered = {change.id.key for change in planned if self.deletes_at(change.address)}
        return frozenset(
            change.id.key
            for change in planned
            if change.id.key in covered
            or any(above.key in covered for above in change.id.ancestors)
        )


def guard_deletes(
    deletes: Sequence[ResourceChange], contents: ContainerContents, limits: DeleteConditions
) -> list[ResourceChange]:
    """Block the delete of what holds something that does not go by the same plan.

    Blocking one delete may keep what another held, so this goes on until nothing more is blocked.
    """
    guarded = list(deletes)
    while True:
        going = limits.keys(guarded)
        blocked = [
            replace(change, action=Action.BLOCKED, reason=why)
            if change.id.key in going and (why := _hinders_delete(change, contents, going, limits))
            else change
            for change in guarded
        ]
        if blocked == guarded:
            return guarded
        guarded = blocked


def _hinders_delete(
    change: ResourceChange,
    contents: ContainerContents,
    going: Collection[str],
    limits: DeleteConditions,
) -> str | None:
    unseen = contents.unseen(change.id)
    if unseen is not None:
        return f"what it holds cannot be listed: {unseen.reason}"
    if not change.type.contents_known:
        return _CONTENTS_UNKNOWN.format(change.type.name)
    foreign = contents.foreign(change.id, going, limits.staying)
    if foreign:
        return (
            _reason_of_foreign_content(foreign)
            if not _all_ours(foreign, contents)
            else _reason_of_staying_content(foreign)
        )
    for mark in sorted(contents.owners.below.get(change.id.key, frozenset()) - limits.carried):
        left = contents.marked.get(mark)
        if left is None and contents.unlisted:
            gap = contents.unlisted[0]
            return (
                "it carries the mark of something that no read found, and a list of what is in "
                f"{gap.id} was refused: {gap.reason}"
            )
        if left is not None and left.key not in going and not left.is_within(change.id):
            return f"it carries the mark of {left}, which stays"
    return None


_CONTENTS_UNKNOWN = (
    "what it may hold is not known: the cloud does not list {} among the types of its provider. "
    "Delete it by other means (`az resource delete`), or state it as `existing: true`"
)


def _all_ours(resources: Sequence[ResourceId], contents: ContainerContents) -> bool:
    return all(contents.owners.is_ours(resource) for resource in resources)


def _reason_of_foreign_content(foreign: Sequence[ResourceId]) -> str:
    return f"it holds {_list_ids(foreign)}, which azsec did not make"


def _reason_of_staying_content(staying: Sequence[ResourceId]) -> str:
    return f"it holds {_list_ids(staying)}, which this plan does not delete"


def _list_ids(resources: Sequence[ResourceId]) -> str:
    shown = ", ".join(str(resource) for resource in resources[:_MOST_NAMED])
    more = len(resources) - _MOST_NAMED
    return f"{shown} and {more} more" if more > 0 else shown


_MOST_NAMED = 5


def _why_not_ours(owner: Owner, environment: str) -> str | None:
    """Return why a resource with such an owner may not be touched, or None where it may."""
    match owner.claim:
        case OwnershipClaim.OTHER if owner.environment == environment:
            return (
                f"it belongs to another environment of the name {environment!r}: its mark was made "
                f"with another id (if that is an earlier id of this one: `azsec ownership migrate "
                "--previous-id`)"
            )
        case OwnershipClaim.OTHER:
            return f"it belongs to the environment {owner.environment!r}"
        case OwnershipClaim.INVALID:
            return (
                f"its tags name the environment {owner.environment!r}, and its mark does not "
                "verify: it was copied from another resource, edited, or written with another id "
                "(see `azsec ownership migrate`)"
            )
        case OwnershipClaim.AMBIGUOUS:
            return "it carries a tag of azsec twice, in two spellings: remove one"
        case OwnershipClaim.NONE | OwnershipClaim.OURS:
            return None
