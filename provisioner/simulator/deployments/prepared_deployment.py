"""A deployment before it runs: its template read, its parameters known, its resources in order."""

from collections import ChainMap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from provisioner.catalog.deployment import LARGEST_TEMPLATE
from provisioner.model.resource_id import RESOURCE_GROUP, ResourceId
from provisioner.simulator.deployments.context import (
    Context,
    base_functions,
    default_functions,
)
from provisioner.simulator.deployments.links import read_link
from provisioner.simulator.deployments.secrets import check_references
from provisioner.simulator.protocol.errors import RefusalError, ResourceNotFoundError
from provisioner.simulator.template_language.copies import (
    evaluate_body,
    evaluate_outer,
    has_inner_scope,
    is_deployment,
)
from provisioner.simulator.template_language.dependencies import dependencies, deployment_order
from provisioner.simulator.template_language.expressions import Functions
from provisioner.simulator.template_language.instances import Instance, expand
from provisioner.simulator.template_language.parameters import (
    parameter_values,
    variable_function,
)
from provisioner.simulator.template_language.scopes import check_location, check_name, scope_kind
from provisioner.simulator.template_language.syntax import calls_in
from provisioner.simulator.template_language.template_errors import InvalidTemplateError, Value
from provisioner.simulator.template_language.templates import Template, is_runtime, read_template
from provisioner.simulator.template_language.user_functions import bind_functions

_DEEPEST = 10
"""Levels of nested deployments; a bound of the built-in Azure's own."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A deployment that can run. `declared` are its resources as the template has them, and `order`
    the same, each after what it `waits` for (keys by key); `values` those of its parameters, by
    name in lower case; `functions` need no resources."""

    context: Context
    template: Template
    values: Mapping[str, Value]
    functions: Functions
    declared: tuple[Instance, ...]
    order: tuple[Instance, ...]
    waits: Mapping[str, frozenset[str]]


def prepare(context: Context) -> Prepared:
    """Return a deployment ready to run, those nested in it checked as far as they are known. Raises
    RefusalError; nothing is written."""
    return _prepare(context, 0)


def _prepare(context: Context, depth: int) -> Prepared:
    if depth > _DEEPEST:
        raise InvalidTemplateError(f"Deployments are nested deeper than '{_DEEPEST}' levels")
    _check_scope(context)
    template = read_template(context.template)
    check_references(context.cloud, context.given)
    functions, values = _functions(context, template)
    instances = expand(template, context.scope, functions)
    waits = dependencies(instances)
    order = tuple(deployment_order(instances, waits))
    for instance in order:
        if instance.is_written and is_deployment({"type": instance.type}):
            _check_nested(context, instance, depth)
    return Prepared(context, template, values, functions, tuple(instances), order, waits)


def _check_scope(context: Context) -> None:
    scope = context.scope
    check_name(context.id.name)
    check_location(scope, context.id.name, context.location or None)
    in_group = scope is not None and scope.type == RESOURCE_GROUP
    if context.mode == "Complete" and not in_group:
        raise RefusalError(
            400,
            "InvalidDeployment",
            f"The deployment mode 'Complete' is not supported for the {scope_kind(scope)} scope: "
            "only resource groups can be deployed in it.",
        )


def _functions(context: Context, template: Template) -> tuple[Functions, Mapping[str, Value]]:
    user = bind_functions(template.functions, template.definitions, base_functions(context))
    defaults = ChainMap(dict(user), default_functions(context))  # type: ignore[arg-type]
    values = parameter_values(template, context.given, defaults)
    own: dict[str, Any] = {"parameters": lambda name: values[str(name).lower()]}
    functions = ChainMap(own, dict(user), dict(base_functions(context)))
    own["variables"] = variable_function(template, lambda: functions)
    return functions, values


def _check_nested(context: Context, instance: Instance, depth: int) -> None:
    check_name(instance.id.name)
    check_location(instance.id.scope, instance.id.name, instance.content.get("location"))
    if not is_known_at_start(instance):
        return
    scope = instance.id.scope
    in_group = scope is not None and scope.type == RESOURCE_GROUP
    if in_group and scope is not None and context.cloud.find(scope) is None:
        # It may be made by this deployment. `resourceGroup()` in it is known only then.
        return
    try:
        _prepare(nested_context(context, instance, instance.functions), depth + 1)
    except RefusalError as refusal:
        if hasattr(refusal, "path"):
            refusal.path = ()
        raise


