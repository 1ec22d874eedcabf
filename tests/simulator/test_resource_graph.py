"""Resource Graph over HTTP: tables, operators, functions, scopes, pages, and what is refused."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from provisioner.attribution.resource_changes import changes_query, recent_query
from provisioner.catalog.registry import Catalog
from provisioner.model.resource_id import ResourceId
from provisioner.simulator.access_options import Access
from provisioner.simulator.server import LocalAzure
from tests.simulator.conftest import SIGNING_KEY
from tests.simulator.setting import GROUP, SUBSCRIPTION, Caller, Reply, StandingClock

GRAPH = "/providers/Microsoft.ResourceGraph/resources?api-version=2024-04-01"
OTHER = "22222222-2222-2222-2222-222222222222"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
ROLES = "providers/Microsoft.Authorization"
PRINCIPAL = "33333333-3333-3333-3333-333333333333"
HUB_SUBNETS = [
    {"name": "nodes", "properties": {"addressPrefix": "10.0.0.0/24"}},
    {"name": "pods", "properties": {"addressPrefix": "10.0.1.0/24"}},
]


def network(prefix: str, subnets: list[Any], **tags: str) -> dict[str, Any]:
    properties = {"addressSpace": {"addressPrefixes": [prefix]}, "subnets": subnets}
    return {"location": "westeurope", "tags": tags, "properties": properties}


@pytest.fixture(scope="module")
def call(real_catalog: Catalog) -> Iterator[Caller]:
    """Two networks, an address, an identity, a role assignment; one network elsewhere."""
    access = Access(signing_key=SIGNING_KEY)
    with LocalAzure.start(real_catalog, None, clock=StandingClock(), access=access) as azure:
        call = Caller(azure.endpoint)
        elsewhere = f"/subscriptions/{OTHER}/resourceGroups/far"
        identity = "Microsoft.ManagedIdentity/userAssignedIdentities/deploy"
        assignment = {
            "properties": {
                "roleDefinitionId": f"/{ROLES}/roleDefinitions/{READER}",
                "principalId": PRINCIPAL,
                "principalType": "ServicePrincipal",
            }
        }
        written = [
            (GROUP, "2024-03-01", {"location": "westeurope", "tags": {"env": "prod"}}),
            (elsewhere, "2024-03-01", {"location": "northeurope"}),
            (
                f"{GROUP}/providers/Microsoft.Network/virtualNetworks/Hub",
                "2024-05-01",
                network("10.0.0.0/16", HUB_SUBNETS, env="prod", owner="net-team"),
            ),
            (
                f"{GROUP}/providers/Microsoft.Network/virtualNetworks/spoke",
                "2024-05-01",
                network("10.1.0.0/16", [], env="dev"),
            ),
            (
                f"{elsewhere}/providers/Microsoft.Network/virtualNetworks/remote",
                "2024-05-01",
                network("10.2.0.0/16", []),
            ),
            (
                f"{GROUP}/providers/Microsoft.Network/publicIPAddresses/egress",
                "2024-05-01",
                {
                    "location": "westeurope",
                    "sku": {"name": "Standard"},
                    "properties": {"publicIPAllocationMethod": "Static"},
                },
            ),
            (f"{GROUP}/providers/{identity}", "2023-01-31", {"location": "westeurope"}),
            (f"{GROUP}/{ROLES}/roleAssignments/{uuid.UUID(int=7)}", "2022-04-01", assignment),
        ]
        for path, version, body in written:
            reply = call("PUT", f"{path}?api-version={version}", body)
            assert reply.status in (200, 201), reply.body
        yield call
        call.close()


def ask(call: Caller, query: str, scope: Any = (SUBSCRIPTION,), **options: Any) -> Reply:
    body: dict[str, Any] = {"query": query, "options": options}
    return call("POST", GRAPH, {**body, "subscriptions": list(scope)} if scope else body)


def rows(call: Caller, query: str, scope: Any = (SUBSCRIPTION,), **options: Any) -> Any:
    reply = ask(call, query, scope, **options)
    assert reply.status == 200, reply.body
    return reply.body["data"]


def refused(call: Caller, query: str) -> dict[str, Any]:
    """The detail of a refusal that says what is wrong."""
    reply = ask(call, query)
    assert (reply.status, reply.code) == (400, "BadRequest"), reply.body
    first, *problems = reply.body["error"]["details"]
    assert first["code"] == "InvalidQuery"
    return problems[0] if problems else first


NETWORKS = "resources | where type =~ 'Microsoft.Network/virtualNetworks'"


def test_a_row_has_every_column_and_its_type_in_lower_case(call: Caller):
    (row,) = rows(call, f"{NETWORKS} | where name == 'Hub'")
    assert list(row)[:8] == [
        "id",
        "name",
        "type",
        "tenantId",
        "kind",
        "location",
        "resourceGroup",
        "subscriptionId",
    ]
    assert row["type"] == "microsoft.network/virtualnetworks"
    assert (row["kind"], row["plan"], row["resourceGroup"]) == ("", None, "rg")
    assert row["tags"] == {"env": "prod", "owner": "net-team"}
    assert [subnet["name"] for subnet in row["properties"]["subnets"]] == ["nodes", "pods"]


def test_subnets_are_in_their_network_only(call: Caller):
    assert rows(call, "resources | where type has 'subnets' or type has 'roleassignments'") == []


CONDITIONS = [
    ("name == 'hub'", []),
    ("name =~ 'hub'", ["Hub"]),
    ("name !~ 'hub' and name != 'x'", ["spoke"]),
    ("name in ('Hub', 'none')", ["Hub"]),
    ("name !in~ ('hub')", ["spoke"]),
    ("name contains 'PO'", ["spoke"]),
    ("name contains_cs 'PO'", []),
    ("name !contains 'PO'", ["Hub"]),
    ("name startswith 'h' or name endswith 'ke'", ["Hub", "spoke"]),
    ("tags.owner has 'team'", ["Hub"]),
    ("tags.owner has 'tea'", []),
    ("tags['owner'] has_any ('x', 'NET')", ["Hub"]),
    ("name matches regex '^[A-Z]'", ["Hub"]),
    ("not(name matches regex @'^[A-Z]\\w+$')", ["spoke"]),
    ("isnull(tags.owner)", ["spoke"]),
    ("isnotempty(tags.owner) and (name == 'spoke' or tags.env == 'prod')", ["Hub"]),
    ("array_length(properties.subnets) > 1", ["Hub"]),
    ("array_length(properties.subnets) between (0 .. 1)", ["spoke"]),
    ("properties.subnets[0].name == 'nodes'", ["Hub"]),
    ("properties.subnets[-1]['name'] == 'pods' // the last", ["Hub"]),
    ("tags.owner != 'net-team'", ["spoke"]),
    ("properties.enableDdosProtection == false", ["Hub", "spoke"]),
    ("['name'] == \"Hub\"", ["Hub"]),
]


@pytest.mark.parametrize(("condition", "names"), CONDITIONS)
def test_a_condition_keeps_the_rows_of_which_it_holds(
    call: Caller, condition: str, names: list[str]
):
    found = rows(call, f"{NETWORKS} | where {condition}\n| project name | order by name asc")
    assert [row["name"] for row in found] == names


EXPRESSIONS = [
    ("tostring(tags)", '{"env":"prod","owner":"net-team"}'),
    ("strcat(tolower(name), '-', toupper(location))", "hub-WESTEUROPE"),
    ("split(id, '/')[-1]", "Hub"),
    ("split('a,b', ',')", ["a", "b"]),
    ("substring(name, 1, 1)", "u"),
    ("indexof(id, '/providers/') > 0", 1),
    ("properties.enableDdosProtection", False),
    ("iff(name == 'Hub', 'yes', 'no')", "yes"),
    ("case(name == 'x', 1, name == 'Hub', 2, 3)", 2),
    ("coalesce(tostring(tags.none), tostring(tags.env))", "prod"),
    ("todatetime('2026-01-02') + 1d", "2026-01-03T00:00:00.0000000Z"),
    ("datetime(2026-01-02) < ago(1h)", 1),
    ("now() - ago(90m)", "01:30:00"),
    ("bag_keys(tags)", ["env", "owner"]),
    ('parse_json(\'{"a": [1, {"b": 2}]}\').a[1].b', 2),
    ("extract('10[.]([0-9]+)', 1, '10.7.0.0')", "7"),
    ("replace_string(name, 'H', 'C')", "Cub"),
    ("countof('aaa', 'aa')", 2),
    ("strlen(name) * 2 + 1", 7),
    ("7 / 2", 3),
    ("toint('12') - toint('x')", None),
    ("todouble('1e999')", "inf"),
    ("round(2.567, 1)", 2.6),
    ("bin(datetime(2026-01-02T03:04:05Z), 1h)", "2026-01-02T03:00:00.0000000Z"),
    ("trim('H|b', name)", "u"),
    ("replace_regex(name, '(H)(u)', '\\\\2\\\\1')", "uHb"),
    ("pack('a', 1, 'b', pack_array(1, 'x'))", {"a": 1, "b": [1, "x"]}),
    ("tobool('true')", 1),
    ('dynamic({"a": "x)"}).a', "x)"),
]


@pytest.mark.parametrize(("expression", "value"), EXPRESSIONS)
def test_an_expression_is_worth_what_kql_says(call: Caller, expression: str, value: Any):
    (row,) = rows(call, f"{NETWORKS} | where name == 'Hub' | project it = {expression}")
    assert row["it"] == value


def test_groups_are_summarized(call: Caller):
    assert rows(call, "resources | summarize count() by type | order by count_ desc, type asc") == [
        {"type": "microsoft.network/virtualnetworks", "count_": 2},
        {"type": "microsoft.managedidentity/userassignedidentities", "count_": 1},
        {"type": "microsoft.network/networkwatchers", "count_": 1},
        {"type": "microsoft.network/publicipaddresses", "count_": 1},
    ]
    found = rows(
        call,
        f"{NETWORKS} | summarize dcount(location), countif(isnotnull(tags.owner)), min(name), "
        "names = make_list(name), make_set(location) by tostring(tags.env) | sort by tags_env asc",
    )
    assert found[1] == {
        "tags_env": "prod",
        "dcount_location": 1,
        "countif_": 1,
        "min_name": "Hub",
        "names": ["Hub"],
        "set_location": ["westeurope"],
    }
    assert rows(call, "resources | where name == 'none' | summarize count()") == [{"count_": 0}]
    assert rows(call, f"{NETWORKS} | summarize arg_max(name, location)") == [
        {"name": "spoke", "location": "westeurope"}
    ]


def test_columns_are_extended_renamed_and_left_out(call: Caller):
    query = f"{NETWORKS} | extend env = tostring(tags.env), e = 1 | project-rename n = name"
    query += " | project n, env, e, properties.addressSpace | project-away e, prop*"
    assert rows(call, f"{query} | top 1 by n asc") == [{"n": "Hub", "env": "prod"}]
    assert rows(call, f"{NETWORKS} | count") == [{"Count": 2}]
    assert rows(call, f"{NETWORKS} | distinct location") == [{"location": "westeurope"}]
    found = rows(call, f"{NETWORKS} | extend o = tostring(tags.owner) | sort by o desc nulls last")
    assert [row["name"] for row in found] == ["Hub", "spoke"]


def test_lists_and_bags_are_expanded(call: Caller):
    query = f"{NETWORKS} | mv-expand subnet = properties.subnets"
    found = rows(call, f"{query} | project name, subnet = tostring(subnet.name)")
    assert found == [
        {"name": "Hub", "subnet": "nodes"},
        {"name": "Hub", "subnet": "pods"},
        {"name": "spoke", "subnet": ""},
    ]
    assert len(rows(call, f"{NETWORKS} | mv-expand tags")) == 3
    typed = f"{NETWORKS} | mv-expand kind=array p = properties.addressSpace.addressPrefixes"
    assert rows(call, f"{typed} to typeof(string) limit 1 | summarize by p | order by p asc") == [
        {"p": "10.0.0.0/16"},
        {"p": "10.1.0.0/16"},
    ]


def test_tables_are_joined(call: Caller):
    groups = (
        "resourcecontainers | where type == 'microsoft.resources/subscriptions/resourcegroups'"
        " | extend env = tostring(tags.env) | project resourceGroup, subscriptionId, env"
    )
    found = rows(
        call,
        f"{NETWORKS} | where name == 'Hub' | join kind=inner ({groups}) on "
        "$left.resourceGroup == $right.resourceGroup and "
        "$left.subscriptionId == $right.subscriptionId | project name, env, resourceGroup1",
    )
    assert found == [{"name": "Hub", "env": "prod", "resourceGroup1": "rg"}]
    lone = f"{NETWORKS} | project name | join kind=leftouter ({NETWORKS} | where name == 'Hub' | "
    found = rows(call, f"{lone} project name, location) on name | order by name asc")
    assert [row["location"] for row in found] == ["westeurope", ""]
    # The default flavour takes one row of the left side for every key.
    unique = "resources | project resourceGroup | join (resourcecontainers | where type has "
    assert len(rows(call, f"{unique} 'resourcegroups') on resourceGroup")) == 2


def test_tables_are_united(call: Caller):
    query = "resources | where name == 'Hub' | project name, tags | union withsource=from ("
    query += " resourcecontainers | where name == 'rg' | project name, location)"
    assert rows(call, query) == [
        {"from": "union_arg0", "name": "Hub", "tags": {"env": "prod", "owner": "net-team"}}
        | {"location": ""},
        {"from": "union_arg1", "name": "rg", "tags": None, "location": "westeurope"},
    ]


def test_subscriptions_and_groups_are_containers(call: Caller):
    query = "ResourceContainers | where type == 'microsoft.resources/subscriptions' | project id"
    assert rows(call, query) == [{"id": f"/subscriptions/{SUBSCRIPTION}"}]
    assert len(rows(call, query, None)) == 2


def test_role_assignments_and_definitions_have_a_table(call: Caller):
    query = "authorizationresources | where type =~ 'microsoft.authorization/roleassignments'"
    query += " | extend role = tolower(tostring(split(properties.roleDefinitionId, '/')[-1]))"
    query += " | join kind=inner (authorizationresources | where type =~ "
    query += "'microsoft.authorization/roledefinitions' | project role = tolower(name),"
    query += " roleName = tostring(properties.roleName)) on role"
    query += " | project principal = tostring(properties.principalId), roleName"
    assert rows(call, query) == [{"principal": PRINCIPAL, "roleName": "Reader"}]
    # The assignment stands below the subscription.
    assert rows(call, query, authorizationScopeFilter="AtScopeExact") == []


SAMPLES = {
    # "Troubleshoot Azure RBAC limits": which roles have how many assignments.
    "roles": (
        """AuthorizationResources
        | where type =~ "microsoft.authorization/roleassignments"
        | where id startswith "/subscriptions"
        | extend RoleId = tolower(tostring(properties.roleDefinitionId))
        | join kind = leftouter (
          AuthorizationResources
          | where type =~ "microsoft.authorization/roledefinitions"
          | extend RoleName = tostring(properties.roleName), RoleId = tolower(id)
          | project RoleName, RoleId
        ) on $left.RoleId == $right.RoleId
        | extend pair = pack(tostring(properties.principalId), 1)
        | summarize count_ = count(), All = make_set(pair) by RoleName
        | order by count_ desc""",
        [{"RoleName": "Reader", "count_": 1, "All": [{PRINCIPAL: 1}]}],
    ),
    # "Advanced query samples": tags and their values.
    "tags": (
        """where type != 'x' | where isnotempty(tags)
        | project tags | mvexpand tags
        | extend tagKey = tostring(bag_keys(tags)[0])
        | extend tagValue = tostring(tags[tagKey])
        | distinct tagKey, tagValue | order by tagKey asc, tagValue asc""",
        [
            {"tagKey": "env", "tagValue": "dev"},
            {"tagKey": "env", "tagValue": "prod"},
            {"tagKey": "owner", "tagValue": "net-team"},
        ],
    ),
    # "Advanced query samples": a column left out after a join with its default flavour.
    "subscriptions": (
        """Resources
        | summarize resourceCount=count() by subscriptionId
        | join (ResourceContainers | where type=='microsoft.resources/subscriptions'
          | project SubName=name, subscriptionId) on subscriptionId
        | project-away subscriptionId, subscriptionId1""",
        [{"resourceCount": 5, "SubName": "local 1"}],
    ),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_queries_in_the_way_of_microsofts_samples_are_answered(call: Caller, name: str):
    query, expected = SAMPLES[name]
    assert rows(call, query) == expected


def test_a_query_looks_where_it_is_told_to(call: Caller):
    assert [row["name"] for row in rows(call, f"{NETWORKS} | project name", [OTHER])] == ["remote"]
    assert len(rows(call, NETWORKS, None)) == 3
    groups = "/providers/Microsoft.Management/managementGroups"
    version = "?api-version=2020-05-01"
    for path in (f"{groups}/mg", f"{groups}/mg/subscriptions/{OTHER}"):
        assert call("PUT", f"{path}{version}", {"properties": {}}).status < 300
    body = {"query": f"{NETWORKS} | project name", "managementGroups": ["mg"]}
    assert call("POST", GRAPH, body).body["data"] == [{"name": "remote"}]
    body["query"] = "resourcecontainers | where type !has 'resourcegroups' | mv-expand up = "
    body["query"] += "properties.managementGroupAncestorsChain | project type, up = up.name"
    assert call("POST", GRAPH, body).body["data"][:2] == [
        {"type": "microsoft.management/managementgroups", "up": None},
        {"type": "microsoft.resources/subscriptions", "up": "mg"},
    ]
    body = {"query": NETWORKS, "managementGroups": ["nowhere"]}
    assert call("POST", GRAPH, body).status == 404
    body = {"query": NETWORKS, "managementGroups": ["mg"], "subscriptions": [OTHER]}
    assert call("POST", GRAPH, body).status == 400


def test_what_azsec_asks_of_changes_is_answered(call: Caller):
    hub = ResourceId.parse(f"{GROUP}/providers/Microsoft.Network/virtualNetworks/hub")
    start = StandingClock().now().replace(hour=0)
    (row,) = rows(call, changes_query([hub], start))
    assert row["properties"]["changeType"] == "Create"
    assert list(row) == ["target", "at", "properties"]
    assert len(rows(call, recent_query(start))) > 3


def test_pages_follow_each_other_where_the_id_is_projected(call: Caller):
    query = f"{NETWORKS} | project id, name | order by name asc"
    first = ask(call, query, **{"$top": 1}).body
    assert (first["count"], first["totalRecords"], first["resultTruncated"]) == (1, 2, "true")
    second = ask(call, query, **{"$top": 1, "$skipToken": first["$skipToken"]}).body
    assert [row["name"] for row in first["data"] + second["data"]] == ["Hub", "spoke"]
    assert (second["resultTruncated"], "$skipToken" in second) == ("false", False)
    assert "$skipToken" not in ask(call, f"{NETWORKS} | project name", **{"$top": 1}).body
    assert rows(call, query, **{"$skip": 1})[0]["name"] == "spoke"
    for options in ({"$top": 1001}, {"$top": 0}, {"$skip": -1}, {"$skipToken": "eyJ4Ijox"}):
        assert ask(call, query, **options).status == 400
    # A token is for the query that it came from.
    foreign = ask(call, NETWORKS, **{"$skipToken": first["$skipToken"]})
    assert foreign.status == 400


def test_an_answer_may_be_a_table(call: Caller):
    query = f"{NETWORKS} | project name, tags, n = strlen(name) | top 1 by name asc"
    assert rows(call, query, resultFormat="table") == {
        "columns": [
            {"name": "name", "type": "string"},
            {"name": "tags", "type": "object"},
            {"name": "n", "type": "integer"},
        ],
        "rows": [["Hub", {"env": "prod", "owner": "net-team"}, 3]],
    }
    assert ask(call, query, resultFormat="csv").status == 400


def test_the_place_of_what_cannot_be_parsed_is_said(call: Caller):
    problem = refused(call, "resources\n| where name == ")
    assert problem["code"] == "ParserFailure"
    assert (problem["line"], problem["characterPositionInLine"]) == (2, 16)
    problem = refused(call, "resources | where resourceGroup =~ dev'")
    assert (problem["characterPositionInLine"], problem["token"]) == (38, "'")


REFUSED = [
    ("nowhere | project id", "InvalidQuery", "nowhere"),
    ("resources | parse id with *", "InvalidQueryLanguage", "parse"),
    ("let x = 1; resources", "InvalidQueryLanguage", "let"),
    ("resources | join kind=leftanti (resources) on id", "UnsupportedJoinFlavor", "leftanti"),
    ("resources | where strrep(name, 3) == 'x'", "InvalidQueryLanguage", "strrep"),
    ("resources | summarize stdev(x)", "InvalidQueryLanguage", "stdev"),
    ("resources | where nam == 'x'", "InvalidQuery", "nam"),
    ("resources | project name | where type == 'x'", "InvalidQuery", "type"),
    ("resources | where name matches regex '(?=a)'", "InvalidQuery", "matches"),
    ("resources | where ago(1d) in (name)", "InvalidQuery", "in"),
    ("resources | where name > ago(1d)", "InvalidQuery", ">"),
    ("resources | where tolower(name, name) == 'x'", "InvalidQuery", "tolower"),
    ("resources | summarize count() by tags", "InvalidQuery", None),
    ("resources | order by properties.x", "InvalidQuery", None),
    ("resources | join (resources) on tags", "InvalidQuery", "("),
    ("resources | where properties.x", "InvalidQuery", None),
    ("resources | extend x = iff(name, 1, 2)", "InvalidQuery", None),
    ("resources | extend x = 9223372036854775807 + 1", "InvalidQuery", "+"),
    ("resources | extend x = 9223372036854775808", "ParserFailure", "9223372036854775808"),
    ("resources | extend x = replace_regex(name, 'a', '\\\\9')", "InvalidQuery", "replace_regex"),
    ("resources | project name, name", "InvalidQuery", None),
    ("resources | Where name == 'x'", "InvalidQueryLanguage", "Where"),
    ("resources | where name = 'x'", "ParserFailure", "="),
    ("resources name", "ParserFailure", "name"),
    ("resources | take many", "ParserFailure", "many"),
    ("resources | where ~name", "ParserFailure", "~name"),
    ("resources |" + " mv-expand zones |" * 4 + " count", "InvalidQuery", "mv"),
    ("resources | where " + "(" * 60 + "true" + ")" * 60, "InvalidQuery", "("),
    ("resources | extend x = 1" + " + 1" * 5000, "InvalidQuery", None),
    ("resources | where name == '" + "x" * 100_000 + "'", "InvalidQuery", None),
    ("  ", "InvalidQuery", None),
]


@pytest.mark.parametrize(("query", "code", "token"), REFUSED, ids=lambda value: str(value)[:40])
def test_what_is_not_evaluated_is_refused(call: Caller, query: str, code: str, token: str | None):
    problem = refused(call, query)
    assert problem["code"] == code
    assert problem.get("token") == token
    assert problem["message"]


def test_facets_and_odd_requests_are_refused(call: Caller):
    assert call("POST", GRAPH, {"query": NETWORKS, "facets": [{"expression": "x"}]}).status == 400
    assert call("POST", GRAPH, {"query": 7}).status == 400
    assert call("POST", GRAPH, {"query": NETWORKS, "subscriptions": "one"}).status == 400


def test_with_roles_enforced_a_row_is_shown_to_whoever_may_read_it(real_catalog: Catalog):
    access = Access(enforces_roles=True, signing_key=SIGNING_KEY)
    with LocalAzure.start(real_catalog, None, access=access) as azure:
        call = Caller(azure.endpoint)
        elsewhere = f"/subscriptions/{OTHER}/resourceGroups/far"
        for group, name in ((GROUP, "seen"), (elsewhere, "hidden")):
            assert call("PUT", group, {"location": "westeurope"}).status == 201
            path = f"{group}/providers/Microsoft.Network/virtualNetworks/{name}"
            body = network("10.0.0.0/16", [])
            assert call("PUT", f"{path}?api-version=2024-05-01", body).status == 201
        role = {"principalId": PRINCIPAL, "roleDefinitionId": f"/{ROLES}/roleDefinitions/{READER}"}
        path = f"/subscriptions/{SUBSCRIPTION}/{ROLES}/roleAssignments/{uuid.UUID(int=8)}"
        assert call("PUT", f"{path}?api-version=2022-04-01", {"properties": role}).status == 201
        bearer = {"Authorization": f"Bearer {azure.issue_token(PRINCIPAL)}"}
        body = {"query": f"{NETWORKS} | project name", "subscriptions": [SUBSCRIPTION, OTHER]}
        assert call("POST", GRAPH, body, bearer).body["data"] == [{"name": "seen"}]
        assert len(call("POST", GRAPH, body).body["data"]) == 2
        body["query"] = "resourcechanges | where properties.targetResourceId has 'virtualNetworks'"
        assert len(call("POST", GRAPH, body, bearer).body["data"]) == 1
        call.close()
