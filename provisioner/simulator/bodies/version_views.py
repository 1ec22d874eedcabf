"""What an api version shows of a resource: properties that came later are not in its answers."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import ResourceType
from provisioner.model.values import Json
from provisioner.simulator.bodies.body_paths import remove, split_path, thaw
from provisioner.simulator.protocol.http_messages import Answer


def show_version(catalog: Catalog, answer: Answer, api_version: str) -> Answer:
    """Return an answer with a resource, or a page of them, as this api version has them."""
    body = answer.body
    if not isinstance(body, Mapping):
        return answer
    entries = body.get("value")
    if isinstance(entries, list):
        shown: Json = {**body, "value": [_view(catalog, entry, api_version) for entry in entries]}
    else:
        shown = _view(catalog, body, api_version)
    return replace(answer, body=shown)


def _view(catalog: Catalog, body: Json, api_version: str) -> Json:
    name = body.get("type") if isinstance(body, Mapping) else None
    resource_type = catalog.find(name) if isinstance(name, str) else None
    later = _later_properties(resource_type, api_version) if resource_type else []
    if not later:
        return body
    whole: dict[str, Any] = thaw(body)
    for path in later:
        remove(whole, split_path(path))
    return whole


def _later_properties(resource_type: ResourceType, api_version: str) -> list[str]:
    if api_version == resource_type.api_version:
        return []
    known = resource_type.introduced.items()
    return [path for path, first in known if not first.is_in(api_version)]
