"""Duplicates of a resource that a scope can hold once only, under another name.

That is a role assignment of the same role to the same principal (`ResourceType.unique_by`): Azure
refuses it with 409 (guidelines.md §3.5). It takes no request: the actual state has them.
"""

from collections.abc import Iterator, Mapping

from provisioner.model.actual import Found
from provisioner.model.diagnostic import Diagnostic, error, warning
from provisioner.model.resource_id import parse_resource_id
from provisioner.model.values import lookup
from provisioner.preflight.azure_queries import AzureQuery, Replies
from provisioner.preflight.check import Check
from provisioner.preflight.planned_changes import PlannedChanges, Write


def _queries_for(_intent: PlannedChanges) -> tuple[AzureQuery, ...]:
    return ()


def _diagnostics_for(intent: PlannedChanges, _replies: Replies) -> Iterator[Diagnostic]:
    held: dict[tuple[str, tuple[str, ...]], Found] = {}
    written = [w for w in intent.writes if w.is_new and w.type.unique_by]
    kinds = {write.type.name.lower(): write.type for write in written}
    for found in intent.found.values():
        resource_type = kinds.get(found.id.type.lower())
        container = found.id.container
        if resource_type is not None and container is not None:
            values = _identifying_values(resource_type.unique_by, found.body)
            if values is not None:
                held[container.key, values] = found
    for write in written:
        container, values = (
            write.id.container,
            _identifying_values(write.type.unique_by, write.body),
        )
        other = held.get((container.key, values)) if container and values else None
        if other is not None and other.id != write.id:
            yield _duplicate_diagnostic(write, other, intent)


CHECK = Check("whether assignments collide", _queries_for, _diagnostics_for)


def _identifying_values(
    paths: tuple[str, ...], body: Mapping[str, object]
) -> tuple[str, ...] | None:
    """Return the values that identify a resource; None where a part is not known before apply.

    A role is compared by its GUID alone: Azure answers its id below another scope than the one that
    was written.
    """
    values = [lookup(body, path.split(".")) for path in paths]
    if not all(isinstance(value, str) for value in values):
        return None
    named = (parse_resource_id(value) for value in values)
    return tuple(
        (target.name if target else str(value)).lower()
        for target, value in zip(named, values, strict=True)
    )


def _duplicate_diagnostic(write: Write, other: Found, intent: PlannedChanges) -> Diagnostic:
    what = f"{write.address}: {other.id.text} is the same under another name"
    if other.id.key in intent.deleted:
        return warning(
            "assignment-exists",
            f"{what}, and this plan deletes it; if that comes later, Azure answers "
            f"{write.type.codes.duplicate}.",
            write.span,
            "Apply once more in that case.",
        )
    return error(
        "assignment-exists",
        f"{what}: Azure refuses a second one ({write.type.codes.duplicate}).",
        write.span,
        f"Give {write.address} the name {other.id.name}, and azsec takes that one over; or "
        f"delete it: az role assignment delete --ids {other.id.text}",
    )
