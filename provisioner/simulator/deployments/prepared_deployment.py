"""A deployment before it runs: template read, parameters evaluated, resources in order.

Whatever can be known is validated before the first write, as in Azure. A nested deployment whose
parameters depend on `reference()` is validated when it runs.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from provisioner.catalog.deployment import LARGEST_TEMPLATE
from provisioner.model.resource_id import RESOURCE_GROUP, ResourceId
from provisioner.simulator.deployments.context import (
    DeploymentContext,
    base_functions,
    default_functions,
)
from provisioner.simulator.deployments.links import read_link
from provisioner.simulator.deployments.secrets import check_references
from provisioner.simulator.protocol.errors import (
    InvalidRequestContentError,
    RefusalError,
    ResourceNotFoundError,
)
from provisioner.simulator.template_language.copies import (
    evaluate_body,
    evaluate_outer,
    has_inner_scope,
    is_deployment,
)
from provisioner.simulator.template_language.dependencies import dependencies, deployment_order
from provisioner.simulator.template_language.expressions import Functions, overlay
from provisioner.simulator.template_language.instances import ResourceInstance, expand
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
class PreparedDeployment:
    """A deployment ready to run.

    values     the parameters' values, by name in lower case
    functions  those that need no resources
    declared   the resources in the order of the template
    order      the same, each after its dependencies
    waits      the keys of the dependencies, by key
    """

    context: DeploymentContext
    template: Template
    values: Mapping[str, Value]
    functions: Functions
    declared: tuple[ResourceInstance, ...]
    order: tuple[ResourceInstance, ...]
    waits: Mapping[str, frozenset[str]]


def prepare(context: DeploymentContext) -> PreparedDeployment:
    """Return a deployment ready to run; nothing is written.

    Nested deployments are validated as far as their parameters are known. A fault is a
    RefusalError.
    """
    return _prepare_nested(context, 0)


def _prepare_nested(context: DeploymentContext, depth: int) -> PreparedDeployment:
    if depth > _DEEPEST:
        raise InvalidTemplateError(f"Deployments are nested deeper than '{_DEEPEST}' levels")
    _check_scope(context)
    template = read_template(context.template)
    check_references(context.cloud, context.parameters)
    functions, values = _bind_functions(context, template)
    instances = expand(template, context.scope, functions)
    waits = dependencies(instances)
    order = tuple(deployment_order(instances, waits))
    for instance in order:
        if instance.is_written and is_deployment({"type": instance.type}):
            _check_nested(context, instance, depth)
    return PreparedDeployment(context, template, values, functions, tuple(instances), order, waits)


def _check_scope(context: DeploymentContext) -> None:
    scope = context.scope
    check_name(context.id.name)
    check_location(scope, context.id.name, context.location or None)
    is_group_deployment = scope is not None and scope.type == RESOURCE_GROUP
    if context.mode == "Complete" and not is_group_deployment:
        raise RefusalError(
            400,
            "InvalidDeployment",
            f"The deployment mode 'Complete' is not supported for the {scope_kind(scope)} scope: "
            "only resource groups can be deployed in it.",
        )


def _bind_functions(
    context: DeploymentContext, template: Template
) -> tuple[Functions, Mapping[str, Value]]:
    user = bind_functions(template.functions, template.definitions, base_functions(context))
    defaults = overlay(user, default_functions(context))
    values = parameter_values(template, context.parameters, defaults)
    own: dict[str, Any] = {"parameters": lambda name: values[str(name).lower()]}
    functions = overlay(own, user, base_functions(context))
    own["variables"] = variable_function(template, lambda: functions)
    return functions, values


def _check_nested(context: DeploymentContext, instance: ResourceInstance, depth: int) -> None:
    check_name(instance.id.name)
    check_location(instance.id.scope, instance.id.name, instance.content.get("location"))
    if not is_known_at_start(instance):
        return
    scope = instance.id.scope
    is_group_deployment = scope is not None and scope.type == RESOURCE_GROUP
    if is_group_deployment and scope is not None and context.cloud.find(scope) is None:
        # It may be made by this deployment. `resourceGroup()` in it is known only then.
        return
    try:
        _prepare_nested(nested_context(context, instance, instance.functions), depth + 1)
    except RefusalError as refusal:
        if hasattr(refusal, "path"):
            refusal.path = ()
        raise


def is_known_at_start(instance: ResourceInstance) -> bool:
    """Return whether the parameters of a nested deployment depend on no resource."""
    properties = instance.content.get("properties")
    if not isinstance(properties, Mapping):
        return True
    outer = {
        k: v
        for k, v in properties.items()
        if k != "template" or not has_inner_scope(instance.content)
    }
    return not any(is_runtime(call.function) for call in calls_in(outer))


def nested_context(
    context: DeploymentContext, instance: ResourceInstance, functions: Functions
) -> DeploymentContext:
    """Return the context of a nested deployment.

    Raises:
        InvalidTemplateError: its `properties` are no object (a link at fault is another
            RefusalError).
    """
    content = instance.content
    properties = content.get("properties")
    at = (*instance.path, "properties")
    if not isinstance(properties, Mapping):
        raise InvalidTemplateError("A nested deployment has no object 'properties'", instance.path)
    evaluated = {
        name: evaluate_body(value, functions, (*at, name))
        for name, value in properties.items()
        if name != "template"
    }
    template, link = _nested_template(context, content, evaluated, functions)
    parameters = evaluated.get("parameters") or {}
    if "parametersLink" in evaluated:
        document, _ = read_link(context.cloud, context.request, evaluated["parametersLink"], None)
        parameters = document.get("parameters", {})
    return replace(
        context,
        id=instance.id,
        template=template,
        parameters=checked_parameters(parameters),
        mode=read_mode(evaluated),
        location=str(evaluate_body(content.get("location", ""), functions) or ""),
        link=link,
        tags={},
    )


def _nested_template(
    context: DeploymentContext,
    content: Mapping[str, Any],
    evaluated: Mapping[str, Any],
    functions: Functions,
) -> tuple[Mapping[str, Any], Mapping[str, Any] | None]:
    properties = content["properties"]
    if "templateLink" in evaluated:
        return read_link(context.cloud, context.request, evaluated["templateLink"], context.link)
    template = properties.get("template")
    if not isinstance(template, Mapping):
        raise InvalidTemplateError("A nested deployment has neither 'template' nor 'templateLink'")
    if has_inner_scope(content):
        return template, None
    return evaluate_outer(template, functions), None


def checked_parameters(parameters: Value) -> Mapping[str, Mapping[str, Any]]:
    """Return the parameters of a deployment; of a whole parameter file, its `parameters`.

    Raises:
        InvalidRequestContentError: they are malformed.
    """
    if isinstance(parameters, Mapping) and "$schema" in parameters and "parameters" in parameters:
        parameters = parameters["parameters"]
    if not isinstance(parameters, Mapping) or not all(
        isinstance(v, Mapping) for v in parameters.values()
    ):
        raise InvalidRequestContentError(
            "The 'parameters' of a deployment must be an object of objects with a 'value'.",
        )
    return parameters


def read_mode(properties: Mapping[str, Any]) -> str:
    """Return the mode of a deployment.

    Raises:
        RefusalError: it is missing or unknown.
    """
    mode = str(properties.get("mode", "")).capitalize()
    if mode not in ("Incremental", "Complete"):
        raise RefusalError(
            400,
            "InvalidDeploymentMode" if mode else "InvalidRequestContent",
            f"The deployment mode '{properties.get('mode', '')}' is not valid: it must be "
            "'Incremental' or 'Complete'.",
        )
    return mode


def check_group(context: DeploymentContext) -> None:
    """Check that the resource group of a deployment exists.

    Raises:
        ResourceNotFoundError: it does not.
    """
    scope = context.scope
    if scope is not None and scope.type == RESOURCE_GROUP and context.cloud.find(scope) is None:
        raise ResourceNotFoundError(scope)


def check_size(content: bytes) -> None:
    """Check the size of a request: ARM accepts templates of at most 4 MB.

    Raises:
        RefusalError: it is larger.
    """
    if len(content) > LARGEST_TEMPLATE:
        raise RefusalError(
            413,
            "RequestContentTooLarge",
            f"The request content size exceeds the maximum size of {LARGEST_TEMPLATE} bytes.",
        )


def written_ids(prepared: PreparedDeployment) -> Iterator[ResourceId]:
    """Yield the ids of the resources that a deployment writes.

    Nested deployments are included as far as they are known.
    """
    for instance in prepared.order:
        if not instance.is_written:
            continue
        yield instance.id
        if is_deployment({"type": instance.type}) and is_known_at_start(instance):
            context = nested_context(prepared.context, instance, instance.functions)
            scope = context.scope
            is_absent = scope is not None and context.cloud.find(scope) is None
            if not (is_absent and scope is not None and scope.type == RESOURCE_GROUP):
                yield from written_ids(prepare(context))
