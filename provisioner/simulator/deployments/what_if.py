"""The what-if operation: the deployment is executed on the state, undone, and compared.

Azure's what-if compares the template with what the providers answer, and shows values that depend
on `reference()` unevaluated; the rehearsal evaluates them. A resource that would be refused becomes
a diagnostic, and the others are still compared.

Source: "ARM template deployment what-if operation", "Deployments - What If" of the REST reference.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from provisioner.catalog.deployment import DEPLOYMENT_TYPE
from provisioner.catalog.resource_type import Tier
from provisioner.model.resource_id import RESOURCE_GROUP, ResourceId
from provisioner.simulator.bodies.responses import render
from provisioner.simulator.deployments.complete_mode import others_in_group
from provisioner.simulator.deployments.execution import Execution
from provisioner.simulator.deployments.journal import RehearsingJournal
from provisioner.simulator.deployments.prepared_deployment import PreparedDeployment
from provisioner.simulator.deployments.property_changes import (
    property_changes,
    stated_read_only,
    without_read_only,
)
from provisioner.simulator.deployments.records import DeploymentOutcome, Failure, type_of
from provisioner.simulator.state.cloud import Cloud


def what_if(prepared: PreparedDeployment, *, ids_only: bool) -> dict[str, Any]:
    """Return the answer of a what-if operation; the state is not changed."""
    cloud = prepared.context.cloud
    journal = RehearsingJournal(cloud)
    try:
        outcome = Execution(cloud, journal).deploy(prepared)
        written = {resource.key: resource for resource in outcome.written}
        after = {key: _current_body(cloud, resource) or {} for key, resource in written.items()}
    finally:
        journal.undo()
    changes = [
        _change_of_write(cloud, resource, after[key], outcome, ids_only=ids_only)
        for key, resource in written.items()
    ]
    changes += [
        _change_of_refused(cloud, resource, ids_only=ids_only) for resource in outcome.refused
    ]
    for resource in outcome.deleted:
        changes.append(_change_without_write(cloud, resource, "Delete", ids_only=ids_only))
    for resource in _ignored_resources(cloud, prepared, outcome):
        changes.append(_change_without_write(cloud, resource, "Ignore", ids_only=ids_only))
    properties: dict[str, Any] = {"changes": changes}
    diagnostics = [_render_diagnostic(failure) for failure in _innermost_failures(outcome.failures)]
    if diagnostics:
        properties["diagnostics"] = diagnostics
    return {"status": "Succeeded", "properties": properties}


def _current_body(cloud: Cloud, resource: ResourceId) -> dict[str, Any] | None:
    row = cloud.find(resource)
    return None if row is None else render(cloud, row)


def _change_of_write(
    cloud: Cloud,
    resource: ResourceId,
    after: dict[str, Any],
    outcome: DeploymentOutcome,
    *,
    ids_only: bool,
) -> dict[str, Any]:
    before = _current_body(cloud, resource)
    stated, version = outcome.bodies[resource.key]
    if ids_only:
        kind = "Create" if before is None else "Deploy"
        return {"resourceId": resource.text, "changeType": kind}
    shown_after = _render_body(cloud, resource, after, version)
    change: dict[str, Any] = {"resourceId": resource.text, "changeType": "Create"}
    if before is None:
        return {**change, "after": shown_after}
    shown_before = _render_body(cloud, resource, before, version)
    delta = property_changes(shown_before, shown_after)
    no_effect = stated_read_only(cloud.catalog.schemas, resource.type, stated, before)
    return {
        **change,
        "changeType": "Modify" if delta else "NoChange",
        "before": shown_before,
        "after": shown_after,
        "delta": [*delta, *no_effect],
    }


def _change_of_refused(cloud: Cloud, resource: ResourceId, *, ids_only: bool) -> dict[str, Any]:
    """Return the change of a resource that would be refused.

    Its body after the change is not known, and the template's may contain secrets.
    """
    before = _current_body(cloud, resource)
    kinds = ("Create", "Create") if before is None else ("Deploy", "Modify")
    change: dict[str, Any] = {"resourceId": resource.text, "changeType": kinds[not ids_only]}
    if ids_only:
        return change
    if before is not None:
        change["before"] = _render_body(cloud, resource, before, "")
    return {**change, "after": _render_body(cloud, resource, {}, "")}


def _change_without_write(
    cloud: Cloud, resource: ResourceId, kind: str, *, ids_only: bool
) -> dict[str, Any]:
    change: dict[str, Any] = {"resourceId": resource.text, "changeType": kind}
    body = _current_body(cloud, resource)
    if ids_only or body is None:
        return change
    shown = _render_body(cloud, resource, body, "")
    if kind == "Delete":
        return {**change, "before": shown}
    return {**change, "before": shown, "after": shown}


def _render_body(
    cloud: Cloud, resource: ResourceId, body: Mapping[str, Any], version: str
) -> dict[str, Any]:
    """Return a body as what-if shows it, without read-only properties."""
    resource_type = cloud.catalog.of(resource)
    named: dict[str, Any] = {"id": resource.text, "name": resource.name, "type": type_of(resource)}
    if resource_type is not None:
        is_known = resource_type.tier is not Tier.RAW
        version = version or (resource_type.api_version if is_known else "")
        body = without_read_only(cloud.catalog.schemas, resource_type.name, body)
    if resource.resource_group is not None and resource.type != RESOURCE_GROUP:
        named["resourceGroup"] = resource.resource_group
    # A body of computed properties alone has none that a template could state.
    kept = {name: v for name, v in body.items() if name not in named and v not in ({}, None)}
    return {**named, **({"apiVersion": version} if version else {}), **kept}


def _ignored_resources(
    cloud: Cloud, prepared: PreparedDeployment, outcome: DeploymentOutcome
) -> Iterator[ResourceId]:
    """Yield the resources of the group that are neither written nor deleted."""
    group = prepared.context.scope
    if group is None or group.type != RESOURCE_GROUP:
        return
    deleted = {resource.key for resource in outcome.deleted}
    for row in others_in_group(cloud, group, outcome.written):
        if row.id.key not in deleted and row.type != DEPLOYMENT_TYPE:
            yield row.id


def _innermost_failures(failures: list[Failure]) -> Iterator[Failure]:
    for failure in failures:
        if failure.details:
            yield from _innermost_failures(list(failure.details))
        else:
            yield failure


def _render_diagnostic(failure: Failure) -> dict[str, Any]:
    return {
        "level": "Error",
        "code": failure.code,
        "message": failure.message,
        "target": failure.target,
    }
