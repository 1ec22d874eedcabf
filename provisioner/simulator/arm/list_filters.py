"""The `$filter` of ARM's lists: of one type, of resources, of resource groups.

Source: "Resources - List" and "Resource Groups - List" of the REST reference; refusals as quoted in
Azure/azure-sdk-for-go#2480 (groups are filtered by tags alone) and Azure/azure-sdk-for-python#27064
(tags are not combined with other properties); `startswith(tagname, …)` and the rest as az sends
them. The filters of single types are `catalog.list_options`.
"""

from collections.abc import Callable
from datetime import datetime
from typing import NoReturn

from provisioner.catalog.list_options import ListCondition, ListOptions
from provisioner.catalog.regions import same_region
from provisioner.catalog.resource_type import ResourceType
from provisioner.model.permissions import holds_at
from provisioner.model.resource_id import ResourceId
from provisioner.simulator.bodies.body_paths import split_path, values_at
from provisioner.simulator.odata.conditions import (
    Property,
    Vocabulary,
    compile_condition,
    compile_filter,
    names_in,
)
from provisioner.simulator.odata.syntax import (
    Call,
    Comparison,
    Condition,
    FilterError,
    Text,
    Word,
    parse_filter,
    parts_of,
)
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.protocol.http_messages import Request
from provisioner.simulator.state.clock import parse_time
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.records import Record

RowTest = Callable[[Record], bool]

_RESOURCE_OPTIONS = ListOptions()
_EQUALITY = ("eq", "ne")
_TAG_NAMES = frozenset({"tagname", "tagvalue"})
_PLAN = ("publisher", "product", "name", "version", "promotionCode")


def read_type_filter(
    cloud: Cloud, request: Request, resource_type: ResourceType, scope: ResourceId | None
) -> RowTest:
    """Return the predicate of `$filter` in a list of one type; `scope` is that of the list.

    A filter that the type does not support is a RefusalError with the words of its provider.
    """
    options = resource_type.list_options
    vocabulary = Vocabulary(
        properties={
            name.lower(): Property(_values_reader(path)) for name, path in options.equals.items()
        },
        functions={
            condition.lower(): _CONDITIONS[condition](cloud, options, scope)
            for condition in options.conditions
        },
        alone=[name.lower() for name in options.alone],
    )
    return _compile_option(request, options, lambda text: compile_filter(text, vocabulary))


def read_resource_filter(request: Request) -> RowTest:
    """Return the predicate of `$filter` in a list of resources.

    An unsupported filter is a RefusalError.
    """
    return _compile_option(request, _RESOURCE_OPTIONS, _compile_resources)


def read_group_filter(request: Request) -> RowTest:
    """Return the predicate of `$filter` in a list of resource groups, which knows tags only.

    Any other filter is a RefusalError.
    """
    return _compile_option(
        request, _RESOURCE_OPTIONS, lambda text: _compile_tags(parse_filter(text))
    )


def _compile_option(
    request: Request, options: ListOptions, compile_: Callable[[str], RowTest]
) -> RowTest:
    text = request.query.get("$filter", "").strip()
    if not text:
        return lambda row: True
    try:
        return compile_(text)
    except FilterError as problem:
        _raise_refusal(options, text, problem)


def _raise_refusal(options: ListOptions, text: str, problem: FilterError) -> NoReturn:
    message = f"{options.refusal.format(filter=text[:1000])} ({problem})"
    raise RefusalError(400, options.code, message) from problem


def _compile_resources(text: str) -> RowTest:
    condition = parse_filter(text)
    if names_in(condition) & _TAG_NAMES:
        return _compile_tags(condition)
    return compile_condition(condition, _VOCABULARY)


def _compile_tags(condition: Condition) -> RowTest:
    """Return the predicate of a tag filter: a name or prefix of one, and for a name a value.

    Names are compared without case, values with it.

    Raises:
        FilterError: more than one tag, or a value without a name, is asked for.
    """
    name: Callable[[str], bool] | None = None
    value: str | None = None
    for part in parts_of(condition):
        named, text = _tag_part(part)
        if named == "tagvalue" and value is None:
            value = text
        elif named != "tagvalue" and name is None:
            name = _name_test(named, text.lower())
        else:
            raise FilterError("one tag is asked for at a time")
    if name is None:
        raise FilterError("a tagValue goes with a tagName")
    has_name = name
    return lambda row: any(
        has_name(tag.lower()) and (value is None or text == value) for tag, text in _tags_of(row)
    )


