"""Replacement by rotation: a temporary resource serves while one is deleted and made again.

The stand-in carries marks of its own, so that a plan made after a crash at any point finds it: with
it there, the rotation is taken up where it stopped, whatever has been done of it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from provisioner.blueprint.graph import DesiredGraph, DesiredResource
from provisioner.blueprint.ownership import Marks
from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import Embedded, ResourceType, Rotation
from provisioner.diff.change import Child, FieldChange
from provisioner.diff.comparison import compare
from provisioner.diff.merge import merge_for_write
from provisioner.documents.plan import Action
from provisioner.model.actual import ActualState, Found
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Value, lookup, put_at
from provisioner.plan.changes import ActionReason, Changes, ResourceChange, TemporaryReplacement

_RESUMED = "taken up where an earlier apply stopped"
_OUTLIVED = "stood in for a resource that has left the blueprint"
_KEPT = (Action.CREATE, Action.UPDATE, Action.ADOPT, Action.REPLACE, Action.NO_OP)


def rotate(
    changes: Changes, graph: DesiredGraph, state: ActualState, catalog: Catalog, marks: Marks
) -> Changes:
    """Return the changes with rotations for the replacements that can go without a gap.

    A child that its parent's body states gets a change of its own, at `ADDRESS/KIND/NAME`. What
    stood in for a resource that has left the blueprint is deleted.
    """
    rotator = _Rotator(graph, state, catalog, marks)
    resources = [done for change in changes.resources for done in rotator.rotate(change)]
    standing = {change.stand_in.id.key for change in resources if change.stand_in is not None}
    resources += rotator.outlived(resources, standing)
    gone = standing | {change.id.key for change in resources if change.action is Action.DELETE}
    unmanaged = tuple(resource for resource in changes.unmanaged if resource.key not in gone)
    return replace(changes, resources=tuple(resources), unmanaged=unmanaged)


def resource_stating(change: ResourceChange, graph: DesiredGraph) -> DesiredResource | None:
    """Return the resource of the graph whose body states what changes: its own, or its parent's."""
    own = graph.by_id.get(change.id.key)
    if own is not None or change.id.parent is None or change.desired is None:
        return own
    return graph.by_id.get(change.id.parent.key)


