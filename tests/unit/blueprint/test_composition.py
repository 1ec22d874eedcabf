"""A blueprint becomes a graph: resources at addresses, with ids, bodies and reasons to wait."""

import pytest

from provisioner.blueprint.composition import compose
from provisioner.blueprint.environment import load_environment
from provisioner.blueprint.graph import Edge
from provisioner.model.values import Unknown
from tests.unit.blueprint.invented_catalog import (
    BLUEPRINT,
    CATALOG,
    ENVIRONMENT,
    GROUP,
    TENANT,
    WORKLOAD,
    Memory,
    composed,
    section,
)

NETWORK = section(
    "resources",
    """
    net:
      type: Invented.Network/networks
      name: net
      resourceGroup: main
      properties: {addressSpace: {addressPrefixes: [10.0.0.0/16]}}
    """,
)


def _properties(graph, address):
    return graph.resources[address].body["properties"]


def _edges(graph, address):
    return {edge.on: edge.because for edge in graph.resources[address].edges}


def test_an_id_follows_from_the_files_alone():
    graph = composed(NETWORK)
    assert graph.resources["net"].id.text == f"{GROUP}/providers/Invented.Network/networks/net"
    assert graph.resources["resourceGroups.main"].id.text == GROUP


def test_a_resource_waits_for_its_group_and_has_the_groups_location():
    graph = composed(NETWORK)
    assert _edges(graph, "net") == {"resourceGroups.main": "resource group"}
    assert graph.resources["net"].body["location"] == "westeurope"


def test_a_location_of_its_own_counts():
    graph = composed(NETWORK + "    location: global\n")
    assert graph.resources["net"].body["location"] == "global"


def test_a_child_stands_in_its_parent_and_has_no_location():
    graph = composed(
        NETWORK
        + "  sub:\n    type: Invented.Network/networks/subnets\n    name: nodes\n"
        + "    parent: ${net.id}\n"
        + "    properties: {addressPrefix: '${cidrsubnet(\"10.0.0.0/16\", 8, 1)}'}\n"
    )
    sub = graph.resources["sub"]
    assert sub.id.text == f"{GROUP}/providers/Invented.Network/networks/net/subnets/nodes"
    assert sub.body == {"properties": {"addressPrefix": "10.0.1.0/24"}}
    assert _edges(graph, "sub")["net"] == "parent"


def test_an_extension_stands_on_its_scope_and_its_name_is_the_same_every_time():
    text = NETWORK + (
        "  grant:\n    type: Invented.Authorization/grants\n"
        "    name: '${guid(net.id, \"reader\")}'\n    scope: ${net.id}\n"
        "    properties: {principalId: p}\n"
    )
    one, other = composed(text), composed(text)
    assert one.resources["grant"].id == other.resources["grant"].id
    assert one.resources["grant"].id.text.startswith(
        f"{GROUP}/providers/Invented.Network/networks/net/providers/Invented.Authorization/grants/"
    )


def test_an_edge_names_the_property_that_refers():
    graph = composed(
        NETWORK
        + "  other:\n    type: Invented.Network/networks\n    name: other\n"
        + "    resourceGroup: main\n    properties: {labels: {peer: '${net.name}'}}\n"
    )
    assert graph.resources["other"].edges == (
        Edge("net", "properties.labels.peer"),
        Edge("resourceGroups.main", "resource group"),
    )
    assert [r.address for r in graph.ordered] == ["resourceGroups.main", "net", "other"]


def test_an_id_written_out_by_hand_is_an_edge_too():
    graph = composed(
        NETWORK
        + "  other:\n    type: Invented.Network/networks\n    name: other\n"
        + f"    resourceGroup: main\n    properties: {{labels: {{peer: {GROUP.upper()}/providers/"
        + "Invented.Network/networks/NET}}\n"
    )
    assert _edges(graph, "other")["net"] == "properties.labels.peer"


