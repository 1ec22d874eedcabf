"""Policy states: which resources comply with which policies, one by one and counted."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.simulator.server import LocalAzure
from tests.simulator.setting import GROUP, SUBSCRIPTION, Caller

S = f"/subscriptions/{SUBSCRIPTION}"
POLICY = "providers/Microsoft.Authorization"
INSIGHTS = "providers/Microsoft.PolicyInsights/policyStates"
IDENTITIES = "providers/Microsoft.ManagedIdentity/userAssignedIdentities"
ROOT = "/providers/Microsoft.Management/managementGroups/contoso"
TAGGED = {"field": "tags['owner']", "exists": "false"}
INITIATIVE = "/providers/Microsoft.Authorization/policySetDefinitions/abc"


@pytest.fixture(scope="module")
def call(real_catalog: Catalog) -> Iterator[Caller]:
    """Three identities, one with an owner, one exempt; policies that audit, guard and look for
    other resources; an initiative that nobody knows."""
    with LocalAzure.start(real_catalog, None) as azure:
        caller = Caller(azure.endpoint)
        caller.create_group()
        for name, tags in (("id-a", {}), ("id-b", {"owner": "x"}), ("id-c", {})):
            body = {"location": "westeurope", "tags": tags}
            assert caller("PUT", f"{GROUP}/{IDENTITIES}/{name}", body).status == 201
        _define(caller, "owners", TAGGED, "audit")
        _define(caller, "others", {"field": "location", "exists": "true"}, "auditIfNotExists")
        _define(caller, "off", TAGGED, "disabled")
        for scope, name, policy in (
            (S, "owners", f"{S}/{POLICY}/policyDefinitions/owners"),
            (GROUP, "others", f"{S}/{POLICY}/policyDefinitions/others"),
            (S, "off", f"{S}/{POLICY}/policyDefinitions/off"),
            (ROOT, "wide", INITIATIVE),
        ):
            assigned = {"policyDefinitionId": policy, "enforcementMode": "DoNotEnforce"}
            path = f"{scope}/{POLICY}/policyAssignments/{name}"
            assert caller("PUT", path, {"properties": assigned}).status == 201
        exempt = {
            "policyAssignmentId": f"{S}/{POLICY}/policyAssignments/owners",
            "exemptionCategory": "Waiver",
        }
        path = f"{GROUP}/{IDENTITIES}/id-c/{POLICY}/policyExemptions/for-now"
        assert caller("PUT", path, {"properties": exempt}).status == 201
        yield caller
        caller.close()


def _define(call: Caller, name: str, condition: Any, effect: str) -> None:
    rule = {"if": condition, "then": {"effect": effect}}
    body = {"properties": {"mode": "Indexed", "policyRule": rule}}
    assert call("PUT", f"{S}/{POLICY}/policyDefinitions/{name}", body).status == 201


def states(call: Caller, scope: str, query: str = "") -> list[dict[str, Any]]:
    reply = call("POST", f"{scope}/{INSIGHTS}/latest/queryResults?{query}")
    assert reply.status == 200, reply.body
    assert reply.body["@odata.count"] == len(reply.body["value"])
    found: list[dict[str, Any]] = reply.body["value"]
    return found


def told(found: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
    return {
        (row["resourceId"].rpartition("/")[2], row["policyAssignmentName"], row["complianceState"])
        for row in found
    }


def test_each_resource_has_a_state_for_each_policy_about_it(call: Caller):
    assert told(states(call, f"{GROUP}/{IDENTITIES}/id-a")) == {
        ("id-a", "owners", "NonCompliant"),
        ("id-a", "others", "Unknown"),
        ("id-a", "wide", "Unknown"),
    }
    owners = "$filter=" + quote("policyAssignmentName eq 'OWNERS'")
    assert told(states(call, S, owners)) == {
        ("id-a", "owners", "NonCompliant"),
        ("id-b", "owners", "Compliant"),
        ("id-c", "owners", "Exempt"),
    }


def test_states_are_asked_for_at_a_policy_an_assignment_and_a_management_group(call: Caller):
    for scope in (f"{POLICY}/policyDefinitions/owners", f"{POLICY}/policyAssignments/owners"):
        assert {row["policyAssignmentName"] for row in states(call, f"{S}/{scope}")} == {"owners"}
    assert len(states(call, ROOT)) == len(states(call, S))


def test_filters_orders_selections_and_pages(call: Caller):
    wanted = (
        "complianceState eq 'NonCompliant' or (isCompliant eq true and not (resourceGroup eq 'x'))"
    )
    query = f"$filter={quote(wanted)}&$orderby=resourceId%20desc&$select=resourceId,isCompliant"
    found = states(call, S, query)
    assert [row["resourceId"].rpartition("/")[2] for row in found] == ["id-b", "id-a"]
    assert set(found[0]) == {"@odata.id", "@odata.context", "resourceId", "isCompliant"}
    reply = call("POST", f"{S}/{INSIGHTS}/latest/queryResults?$top=2").body
    assert len(reply["value"]) == 2
    assert "@odata.nextLink" not in reply
    (row, *_) = states(
        call, S, "$expand=PolicyEvaluationDetails&$top=1&$orderby=policyAssignmentName"
    )
    assert "policyEvaluationDetails" in row
    assert states(call, S, "$from=2000-01-01T00:00:00Z")
    assert states(call, S, "$to=2000-01-01T00:00:00Z") == []


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("$filter=colour%20eq%20'red'", "InvalidFilterInQueryString"),
        ("$from=yesterday", "InvalidFilterInQueryString"),
        ("$apply=aggregate($count%20as%20n)", "InvalidQueryOption"),
        ("$orderby=colour", "InvalidQueryOption"),
        ("$select=colour", "InvalidQueryOption"),
        ("$expand=Components", "InvalidQueryOption"),
    ],
)
def test_what_is_not_known_of_a_query_is_refused(call: Caller, query: str, code: str):
    reply = call("POST", f"{S}/{INSIGHTS}/latest/queryResults?{query}")
    assert (reply.status, reply.code) == (400, code)


def test_a_summary_counts_resources_by_their_worst_state_and_policies(call: Caller):
    reply = call("POST", f"{S}/{INSIGHTS}/latest/summarize").body
    (summary,) = reply["value"]
    results = summary["results"]
    assert (results["nonCompliantResources"], results["nonCompliantPolicies"]) == (1, 1)
    counts = {each["complianceState"]: each["count"] for each in results["resourceDetails"]}
    assert counts["noncompliant"] == 1
    owners = next(
        each
        for each in summary["policyAssignments"]
        if each["policyAssignmentId"].endswith("/owners")
    )
    assert owners["policyDefinitions"][0]["effect"] == "audit"
    counted = {e["complianceState"]: e["count"] for e in owners["results"]["resourceDetails"]}
    assert counted == {"noncompliant": 1, "compliant": 1, "exempt": 1}
    wide = next(
        each for each in summary["policyAssignments"] if each["policySetDefinitionId"] == INITIATIVE
    )
    assert {e["complianceState"] for e in wide["results"]["resourceDetails"]} == {"unknown"}


def test_a_scan_on_demand_is_done_at_once(call: Caller):
    assert call("POST", f"{S}/{INSIGHTS}/latest/triggerEvaluation").status == 200
    assert call("POST", f"{S}/{INSIGHTS}/soon/queryResults").code == "InvalidPolicyStatesResource"