@dataclass(frozen=True, slots=True)
class _Rotator:
    """Decides rotations one after the other; `named` holds the stand-ins that it has named."""

    graph: DesiredGraph
    state: ActualState
    catalog: Catalog
    marks: Marks
    named: list[ResourceId] = field(default_factory=list)

    def rotate(self, change: ResourceChange) -> Iterator[ResourceChange]:
        """Yield a change, and those of the children in its body that are rotated."""
        if change.desired is None or change.action not in _KEPT:
            yield change
        elif change.type.rotation is not None:
            yield self._rotation_of(change, change.type.rotation)
        elif change.found is not None and change.action in (
            Action.UPDATE,
            Action.ADOPT,
            Action.NO_OP,
        ):
            children = [
                self._rotation_of(child, rotation)
                for embedded in change.type.embedded
                for child, rotation in self._rotating_children(change, embedded)
            ]
            rotated = [child for child in children if child.stand_in is not None]
            yield without_children(change, rotated)
            yield from rotated
        else:
            yield change

    def outlived(
        self, changes: Sequence[ResourceChange], standing: Iterable[str]
    ) -> Iterator[ResourceChange]:
        """Yield the deletes of stand-ins whose resource left, unless they are deleted already."""
        doomed = (Action.DELETE, Action.REPLACE)
        gone = {c.id.key for c in changes if c.action in doomed} | set(standing)
        for key in sorted(self.state.found):
            hit = self.state.found[key]
            resource_type, mark = self._mark_of(hit)
            if resource_type is None or mark is None:
                continue
            if key not in gone and not any(above.key in gone for above in hit.id.ancestors):
                yield ResourceChange(
                    address=f"{mark[0]}/{hit.id.name}",
                    id=hit.id,
                    type=resource_type,
                    action=Action.DELETE,
                    reason=_OUTLIVED,
                    fields=(),
                    undeclared=(),
                    desired=None,
                    found=hit,
                )

    def _rotating_children(
        self, change: ResourceChange, embedded: Embedded
    ) -> Iterator[tuple[ResourceChange, Rotation]]:
        """Yield the children that a body states, each as a change of its own."""
        child_type = self.catalog.get(embedded.child)
        if child_type.rotation is None:
            return
        for entry in entries_of(change.desired, embedded):
            name = str(entry["name"])
            resource = ResourceId(child_type.name, (*change.id.names, name), change.id.scope)
            fields = tuple(_fields_of(change, embedded, name))
            forcing = next((part for part in fields if part.forces_replace), None)
            stated = {key: value for key, value in entry.items() if key != "name"}
            yield (
                ResourceChange(
                    address=f"{change.address}/{child_type.kind}/{name}",
                    id=resource,
                    type=child_type,
                    action=Action.REPLACE if forcing is not None else Action.UPDATE,
                    reason=forcing.reason if forcing is not None else None,
                    fields=fields,
                    undeclared=(),
                    desired={"properties": stated} if embedded.flattened else entry,
                    found=self._found_body(resource),
                ),
                child_type.rotation,
            )

    def _found_body(self, resource: ResourceId) -> Found | None:
        hit = self.state.get(resource)
        return hit if isinstance(hit, Found) else None

    def _rotation_of(self, change: ResourceChange, rotation: Rotation) -> ResourceChange:
        """Return the rotation of a resource, or its change as it is where it needs none."""
        standing = self._standing_in(change.id)
        if change.reason == ActionReason.PARENT_REPLACED:
            return change
        if change.action is not Action.REPLACE and standing is None:
            return change
        assert change.desired is not None
        known = change.found or standing
        live: Body = known.body if known is not None else {}
        relieves = change.action is Action.REPLACE and change.found is not None
        desired = rotation.successor(change.desired, live)
        if change.found is not None and not relieves:
            desired = self._merged_body(change.type, change.desired, change.found.body)
        return replace(
            change,
            action=Action.REPLACE,
            reason=f"by rotation · {change.reason or _RESUMED}",
            desired=desired,
            stand_in=self._stand_in(change, rotation, standing, live, relieves=relieves),
        )

    def _stand_in(
        self,
        change: ResourceChange,
        rotation: Rotation,
        standing: Found | None,
        live: Body,
        *,
        relieves: bool,
    ) -> TemporaryReplacement:
        assert change.desired is not None
        body = rotation.stand_in(change.desired, live)
        if standing is None:
            name = rotation.name(change.id.name, change.desired, self._names_beside(change.id))
            resource = ResourceId(change.id.type, (*change.id.names[:-1], name), change.id.scope)
            self.named.append(resource)
            body = self._with_stand_in_marks(change, rotation, resource, body)
        else:
            resource = standing.id
            body = self._with_stand_in_marks(change, rotation, resource, body)
            body = self._body_of_partial_stand_in(change.type, body, standing.body)
        address = f"{change.address}/{resource.name}"
        return TemporaryReplacement(
            address, resource, body if relieves else None, standing, relieves
        )

    def _body_of_partial_stand_in(
        self, resource_type: ResourceType, body: Mapping[str, Value], live: Body
    ) -> Mapping[str, Value]:
        """Return the body to write to a stand-in that an earlier apply left, perhaps half made.

        One of another shape than is wanted by now serves as well, as it is.
        """
        found = compare(resource_type, self.catalog.schemas, body, live)
        fits = not any(change.forces_replace or change.refused for change in found.changes)
        return self._merged_body(resource_type, body if fits else {}, live)

    def _merged_body(
        self, resource_type: ResourceType, desired: Mapping[str, Value], live: Body
    ) -> Mapping[str, Value]:
        return merge_for_write(resource_type, self.catalog.schemas, desired, live)

    def _with_stand_in_marks(
        self,
        change: ResourceChange,
        rotation: Rotation,
        resource: ResourceId,
        body: Mapping[str, Value],
    ) -> Mapping[str, Value]:
        marks = self.marks.tags_of_stand_in(resource, change.address, change.id.name)
        return _with_tags(body, rotation.marks.split("."), marks)

    def _standing_in(self, resource: ResourceId) -> Found | None:
        """Return the stand-in of a resource that an earlier apply left, or None."""
        for key in sorted(self.state.found):
            hit = self.state.found[key]
            if hit.id.parent == resource.parent:
                _, mark = self._mark_of(hit)
                if mark is not None and mark[1].lower() == resource.name.lower():
                    return hit
        return None

    def _mark_of(self, hit: Found) -> tuple[ResourceType | None, tuple[str, str] | None]:
        resource_type = self.catalog.of(hit.id)
        if resource_type is None or resource_type.rotation is None:
            return resource_type, None
        tags = lookup(hit.body, resource_type.rotation.marks.split("."))
        return resource_type, self.marks.stood_in_for(hit.id, tags)

    def _names_beside(self, resource: ResourceId) -> frozenset[str]:
        """Return the names of all siblings, in Azure, in the blueprint and in this plan."""
        found = (hit.id for hit in self.state.found.values())
        there = {other.name for other in (*found, *self.named) if _are_siblings(other, resource)}
        wanted = {other.id.name for other in self.graph if _are_siblings(other.id, resource)}
        parent = self.graph.by_id.get(resource.parent.key) if resource.parent else None
        if parent is not None:
            for embedded in parent.type.embedded:
                wanted |= {str(entry["name"]) for entry in entries_of(parent.body, embedded)}
        return frozenset(there | wanted)


