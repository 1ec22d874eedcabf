"""What has to change: desired against actual, one decision for each resource."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from provisioner.blueprint.expression import ExpressionError, resolve
from provisioner.blueprint.graph import DesiredGraph, DesiredResource
from provisioner.blueprint.ownership import (
    is_ownership_tag,
    owner_of,
    stale_tags,
)
from provisioner.catalog.field import Disruption
from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import ResourceType
from provisioner.diff.change import FieldChange
from provisioner.diff.comparison import compare
from provisioner.documents.plan import Action
from provisioner.model.actual import ActualState, Found, Missing, Unreadable
from provisioner.model.diagnostic import Diagnostic, error, warning
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Value
from provisioner.plan.leftovers import find_leftovers, find_unmanaged
from provisioner.plan.state import Inventory
from provisioner.plan.terms import Ignored, Terms, split_ignored, with_live


class ActionReason(StrEnum):
    """Why a change is what it is. For people: nothing decides by it."""

    ADOPTED = "exists already and is taken over: its tags do not say yet that it is azsec's"
    LEFT_BLUEPRINT = "carries this environment's tags and is no longer in the blueprint"
    BELOW_LEFT_BLUEPRINT = "was made by azsec and is no longer in the blueprint"
    PARENT_REPLACED = "what it stands in is replaced"
    DESTROY = "the environment is destroyed"
    DEFAULT = "goes back to the service's default"


@dataclass(frozen=True, slots=True)
class StandIn:
    """What takes the place of a resource while it is replaced by rotation.

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
    """What happens to one resource, and the bodies that say so.

    `desired` is the body with its references resolved as far as they are known; None for a
    delete. `found` is what stands in Azure now, or None. `stand_in` is set on a rotation.
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
    stand_in: StandIn | None = None
    ignored: tuple[Ignored, ...] = ()

    @property
    def disruption(self) -> Disruption:
        """The worst thing that the change does to what runs on the resource."""
        if self.action in (Action.DELETE, Action.REPLACE):
            return self.type.loss
        if self.action is not Action.UPDATE:
            return Disruption.NONE
        return max(
            (f.disruption for f in self.fields), key=lambda d: d.rank, default=Disruption.NONE
        )


@dataclass(frozen=True, slots=True)
class Changes:
    """All decisions, in the order in which the graph can be made, deletes last."""

    resources: tuple[ResourceChange, ...]
    unmanaged: tuple[ResourceId, ...]
    values: Mapping[str, Mapping[str, Value]]
    diagnostics: tuple[Diagnostic, ...]


def decide_changes(
    graph: DesiredGraph,
    state: ActualState,
    inventory: Inventory,
    catalog: Catalog,
    terms: Terms,
) -> Changes:
    """Return what has to happen to make the actual state the desired one.

    An empty graph plans a delete of everything that the environment owns: only `destroy` gives
    one. `values` holds what is known of each resource that exists and stays, by address.
    """
    environment = terms.environment
    decider = _Decider(state, catalog, terms)
    kept = [decider.decide(resource) for resource in graph.ordered]
    leftovers = find_leftovers(graph, state, inventory, catalog, environment)
    deletes = [
        _delete(address, found, catalog, bool(graph.resources)) for address, found in leftovers
    ]
    managed = [change for change in kept if change is not None]
    gone = [change.id for change in deletes]
    unmanaged = find_unmanaged(graph, state, inventory, catalog, gone, environment)
    return Changes(
        (*managed, *_guard(deletes, unmanaged)),
        unmanaged,
        decider.values,
        tuple(decider.diagnostics),
    )


class _Decider:
    def __init__(self, state: ActualState, catalog: Catalog, terms: Terms) -> None:
        self._state = state
        self._catalog = catalog
        self._terms = terms
        self._replaced: list[ResourceId] = []
        self.values: dict[str, Mapping[str, Value]] = {}
        self.diagnostics: list[Diagnostic] = []

    def decide(self, resource: DesiredResource) -> ResourceChange | None:
        """Return the change of one resource; None for one that is only read."""
        actual = self._state.get(resource.id)
        if not resource.managed:
            self._read(resource, actual)
            return None
        try:
            desired = resolve(resource.body, self.values.get)
        except ExpressionError as problem:
            return self._blocked(resource, actual, f"a value that it refers to: {problem}")
        assert isinstance(desired, Mapping)
        if isinstance(actual, Unreadable):
            return self._blocked(resource, actual, f"it cannot be read: {actual.reason}")
        if isinstance(actual, Missing):
            return self._make(resource, desired)
        if any(resource.id.is_within(gone) for gone in self._replaced):
            return replace(
                _create(resource, desired), reason=ActionReason.PARENT_REPLACED, found=actual
            )
        return self._compare(resource, desired, actual)

    def _make(self, resource: DesiredResource, desired: Mapping[str, Value]) -> ResourceChange:
        """Return the creation of a resource, blocked where Azure never accepts a value of it."""
        result = compare(resource.type, self._catalog.schemas, desired, {})
        refused = next((change.refused for change in result.changes if change.refused), None)
        if refused is not None:
            return self._blocked(resource, Missing(resource.id), refused)
        return _create(resource, desired)

    def _read(self, resource: DesiredResource, actual: Found | Missing | Unreadable) -> None:
        if isinstance(actual, Found):
            self.values[resource.address] = _value_of(resource, actual.body, {})
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

    def _compare(
        self, resource: DesiredResource, desired: Mapping[str, Value], found: Found
    ) -> ResourceChange:
        owner = owner_of(found.body)
        if owner is not None and owner[0] != self._terms.environment:
            return self._blocked(resource, found, f"it belongs to the environment {owner[0]!r}")
        result = compare(resource.type, self._catalog.schemas, desired, found.body)
        changes, ignored = split_ignored(resource.address, result.changes, self._terms.ignores)
        stated, undeclared = _by_declaration(changes)
        back, undeclared = self._put_back(resource, undeclared)
        declared = (
            *stated,
            *back,
            *(
                FieldChange.removed(f"tags.{name}", value)
                for name, value in stale_tags(desired, found.body).items()
            ),
        )
        refused = next((change for change in declared if change.refused), None)
        forcing = next((change for change in declared if change.forces_replace), None)
        rotates = all(self._rotates(change) for change in declared if change.forces_replace)
        adopted = resource.type.taggable and owner is None
        reason: str | None = None
        action = Action.UPDATE if declared else Action.NO_OP
        if refused is not None:
            action, reason = Action.BLOCKED, refused.refused
        elif declared and resource.type.changed_by is not None:
            action = Action.BLOCKED
            reason = (
                "Azure Resource Manager does not change one that is there: use "
                f"{resource.type.changed_by}, or choose another name"
            )
        elif forcing is not None and adopted:
            action = Action.BLOCKED
            reason = f"{forcing.path} cannot change in place, and azsec did not make the resource"
        elif forcing is not None and resource.type.soft_delete is not None:
            action = Action.BLOCKED
            reason = (
                f"{forcing.reason}, and a new {resource.id.name} cannot take the place of the old "
                "one, which keeps the name when it is deleted: choose another name"
            )
        elif forcing is not None and not rotates:
            forcing = next(c for c in declared if c.forces_replace and not self._rotates(c))
            action, reason = Action.REPLACE, forcing.reason
            self._replaced.append(resource.id)
        elif adopted:
            reason = ActionReason.ADOPTED
        if action in (Action.NO_OP, Action.UPDATE):
            desired = with_live(desired, ignored)
            self.values[resource.address] = _value_of(resource, found.body, desired)
        return ResourceChange(
            resource.address, resource.id, resource.type, action, reason, declared, undeclared,
            desired, found, ignored=ignored,
        )  # fmt: skip

    def _put_back(
        self, resource: DesiredResource, undeclared: tuple[FieldChange, ...]
    ) -> tuple[tuple[FieldChange, ...], tuple[FieldChange, ...]]:
        """Return the undeclared changes that are planned back to the default, and the others.

        What Azure cannot change in place is left as it is, with a warning: nobody asked for a new
        resource.
        """
        if not self._terms.adopt_defaults:
            return (), undeclared
        back, left = [], []
        for change in undeclared:
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

    def _rotates(self, change: FieldChange) -> bool:
        """Tell whether a child can be replaced in place of the resource whose body states it."""
        child = change.child
        return child is not None and self._catalog.get(child.type).rotation is not None

    def _blocked(
        self, resource: DesiredResource, actual: Found | Missing | Unreadable, why: str
    ) -> ResourceChange:
        return ResourceChange(
            resource.address, resource.id, resource.type, Action.BLOCKED, why, (), (), None,
            actual if isinstance(actual, Found) else None,
        )  # fmt: skip


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
    """Return what expressions may read of a resource that exists: live, overlaid with desired."""
    merged = _overlay(live, desired)
    assert isinstance(merged, Mapping)
    return {
        **merged,
        "id": resource.id.text,
        "name": resource.id.name,
        "type": resource.type.name,
    }


def _overlay(live: object, desired: object) -> Value:
    if isinstance(live, Mapping) and isinstance(desired, Mapping):
        names = {key.lower(): key for key in live}
        merged = dict(live)
        for key, item in desired.items():
            real = names.get(key.lower(), key)
            merged[real] = _overlay(live.get(real), item)
        return merged
    both_lists = isinstance(live, (list, tuple)) and isinstance(desired, (list, tuple))
    if both_lists and len(live) == len(desired):  # type: ignore[arg-type]
        return [_overlay(one, other) for one, other in zip(live, desired, strict=True)]  # type: ignore[call-overload]
    return desired if desired is not None else live  # type: ignore[return-value]


def _create(resource: DesiredResource, desired: Mapping[str, Value]) -> ResourceChange:
    fields = tuple(
        FieldChange.added(path, value)
        for path, value in _leaves(desired, "")
        if not is_ownership_tag(path.removeprefix("tags."))
    )
    return ResourceChange(
        resource.address, resource.id, resource.type, Action.CREATE, None, fields, (), desired, None
    )


def _leaves(value: Value, path: str) -> Iterator[tuple[str, Value]]:
    if isinstance(value, Mapping) and value:
        for key in value:
            yield from _leaves(value[key], f"{path}.{key}" if path else key)
    elif isinstance(value, (list, tuple)) and any(isinstance(item, Mapping) for item in value):
        for index, item in enumerate(value):
            name = item.get("name") if isinstance(item, Mapping) else None
            mark = name if isinstance(name, str) else index
            yield from _leaves(item, f"{path}[{mark}]")
    else:
        yield path, value


def _delete(address: str, found: Found, catalog: Catalog, keeps_others: bool) -> ResourceChange:
    reason = ActionReason.DESTROY
    if keeps_others:
        tagged = owner_of(found.body) is not None
        reason = ActionReason.LEFT_BLUEPRINT if tagged else ActionReason.BELOW_LEFT_BLUEPRINT
    return ResourceChange(
        address, found.id, catalog.get(found.id.type), Action.DELETE, reason, (), (), None, found
    )


def _guard(
    deletes: Sequence[ResourceChange], unmanaged: Sequence[ResourceId]
) -> list[ResourceChange]:
    """Block the delete of what holds something that azsec did not make: it would go too."""
    guarded: list[ResourceChange] = []
    for change in deletes:
        foreign = [resource for resource in unmanaged if resource.is_within(change.id)]
        if foreign:
            others = f" and {len(foreign) - 1} more" if len(foreign) > 1 else ""
            reason = f"it holds {foreign[0]}{others}, which azsec did not make"
            change = replace(change, action=Action.BLOCKED, reason=reason)
        guarded.append(change)
    return guarded