def _tag_part(part: Condition) -> tuple[str, str]:
    """Return the keyword of a tag condition (`tagname`, `tagvalue`, `startswith`) and its text.

    Raises:
        FilterError: the condition is of another form.
    """
    if isinstance(part, Comparison) and part.operator == "eq":
        left, right = part.left, part.right
        if isinstance(left, Word) and left.text.lower() in _TAG_NAMES and isinstance(right, Text):
            return left.text.lower(), right.text
    if isinstance(part, Call) and part.name == "startswith" and len(part.arguments) == 2:
        named, text = part.arguments
        if isinstance(named, Word) and named.text.lower() == "tagname" and isinstance(text, Text):
            return "startswith", text.text
    raise FilterError(
        "a tag is asked for by tagName eq 'NAME', tagName eq 'NAME' and tagValue eq 'VALUE', or "
        "startswith(tagName, 'NAME'), and not combined with other conditions"
    )


def _name_test(named: str, text: str) -> Callable[[str], bool]:
    if named == "startswith":
        return lambda tag: tag.startswith(text)
    return lambda tag: tag == text


def _tags_of(row: Record) -> list[tuple[str, object]]:
    tags = row.body.get("tags")
    return list(tags.items()) if isinstance(tags, dict) else []


def _value_reader(path: str) -> Callable[[Record], object]:
    steps = split_path(path)
    return lambda row: next((value for _, value in values_at(row.body, steps)), None)


def _values_reader(path: str) -> Callable[[Record], object]:
    steps = split_path(path)
    return lambda row: tuple(value for _, value in values_at(row.body, steps))


_VOCABULARY: Vocabulary[Record] = Vocabulary(
    properties={
        "name": Property(lambda row: row.id.name, _EQUALITY, ("substringof",)),
        "resourcegroup": Property(lambda row: row.id.resource_group, _EQUALITY, ("substringof",)),
        "resourcetype": Property(lambda row: row.type, _EQUALITY),
        "location": Property(_value_reader("location"), _EQUALITY, normalise=same_region),
        "identity": Property(_value_reader("identity"), _EQUALITY),
        "identity/principalid": Property(_value_reader("identity.principalId"), _EQUALITY),
        "plan": Property(_value_reader("plan"), _EQUALITY),
        **{
            f"plan/{part}".lower(): Property(_value_reader(f"plan.{part}"), _EQUALITY)
            for part in _PLAN
        },
    },
    combinations=("and", "or"),
)
"""The documented properties of a list of resources."""


def _at_scope(
    _cloud: Cloud, _options: ListOptions, scope: ResourceId | None
) -> Callable[[tuple[str, ...]], RowTest]:
    return _condition_without_arguments("atScope", lambda row: holds_at(row.id.scope, scope))


def _at_exact_scope(
    _cloud: Cloud, _options: ListOptions, scope: ResourceId | None
) -> Callable[[tuple[str, ...]], RowTest]:
    return _condition_without_arguments("atExactScope", lambda row: row.id.scope == scope)


def _at_scope_and_below(
    _cloud: Cloud, _options: ListOptions, _scope: ResourceId | None
) -> Callable[[tuple[str, ...]], RowTest]:
    """Return the condition `atScopeAndBelow`, which is what the list returns without a filter."""
    return _condition_without_arguments("atScopeAndBelow", lambda row: True)


def _exclude_expired(
    cloud: Cloud, _options: ListOptions, _scope: ResourceId | None
) -> Callable[[tuple[str, ...]], RowTest]:
    expires = _value_reader("properties.expiresOn")
    return _condition_without_arguments(
        "excludeExpired", lambda row: not _is_before(expires(row), cloud.now())
    )


def _is_before(text: object, now: datetime) -> bool:
    if not isinstance(text, str):
        return False
    try:
        return parse_time(text) <= now
    except (ValueError, TypeError):
        return False


def _assigned_to(
    _cloud: Cloud, options: ListOptions, _scope: ResourceId | None
) -> Callable[[tuple[str, ...]], RowTest]:
    """Return the condition `assignedTo`.

    In Azure it covers the principal's groups; groups of the built-in directory have no members.
    """
    read = _values_reader(options.equals["principalId"])

    def make(arguments: tuple[str, ...]) -> RowTest:
        if len(arguments) != 1:
            raise FilterError("'assignedTo' takes the object id of a principal")
        principal = arguments[0].lower()
        return lambda row: any(str(each).lower() == principal for each in _as_tuple(read(row)))

    return make


def _as_tuple(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else (value,)


def _condition_without_arguments(name: str, test: RowTest) -> Callable[[tuple[str, ...]], RowTest]:
    def make(arguments: tuple[str, ...]) -> RowTest:
        if arguments:
            raise FilterError(f"'{name}' takes no argument")
        return test

    return make


_CONDITIONS = {
    ListCondition.AT_SCOPE: _at_scope,
    ListCondition.AT_EXACT_SCOPE: _at_exact_scope,
    ListCondition.AT_SCOPE_AND_BELOW: _at_scope_and_below,
    ListCondition.ASSIGNED_TO: _assigned_to,
    ListCondition.EXCLUDE_EXPIRED: _exclude_expired,
}