def _are_siblings(one: ResourceId, other: ResourceId) -> bool:
    return one.parent == other.parent and one.type.lower() == other.type.lower()


def entries_of(
    body: Mapping[str, Value] | None, embedded: Embedded
) -> Iterator[Mapping[str, Value]]:
    """Yield the children with a name that a body states in one of its lists."""
    listed = lookup(body, embedded.path.split("."))
    for entry in listed if isinstance(listed, (list, tuple)) else ():
        if isinstance(entry, Mapping) and isinstance(entry.get("name"), str):
            yield entry


def _fields_of(change: ResourceChange, embedded: Embedded, name: str) -> Iterator[FieldChange]:
    """Yield the changes in a child, under the paths that they have in the child's own body."""
    child = Child(embedded.child, name)
    for part in change.fields:
        if part.child == child:
            _, _, rest = part.path.removeprefix(embedded.path).partition("]")
            path = f"properties{rest}" if embedded.flattened else rest.removeprefix(".")
            within = f"{embedded.path.removeprefix('properties.')}[{name}]."
            reason = part.reason.removeprefix(within) if part.reason else None
            yield replace(part, path=path, reason=reason, child=None)


def without_children(change: ResourceChange, separate: Sequence[ResourceChange]) -> ResourceChange:
    """Return the parent's change without the parts that its children's changes carry out."""
    if not separate:
        return change
    children = {Child(child.type.name, child.id.name) for child in separate}
    fields = tuple(part for part in change.fields if part.child not in children)
    desired: Mapping[str, Value] = change.desired or {}
    for embedded in change.type.embedded:
        kept = [
            entry
            for entry in entries_of(desired, embedded)
            if Child(embedded.child, str(entry["name"])) not in children
        ]
        desired = put_at(desired, embedded.path.split("."), kept)
    adopts = change.action is Action.ADOPT
    action = change.action if fields or adopts else Action.NO_OP
    return replace(change, action=action, fields=fields, desired=desired)


def _with_tags(
    body: Mapping[str, Value], path: Sequence[str], marks: Mapping[str, str]
) -> Mapping[str, Value]:
    own = lookup(body, path)
    return put_at(body, path, {**(own if isinstance(own, Mapping) else {}), **marks})