def test_depends_on_is_an_edge_without_a_reference():
    graph = composed(
        NETWORK
        + "  other:\n    type: Invented.Network/networks\n    name: other\n"
        + "    resourceGroup: main\n    dependsOn: [net]\n"
    )
    assert _edges(graph, "other")["net"] == "dependsOn"


def test_what_azure_will_write_is_unknown_and_says_what_it_is():
    graph = composed(
        NETWORK
        + "  id: {type: Invented.Identity/identities, name: id, resourceGroup: main}\n"
        + "  grant:\n    type: Invented.Authorization/grants\n    name: g\n"
        + "    scope: ${net.id}\n    properties: {principalId: '${id.properties.principalId}'}\n"
    )
    principal = _properties(graph, "grant")["principalId"]
    assert isinstance(principal, Unknown)
    assert str(principal) == "(known after apply: id.properties.principalId)"
    assert _edges(graph, "grant")["id"] == "properties.principalId"


def test_a_null_from_an_expression_leaves_the_property_out():
    graph = composed(
        NETWORK
        + "  other:\n    type: Invented.Network/networks\n    name: other\n"
        + "    resourceGroup: main\n"
        + "    properties: {mode: '${1 > 2 ? \"Open\" : null}', hops: 1}\n"
    )
    assert _properties(graph, "other") == {"hops": 1}


def test_files_may_be_written_in_any_order():
    graph = composed(
        section(
            "resources",
            """
            a:
              type: Invented.Network/networks
              name: aa
              resourceGroup: main
              properties: {labels: {of: "${b.properties.labels.of}"}}
            b:
              type: Invented.Network/networks
              name: bb
              resourceGroup: main
              properties: {labels: {of: "${prefix}"}}
            """,
        )
        + section("parameters", "prefix: {type: string, default: contoso}")
    )
    assert _properties(graph, "a") == {"labels": {"of": "contoso"}}


def test_two_resources_may_read_each_other_as_long_as_no_value_goes_round():
    """`a` reads what `b` says of itself; nothing of `a` is needed for that."""
    graph = composed(
        section(
            "resources",
            """
            a:
              type: Invented.Network/networks
              name: aa
              resourceGroup: main
              properties: {labels: {of: "${b.name}"}}
            b: {type: Invented.Network/networks, name: bb, resourceGroup: main}
            """,
        )
    )
    assert [r.address for r in graph.ordered][-1] == "a"


def test_an_environment_says_where_it_is():
    graph = composed(
        section(
            "outputs",
            """
            name: ${environment.name}
            cloud: ${environment.cloud}
            tenant: ${environment.tenantId}
            workload: ${environment.subscriptions.workload}
            """,
        )
    )
    assert graph.outputs == {
        "name": "test",
        "cloud": "AzureCloud",
        "tenant": TENANT,
        "workload": WORKLOAD,
    }


def test_local_is_the_public_cloud_to_a_blueprint():
    files = {
        "env.yaml": ENVIRONMENT + "cloud: local\n",
        "blueprint.yaml": BLUEPRINT + "outputs: {cloud: '${environment.cloud}'}\n",
    }
    sources = Memory(files)
    graph = compose(load_environment("env.yaml", sources), CATALOG, sources)
    assert graph.outputs == {"cloud": "AzureCloud"}


# when, forEach, existing


@pytest.mark.parametrize(("condition", "stands"), [("true", True), ("${size('') > 0}", False)])
def test_when_includes_a_resource_or_leaves_it_out(condition, stands):
    assert ("net" in composed(NETWORK + f"    when: {condition}\n").resources) is stands


def test_what_was_left_out_reads_as_null():
    graph = composed(
        NETWORK + "    when: false\n" + "outputs: {there: '${net != null ? net.id : \"none\"}'}\n"
    )
    assert graph.outputs == {"there": "none"}


LOOPS = [
    ("[blue, green]", ["net[blue]", "net[green]"], "texts"),
    ("{b: 1, a: 2}", ["net[a]", "net[b]"], "a mapping, in the order of its keys"),
    ("[{name: x, n: 1}, {name: y, n: 2}]", ["net[x]", "net[y]"], "mappings with a name"),
    ("[]", [], "nothing"),
]


