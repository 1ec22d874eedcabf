"""ARM templates: what one holds, checked before anything of it is deployed.

The built-in Azure knows a part of the language: resources, parameters, outputs and nested templates
that are evaluated in a scope of their own. Whatever else a template holds is refused, never passed
over. Facts: "Understand the structure and syntax of ARM templates", "Template limits".
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.catalog.deployment import (
    DEPLOYMENT_TYPE,
    LONGEST_NAME,
    MOST_RESOURCES,
    RESOURCE_GROUP_TYPE,
)
from provisioner.model.resource_id import RESOURCE_GROUP, ResourceId, resource_group_id
from provisioner.model.resource_id import subscription_id as subscription
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.template_language.expressions import (
    calls_in,
    evaluate,
    invalid_template,
    unknown_function,
)

FUNCTIONS = frozenset(
    {
        "concat", "deployment", "false", "parameters", "reference", "replace", "resourceid",
        "string", "tolower", "true",
    }
)  # fmt: skip
"""The functions that are known here, in lower case."""

_PARTS = frozenset({"$schema", "contentVersion", "metadata", "outputs", "parameters", "resources"})
_HEAD = frozenset({"apiVersion", "comments", "dependsOn", "name", "scope", "type"})
_STATIC = ("apiVersion", "dependsOn", "name", "resourceGroup", "scope", "subscriptionId", "type")
_REFUSED = ("condition", "copy", "resources")


@dataclass(frozen=True, slots=True)
class TemplateResource:
    """A resource of a template. `waits` are the keys of ids in it; `content` is not evaluated."""

    id: ResourceId
    type: str
    api_version: str
    waits: tuple[str, ...]
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Template:
    """A template that is to be deployed into `scope`, its resources in the order of their waits."""

    scope: ResourceId | None
    resources: tuple[TemplateResource, ...]
    parameters: Mapping[str, Mapping[str, Any]]
    outputs: Mapping[str, Mapping[str, Any]]


def read_template(document: object, scope: ResourceId | None) -> Template:
    """Return a template, those nested in it checked too. Raises RefusalError (InvalidTemplate)."""
    if not isinstance(document, Mapping) or "$schema" not in document:
        raise invalid_template("The template has no '$schema'")
    for part in document:
        if part not in _PARTS:
            raise invalid_template(f"The built-in Azure does not know '{part}' in a template")
    parameters = document.get("parameters") or {}
    outputs = document.get("outputs") or {}
    entries = document.get("resources")
    if not isinstance(entries, list):
        raise invalid_template("The template has no list of 'resources'")
    if len(entries) > MOST_RESOURCES:
        raise invalid_template(
            f"The number of resources '{len(entries)}' exceeds the limit of '{MOST_RESOURCES}'"
        )
    _check_calls(document, parameters)
    found: dict[str, TemplateResource] = {}
    for entry in entries:
        resource = _read_resource(entry, scope)
        if resource.id.key in found:
            raise invalid_template(
                f"The resource '{resource.id}' is defined multiple times in a template"
            )
        found[resource.id.key] = resource
    return Template(scope, tuple(_in_order(found)), parameters, outputs)


def scope_of_nested(content: Mapping[str, Any], scope: ResourceId | None) -> ResourceId | None:
    """Return what a nested deployment goes into: what it names, else what the outer one does."""
    guid = content.get("subscriptionId") or (scope.subscription if scope else None)
    group = content.get("resourceGroup")
    if guid is None:
        return None
    if group is not None:
        return resource_group_id(guid, group)
    if "subscriptionId" in content or scope is None or scope.type != RESOURCE_GROUP:
        return subscription(guid)
    return scope


def check_name(name: str) -> None:
    """Refuse the name of a deployment that is too long."""
    if len(name) > LONGEST_NAME:
        raise RefusalError(
            400,
            "DeploymentNameLengthLimitExceeded",
            f"The provided deployment name '{name}' has a length of '{len(name)}' which exceeds "
            f"the maximum length of '{LONGEST_NAME}'.",
        )


def check_location(scope: ResourceId | None, name: str, location: object) -> None:
    """Refuse a deployment without a place for its record, or with one in a resource group."""
    in_group = scope is not None and scope.type == RESOURCE_GROUP
    if in_group and location is not None:
        raise RefusalError(
            400,
            "InvalidDeployment",
            f"The 'location' property is not allowed for '{name}' at resource group scope.",
        )
    if not in_group and not location:
        raise RefusalError(
            400, "LocationRequired", f"The 'location' property must be specified for '{name}'."
        )


def _check_calls(document: Mapping[str, Any], parameters: Mapping[str, Any]) -> None:
    """Refuse functions that are not known, and parameters that are not declared.

    What is nested is looked at in its own scope.
    """
    declared = {name.lower() for name in parameters}
    for call in calls_in(_own(document)):
        if call.function.lower() not in FUNCTIONS:
            raise unknown_function(call.function)
        if call.function.lower() == "parameters":
            named = getattr(call.arguments[0], "value", None) if call.arguments else None
            if str(named).lower() not in declared:
                raise invalid_template(f"The template parameter '{named}' is not found")
    for resource in document["resources"]:
        for call in calls_in({key: resource[key] for key in _STATIC if key in resource}):
            if call.function.lower() == "reference":
                raise invalid_template(
                    "The template function 'reference' is not expected at this location"
                )


def _own(value: Any) -> Any:  # noqa: ANN401  JSON of any shape
    """Return a template without those that are nested in it."""
    if isinstance(value, Mapping):
        if str(value.get("type", "")).lower() == DEPLOYMENT_TYPE.lower():
            properties = {k: v for k, v in value.get("properties", {}).items() if k != "template"}
            return {**value, "properties": _own(properties)}
        return {key: _own(item) for key, item in value.items()}
    return [_own(item) for item in value] if isinstance(value, list) else value


def _read_resource(entry: Mapping[str, Any], scope: ResourceId | None) -> TemplateResource:
    for key in _REFUSED:
        if key in entry:
            raise invalid_template(f"The built-in Azure does not know '{key}' of a resource")
    for key in ("type", "name", "apiVersion"):
        if not isinstance(entry.get(key), str):
            raise invalid_template(f"A resource has no '{key}'")
    head = {key: evaluate(entry[key], {}) for key in _STATIC if key in entry}
    resource = _id_of(head, scope)
    content = {key: value for key, value in entry.items() if key not in _HEAD}
    if head["type"].lower() == DEPLOYMENT_TYPE.lower():
        _check_nested(head, content, scope)
    return TemplateResource(
        id=resource,
        type=head["type"],
        api_version=head["apiVersion"],
        waits=tuple(str(on).lower() for on in head.get("dependsOn", ())),
        content={**content, **{k: head[k] for k in head if k not in _HEAD}},
    )


def _check_nested(
    head: Mapping[str, Any], content: Mapping[str, Any], scope: ResourceId | None
) -> None:
    check_name(head["name"])
    inner = scope_of_nested(head, scope)
    check_location(inner, head["name"], content.get("location"))
    properties = content.get("properties") or {}
    if (properties.get("expressionEvaluationOptions") or {}).get("scope") != "inner":
        raise invalid_template(
            "The built-in Azure evaluates nested templates in the scope 'inner' only"
        )
    read_template(properties.get("template"), inner)


def _id_of(head: Mapping[str, Any], scope: ResourceId | None) -> ResourceId:
    kind, names = head["type"], tuple(head["name"].split("/"))
    if kind.count("/") != len(names):
        raise invalid_template(
            f"The template resource '{head['name']}' for type '{kind}' has incorrect segment "
            "lengths"
        )
    if kind.lower() == RESOURCE_GROUP_TYPE.lower():
        return ResourceId(RESOURCE_GROUP, names, scope)
    if kind.lower() == DEPLOYMENT_TYPE.lower():
        return ResourceId(DEPLOYMENT_TYPE, names, scope_of_nested(head, scope))
    on = head.get("scope")
    if on is None:
        return ResourceId(kind, names, scope)
    try:
        return ResourceId(kind, names, ResourceId.parse(on))
    except ValueError as problem:
        raise invalid_template(f"The scope of '{head['name']}': {problem}") from None


def _in_order(found: Mapping[str, TemplateResource]) -> Iterator[TemplateResource]:
    """Yield the resources, each after what it waits for. Raises RefusalError for a circle.

    Azure starts at once whatever waits for nothing more, in no order that a template could count
    on. Here the last in the template goes first, so that a wait which is missing shows.
    """
    done: set[str] = set()
    left = dict(found)
    for resource in found.values():
        for on in resource.waits:
            if on not in found:
                raise invalid_template(f"The resource '{on}' is not defined in the template")
    while left:
        ready = [key for key, one in left.items() if done.issuperset(one.waits)]
        if not ready:
            raise invalid_template(
                f"Circular dependency detected on resource: '{next(iter(left.values())).id}'"
            )
        for key in reversed(ready):
            done.add(key)
            yield left.pop(key)
