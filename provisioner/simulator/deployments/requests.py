"""The body of a deployment's request, and the position of a template's fault in it.

az does not send strict JSON: see `template_language.relaxed_json`.
"""

from collections.abc import Collection, Mapping
from typing import Any

from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Json
from provisioner.simulator.deployments.context import DeploymentContext
from provisioner.simulator.deployments.links import read_link
from provisioner.simulator.deployments.prepared_deployment import (
    PreparedDeployment,
    check_size,
    checked_parameters,
    prepare,
    read_mode,
)
from provisioner.simulator.protocol.errors import InvalidRequestContentError
from provisioner.simulator.protocol.http_messages import Request
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.template_language.relaxed_json import (
    RelaxedJsonError,
    locate,
    read_json,
)
from provisioner.simulator.template_language.template_errors import Path, TemplateError

_TEMPLATE: Path = ("properties", "template")
_MEMBERS = frozenset({"location", "properties", "tags"})
_PROPERTIES = frozenset(
    {
        "expressionEvaluationOptions", "mode", "onErrorDeployment", "parameters",
        "parametersLink", "template", "templateLink", "validationLevel", "whatIfSettings",
    }
)  # fmt: skip
_UNSUPPORTED_PROPERTIES = frozenset(
    {
        "debugSetting", "extensionConfigs", "externalInputDefinitions", "externalInputs",
        "identity",
    }
)  # fmt: skip
"""What Azure knows of a deployment, and the built-in Azure does not."""
_VALIDATION_LEVELS = ("Provider", "ProviderNoRbac", "Template")
_PARTS = {
    "parameters": "template parameter",
    "variables": "template variable",
    "resources": "template resource",
    "outputs": "template output",
}


def read_document(request: Request) -> dict[str, Any]:
    """Return the object in a request's body, in Json.NET's dialect of JSON.

    Raises:
        InvalidRequestContentError: the body is no JSON object.
    """
    check_size(request.content)
    try:
        document = read_json(request.content.decode("utf-8-sig") or "{}")
    except (UnicodeDecodeError, RelaxedJsonError) as problem:
        raise InvalidRequestContentError(
            f"The request content is not valid JSON: {problem}."
        ) from None
    if not isinstance(document, dict):
        raise InvalidRequestContentError("The request content is no JSON object.")
    return document


def read_context(
    cloud: Cloud, request: Request, deployment: ResourceId, document: Mapping[str, Any]
) -> DeploymentContext:
    """Return the deployment that a body requests.

    Raises:
        InvalidRequestContentError: a member is missing, malformed or contradicts another.
    """
    properties = document.get("properties")
    if not isinstance(properties, Mapping):
        raise InvalidRequestContentError("The request content has no object 'properties'.")
    _check_members(document, _MEMBERS, "")
    _check_members(properties, _PROPERTIES, "properties.")
    mode = read_mode(properties)
    link: Mapping[str, Any] | None = None
    template = properties.get("template")
    if properties.get("templateLink"):
        if template is not None:
            raise InvalidRequestContentError(
                "A deployment has either 'template' or 'templateLink', not both.",
            )
        template, link = read_link(cloud, request, properties["templateLink"], None)
    if not isinstance(template, Mapping):
        raise InvalidRequestContentError(
            "The request content has neither an object 'template' nor a 'templateLink'.",
        )
    parameters = properties.get("parameters") or {}
    if properties.get("parametersLink"):
        linked, _ = read_link(cloud, request, properties["parametersLink"], None)
        parameters = linked.get("parameters") or {}
    return DeploymentContext(
        cloud=cloud,
        request=request,
        id=deployment,
        template=template,
        parameters=checked_parameters(parameters),
        mode=mode,
        location=str(document.get("location") or ""),
        link=link,
        tags=_read_tags(document),
    )


