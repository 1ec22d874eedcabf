"""Checks right before a request: whether the resource may still be deleted or written.

Between a review and the moment of a delete somebody else may have put something into a group, or
made the resource anew. What was not seen when the plan was made stops the delete.
"""

from collections.abc import Iterator, Sequence

from provisioner.blueprint.ownership import MARK_TAG, mark_in
from provisioner.catalog import api_versions
from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import Scope
from provisioner.model.resource_id import RESOURCE_GROUP, ResourceId, parse_resource_id
from provisioner.model.values import ABSENT, Body, lookup
from provisioner.plan.container_contents import is_always_there
from provisioner.plan.reads import (
    INVENTORY,
    Answer,
    Read,
    list_of_children,
    listable_children,
)
from provisioner.plan.step import DELETE, Step


def removal_reads(step: Step, catalog: Catalog) -> tuple[Read, ...]:
    """Return the reads that prove a delete: the resource itself, then the lists of its content.

    Of a write, the resource itself: its body holds the children that the write would drop.
    """
    reads = [Read(step.id.text, step.api_version, step.type, is_list=False)]
    if step.verb != DELETE:
        return tuple(reads)
    if step.id.type == RESOURCE_GROUP:
        reads.append(Read(f"{step.id}/resources", api_versions.RESOURCES, INVENTORY, is_list=True))
    lists = (list_of_children(*pair) for pair in listable_children(step.id, catalog))
    return (*reads, *{read.path: read for read in lists}.values())


def find_blocker(step: Step, answers: Sequence[Answer], catalog: Catalog) -> str | None:
    """Return why a resource may not be deleted or written, given the answers to its reads, or None.

    One that is gone already may be deleted: that does nothing.
    """
    itself, *lists = answers
    if itself.refused is not None:
        return f"it cannot be read right before: {itself.refused}"
    if not itself.items:
        return None if step.verb == DELETE else "it was deleted since it was planned"
    body = itself.items[0]
    mark = mark_in(body)
    if mark != step.mark:
        return (
            f"its tag {MARK_TAG} was {step.mark or '(absent)'} when it was planned and is "
            f"{mark or '(absent)'}: another one may have taken its place"
        )
    refused = next((answer for answer in lists if answer.refused is not None), None)
    if refused is not None:
        return f"{refused.read.path} cannot be listed right before its delete: {refused.refused}"
    arrived = [
        resource
        for resource in _contained_ids(step, body, lists, catalog)
        if resource.key not in step.inside
    ]
    if not arrived:
        return None
    more = f" and {len(arrived) - 1} more" if len(arrived) > 1 else ""
    return f"it holds {arrived[0]}{more}, which was not seen when it was planned"


def _contained_ids(
    step: Step, body: Body, lists: Sequence[Answer], catalog: Catalog
) -> Iterator[ResourceId]:
    for answer in lists:
        for item in answer.items:
            resource = parse_resource_id(item.get("id"))
            known = catalog.of(resource) if resource is not None else None
            if resource is None or (known is not None and known.scope is Scope.EXTENSION):
                continue
            if known is None or not is_always_there(known, resource.name):
                yield resource
    container, resource_type = step.id, catalog.of(step.id)
    for embedded in resource_type.embedded if resource_type is not None else ():
        path = embedded.path.split(".")
        if step.verb != DELETE and lookup(step.body, path) is ABSENT:
            continue  # what a write does not mention it leaves as it is
        entries = lookup(body, path) if embedded.kept else ()
        for entry in entries if isinstance(entries, (list, tuple)) else ():
            name = lookup(entry, ("name",))
            if isinstance(name, str):
                yield ResourceId(embedded.child, (*container.names, name), container.scope)
