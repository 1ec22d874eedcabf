"""Views of a resource by API version: properties that were introduced later are left out."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import ResourceType
from provisioner.model.values import Json
from provisioner.simulator.bodies.body_paths import mutable_copy, remove, split_path
from provisioner.simulator.protocol.http_messages import Answer


def show_version(catalog: Catalog, answer: Answer, api_version: str) -> Answer:
    """Return an answer with a resource, or a page of them, as an API version returns it."""
    body = answer.body
    if not isinstance(body, Mapping):
        return answer
    entries = body.get("value")
    if isinstance(entries, list):
        shown: Json = {
            **body,
            "value": [_without_later(catalog, entry, api_version) for entry in entries],
        }
    else:
        shown = _without_later(catalog, body, api_version)
    return replace(answer, body=shown)


def _without_later(catalog: Catalog, body: Json, api_version: str) -> Json:
    name = body.get("type") if isinstance(body, Mapping) else None
    resource_type = catalog.find(name) if isinstance(name, str) else None
    later = _later_properties(resource_type, api_version) if resource_type else []
    if not later:
        return body
    shown: dict[str, Any] = mutable_copy(body)
    for path in later:
        remove(shown, split_path(path))
    return shown


def _later_properties(resource_type: ResourceType, api_version: str) -> list[str]:
    if api_version == resource_type.api_version:
        return []
    known = resource_type.introduced.items()
    return [path for path, first in known if not first.is_in(api_version)]