@pytest.mark.parametrize(("loop", "addresses", "_reason"), LOOPS, ids=[row[2] for row in LOOPS])
def test_for_each_repeats_a_resource(loop, addresses, _reason):
    graph = composed(
        section(
            "resources",
            f"""
            net:
              type: Invented.Network/networks
              forEach: {loop}
              name: net-${{each.key}}
              resourceGroup: main
            """,
        )
    )
    assert [address for address in graph.resources if address.startswith("net")] == addresses


def test_an_entry_of_a_loop_is_read_by_its_key():
    graph = composed(
        section(
            "resources",
            """
            net:
              type: Invented.Network/networks
              forEach: {blue: 10.0.0.0/16, green: 10.1.0.0/16}
              name: net-${each.key}
              resourceGroup: main
              properties: {addressSpace: {addressPrefixes: ["${each.value}"]}}
            sub:
              type: Invented.Network/networks/subnets
              name: sub
              parent: ${net["green"].id}
              properties: {addressPrefix: 10.1.1.0/24}
            """,
        )
    )
    assert _edges(graph, "sub")["net[green]"] == "parent"
    assert "net[blue]" not in _edges(graph, "sub")


def test_an_entry_of_a_loop_waits_for_what_it_reads_and_not_for_the_others():
    graph = composed(
        section(
            "resources",
            """
            a: {type: Invented.Network/networks, name: aa, resourceGroup: main}
            b: {type: Invented.Network/networks, name: bb, resourceGroup: main}
            grant:
              type: Invented.Authorization/grants
              forEach: {one: "${a.id}", two: "${b.id}"}
              name: ${each.key}
              scope: ${each.value}
              properties: {principalId: p}
            """,
        )
    )
    assert _edges(graph, "grant[one]") == {"a": "scope", "resourceGroups.main": "scope"}
    assert _edges(graph, "grant[two]") == {"b": "scope", "resourceGroups.main": "scope"}


def test_the_key_of_an_entry_is_nothing_to_wait_for():
    graph = composed(
        section(
            "resources",
            """
            a: {type: Invented.Network/networks, name: aa, resourceGroup: main}
            net:
              type: Invented.Network/networks
              forEach: '${{"x": a.id}}'
              name: net-${each.key}
              resourceGroup: main
              properties: {labels: {peer: "${each.value}"}}
            """,
        )
    )
    assert _edges(graph, "net[x]")["a"] == "properties.labels.peer"


def test_what_exists_is_read_and_never_managed():
    graph = composed(NETWORK + "    existing: true\noutputs: {id: '${net.id}'}\n")
    assert not graph.resources["net"].managed
    assert graph.outputs["id"] == graph.resources["net"].id.text


# Modules

MODULE = section("parameters", "size: {type: integer, default: 1}") + section(
    "resources",
    """
    net:
      type: Invented.Network/networks
      name: net-${size}
      properties: {hops: "${size}"}
    """,
)


def test_a_module_stands_in_the_group_of_its_call_below_its_address():
    graph = composed(
        section("modules", "hub: {source: m.yaml, resourceGroup: main, parameters: {size: 3}}"),
        m=MODULE,
    )
    assert _properties(graph, "hub.net") == {"hops": 3}
    assert _edges(graph, "hub.net") == {"resourceGroups.main": "resource group"}


def test_a_module_can_be_repeated_and_left_out():
    graph = composed(
        section(
            "modules",
            """
            many:
              source: m.yaml
              resourceGroup: main
              forEach: {a: 1, b: 2}
              parameters: {size: "${each.value}"}
            none: {source: m.yaml, resourceGroup: main, when: false}
            """,
        ),
        m=MODULE,
    )
    assert list(graph.resources) == ["many[a].net", "many[b].net", "resourceGroups.main"]


