"""What `$filter` of Azure Resource Manager's lists means: of one type, of resources, of groups.

Sources: "Resources - List" and "Resource Groups - List" of the REST reference; refusals as they are
quoted in Azure/azure-sdk-for-go#2480 (groups are filtered by tags alone) and
Azure/azure-sdk-for-python#27064 (tags are not combined with other properties); `startswith(tagname,
…)` and the rest as az writes them. For types: `catalog.list_options`.
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

_RESOURCES = ListOptions()
_BOTH = ("eq", "ne")
_TAG_NAMES = frozenset({"tagname", "tagvalue"})
_PLAN = ("publisher", "product", "name", "version", "promotionCode")


def read_type_filter(
    cloud: Cloud, request: Request, resource_type: ResourceType, scope: ResourceId | None
) -> RowTest:
    """Return the test that `$filter` of a list of one type is; `scope` is that of the list. Raises
    RefusalError in the words of the type's provider."""
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
    return _compiled(request, options, lambda text: compile_filter(text, vocabulary))


def read_resource_filter(request: Request) -> RowTest:
    """Return the test that `$filter` of a list of resources is. Raises RefusalError."""
    return _compiled(request, _RESOURCES, _compile_resources)


def read_group_filter(request: Request) -> RowTest:
    """Return the test that `$filter` of a list of resource groups is: of tags, nothing else. Raises
    RefusalError."""
    return _compiled(request, _RESOURCES, lambda text: _compile_tags(parse_filter(text)))


def _compiled(
    request: Request, options: ListOptions, compile_: Callable[[str], RowTest]
) -> RowTest:
    text = request.query.get("$filter", "").strip()
    if not text:
        return lambda row: True
    try:
        return compile_(text)
    except FilterError as problem:
        _refuse(options, text, problem)


def _refuse(options: ListOptions, text: str, problem: FilterError) -> NoReturn:
    message = f"{options.refusal.format(filter=text[:1000])} ({problem})"
    raise RefusalError(400, options.code, message) from problem


def _compile_resources(text: str) -> RowTest:
    condition = parse_filter(text)
    if names_in(condition) & _TAG_NAMES:
        return _compile_tags(condition)
    return compile_condition(condition, _VOCABULARY)


def _compile_tags(condition: Condition) -> RowTest:
    """Return the test of a tag: a name or the beginning of one, and for a name a value. Names are
    compared without regard to case, values with."""
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
    asked = name
    return lambda row: any(
        asked(tag.lower()) and (value is None or text == value) for tag, text in _tags(row)
    )


def _tag_part(part: Condition) -> tuple[str, str]:
    """Return what a part says of a tag (`tagname`, `tagvalue`, `startswith`) and the text."""
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


def _tags(row: Record) -> list[tuple[str, object]]:
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
        "name": Property(lambda row: row.id.name, _BOTH, ("substringof",)),
        "resourcegroup": Property(lambda row: row.id.resource_group, _BOTH, ("substringof",)),
        "resourcetype": Property(lambda row: row.type, _BOTH),
        "location": Property(_value_reader("location"), _BOTH, normalise=same_region),
        "identity": Property(_value_reader("identity"), _BOTH),
        "identity/principalid": Property(_value_reader("identity.principalId"), _BOTH),
        "plan": Property(_value_reader("plan"), _BOTH),
        **{
            f"plan/{part}".lower(): Property(_value_reader(f"plan.{part}"), _BOTH) for part in _PLAN
        },
    },
    combinations=("and", "or"),
)
"""The documented properties of a list of resources."""


def _at_scope(
    _cloud: Cloud, _options: ListOptions, scope: ResourceId | None
) -> Callable[[tuple[str, ...]], RowTest]:
    return _plain("atScope", lambda row: holds_at(row.id.scope, scope))


def _at_exact_scope(
    _cloud: Cloud, _options: ListOptions, scope: ResourceId | None
) -> Callable[[tuple[str, ...]], RowTest]:
    return _plain("atExactScope", lambda row: row.id.scope == scope)


def _at_scope_and_below(
    _cloud: Cloud, _options: ListOptions, _scope: ResourceId | None
) -> Callable[[tuple[str, ...]], RowTest]:
    """What the list shows without a filter."""
    return _plain("atScopeAndBelow", lambda row: True)


def _exclude_expired(
    cloud: Cloud, _options: ListOptions, _scope: ResourceId | None
) -> Callable[[tuple[str, ...]], RowTest]:
    expires = _value_reader("properties.expiresOn")
    return _plain("excludeExpired", lambda row: not _is_past(expires(row), cloud.now()))


def _is_past(text: object, now: datetime) -> bool:
    if not isinstance(text, str):
        return False
    try:
        return parse_time(text) <= now
    except (ValueError, TypeError):
        return False


def _assigned_to(
    _cloud: Cloud, options: ListOptions, _scope: ResourceId | None
) -> Callable[[tuple[str, ...]], RowTest]:
    """Groups have no members in the built-in directory: what a principal has is what is assigned to
    it by itself."""
    read = _values_reader(options.equals["principalId"])

    def make(arguments: tuple[str, ...]) -> RowTest:
        if len(arguments) != 1:
            raise FilterError("'assignedTo' takes the object id of a principal")
        wanted = arguments[0].lower()
        return lambda row: any(str(each).lower() == wanted for each in _as_tuple(read(row)))

    return make


def _as_tuple(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else (value,)


def _plain(name: str, test: RowTest) -> Callable[[tuple[str, ...]], RowTest]:
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
