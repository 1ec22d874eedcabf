"""Changes that Azure would refuse: locked, in use, or refused by a service rule.

Azure is not queried here: the references that were read, the users that Azure names in a body, and
the locks decide. A change that Azure would refuse is blocked, with what is in its way.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from provisioner.blueprint.graph import DesiredGraph
from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import ResourceType, Scope
from provisioner.diff.change import FieldChange
from provisioner.documents.plan import Action
from provisioner.model.actual import ActualState, Found
from provisioner.model.estate import Estate
from provisioner.model.key_index import KeyIndex, keys_above
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import lookup
from provisioner.plan.change_order import ChangeOrder
from provisioner.plan.changes import Changes, ResourceChange
from provisioner.plan.container_contents import managed_group_in
from provisioner.plan.dependents import Dependents, generated_by, key_of, targets_of
from provisioner.plan.estates import planned_estate
from provisioner.plan.locks import (
    find_locks,
    managed_group_of,
    reached_by,
    verbs_of,
)
from provisioner.plan.service_refusals import planned_neighbours, refusal_of
from provisioner.service_rules.rule import RuleContext

_WRITES = (Action.CREATE, Action.UPDATE, Action.ADOPT, Action.REPLACE)
_STAYS = (Action.NO_OP, Action.UPDATE, Action.ADOPT)
_GOES = (Action.DELETE, Action.REPLACE)
_SHOWN = 3
_MARK = re.compile(r"\[[^\]]*\]")


def block_refused_changes(
    changes: Changes,
    graph: DesiredGraph,
    state: ActualState,
    actual: Estate,
    catalog: Catalog,
    today: str | None,
) -> Changes:
    """Block the changes that Azure would refuse, and return them with the turns of the others.

    `actual` is the estate of the found state; `today` is the day of the apply.

    Where what goes is named by a resource of the environment whose blueprint is silent about it,
    the reference goes too, as a change of that resource. A change that is blocked no longer makes
    way for others, so that all is judged again until nothing more is blocked.
    """
    live = _Live(state, catalog)
    blocked: dict[str, str] = {}
    while True:
        standing = _with_blocked(changes, blocked)
        freed = _remove_undeclared_references(standing, live)
        foresight = _Foresight(freed, graph, live, actual, today)
        turns = foresight.turns
        more = dict(foresight.refusals()) or dict(turns.stuck())
        if not more:
            after = {key: turn.after for key, turn in turns.found.items()}
            return replace(freed, turns=after)
        blocked |= more


def _with_blocked(changes: Changes, blocked: Mapping[str, str]) -> Changes:
    return replace(
        changes,
        resources=tuple(
            replace(change, action=Action.BLOCKED, reason=blocked[change.address])
            if change.address in blocked
            else change
            for change in changes.resources
        ),
    )


@dataclass(frozen=True)
class _Live:
    """The resources that were read, and which of them uses which."""

    state: ActualState
    catalog: Catalog

    @cached_property
    def users(self) -> Dependents:
        return Dependents.of(self.state, self.catalog)

    @cached_property
    def _found_index(self) -> KeyIndex:
        return KeyIndex(self.state.found)

    @cached_property
    def _read_order(self) -> Mapping[str, int]:
        return {key: place for place, key in enumerate(self.state.found)}

    def below(self, resource: ResourceId) -> Iterator[Found]:
        """Yield all that was read and is deleted with a resource, itself included.

        The order is that of the read.
        """
        for key in sorted(self._found_index.within(resource.key), key=self._read_order.__getitem__):
            yield self.state.found[key]

    def closed_groups(self) -> Iterator[tuple[ResourceId, str]]:
        """Yield (group, why) of the managed groups in which nobody but Azure may write."""
        for hit in self.state.found.values():
            resource_type = self.catalog.of(hit.id)
            if resource_type is None or resource_type.managed_lock is None:
                continue
            path, value = resource_type.managed_lock
            group = managed_group_in(resource_type, hit)
            if group is not None and lookup(hit.body, path.split(".")) == value:
                name = path.removeprefix("properties.")
                yield group, f"{hit.id} keeps {group.name} to itself ({name} {value})"


def _remove_undeclared_references(changes: Changes, live: _Live) -> Changes:
    """Return the changes with undeclared references to deleted resources removed.

    A reference that the blueprint states is left.
    """
    gone = {
        key_of(hit.id, live.catalog)
        for change in changes.resources
        if change.action is Action.DELETE
        for hit in live.below(change.id)
    }
    if not gone:
        return changes
    freed = tuple(
        _without_references_to(change, gone, live.catalog) for change in changes.resources
    )
    return replace(changes, resources=freed)


@dataclass(frozen=True)
class _Foresight:
    changes: Changes
    graph: DesiredGraph
    live: _Live
    actual: Estate
    today: str | None

    @cached_property
    def outcome(self) -> Estate:
        """The state that the plan leads to."""
        return planned_estate(
            self.changes, self.live.state, self.graph, self.live.catalog, self.actual
        )

    @cached_property
    def around(self) -> RuleContext:
        """The neighbours of each change, as far as they were read."""
        return planned_neighbours(
            self.outcome, self.graph, self.live.state, self.changes, self.live.catalog
        )

    @property
    def turns(self) -> ChangeOrder:
        """Which of the changes come after which others."""
        return ChangeOrder(
            self.changes.resources,
            self.graph,
            self.actual,
            self.live.catalog,
            self.outcome,
            self.around,
            self.today,
        )

    @cached_property
    def going(self) -> frozenset[str]:
        """The keys of the resources that are deleted or replaced."""
        return frozenset(change.id.key for change in self.changes.resources if _is_deleted(change))

    @cached_property
    def ended(self) -> KeyIndex:
        """The keys of deleted resources with all below them, by the plan or by Azure."""
        along: set[str] = set()
        for change in self.changes.resources:
            if not _is_deleted(change):
                continue
            group = managed_group_of(change)
            if group is not None:
                along.add(group.key)
            if change.found is not None:
                along |= {made.key for made in generated_by(change.found, self.live.catalog)}
        return KeyIndex(self.going | along)

    @cached_property
    def blocked_below(self) -> Mapping[str, Sequence[str]]:
        """The addresses of the blocked changes by the keys of all that they stand in."""
        below: dict[str, list[str]] = {}
        for change in self.changes.resources:
            for above in keys_above(change.id.key) if change.action is Action.BLOCKED else ():
                below.setdefault(above, []).append(change.address)
        return below

    def refusals(self) -> Iterator[tuple[str, str]]:
        """Yield (address, why) for each change that Azure would refuse."""
        locks = find_locks(self.changes.resources, self.live.state, self.live.catalog)
        groups = list(self.live.closed_groups())
        for change in self.changes.resources:
            if change.action in (Action.NO_OP, Action.BLOCKED):
                continue
            reasons: list[str | None] = [
                lock.refusal(deleting=deleting)
                for lock in locks
                for deleting in verbs_of(change)
                if lock.forbids_now(change, deleting=deleting)
                and lock.forbids_then(change, deleting=deleting)
            ]
            reasons += (why for group, why in groups if _writes_into(change, group))
            reasons.append(self._in_use(change) if _is_deleted(change) else None)
            reasons.append(self._reason_of_children(change) if _is_deleted(change) else None)
            reasons.append(
                self._reason_of_kept_descendants(change) if _is_deleted(change) else None
            )
            reasons.append(_keeps_name(change))
            reasons.append(self._reason_of_excluded_user(change))
            reasons.append(self._service_refusal(change))
            first = next((reason for reason in reasons if reason is not None), None)
            if first is not None:
                yield change.address, first

    def _service_refusal(self, change: ResourceChange) -> str | None:
        return refusal_of(change, self.outcome, self.around, self.live.catalog, self.today)

    def _in_use(self, change: ResourceChange) -> str | None:
        for hit in self.live.below(change.id):
            resource_type = self.live.catalog.of(hit.id)
            if resource_type is None or resource_type.in_use is None:
                continue
            using = [*self._remaining_users(hit, change), *self._unread_users(hit)]
            if using:
                what = "it" if hit.id == change.id else f"{hit.id} in it"
                return f"{what} is in use by {_list_labels(using)}"
        return None

    def _remaining_users(self, hit: Found, change: ResourceChange) -> list[str]:
        """Return the labels of the resources that refer to a resource now and after the plan."""
        staying: list[str] = []
        for user in self.live.users.read(hit.id):
            if user.id.is_within(change.id) or self._is_going(user.id):
                continue
            after = self.outcome.get(user.id)
            body = after.body if after is not None else user.body
            if key_of(hit.id, self.live.catalog) in targets_of(
                user.id.type, body, self.live.catalog
            ):
                staying.append(self._label_of_user(user))
        return staying

    def _label_of_user(self, user: Found) -> str:
        after = self.outcome.get(user.id)
        return after.label if after is not None else user.id.text

    def _unread_users(self, hit: Found) -> list[str]:
        """Return the labels of the users that Azure names and that were not read."""
        using: list[str] = []
        for named, label in self.live.users.named(hit):
            if named is None:
                hosts = self.live.users.read(hit.id)
                if not any(self._is_going(host.id) for host in hosts):
                    using.append(label)
            elif not self._is_going(named):
                using.append(label)
        return using

    def _is_going(self, resource: ResourceId) -> bool:
        """Return whether a resource is deleted by the plan, or by Azure along with one that is."""
        return self.ended.covers(resource.key)

    def _reason_of_children(self, change: ResourceChange) -> str | None:
        """Return why a delete needs deletes of children first, or None.

        Azure deletes no zone with its links: each has to be a delete of its own.
        """
        kinds = {name.lower() for name in change.type.nested}
        held = [
            hit.id.text
            for hit in (self.live.below(change.id) if kinds else ())
            if hit.id.type.lower() in kinds
            and hit.id.parent == change.id
            and hit.id.key not in self.going
        ]
        return f"it cannot go before {_list_labels(held)}" if held else None

    def _reason_of_kept_descendants(self, change: ResourceChange) -> str | None:
        """Return why a delete would take along what has a blocked delete of its own, or None.

        What stands in a resource would go with it, although its own delete is refused.
        """
        kept = self.blocked_below.get(change.id.key)
        return f"it holds {_list_labels(kept)}, which cannot go" if kept else None

    def _reason_of_excluded_user(self, change: ResourceChange) -> str | None:
        """Return why a change would exclude a user that stays, or None.

        A role keeps the scopes in which it is assigned (`ResourceType.confines`).
        """
        path = change.type.confines
        if path is None or change.action not in (Action.UPDATE, Action.ADOPT):
            return None
        stated = lookup(change.desired, path.split("."))
        scopes = [parse_resource_id(text) for text in _texts_in(stated)]
        if not scopes or None in scopes:
            return None
        outside = [
            self._label_of_user(user)
            for user in self.live.users.read(change.id)
            if user.id.scope is not None
            and not self._is_going(user.id)
            and not any(scope and user.id.scope.is_within(scope) for scope in scopes)
        ]
        name = path.removeprefix("properties.")
        return f"{_list_labels(outside)} is outside of the new {name}" if outside else None


def _keeps_name(change: ResourceChange) -> str | None:
    """Return why the name of a deleted resource cannot be used again, or None.

    A deleted vault keeps its name, also when its group is replaced with all that is in it.
    """
    made_anew = change.found is not None and change.action in (Action.REPLACE, Action.CREATE)
    if not made_anew or change.type.soft_delete is None:
        return None
    return (
        f"a new {change.id.name} cannot take the place of the old one, which keeps the name when "
        "it is deleted: choose another name"
    )


def _is_deleted(change: ResourceChange) -> bool:
    if change.stand_in is not None and change.action is Action.REPLACE:
        return change.stand_in.relieves
    return change.action in _GOES


def _writes_into(change: ResourceChange, group: ResourceId) -> bool:
    """Return whether a change is of a resource in a group.

    Extension resources on the group (a role assignment, a lock) are not in it.
    """
    inside = change.id.scope == group and change.type.scope is not Scope.EXTENSION
    return inside or any(target.is_within(group) for target in reached_by(change))


def _without_references_to(
    change: ResourceChange, gone: set[str], catalog: Catalog
) -> ResourceChange:
    """Return the change with the undeclared references to what goes put back to the default."""
    if change.action not in _STAYS or change.desired is None:
        return change
    leaving = [field for field in change.undeclared if _points_only_to(field, gone, catalog)]
    if not leaving:
        return change
    return replace(
        change,
        action=Action.UPDATE if change.action is Action.NO_OP else change.action,
        fields=(*change.fields, *(_as_removed_reference(field, change.type) for field in leaving)),
        undeclared=tuple(field for field in change.undeclared if field not in leaving),
    )


def _as_removed_reference(field: FieldChange, resource_type: ResourceType) -> FieldChange:
    fact = resource_type.fact(_MARK.sub("[]", field.path))
    return replace(field, reason="what it names is deleted", disruption=fact.disruption)


def _points_only_to(field: FieldChange, gone: set[str], catalog: Catalog) -> bool:
    if field.hindrance is not None or field.refused is not None:
        return False
    named = [resource for text in _texts_in(field.before) if (resource := parse_resource_id(text))]
    return bool(named) and all(key_of(resource, catalog) in gone for resource in named)


def _texts_in(value: object) -> Iterator[str]:
    """Yield every text in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts_in(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts_in(item)


def _list_labels(labels: Sequence[str]) -> str:
    shown = ", ".join(sorted(labels)[:_SHOWN])
    return f"{shown} and {len(labels) - _SHOWN} more" if len(labels) > _SHOWN else shown
