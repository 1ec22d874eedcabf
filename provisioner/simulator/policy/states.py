"""Policy states as Policy Insights answers them: queried and summarized.

Source: "Policy States" of the Policy Insights REST reference (scopes, query options, shapes); the
code of a refused filter as `az policy state summarize` receives it. States are those of now: the
views `latest` and `default` answer the same, and `$from` and `$to` must include the present.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from provisioner.catalog.policies import ASSIGNMENT, DEFINITION
from provisioner.model.permissions import holds_at
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import Json, lookup
from provisioner.simulator.odata.conditions import (
    Property,
    Vocabulary,
    compile_filter,
    fold_case,
    read_moment,
)
from provisioner.simulator.odata.options import check_options, page
from provisioner.simulator.odata.syntax import FilterError
from provisioner.simulator.policy.compliance import (
    COMPLIANT,
    NON_COMPLIANT,
    PolicyState,
    policy_states,
)
from provisioner.simulator.protocol.errors import InvalidResourceTypeError, RefusalError
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.cloud import Cloud

_Row = dict[str, Any]
_VIEWS = ("latest", "default")
_DETAILS = "policyevaluationdetails"
_COMPARISONS = ("eq", "ne", "gt", "ge", "lt", "le")
_TEXT_FUNCTIONS = ("startswith", "endswith", "contains", "substringof")


def query_states(cloud: Cloud, request: Request, view: str, **path_parameters: str) -> Answer:
    """Answer the states at a scope that match `$filter`, ordered, selected and in pages."""
    _check_view(view)
    rows = _query_rows(cloud, request, path_parameters, ("$orderby", "$select", "$expand"))
    names = [each.strip() for each in request.query.get("$select", "").split(",") if each.strip()]
    context = _context_url(request, "latest")
    shown = [_select_columns(row, names) for row in _order_rows(request, rows)]
    answer = page(
        cloud, request, shown, lambda row: {"@odata.id": None, "@odata.context": context, **row}
    )
    body = dict(answer.body) if isinstance(answer.body, Mapping) else {}
    link = body.pop("nextLink", None)
    # `$top` is the most of all that are answered, and not the size of a page.
    if link is not None and not request.query.get("$top"):
        body["@odata.nextLink"] = link
    returned = body.get("value")
    count = len(returned) if isinstance(returned, list) else 0
    return Answer(200, {"@odata.context": context, "@odata.count": count, **body})


def summarize_states(cloud: Cloud, request: Request, view: str, **path_parameters: str) -> Answer:
    """Answer the numbers of noncompliant resources and policies, in total and by assignment."""
    _check_view(view)
    rows = _query_rows(cloud, request, path_parameters, ())
    context = _context_url(request, "summary")
    by_assignment = _group_rows(rows, "policyAssignmentId")
    summary: dict[str, Json] = {
        "@odata.id": None,
        "@odata.context": f"{context}/$entity",
        "results": _summarize(request, rows),
        "policyAssignments": [_summarize_assignment(request, group) for group in by_assignment],
    }
    return Answer(200, {"@odata.context": context, "@odata.count": 1, "value": [summary]})


def evaluate_states(_cloud: Cloud, _request: Request, **_path_parameters: str) -> Answer:
    """Answer a scan on demand with 200: states are evaluated at each query."""
    return Answer(200)


def _check_view(view: str) -> None:
    if view.lower() not in _VIEWS:
        raise RefusalError(
            400, "InvalidPolicyStatesResource", f"'{view}' is neither 'default' nor 'latest'."
        )


def _query_rows(
    cloud: Cloud, request: Request, path_parameters: Mapping[str, str], known: Iterable[str]
) -> list[_Row]:
    check_options(request, ("$filter", "$from", "$to", *known))
    text = request.query.get("$filter", "")
    try:
        matches = compile_filter(text, _VOCABULARY) if text else None
        covers_now = _covers_now(cloud, request)
    except FilterError as problem:
        raise RefusalError(
            400,
            "InvalidFilterInQueryString",
            f"Invalid $filter '{text}' specified in the query string. ({problem})",
        ) from problem
    if not covers_now:
        return []
    with_details = request.query.get("$expand", "").lower() == _DETAILS
    if request.query.get("$expand") and not with_details:
        raise RefusalError(
            400, "InvalidQueryOption", "$expand is PolicyEvaluationDetails or is not there."
        )
    in_scope = _scope_predicate(path_parameters)
    found = (state for state in policy_states(cloud) if in_scope(state))
    rows = [_render_state(cloud, state, with_details=with_details) for state in found]
    return [row for row in rows if matches is None or matches(row)]


def _covers_now(cloud: Cloud, request: Request) -> bool:
    start, end = (request.query.get(name, "").strip("'") for name in ("$from", "$to"))
    now = cloud.now()
    return not (start and read_moment(start) > now) and not (end and read_moment(end) < now)


def _scope_predicate(path_parameters: Mapping[str, str]) -> Callable[[PolicyState], bool]:
    """Return the predicate for states at a scope, of a policy, or of an assignment.

    Raises:
        InvalidResourceTypeError: the scope is no id.
    """
    if "scope" not in path_parameters:
        return lambda state: True  # every subscription is below every management group
    scope = parse_resource_id(path_parameters["scope"])
    if scope is None:
        raise InvalidResourceTypeError(path_parameters["scope"])
    named: ResourceId = scope
    if named.type.lower() == ASSIGNMENT.lower():
        return lambda state: state.assignment.id == named
    if named.type.lower().startswith(DEFINITION.lower().rpartition("/")[0]):
        return lambda state: state.definition_id.lower() == named.key
    return lambda state: holds_at(named, state.row.id)


def _render_state(cloud: Cloud, state: PolicyState, *, with_details: bool) -> _Row:
    row, assignment = state.row, state.assignment
    definition = parse_resource_id(state.definition_id)
    category = lookup(
        state.definition.body if state.definition else {}, ("properties", "metadata", "category")
    )
    parameters = lookup(assignment.body, ("properties", "parameters"))
    is_policy = definition is not None and definition.type.lower() == DEFINITION.lower()
    shown: _Row = {
        "timestamp": cloud.stamp(),
        "resourceId": row.id.text,
        "policyAssignmentId": assignment.id.text,
        "policyDefinitionId": state.definition_id if is_policy else "",
        "isCompliant": state.state == COMPLIANT,
        "complianceState": state.state,
        "subscriptionId": row.id.subscription or "",
        "resourceType": row.type,
        "resourceLocation": row.body.get("location", ""),
        "resourceGroup": row.id.resource_group or "",
        "policyAssignmentName": assignment.id.name,
        "policyAssignmentParameters": parameters if isinstance(parameters, Mapping) else {},
        "policyAssignmentScope": assignment.id.scope.text if assignment.id.scope else "/",
        "policyDefinitionName": definition.name if definition is not None and is_policy else "",
        "policyDefinitionAction": state.effect,
        "policyDefinitionCategory": category if isinstance(category, str) else "",
        "policySetDefinitionId": "" if is_policy else state.definition_id,
        "policySetDefinitionName": "" if is_policy or definition is None else definition.name,
        "policyDefinitionReferenceId": "",
        "managementGroupIds": "",
    }
    if with_details:
        shown["policyEvaluationDetails"] = {
            "evaluatedExpressions": [
                {"result": "True", "expressionKind": "Field", "expression": each, "path": each}
                for each in state.fields
            ]
        }
    return shown


_TEXTS = (
    "resourceId", "policyAssignmentId", "policyDefinitionId", "complianceState", "subscriptionId",
    "resourceType", "resourceLocation", "resourceGroup", "policyAssignmentName",
    "policyAssignmentScope", "policyDefinitionName", "policyDefinitionAction",
    "policyDefinitionCategory", "policySetDefinitionId", "policySetDefinitionName",
    "policyDefinitionReferenceId",
)  # fmt: skip


def _text_property(name: str) -> Property[_Row]:
    return Property(lambda row: row[name], _COMPARISONS, _TEXT_FUNCTIONS, fold_case)


_VOCABULARY: Vocabulary[_Row] = Vocabulary(
    properties={
        **{name.lower(): _text_property(name) for name in _TEXTS},
        "iscompliant": Property(lambda row: row["isCompliant"], ("eq", "ne")),
        "timestamp": Property(lambda row: row["timestamp"], _COMPARISONS, normalise=read_moment),
    },
    combinations=("and", "or", "not"),
)


def _order_rows(request: Request, rows: list[_Row]) -> list[_Row]:
    for term in reversed(request.query.get("$orderby", "").split(",")):
        name, _, direction = term.strip().partition(" ")
        if not name:
            continue
        key = next((each for each in _KNOWN if each.lower() == name.lower()), None)
        if key is None or direction.strip().lower() not in ("", "asc", "desc"):
            raise RefusalError(
                400, "InvalidQueryOption", f"Invalid $orderby '{term.strip()}' was specified."
            )
        rows = sorted(
            rows, key=lambda row: str(row[key]), reverse=direction.strip().lower() == "desc"
        )
    return rows


_KNOWN = (*_TEXTS, "timestamp", "isCompliant")


def _select_columns(row: _Row, names: Sequence[str]) -> _Row:
    if not names:
        return row
    spelled = {name.lower(): name for name in row}
    unknown = [name for name in names if name.lower() not in spelled]
    if unknown:
        raise RefusalError(
            400, "InvalidQueryOption", f"Invalid $select: '{unknown[0]}' is no property of a state."
        )
    return {spelled[name.lower()]: row[spelled[name.lower()]] for name in names}


def _context_url(request: Request, kind: str) -> str:
    return f"{request.base}{request.path.rpartition('/')[0]}/$metadata#{kind}"


def _group_rows(rows: Iterable[_Row], name: str) -> list[list[_Row]]:
    groups: dict[str, list[_Row]] = {}
    for row in rows:
        groups.setdefault(str(row[name]).lower(), []).append(row)
    return list(groups.values())


def _summarize(request: Request, rows: Sequence[_Row]) -> dict[str, Json]:
    """Return the numbers of resources by their worst state, and of policies."""
    resources = Counter(_worst_state(group) for group in _group_rows(rows, "resourceId"))
    policies = Counter(_worst_state(group) for group in _group_by_policy(rows))
    return {
        "queryResultsUri": f"{request.base}{request.path.rpartition('/')[0]}/queryResults"
        f"?api-version={request.query.get('api-version', '')}",
        "nonCompliantResources": resources[NON_COMPLIANT],
        "nonCompliantPolicies": policies[NON_COMPLIANT],
        "resourceDetails": _count_details(resources),
        "policyDetails": _count_details(policies),
        "policyGroupDetails": [],
    }


def _group_by_policy(rows: Iterable[_Row]) -> list[list[_Row]]:
    groups: dict[tuple[str, str], list[_Row]] = {}
    for row in rows:
        named = row["policyDefinitionId"] or row["policySetDefinitionId"]
        groups.setdefault((row["policyAssignmentId"].lower(), named.lower()), []).append(row)
    return list(groups.values())


def _count_details(counts: Counter[str]) -> list[Json]:
    return [{"complianceState": state.lower(), "count": count} for state, count in counts.items()]


_WORST = (NON_COMPLIANT, "Unknown", "Protected", "Exempt", COMPLIANT)


def _worst_state(rows: Iterable[_Row]) -> str:
    found = {row["complianceState"] for row in rows}
    return next(state for state in _WORST if state in found)


def _summarize_assignment(request: Request, rows: Sequence[_Row]) -> dict[str, Json]:
    first = rows[0]
    definitions: list[Json] = [
        {
            "policyDefinitionId": group[0]["policyDefinitionId"],
            "policyDefinitionReferenceId": "",
            "effect": group[0]["policyDefinitionAction"],
            "policyDefinitionGroupNames": [""],
            "results": _summarize(request, group),
        }
        for group in _group_by_policy(rows)
    ]
    return {
        "policyAssignmentId": first["policyAssignmentId"],
        "policySetDefinitionId": first["policySetDefinitionId"],
        "results": _summarize(request, rows),
        "policyDefinitions": definitions,
        "policyGroups": [],
    }
