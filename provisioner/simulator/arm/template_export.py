"""Export of a resource group as an ARM template ("Resource Groups - Export Template").

The template holds the values that a client could have sent: read-only values are left out, and
secrets are not stored to begin with. Extension resources (locks, role assignments) are not
exported, as in Azure.

Source: the REST reference and "Export template to Azure Resource Manager template" (names, and ids
of resources outside, become parameters, `_externalid`); the codes for what cannot be exported are
those of azure-cli's and Terraform's issues (ExportTemplateCompletedWithErrors).
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from provisioner.catalog.resource_type import ResourceType, Scope, Tier
from provisioner.model.resource_id import ResourceId, parse_resource_id, resource_group_id
from provisioner.model.values import Json
from provisioner.simulator.bodies.references import find_references
from provisioner.simulator.bodies.responses import render
from provisioner.simulator.bodies.validation import read_body
from provisioner.simulator.protocol.errors import (
    InvalidRequestContentError,
    ResourceGroupNotFoundError,
    ResourceNotFoundError,
)
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.records import Record

_SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
_SKIP_ALL, _SKIP_NAMES = "skipallparameterization", "skipresourcenameparameterization"
_DEFAULTS, _COMMENTS = "includeparameterdefaultvalue", "includecomments"
_OPTIONS = frozenset({_SKIP_ALL, _SKIP_NAMES, _DEFAULTS, _COMMENTS})
_TOP_LEVEL = ("location", "tags", "kind", "sku", "plan", "identity", "zones", "extendedLocation")


def export_group(cloud: Cloud, request: Request, subscription: str, group: str) -> Answer:
    """Answer POST exportTemplate: the template, and an error that lists what is not in it.

    Raises:
        ResourceGroupNotFoundError: the group does not exist.
    """
    group_id = resource_group_id(subscription, group)
    if cloud.store.resources.get(group_id.key) is None:
        raise ResourceGroupNotFoundError(group)
    document = request.read_object()
    options = _read_options(document)
    rows, problems = _partition_exportable(
        cloud, _selected_rows(cloud, group_id, document.get("resources"))
    )
    names = _TemplateNames(options, frozenset(row.id.key for row in rows))
    resources = [_template_resource(cloud, row, names, options) for row in rows]
    template: dict[str, Json] = {
        "$schema": _SCHEMA,
        "contentVersion": "1.0.0.0",
        "parameters": names.parameters,
        "variables": {},
        "resources": resources,
    }
    body: dict[str, Json] = {"template": template}
    if problems:
        body["error"] = {
            "code": "ExportTemplateCompletedWithErrors",
            "message": "Export template operation completed with errors. Some resources were not "
            "exported. Please see details for more information.",
            "details": [
                {
                    "code": "ExportTemplateProviderError",
                    "target": row.type,
                    "message": f"Could not get resources of the type '{row.type}'. Resources of "
                    "this type will not be exported.",
                }
                for row in problems
            ],
        }
    return Answer(200, body)


def _read_options(document: Mapping[str, Any]) -> Collection[str]:
    output = str(document.get("outputFormat") or "Json")
    if output.lower() != "json":
        raise InvalidRequestContentError(f"The built-in Azure exports Json, and not '{output}'.")
    stated = str(document.get("options") or "")
    options = {each.strip().lower() for each in stated.split(",")} - {""}
    unknown = options - _OPTIONS
    if unknown:
        raise InvalidRequestContentError(
            f"'{stated}' has an option that is none: {', '.join(sorted(unknown))}."
        )
    return options


def _selected_rows(cloud: Cloud, group: ResourceId, stated: object) -> Iterator[Record]:
    """Yield the resources of a request (`*`, or ids in the group), each with its children.

    Raises:
        InvalidRequestContentError: an id is not of this group.
        ResourceNotFoundError: a resource does not exist.
    """
    if stated is None or stated == ["*"]:
        for row in cloud.store.resources.inside(group.key):
            yield from _with_children(cloud, row)
        return
    for text in stated if isinstance(stated, list) else [stated]:
        resource = parse_resource_id(text)
        if resource is None or not resource.is_within(group):
            raise InvalidRequestContentError(
                f"'{text}' is not the id of a resource in '{group.name}'."
            )
        named = cloud.store.resources.get(resource.key)
        if named is None:
            raise ResourceNotFoundError(cloud.canonical(resource))
        yield from _with_children(cloud, named)


def _with_children(cloud: Cloud, row: Record) -> Iterator[Record]:
    """Yield a resource and its children, except those that its own body contains."""
    resource_type = cloud.catalog.get(row.type)
    if resource_type.scope is Scope.EXTENSION:
        return
    yield row
    embedded = {entry.child.lower() for entry in resource_type.embedded}
    for child in cloud.store.resources.inside(row.id.key):
        if child.type.lower() not in embedded:
            yield from _with_children(cloud, child)


def _partition_exportable(
    cloud: Cloud, rows: Iterator[Record]
) -> tuple[list[Record], list[Record]]:
    """Return the resources that can be exported, and those that cannot.

    Of a type outside the catalog the API version of its body is not known.
    """
    known: list[Record] = []
    unknown: list[Record] = []
    for row in rows:
        raw = cloud.catalog.get(row.type).tier is Tier.RAW
        (unknown if raw else known).append(row)
    return known, unknown


@dataclass
class _TemplateNames:
    """Names and ids as the template writes them: as parameters, unless an option forbids it.

    `exported` are the keys of the template's resources; `parameters` are collected meanwhile.
    """

    options: Collection[str]
    exported: Collection[str]
    parameters: dict[str, Json] = field(default_factory=dict)

    def name_of(self, resource: ResourceId) -> str:
        """Return the `name` of a resource, with the names of its parents."""
        top, *below = resource.names
        if _SKIP_ALL in self.options or _SKIP_NAMES in self.options:
            return _escape_literal("/".join(resource.names))
        parameter = f"parameters('{self._parameter_for(_top_level(resource), 'name', top)}')"
        return f"[concat({parameter}, '/{'/'.join(below)}')]" if below else f"[{parameter}]"

    def within(self, value: Any) -> Any:  # noqa: ANN401  any JSON
        """Return a value with the ids in it replaced by expressions."""
        if isinstance(value, str):
            return self.id_of(value) if value.startswith("/") else _escape_literal(value)
        if isinstance(value, Mapping):
            return {self._map_key(key): self.within(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.within(item) for item in value]
        return value

    def id_of(self, text: str) -> str:
        """Return an id: an expression for a resource of the template, a parameter for another."""
        resource = parse_resource_id(text)
        if resource is None or resource.is_container:
            return text
        if self._exported_part(resource) is not None:
            return self.expression_of(resource)
        if _SKIP_ALL in self.options or resource.subscription is None:
            return text
        parameter = self._parameter_for(resource, "externalid", text)
        return f"[parameters('{parameter}')]"

    def dependency_of(self, resource: ResourceId) -> str | None:
        """Return the expression for `dependsOn`; None if nothing of the id is in the template.

        It names the resource itself, or the nearest parent that the template has.
        """
        part = self._exported_part(resource)
        return self.expression_of(part) if part is not None else None

    def expression_of(self, resource: ResourceId) -> str:
        names = [f"'{name}'" for name in resource.names]
        if not {_SKIP_ALL, _SKIP_NAMES} & set(self.options):
            top = _top_level(resource)
            names[0] = f"parameters('{self._parameter_for(top, 'name', top.name)}')"
        return f"[resourceId('{resource.type}', {', '.join(names)})]"

    def _exported_part(self, resource: ResourceId) -> ResourceId | None:
        part: ResourceId | None = resource
        while part is not None and part.key not in self.exported:
            part = part.parent
        return part

    def _map_key(self, key: str) -> str:
        # An id that is a key (an identity of a resource) is written as an expression too.
        return self.id_of(key) if key.startswith("/") else key

    def _parameter_for(self, resource: ResourceId, what: str, value: str) -> str:
        kind = resource.type.rpartition("/")[2]
        name = re.sub(r"\W", "_", f"{kind}_{resource.name}_{what}")
        stated: dict[str, Json] = {"type": "String"}
        if _DEFAULTS in self.options:
            stated["defaultValue"] = value
        self.parameters[name] = stated
        return name


def _top_level(resource: ResourceId) -> ResourceId:
    while resource.parent is not None:
        resource = resource.parent
    return resource


def _escape_literal(text: str) -> str:
    """Return a text that a template does not read as an expression."""
    return f"[{text}" if text.startswith("[") else text


def _template_resource(
    cloud: Cloud, row: Record, names: _TemplateNames, options: Collection[str]
) -> dict[str, Json]:
    resource_type = cloud.catalog.get(row.type)
    body = _settable_body(cloud, resource_type, row)
    shown: dict[str, Json] = {
        "type": resource_type.name,
        "apiVersion": resource_type.api_version,
        "name": names.name_of(row.id),
    }
    if _COMMENTS in options:
        shown["comments"] = f"Generalized from resource: '{row.id.text}'."
    after = _dependencies_of(cloud, row, body, names)
    if after:
        shown["dependsOn"] = after
    first = {name: names.within(body[name]) for name in _TOP_LEVEL if name in body}
    rest = {name: names.within(item) for name, item in body.items() if name not in _TOP_LEVEL}
    return {**shown, **first, **rest}


def _settable_body(cloud: Cloud, resource_type: ResourceType, row: Record) -> Mapping[str, Any]:
    """Return the part of a body that a client may send."""
    whole = render(cloud, row)
    document = {name: item for name, item in whole.items() if name not in ("id", "name", "type")}
    body: dict[str, Any] = read_body(
        cloud.catalog, resource_type, document, resource_type.api_version
    )
    return body


def _dependencies_of(
    cloud: Cloud, row: Record, body: Mapping[str, Any], names: _TemplateNames
) -> Sequence[str]:
    """Return the `dependsOn` of a resource: its parent and the resources that it refers to."""
    targets = [row.id.parent] if row.id.parent is not None else []
    targets += [target for _, target in find_references(cloud, row.id, body)]
    own = names.dependency_of(row.id)
    found = (names.dependency_of(each) for each in targets)
    return list(dict.fromkeys(each for each in found if each is not None and each != own))
