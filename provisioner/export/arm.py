"""Export as an ARM template: a subscription template with a nested deployment for each scope."""

import json
from collections.abc import Callable, Mapping
from typing import TypeAlias

from provisioner.catalog.deployment import DEPLOYMENT_TYPE, DEPLOYMENT_VERSION, LARGEST_TEMPLATE
from provisioner.export.deployments import Deployment, Export, Item, Passed
from provisioner.export.terms import Call, Exported, Read, Term
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.model.resource_id import RESOURCE_GROUP, ResourceId
from provisioner.model.values import Json

ReadExpression: TypeAlias = Callable[[Read], str]
"""Returns the expression of a read, which depends on the template that contains it."""

FILE = "main.json"
_SCHEMAS = "https://schema.management.azure.com/schemas"
_SUBSCRIPTION_SCHEMA = f"{_SCHEMAS}/2018-05-01/subscriptionDeploymentTemplate.json#"
_GROUP_SCHEMA = f"{_SCHEMAS}/2019-04-01/deploymentTemplate.json#"


def arm_files(export: Export) -> Mapping[str, str]:
    """Return the template of an export, as text, by the name of its file.

    Raises:
        DiagnosticError: `not-exportable`, for a template that is larger than Azure accepts.
    """
    text = json.dumps(_main_template(export), indent=2, ensure_ascii=False) + "\n"
    if len(text.encode()) > LARGEST_TEMPLATE:
        raise DiagnosticError(
            error(
                "not-exportable",
                f"the template has {len(text.encode()) / 1024**2:.1f} MB, and Azure takes 4 MB.",
                None,
                "Export it as Bicep, whose modules can be deployed one by one.",
            )
        )
    return {FILE: text}


def _main_template(export: Export) -> Json:
    ids = {one.name: _deployment_id(one) for one in export.deployments}

    def say(read: Read) -> str:
        passed = export.passed.get(read)
        return _output(passed, ids) if passed else _reference(export, read)

    template: dict[str, Json] = {
        "$schema": _SUBSCRIPTION_SCHEMA,
        "contentVersion": "1.0.0.0",
        "metadata": {"description": f"{export.environment}, of {export.blueprint}"},
        "resources": [_nested(export, one, ids) for one in export.deployments],
    }
    if export.outputs:
        template["outputs"] = {
            output.name: {"type": output.kind, "value": _render(output.value, say)}
            for output in export.outputs
        }
    return template


def _nested(export: Export, deployment: Deployment, ids: Mapping[str, str]) -> Json:
    head: dict[str, Json] = {
        "type": DEPLOYMENT_TYPE,
        "apiVersion": DEPLOYMENT_VERSION,
        "name": deployment.name,
        "subscriptionId": deployment.scope.subscription,
    }
    if deployment.scope.type == RESOURCE_GROUP:
        head["resourceGroup"] = deployment.scope.name
    else:
        # A deployment at subscription scope has to state the region that stores its record
        # ("Subscription deployments with ARM templates").
        head["location"] = "[deployment().location]"
    if deployment.waits:
        head["dependsOn"] = [ids[name] for name in deployment.waits]
    # The default scope `outer` evaluates functions of the nested template in the parent, which has
    # other parameters ("Using linked and nested templates").
    properties: dict[str, Json] = {
        "mode": "Incremental",
        "expressionEvaluationOptions": {"scope": "inner"},
    }
    if deployment.parameters:
        properties["parameters"] = {
            passed.name: {"value": f"[{_output(passed, ids)}]"} for passed in deployment.parameters
        }
    properties["template"] = _template(export, deployment)
    return {**head, "properties": properties}


def _template(export: Export, deployment: Deployment) -> Json:
    given = {passed.read: passed for passed in deployment.parameters}

    def say(read: Read) -> str:
        passed = given.get(read)
        return f"parameters({_quote(passed.name)})" if passed else _reference(export, read)

    in_group = deployment.scope.type == RESOURCE_GROUP
    template: dict[str, Json] = {
        "$schema": _GROUP_SCHEMA if in_group else _SUBSCRIPTION_SCHEMA,
        "contentVersion": "1.0.0.0",
    }
    if deployment.parameters:
        template["parameters"] = {p.name: {"type": p.kind} for p in deployment.parameters}
    resources = export.graph.resources
    template["resources"] = [
        _resource(deployment.scope, item, [resources[on].id.text for on in item.waits], say)
        for item in deployment.items
    ]
    if deployment.outputs:
        template["outputs"] = {
            p.name: {"type": p.kind, "value": f"[{_reference(export, p.read)}]"}
            for p in deployment.outputs
        }
    return template


def _resource(scope: ResourceId, item: Item, waits: list[Json], say: ReadExpression) -> Json:
    resource = item.resource
    head: dict[str, Json] = {
        "type": resource.type.name,
        "apiVersion": resource.type.api_version,
        "name": "/".join(resource.id.names),
        "comments": resource.address,
    }
    if resource.id.scope is not None and resource.id.scope != scope:
        head["scope"] = resource.id.scope.text
    if waits:
        head["dependsOn"] = waits
    return {**head, **{key: _render(value, say) for key, value in item.body.items()}}


def _deployment_id(deployment: Deployment) -> str:
    return ResourceId(DEPLOYMENT_TYPE, (deployment.name,), deployment.scope).text


def _output(passed: Passed, ids: Mapping[str, str]) -> str:
    where = _quote(ids[passed.source])
    return f"reference({where}, '{DEPLOYMENT_VERSION}').outputs.{passed.name}.value"


def _reference(export: Export, read: Read) -> str:
    """Return the expression of a property of a resource that is deployed here, or only referred to.

    `reference` returns the properties alone, and with 'Full' the whole resource.
    """
    resource = export.graph.resources[read.address]
    first, *rest = read.path
    full = first != "properties"
    asked = ", 'Full'" if full else ""
    call = f"reference({_quote(resource.id.text)}, '{resource.type.api_version}'{asked})"
    return call + "".join(_step(step) for step in (read.path if full else rest))


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if step.isidentifier() else f"[{_quote(step)}]"


def _render(value: Exported, say: ReadExpression) -> Json:
    if isinstance(value, (Read, Call)):
        return f"[{_express(value, say)}]"
    if isinstance(value, str):
        return _escape(value)
    if isinstance(value, Mapping):
        return {key: _render(item, say) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_render(item, say) for item in value]
    return value  # type: ignore[return-value]


def _express(term: Term, say: ReadExpression) -> str:
    if isinstance(term, Read):
        return say(term)
    if isinstance(term, Call):
        arguments = ", ".join(_express(argument, say) for argument in term.arguments)
        return f"{term.function}({arguments})"
    if isinstance(term, str):
        return _quote(term)
    return f"{str(term).lower()}()" if isinstance(term, bool) else str(term)


def _escape(text: str) -> str:
    """Return a text that ARM takes literally.

    A text that begins with [ and ends with ] is an expression, unless the first bracket is doubled
    (ARM templates, syntax of expressions).
    """
    return f"[{text}" if text.startswith("[") and text.endswith("]") else text


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