def test_an_output_carries_its_edges_into_the_file_that_reads_it():
    graph = composed(
        section(
            "modules",
            """
            hub: {source: m.yaml, resourceGroup: main}
            """,
        )
        + section(
            "resources",
            """
            other:
              type: Invented.Network/networks
              name: other
              resourceGroup: main
              properties: {labels: {hub: "${hub.id}"}}
            """,
        ),
        m=MODULE + "outputs: {id: '${net.id}'}\n",
    )
    assert _edges(graph, "other")["hub.net"] == "properties.labels.hub"


def test_a_parameter_carries_its_edges_into_the_module():
    graph = composed(
        NETWORK
        + section(
            "modules",
            "child: {source: m.yaml, parameters: {parent: '${net.id}'}}",
        ),
        m=section("parameters", "parent: {type: resourceId}")
        + section(
            "resources",
            """
            sub:
              type: Invented.Network/networks/subnets
              name: sub
              parent: ${parent}
              properties: {addressPrefix: 10.0.1.0/24}
            """,
        ),
    )
    assert _edges(graph, "child.sub")["net"] == "parent"


def test_depends_on_a_module_waits_for_all_of_it():
    graph = composed(
        NETWORK
        + "    dependsOn: [hub]\n"
        + section("modules", "hub: {source: m.yaml, resourceGroup: main}"),
        m=MODULE,
    )
    assert _edges(graph, "net")["hub.net"] == "dependsOn"


def test_modules_compose_modules_with_paths_of_their_own():
    sources = Memory(
        {
            "env.yaml": ENVIRONMENT,
            "blueprint.yaml": BLUEPRINT
            + section("modules", "top: {source: modules/top.yaml, resourceGroup: main}"),
            "modules/top.yaml": "apiVersion: azsec/v1\nkind: Module\n"
            + section("modules", "low: {source: low.yaml}"),
            "modules/low.yaml": "apiVersion: azsec/v1\nkind: Module\n" + MODULE,
        }
    )
    graph = compose(load_environment("env.yaml", sources), CATALOG, sources)
    assert "top.low.net" in graph.resources


# Ownership


def test_a_resource_says_which_environment_made_it_and_where_it_stands():
    tags = composed(NETWORK).resources["net"].body["tags"]
    assert (tags["azsec-environment"], tags["azsec-address"]) == ("test", "net")
    assert sorted(tags) == ["azsec-address", "azsec-environment", "azsec-mark", "azsec-owner"]


def test_tags_of_the_blueprint_are_on_everything_and_a_resources_own_count():
    graph = composed(
        "tags: {team: '${team}', tier: gold}\n"
        + section("parameters", "team: {type: string, default: platform}")
        + NETWORK
        + "    tags: {tier: silver}\n"
    )
    group = graph.resources["resourceGroups.main"].body["tags"]
    assert group["team"] == "platform"
    assert group["tier"] == "gold"
    assert graph.resources["net"].body["tags"]["tier"] == "silver"


def test_what_cannot_carry_tags_is_vouched_for_by_what_it_stands_in():
    graph = composed(
        NETWORK
        + "  sub:\n    type: Invented.Network/networks/subnets\n    name: sub\n"
        + "    parent: ${net.id}\n    properties: {addressPrefix: 10.0.1.0/24}\n"
        + "  grant:\n    type: Invented.Authorization/grants\n    name: g\n"
        + "    scope: ${sub.id}\n    properties: {principalId: p}\n"
    )
    below = graph.resources["net"].body["tags"]["azsec-below"].split(".")
    assert len(below) == 2
    assert "tags" not in graph.resources["sub"].body
    assert "azsec-below" not in graph.resources["resourceGroups.main"].body["tags"]


def test_what_exists_is_not_tagged_and_the_next_one_above_vouches():
    graph = composed(
        NETWORK
        + "    existing: true\n"
        + "  sub:\n    type: Invented.Network/networks/subnets\n    name: sub\n"
        + "    parent: ${net.id}\n    properties: {addressPrefix: 10.0.1.0/24}\n"
    )
    assert "tags" not in graph.resources["net"].body
    assert "azsec-below" in graph.resources["resourceGroups.main"].body["tags"]