def _check_members(stated: Mapping[str, Any], known: Collection[str], path: str) -> None:
    """Check the names of members; null counts as absent.

    Raises:
        InvalidRequestContentError: a name is unknown, or not supported here.
    """
    for name, value in stated.items():
        if value is None or name in known:
            continue
        if name in _UNSUPPORTED_PROPERTIES:
            reason = f"The built-in Azure does not know '{path}{name}' of a deployment."
        else:
            reason = (
                "The request content was invalid and could not be deserialized: 'Could not find "
                f"member '{name}' on object of type 'DeploymentDefinition'. Path '{path}{name}'.'."
            )
        raise InvalidRequestContentError(reason)


def _read_tags(document: Mapping[str, Any]) -> Mapping[str, Any]:
    tags = document.get("tags") or {}
    if not isinstance(tags, Mapping) or not all(isinstance(text, str) for text in tags.values()):
        raise InvalidRequestContentError("The 'tags' of a deployment must be an object of texts.")
    return tags


def prepare_request(
    cloud: Cloud, request: Request, deployment: ResourceId, document: Mapping[str, Any]
) -> PreparedDeployment:
    """Return the requested deployment, ready to run.

    Raises:
        TemplateError: the template or a parameter is at fault; line and column are of the request's
            body.
    """
    context = read_context(cloud, request, deployment, document)
    try:
        return prepare(context)
    except TemplateError as problem:
        _add_position(request, context, problem)
        raise


def read_level(document: Mapping[str, Any]) -> str:
    """Return how much is validated before a deployment (`validationLevel`).

    `Provider`, `ProviderNoRbac` (without the caller's permissions) or `Template` (neither).

    Raises:
        InvalidRequestContentError: it is another one.
    """
    stated = str(document["properties"].get("validationLevel") or "Provider")
    for level in _VALIDATION_LEVELS:
        if stated.lower() == level.lower():
            return level
    raise InvalidRequestContentError(
        f"The validationLevel '{stated}' is not valid: it must be one of "
        f"'{', '.join(_VALIDATION_LEVELS)}'.",
    )


def read_ids_only(document: Mapping[str, Any]) -> bool:
    """Return whether a what-if reports resource ids only (`resultFormat`).

    Raises:
        InvalidRequestContentError: the format is unknown.
    """
    settings = document["properties"].get("whatIfSettings") or {}
    form = settings.get("resultFormat") if isinstance(settings, Mapping) else settings
    known = {"fullresourcepayloads": False, "resourceidonly": True}
    key = "fullresourcepayloads" if form is None else str(form).lower()
    if key not in known:
        raise InvalidRequestContentError(
            f"The resultFormat '{form}' is not valid: it must be 'FullResourcePayloads' or "
            "'ResourceIdOnly'.",
        )
    return known[key]


def _add_position(request: Request, context: DeploymentContext, problem: TemplateError) -> None:
    """Put line, column and path of the fault into an error, as Azure words it."""
    if not problem.path:
        return
    at: tuple[int, int] | None = None
    if context.link is None:
        text = request.content.decode("utf-8-sig", errors="replace")
        at = locate(text, (*_TEMPLATE, *problem.path))
    line, column = at or (0, 0)
    part = _PARTS.get(str(problem.path[0]), "template")
    named = f"The {part} '{_part_name(context, problem.path)}'"
    where = f" at line '{line}' and column '{column}'" if at else ""
    path = "".join(
        f"[{step}]" if isinstance(step, int) else f".{step}" for step in (*_TEMPLATE, *problem.path)
    )
    info: Json = {"lineNumber": line, "linePosition": column, "path": path.removeprefix(".")}
    problem.message = (
        f"Deployment template validation failed: '{named}{where} is not valid: {problem.reason}.'."
    ).replace("..'", ".'")
    problem.additional = ({"type": "TemplateViolation", "info": info},)


def _part_name(context: DeploymentContext, path: Path) -> str:
    """Return the name of the template's part that a path is in."""
    if len(path) < 2 or path[0] != "resources":
        return str(path[1] if len(path) > 1 else path[0])
    found: Any = context.template
    try:
        for step in path[:2]:
            found = found[step]
        return str(found.get("name", path[1]))
    except (AttributeError, LookupError, TypeError):
        return str(path[1])