def is_known_at_start(instance: Instance) -> bool:
    """Return whether what a nested deployment is given depends on no resource."""
    properties = instance.content.get("properties")
    if not isinstance(properties, Mapping):
        return True
    outer = {
        k: v
        for k, v in properties.items()
        if k != "template" or not has_inner_scope(instance.content)
    }
    return not any(is_runtime(call.function) for call in calls_in(outer))


def nested_context(context: Context, instance: Instance, functions: Functions) -> Context:
    """Return a nested deployment as the outer one asks for it. Raises RefusalError."""
    content = instance.content
    properties = content.get("properties")
    at = (*instance.path, "properties")
    if not isinstance(properties, Mapping):
        raise InvalidTemplateError("A nested deployment has no object 'properties'", instance.path)
    stated = {
        name: evaluate_body(value, functions, (*at, name))
        for name, value in properties.items()
        if name != "template"
    }
    template, link = _nested_template(context, content, stated, functions)
    given = stated.get("parameters") or {}
    if "parametersLink" in stated:
        document, _ = read_link(context.cloud, context.request, stated["parametersLink"], None)
        given = document.get("parameters", {})
    return replace(
        context,
        id=instance.id,
        template=template,
        given=checked_parameters(given),
        mode=read_mode(stated),
        location=str(evaluate_body(content.get("location", ""), functions) or ""),
        link=link,
        tags={},
    )


def _nested_template(
    context: Context, content: Mapping[str, Any], stated: Mapping[str, Any], functions: Functions
) -> tuple[Mapping[str, Any], Mapping[str, Any] | None]:
    properties = content["properties"]
    if "templateLink" in stated:
        return read_link(context.cloud, context.request, stated["templateLink"], context.link)
    template = properties.get("template")
    if not isinstance(template, Mapping):
        raise InvalidTemplateError("A nested deployment has neither 'template' nor 'templateLink'")
    if has_inner_scope(content):
        return template, None
    return evaluate_outer(template, functions), None


def checked_parameters(given: Value) -> Mapping[str, Mapping[str, Any]]:
    """Return parameters as they are given; those of a parameter file stand in its `parameters`.
    Raises RefusalError."""
    if isinstance(given, Mapping) and "$schema" in given and "parameters" in given:
        given = given["parameters"]
    if not isinstance(given, Mapping) or not all(isinstance(v, Mapping) for v in given.values()):
        raise RefusalError(
            400,
            "InvalidRequestContent",
            "The 'parameters' of a deployment must be an object of objects with a 'value'.",
        )
    return given


def read_mode(properties: Mapping[str, Any]) -> str:
    """Return the mode of a deployment. Raises RefusalError for none, or another one."""
    mode = str(properties.get("mode", "")).capitalize()
    if mode not in ("Incremental", "Complete"):
        raise RefusalError(
            400,
            "InvalidDeploymentMode" if mode else "InvalidRequestContent",
            f"The deployment mode '{properties.get('mode', '')}' is not valid: it must be "
            "'Incremental' or 'Complete'.",
        )
    return mode


def check_group(context: Context) -> None:
    """Raise RefusalError where a deployment goes into a resource group that does not exist."""
    scope = context.scope
    if scope is not None and scope.type == RESOURCE_GROUP and context.cloud.find(scope) is None:
        raise ResourceNotFoundError(scope)


def check_size(content: bytes) -> None:
    """Raise RefusalError for a request that is larger than a template may be."""
    if len(content) > LARGEST_TEMPLATE:
        raise RefusalError(
            413,
            "RequestContentTooLarge",
            f"The request content size exceeds the maximum size of {LARGEST_TEMPLATE} bytes.",
        )


def written_ids(prepared: Prepared) -> Iterator[ResourceId]:
    """Yield the ids of what a deployment writes, what is nested in it as far as it is known."""
    for instance in prepared.order:
        if not instance.is_written:
            continue
        yield instance.id
        if is_deployment({"type": instance.type}) and is_known_at_start(instance):
            context = nested_context(prepared.context, instance, instance.functions)
            scope = context.scope
            unknown = scope is not None and context.cloud.find(scope) is None
            if not (unknown and scope is not None and scope.type == RESOURCE_GROUP):
                yield from written_ids(prepare(context))
