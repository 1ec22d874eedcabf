"""Query options of list operations: `$filter`, `$expand`, `$select`, by type.

Source: the operation that lists the type in the REST reference of its service. Undocumented options
are answered in different ways, from ignoring them to a refusal; the built-in Azure refuses them,
since an ignored filter answers everything.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class ListCondition(StrEnum):
    """A function of `$filter` that is a condition by itself.

    AT_SCOPE            resources that apply to the scope: at it and above, not below
    AT_EXACT_SCOPE      resources at the scope itself
    AT_SCOPE_AND_BELOW  resources at the scope and below
    ASSIGNED_TO         `assignedTo('ID')`: resources that apply to a principal
    EXCLUDE_EXPIRED     resources that have not expired
    """

    AT_SCOPE = "atScope"
    AT_EXACT_SCOPE = "atExactScope"
    AT_SCOPE_AND_BELOW = "atScopeAndBelow"
    ASSIGNED_TO = "assignedTo"
    EXCLUDE_EXPIRED = "excludeExpired"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOptions:
    """What the lists of a type take beside `$top` and `$skiptoken`.

    equals      paths in the body by the names that `$filter` compares by `eq`
    conditions  the functions that `$filter` knows
    alone       names of `equals` and `conditions` with which nothing else is combined
    code        the code with which the provider refuses a filter
    refusal     its message, with `{filter}` for the text of the filter
    """

    equals: Mapping[str, str] = field(default_factory=dict)
    conditions: tuple[ListCondition, ...] = ()
    alone: tuple[str, ...] = ()
    code: str = "InvalidFilterInQueryString"
    refusal: str = "Invalid $filter '{filter}' specified in the query string."


NO_OPTIONS = ListOptions()
