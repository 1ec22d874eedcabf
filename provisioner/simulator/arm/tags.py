"""Tags as resources: the tags of one scope, and the tag names and values of a subscription.

A tag of a resource is written as a PATCH of the resource is: locks, policies and the rules of names
apply. Names are compared without case.

Source: "Tags" of the Resources REST reference (the three operations; at most 50 tags; a name is
deleted only when nothing has it); "Use tags to organize your Azure resources". The codes for
predefined names are inferred.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from provisioner.catalog.resource_manager import TAGS_TYPE
from provisioner.model.resource_id import SUBSCRIPTION, ResourceId, parse_resource_id
from provisioner.model.values import Json
from provisioner.simulator.arm.resources import replace_body
from provisioner.simulator.logs.change_log import watch_resource
from provisioner.simulator.odata.options import check_options, page
from provisioner.simulator.protocol.errors import (
    InvalidRequestContentError,
    InvalidResourceTypeError,
    RefusalError,
    ResourceNotFoundError,
)
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.existence import check_scope_exists
from provisioner.simulator.state.records import Record

Tags = Mapping[str, str]
_MOST = 50
_LONGEST = {"name": 512, "value": 256}


def get_tags(cloud: Cloud, _request: Request, scope: str) -> Answer:
    """Answer the tags of a scope."""
    return _answer_tags(scope, _current_tags(cloud, _scope_id(scope)))


def put_tags(cloud: Cloud, request: Request, scope: str) -> Answer:
    """Answer a PUT: replace all tags of a scope."""
    return _replace_tags(cloud, request, scope, _read_tags(request))


def patch_tags(cloud: Cloud, request: Request, scope: str) -> Answer:
    """Answer a PATCH: Merge adds and changes tags, Replace is a PUT, Delete removes tags.

    Delete removes a tag by name, or only with this value where one is given.

    Raises:
        InvalidRequestContentError: the operation is none of these.
    """
    operation = str(request.read_object().get("operation", ""))
    stated, current = _read_tags(request), _current_tags(cloud, _scope_id(scope))
    folded = {name.lower(): value for name, value in stated.items()}
    if operation.lower() == "replace":
        tags = stated
    elif operation.lower() == "merge":
        known = {name.lower() for name in current}
        tags = {name: folded.get(name.lower(), value) for name, value in current.items()}
        tags |= {name: value for name, value in stated.items() if name.lower() not in known}
    elif operation.lower() == "delete":
        tags = {
            name: value
            for name, value in current.items()
            if name.lower() not in folded or folded[name.lower()] not in ("", value)
        }
    else:
        raise InvalidRequestContentError(
            f"'operation' is Merge, Replace or Delete, and not '{operation}'."
        )
    return _replace_tags(cloud, request, scope, tags)


def delete_tags(cloud: Cloud, request: Request, scope: str) -> Answer:
    """Answer a DELETE: remove all tags of the scope."""
    _replace_tags(cloud, request, scope, {})
    return Answer(200)


def _replace_tags(cloud: Cloud, request: Request, scope: str, tags: Tags) -> Answer:
    holder = _scope_id(scope)
    if holder.type == SUBSCRIPTION:
        if len(tags) > _MOST:
            raise InvalidRequestContentError(
                f"A subscription has {_MOST} tags at most, and not {len(tags)}."
            )
        cloud.store.tags.put(holder.key, dict(tags))
        return _answer_tags(scope, tags)
    row = _existing_row(cloud, holder)
    if not cloud.catalog.get(row.type).taggable:
        raise InvalidRequestContentError(f"Resources of the type '{row.type}' have no tags.")
    watch_resource(cloud, row.id, cloud.origin)
    body = {name: value for name, value in row.body.items() if name != "tags"}
    whole = {**body, "tags": dict(tags)} if tags else body
    written = replace_body(cloud, request, row, whole)
    return _answer_tags(scope, _tags_of(written))


def _answer_tags(scope: str, tags: Tags) -> Answer:
    body: dict[str, Json] = {
        "id": f"{scope}/providers/{TAGS_TYPE}/default",
        "name": "default",
        "type": TAGS_TYPE,
        "properties": {"tags": dict(tags)},
    }
    return Answer(200, body)


def _scope_id(scope: str) -> ResourceId:
    holder = parse_resource_id(scope)
    if holder is None:
        raise InvalidResourceTypeError(scope)
    return holder


def _current_tags(cloud: Cloud, holder: ResourceId) -> Tags:
    if holder.type == SUBSCRIPTION:
        return subscription_tags(cloud, holder)
    return _tags_of(_existing_row(cloud, holder))


def subscription_tags(cloud: Cloud, subscription: ResourceId) -> Tags:
    """Return the tags of a subscription itself."""
    current: Tags = cloud.store.tags.get(subscription.key) or {}
    return current


def _existing_row(cloud: Cloud, holder: ResourceId) -> Record:
    row = cloud.find(holder)
    if row is None:
        resource_type = cloud.type_of(holder)
        check_scope_exists(cloud, resource_type, holder, writing=False)
        raise ResourceNotFoundError(cloud.canonical(holder), resource_type.codes.not_found)
    return row


def _tags_of(row: Record) -> dict[str, str]:
    tags = row.body.get("tags")
    return {name: str(text) for name, text in tags.items()} if isinstance(tags, Mapping) else {}


def _read_tags(request: Request) -> dict[str, str]:
    properties = request.read_object().get("properties")
    tags = properties.get("tags") if isinstance(properties, dict) else None
    if not isinstance(tags, dict):
        raise InvalidRequestContentError("'properties.tags' is an object of names and values.")
    if any(not isinstance(value, str | None) for value in tags.values()):
        raise InvalidRequestContentError("The value of a tag is a text.")
    return {name: value or "" for name, value in tags.items()}


def list_tag_names(cloud: Cloud, request: Request, subscription: str) -> Answer:
    """Answer the tag names of a subscription with their values and numbers of resources."""
    check_options(request, ())
    rows = list(_tag_names(cloud, subscription).values())
    return page(cloud, request, rows, lambda row: row)


def put_tag_name(cloud: Cloud, request: Request, subscription: str, name: str) -> Answer:
    """Answer a PUT of a tag name: it becomes predefined, without values."""
    del request
    _check_length("name", name)
    known = name.lower() in _tag_names(cloud, subscription)
    key = _tag_name_key(subscription, name)
    if cloud.store.tags.get(key) is None:
        cloud.store.tags.put(key, {"": name})
    return Answer(200 if known else 201, _tag_names(cloud, subscription)[name.lower()])


def put_tag_value(
    cloud: Cloud, request: Request, subscription: str, name: str, value: str
) -> Answer:
    """Answer a PUT of a value of a predefined tag name."""
    del request
    _check_length("value", value)
    current = _predefined_values(cloud, subscription, name)
    cloud.store.tags.put(_tag_name_key(subscription, name), {**current, value: value})
    shown = _tag_names(cloud, subscription)[name.lower()]["values"]
    found = next(each for each in shown if each["tagValue"] == value)
    return Answer(200 if value in current else 201, found)


def delete_tag_name(cloud: Cloud, request: Request, subscription: str, name: str) -> Answer:
    """Answer a DELETE of a predefined tag name.

    Raises:
        TagInUseError: it has values, or a resource has it.
    """
    del request
    if cloud.store.tags.get(_tag_name_key(subscription, name)) is None:
        return Answer(204)
    if _tag_names(cloud, subscription)[name.lower()]["values"]:
        raise TagInUseError("name", name)
    cloud.store.tags.remove(_tag_name_key(subscription, name))
    return Answer(200)


def delete_tag_value(
    cloud: Cloud, request: Request, subscription: str, name: str, value: str
) -> Answer:
    """Answer a DELETE of a predefined tag value.

    Raises:
        TagInUseError: a resource has it.
    """
    del request
    current = dict(cloud.store.tags.get(_tag_name_key(subscription, name)) or {})
    if value not in current:
        return Answer(204)
    if (name.lower(), value) in {
        (tag.lower(), text) for tag, text in _tags_in_use(cloud, subscription)
    }:
        raise TagInUseError("value", value)
    del current[value]
    cloud.store.tags.put(_tag_name_key(subscription, name), current)
    return Answer(200)


class TagInUseError(RefusalError):
    """A predefined tag name or value has values, or a resource has it."""

    def __init__(self, what: str, text: str) -> None:
        super().__init__(
            409,
            "TagInUse",
            f"The predefined tag {what} '{text}' has values or is used by resources.",
        )


def _check_length(what: str, text: str) -> None:
    if len(text) > _LONGEST[what]:
        raise InvalidRequestContentError(
            f"The {what} of a tag has {_LONGEST[what]} characters at most."
        )


def _predefined_values(cloud: Cloud, subscription: str, name: str) -> Tags:
    current = cloud.store.tags.get(_tag_name_key(subscription, name))
    if current is None:
        raise RefusalError(
            404, "TagNotFound", f"The tag name '{name}' is not predefined in the subscription."
        )
    return current


def _tag_name_key(subscription: str, name: str) -> str:
    return f"/subscriptions/{subscription}/tagnames/{name}".lower()


def _tags_in_use(cloud: Cloud, subscription: str) -> Iterator[tuple[str, str]]:
    """Yield the tags of a subscription and of its resource groups and resources."""
    holder = ResourceId(SUBSCRIPTION, (subscription,))
    yield from subscription_tags(cloud, holder).items()
    for row in cloud.store.resources.below(holder.key):
        yield from _tags_of(row).items()


def _tag_names(cloud: Cloud, subscription: str) -> dict[str, dict[str, Any]]:
    """Return the list's entry of each tag name, by the name in lower case."""
    prefix = _tag_name_key(subscription, "")
    spelled: dict[str, str] = {}
    counts: dict[str, Counter[str]] = {}
    for key, current in cloud.store.tags.items():
        if key.startswith(prefix):
            values = dict(current)
            spelled[key.removeprefix(prefix)] = values.pop("")
            counts[key.removeprefix(prefix)] = Counter(dict.fromkeys(values, 0))
    for name, value in _tags_in_use(cloud, subscription):
        spelled.setdefault(name.lower(), name)
        counts.setdefault(name.lower(), Counter())[value] += 1
    base = f"/subscriptions/{subscription}/tagNames"
    return {
        key: _render_tag_name(f"{base}/{name}", name, counts[key]) for key, name in spelled.items()
    }


def _render_tag_name(tag_id: str, name: str, counts: Mapping[str, int]) -> dict[str, Any]:
    return {
        "id": tag_id,
        "tagName": name,
        "count": {"type": "Total", "value": sum(counts.values())},
        "values": [
            {
                "id": f"{tag_id}/tagValues/{value}",
                "tagValue": value,
                "count": {"type": "Total", "value": count},
            }
            for value, count in counts.items()
        ],
    }
