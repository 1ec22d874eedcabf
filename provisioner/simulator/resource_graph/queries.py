"""The Resource Graph operation `resources`: queries in the subset of KQL that Resource Graph has.

The operators are listed in `query_parser`, the functions in `functions` and `aggregates`. Anything
else is refused as Resource Graph refuses it: a query evaluated in part would return plausible,
wrong rows.

Source: "Resources" of the Resource Graph REST reference (request and answer), "Guidance for
throttled requests" (the headers of the quota).
"""

from collections.abc import Collection, Mapping
from typing import Any

from provisioner.simulator.entra.caller import read_caller
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.resource_graph.evaluation import Evaluator
from provisioner.simulator.resource_graph.management_groups import ManagementGroups
from provisioner.simulator.resource_graph.operators import QueryRun
from provisioner.simulator.resource_graph.paging import InvalidOptionError, read_page, show_page
from provisioner.simulator.resource_graph.query_errors import InvalidQueryError
from provisioner.simulator.resource_graph.query_parser import parse_query
from provisioner.simulator.resource_graph.table import Row, Table
from provisioner.simulator.resource_graph.tables import (
    TABLE_NAMES,
    QueryScope,
    Tables,
)
from provisioner.simulator.resource_graph.tokens import Token
from provisioner.simulator.state.cloud import Cloud

_QUOTA = {"x-ms-user-quota-remaining": "15", "x-ms-user-quota-resets-after": "00:00:05"}
_FIRST_OBJECTS = "2020"
"""The year of the first API version that answers objects where no `resultFormat` is stated."""
_FILTERS = {
    "atscopeandbelow": (True, False),
    "atscopeandabove": (False, True),
    "atscopeaboveandbelow": (True, True),
    "atscopeexact": (False, False),
}
"""Whether a filter includes role assignments below the scope, and above it."""


def answer_query(cloud: Cloud, request: Request) -> Answer:
    """Answer a query over its subscriptions or management groups; by default over all visible.

    Raises:
        InvalidQueryError: there is no query, or it cannot be evaluated.
        InvalidOptionError: an option is invalid or not evaluated here.
    """
    document = request.read_object()
    query = document.get("query")
    if not isinstance(query, str) or not query.strip():
        raise InvalidQueryError("InvalidQuery", "The request has no query.")
    if document.get("facets"):
        raise InvalidOptionError("facets", "empty here: facets are not evaluated")
    options = document.get("options") or {}
    if not isinstance(options, Mapping):
        raise InvalidOptionError("options", "an object")
    is_table = request.query.get("api-version", "") < _FIRST_OBJECTS
    page = read_page(options, query, is_table=is_table)
    tables = Tables(cloud, _read_scope(cloud, request, document, options), request)
    return Answer(200, show_page(_run_query(cloud, query, tables), page, query), _QUOTA)


def query_rows(cloud: Cloud, query: str, subscriptions: Collection[str]) -> list[Row]:
    """Return the rows of a query over subscriptions (in lower case), or over all if there are none.

    A query that cannot be evaluated is an InvalidQueryError. Permissions are not checked.
    """
    scope = QueryScope(frozenset(subscriptions) or None)
    return _run_query(cloud, query, Tables(cloud, scope)).rows


def _run_query(cloud: Cloud, query: str, tables: Tables) -> Table:
    def read_table(name: str, token: Token | None) -> Table:
        table = tables.read(name)
        if table is None:
            message = (
                f"The table '{name[:200]}' is not supported here: {', '.join(TABLE_NAMES)} are."
            )
            raise InvalidQueryError("InvalidQuery", message, token)
        return table

    try:
        return QueryRun(Evaluator(cloud.now()), read_table).table(parse_query(query))
    except RecursionError:
        raise InvalidQueryError("InvalidQuery", "The query is nested too deeply.") from None


def _read_scope(
    cloud: Cloud, request: Request, document: Mapping[str, Any], options: Mapping[str, Any]
) -> QueryScope:
    subscriptions = _read_names(document, "subscriptions")
    groups = _read_names(document, "managementGroups")
    if subscriptions and groups:
        # "Understand the query language", "Query scope".
        raise InvalidOptionError("managementGroups", "absent where subscriptions are named")
    word = options.get("authorizationScopeFilter") or "AtScopeAndBelow"
    chosen = _FILTERS.get(word.lower()) if isinstance(word, str) else None
    if chosen is None:
        raise InvalidOptionError("authorizationScopeFilter", "AtScopeAndBelow, AtScopeAndAbove, …")
    below, above = chosen
    subscriptions_in_scope = frozenset(subscriptions) or None
    if groups:
        tenant = read_caller(request).tenant
        subscriptions_in_scope = ManagementGroups(cloud, tenant).subscriptions_below(groups)
    return QueryScope(subscriptions_in_scope, groups, below, above)


def _read_names(document: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = document.get(name) or []
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise InvalidOptionError(name, "a list of texts")
    return tuple(each.lower() for each in value)
