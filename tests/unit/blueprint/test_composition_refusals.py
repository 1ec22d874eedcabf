"""What is wrong with a blueprint is said with its place, and with what to do about it.

Each row adds to a blueprint of five lines (`BLUEPRINT`), so its first line is line 6.
"""

import pytest

from provisioner.blueprint.composition import compose
from provisioner.blueprint.environment import load_environment
from provisioner.model.diagnostic import DiagnosticError
from tests.unit.blueprint.invented_catalog import (
    BLUEPRINT,
    CATALOG,
    ENVIRONMENT,
    TENANT,
    Memory,
    composed,
)

NETWORK = """\
resources:
  net:
    type: Invented.Network/networks
    name: net
    resourceGroup: main
"""
"""Lines 6 to 10; what follows is line 11."""

REFUSALS = [
    (
        "unknown property of a body",
        NETWORK + "    propertys: {}\n",
        "blueprint.yaml:11:5: error: propertys is not a property of Invented.Network/networks. "
        "Did you mean 'properties'?",
    ),
    (
        "unknown property inside a body",
        NETWORK + "    properties:\n      addressSpaces: {}\n",
        "blueprint.yaml:12:7: error: properties.addressSpaces is not a property of "
        "Invented.Network/networks. Did you mean 'addressSpace'?",
    ),
    (
        "misspelt key of azsec's own",
        NETWORK + "    dependOn: []\n",
        "blueprint.yaml:11:5: error: dependOn is not a property of Invented.Network/networks. "
        "Did you mean 'dependsOn'?",
    ),
    (
        "wrong type",
        NETWORK + "    properties: {hops: many}\n",
        "blueprint.yaml:11:24: error: properties.hops is 'many'. Expected a whole number.",
    ),
    (
        "wrong type in a list",
        NETWORK + "    properties: {dnsServers: [10.0.0.4, 5]}\n",
        "blueprint.yaml:11:41: error: properties.dnsServers[1] is 5. Expected a text.",
    ),
    (
        "wrong type from an expression",
        NETWORK + '    properties: {hops: "${1 > 0}"}\n',
        "blueprint.yaml:11:24: error: properties.hops is True. Expected a whole number.",
    ),
    (
        "a whole number as a text",
        NETWORK + '    properties: {hops: "3"}\n',
        "blueprint.yaml:11:24: error: properties.hops is '3'. Expected a whole number. Write 3, as "
        "a number without quotes and point.",
    ),
    (
        "a whole number as a fraction",
        NETWORK + "    properties: {hops: 3.0}\n",
        "blueprint.yaml:11:24: error: properties.hops is 3.0. Expected a whole number. Write 3, as "
        "a number without quotes and point.",
    ),
    (
        "a fraction",
        NETWORK + "    properties: {hops: 3.5}\n",
        "blueprint.yaml:11:24: error: properties.hops is 3.5. Expected a whole number.",
    ),
    (
        "a whole number of more than 32 bits",
        NETWORK + "    properties: {hops: 2147483648}\n",
        "blueprint.yaml:11:24: error: properties.hops is 2147483648. Expected a whole number from "
        "-2147483648 to 2147483647.",
    ),
    (
        "one that an expression makes",
        NETWORK + '    properties: {hops: "${-2147483648 - 1}"}\n',
        "blueprint.yaml:11:24: error: properties.hops is -2147483649. Expected a whole number "
        "from -2147483648 to 2147483647.",
    ),
    (
        "a fraction of a long",
        NETWORK + "    properties: {number: 4294967295.0}\n",
        "blueprint.yaml:11:26: error: properties.number is 4294967295.0. Expected a whole number. "
        "Write 4294967295, as a number without quotes and point.",
    ),
    (
        "wrong enum",
        NETWORK + "    properties: {mode: Closd}\n",
        "blueprint.yaml:11:24: error: properties.mode is 'Closd', which Invented.Network/networks "
        "does not know. Did you mean 'Closed'?",
    ),
    (
        "read-only property",
        NETWORK + "    properties: {state: Ready}\n",
        "blueprint.yaml:11:18: error: properties.state is read-only: Azure sets it. Remove it.",
    ),
    (
        "required property left out",
        NETWORK + "  grant:\n    type: Invented.Authorization/grants\n    name: g\n"
        "    scope: ${net.id}\n    properties: {role: reader}\n",
        "blueprint.yaml:15:17: error: properties.principalId is required by "
        "Invented.Authorization/grants. Add it.",
    ),
    (
        "unknown type",
        "resources:\n  net: {type: Invented.Network/netwroks, name: net}\n",
        "blueprint.yaml:7:15: error: azsec's catalog does not have the type "
        "'Invented.Network/netwroks'. "
        "Did you mean 'Invented.Network/networks'? Else state `apiVersion:` to have "
        "it sent as it stands (docs/types.md).",
    ),
    (
        "name that Azure refuses",
        "resources:\n  net: {type: Invented.Network/networks, name: Net_1, resourceGroup: main}\n",
        "blueprint.yaml:7:48: error: 'Net_1' is not a name for a Invented.Network/networks. "
        "Expected 2 to 20 small letters, digits and hyphens.",
    ),
    (
        "name that is known too late",
        "resources:\n"
        "  id: {type: Invented.Identity/identities, name: id, resourceGroup: main}\n"
        "  net:\n    type: Invented.Network/networks\n    resourceGroup: main\n"
        "    name: ${id.properties.principalId}\n",
        "blueprint.yaml:11:11: error: the name is (known after apply: id.properties.principalId). "
        "Expected a text that is known before anything is applied.",
    ),
    (
        "no resource group",
        "resources:\n  net: {type: Invented.Network/networks, name: net}\n",
        "blueprint.yaml:7:3: error: net is in no resource group. "
        "Add `resourceGroup:` with the alias of one.",
    ),
    (
        "unknown resource group",
        "resources:\n  net: {type: Invented.Network/networks, name: net, resourceGroup: mian}\n",
        "blueprint.yaml:7:53: error: there is no resource group 'mian'. Did you mean 'main'?",
    ),
    (
        "child without a parent",
        "resources:\n  sub: {type: Invented.Network/networks/subnets, name: sub}\n",
        "blueprint.yaml:7:3: error: Invented.Network/networks/subnets needs `parent:`. "
        "Add it, with the id of Invented.Network/networks.",
    ),
    (
        "extension without a scope",
        "resources:\n  g: {type: Invented.Authorization/grants, name: g}\n",
        "blueprint.yaml:7:3: error: Invented.Authorization/grants needs `scope:`. "
        "Add it, with the id of what it is set on.",
    ),
    (
        "parent of another type",
        "resources:\n  id: {type: Invented.Identity/identities, name: id, resourceGroup: main}\n"
        "  sub:\n    type: Invented.Network/networks/subnets\n    name: sub\n"
        "    parent: ${id.id}\n",
        "blueprint.yaml:11:13: error: the parent is a Invented.Identity/identities. "
        "Expected a Invented.Network/networks.",
    ),
    (
        "parent that is not an id",
        "resources:\n  sub: {type: Invented.Network/networks/subnets, name: sub, parent: net}\n",
        "blueprint.yaml:7:69: error: `parent` is 'net'. Expected the id of a resource.",
    ),
    (
        "reference to nothing",
        NETWORK + "    properties: {mode: '${nett.id}'}\n",
        "blueprint.yaml:11:25: error: nothing here is called 'nett'. Did you mean 'net'?",
    ),
    (
        "reference to a property that does not exist",
        NETWORK + "  sub:\n    type: Invented.Network/networks/subnets\n    name: sub\n"
        "    parent: ${net.id}\n    properties:\n"
        "      addressPrefix: ${net.properties.adressSpace.addressPrefixes[0]}\n",
        "blueprint.yaml:16:22: error: net.properties.adressSpace.addressPrefixes[0] does not "
        "exist: Invented.Network/networks has no properties.adressSpace. "
        "Did you mean 'addressSpace'?",
    ),
    (
        "unknown function",
        NETWORK + "    properties: {mode: '${lowr(\"X\")}'}\n",
        "blueprint.yaml:11:25: error: there is no function 'lowr'. Did you mean 'lower'?",
    ),
    (
        "expression that cannot be read",
        NETWORK + "    properties: {mode: 'a ${1 +} b'}\n",
        "blueprint.yaml:11:27: error: the expression 'a ${1 +} b' cannot be read, at character 4: "
        "Syntax error: mismatched input '<EOF>'.",
    ),
    (
        "expression without a value",
        NETWORK + "    properties: {mode: \"${cidrhost('10.0.0.0/30', 9)}\"}\n",
        "blueprint.yaml:11:25: error: the expression \"${cidrhost('10.0.0.0/30', 9)}\" has no "
        "value: 10.0.0.0/30 holds 4 addresses; there is no 9.",
    ),
    (
        "unknown key at the top",
        "resource: {}\n",
        "blueprint.yaml:6:1: error: 'resource' is not a property of a Blueprint. "
        "Did you mean 'resources'?",
    ),
    (
        "a number where a text belongs",
        "tags: {cost: 5}\n",
        "blueprint.yaml:6:14: error: 'tags.cost' is 5, which is not a string. Quote it: \"5\".",
    ),
    (
        "unknown key in a parameter",
        "parameters:\n  a: {type: string, defualt: x}\n",
        "blueprint.yaml:7:21: error: 'parameters.a.defualt' is not a property of a Blueprint. "
        "Did you mean 'default'?",
    ),
    (
        "unknown type of a parameter",
        "parameters:\n  a: {type: strnig}\n",
        "blueprint.yaml:7:13: error: 'parameters.a.type' is 'strnig'. Expected 'string', "
        "'integer', 'number', 'boolean', 'guid', 'cidr', 'ipAddress', 'resourceId', 'list', "
        "'map', 'object' or 'any'.",
    ),
    (
        "resource without a type",
        "resources:\n  net: {name: net}\n",
        "blueprint.yaml:7:8: error: 'resources.net.type' is required. Add it.",
    ),
    (
        "parameter that is not given",
        "parameters:\n  prefix: {type: string, description: What names begin with}\n",
        "env.yaml:1:1: error: the parameter 'prefix' is not given. What names begin with. Add it.",
    ),
    (
        "default that does not fit",
        "parameters:\n  n: {type: integer, default: x}\n",
        "blueprint.yaml:7:3: error: parameter 'n' is 'x'; expected a whole number.",
    ),
    (
        "one name for two things",
        "parameters:\n  net: {type: string, default: x}\n" + NETWORK,
        "blueprint.yaml:9:3: error: 'net' is already one of the parameters. "
        "Names are shared by all sections: choose another.",
    ),
    (
        "name of azsec's own",
        "parameters:\n  environment: {type: string, default: x}\n",
        "blueprint.yaml:7:3: error: 'environment' is a name of azsec's own. Choose another.",
    ),
    (
        "name that is not a name",
        "parameters:\n  node-size: {type: string, default: x}\n",
        "blueprint.yaml:7:3: error: 'node-size' cannot be used in expressions. "
        "Use letters, digits and _, starting with a letter.",
    ),
    (
        "two resources with one id",
        NETWORK + "  other: {type: Invented.Network/networks, name: NET, resourceGroup: main}\n",
        "blueprint.yaml:11:50: error: 'NET' is not a name for a Invented.Network/networks. "
        "Expected 2 to 20 small letters, digits and hyphens.",
    ),
    (
        "the same id twice",
        NETWORK + "  other: {type: Invented.Network/networks, name: net, resourceGroup: main}\n",
        "blueprint.yaml:11:3: error: other has the id of net (blueprint.yaml:7:3): "
        "/subscriptions/bbbbbbbb-0000-0000-0000-000000000000/resourceGroups/rg-main/providers/"
        "Invented.Network/networks/net. Give it another name.",
    ),
    (
        "cycle of bodies",
        "resources:\n"
        "  a:\n    type: Invented.Network/networks\n    name: aa\n    resourceGroup: main\n"
        "    properties: {labels: {x: '${b.id}'}}\n"
        "  b:\n    type: Invented.Network/networks\n    name: bb\n    resourceGroup: main\n"
        "    properties: {labels: {x: '${a.id}'}}\n",
        "blueprint.yaml:7:3: error: these wait for each other: a (properties.labels.x) -> "
        "b (properties.labels.x) -> a. "
        "Break it: give one of them a value that does not come from the other.",
    ),
    (
        "cycle of names",
        "resources:\n"
        "  a: {type: Invented.Network/networks, name: '${b.name}', resourceGroup: main}\n"
        "  b: {type: Invented.Network/networks, name: '${a.name}', resourceGroup: main}\n",
        "blueprint.yaml:7:3: error: these wait for each other: a (its id) -> b (its id) -> a. "
        "Break it: give one of them a value that does not come from the other.",
    ),
    (
        "condition that is not a condition",
        NETWORK + "    when: ${'yes'}\n",
        "blueprint.yaml:11:11: error: the condition is 'yes'. "
        "Expected true or false, known before anything is applied.",
    ),
    (
        "loop over a number",
        NETWORK + "    forEach: ${3}\n",
        "blueprint.yaml:11:14: error: `forEach` is 3. Expected a mapping, or a list of different "
        "texts or of mappings with a name, known before anything is applied.",
    ),
    (
        "loop over the same text twice",
        NETWORK + "    forEach: [a, a]\n",
        "blueprint.yaml:11:14: error: `forEach` is ['a', 'a']. Expected a mapping, or a list of "
        "different texts or of mappings with a name, known before anything is applied.",
    ),
    (
        "dependsOn nothing",
        NETWORK + "    dependsOn: [nte]\n",
        "blueprint.yaml:11:17: error: nothing here is called 'nte'. Did you mean 'net'?",
    ),
    (
        "module that does not exist",
        "modules:\n  m: {source: modules/m.yaml}\n",
        "blueprint.yaml:7:15: error: there is no module file 'modules/m.yaml'. "
        "Check the path: it is relative to this file.",
    ),
]


def _told(act):
    with pytest.raises(DiagnosticError) as refusal:
        act()
    return str(refusal.value)


@pytest.mark.parametrize(("_id", "blueprint", "said"), REFUSALS, ids=[row[0] for row in REFUSALS])
def test_a_mistake_in_a_blueprint_is_told_with_its_place(_id, blueprint, said):
    assert _told(lambda: composed(blueprint)) == said


MODULE_REFUSALS = [
    (
        "unknown parameter",
        "modules:\n  m: {source: m.yaml, parameters: {sice: 1}}\n",
        "parameters:\n  size: {type: integer, default: 1}\n",
        "blueprint.yaml:7:42: error: there is no parameter 'sice'. Did you mean 'size'?",
    ),
    (
        "missing parameter",
        "modules:\n  m: {source: m.yaml}\n",
        "parameters:\n  size: {type: integer}\n",
        "blueprint.yaml:7:3: error: the parameter 'size' is not given. It has no default. Add it.",
    ),
    (
        "wrong parameter",
        "modules:\n  m: {source: m.yaml, parameters: {size: big}}\n",
        "parameters:\n  size: {type: integer}\n",
        "blueprint.yaml:7:42: error: parameter 'size' is 'big'; expected a whole number.",
    ),
    (
        "unknown output",
        "modules:\n  m: {source: m.yaml}\noutputs: {x: '${m.idd}'}\n",
        "outputs: {id: 1}\n",
        "blueprint.yaml:8:15: error: the module 'm' has no output 'idd'. Did you mean 'id'?",
    ),
    (
        "module that composes itself",
        "modules:\n  m: {source: m.yaml}\n",
        "modules:\n  again: {source: m.yaml}\n",
        "m.yaml:4:19: error: m.yaml composes itself. Remove the module from itself.",
    ),
    (
        "a name of the blueprint",
        "parameters:\n  prefix: {type: string, default: x}\nmodules:\n  m: {source: m.yaml}\n"
        "outputs: {x: '${m.id}'}\n",
        "outputs: {id: '${prefix}'}\n",
        "m.yaml:3:16: error: nothing here is called 'prefix'. "
        "Expected one of: each, environment, resourceGroup, resourceGroups.",
    ),
]


@pytest.mark.parametrize(
    ("_id", "blueprint", "module", "said"), MODULE_REFUSALS, ids=[r[0] for r in MODULE_REFUSALS]
)
def test_a_mistake_in_the_use_of_a_module_is_told_with_its_place(_id, blueprint, module, said):
    assert _told(lambda: composed(blueprint, m=module)) == said


def test_one_run_shows_every_mistake_in_the_order_of_the_files():
    said = _told(
        lambda: composed(
            NETWORK
            + "    properties: {mode: Closd, hops: many}\n"
            + "  other: {type: Invented.Network/nets, name: other}\n"
        )
    )
    assert [line.split(" error:")[0] for line in said.splitlines()] == [
        "blueprint.yaml:11:24:",
        "blueprint.yaml:11:37:",
        "blueprint.yaml:12:17:",
    ]


ENVIRONMENTS = [
    (
        "subscription that the environment does not give",
        ENVIRONMENT.replace("{workload:", "{worklaod:"),
        "blueprint.yaml:5:24: error: env.yaml gives no subscription 'workload'. "
        "Did you mean 'worklaod'?",
    ),
    (
        "subscription that is not a GUID",
        ENVIRONMENT.replace("bbbbbbbb-", "bbbb-"),
        "env.yaml:6:27: error: subscription 'workload' is 'bbbb-0000-0000-0000-000000000000'; "
        "expected the subscription's GUID. `az account list` prints it.",
    ),
    (
        "no subscription",
        ENVIRONMENT.partition("subscriptions")[0] + "subscriptions: {}\n",
        "env.yaml:6:1: error: no subscription is named.",
    ),
    (
        "unknown cloud",
        ENVIRONMENT + "cloud: AzureGermanCloud\n",
        "env.yaml:7:8: error: 'cloud' is 'AzureGermanCloud'. Expected 'AzureCloud', "
        "'AzureUSGovernment', 'AzureChinaCloud' or 'local'.",
    ),
    (
        "unknown key",
        ENVIRONMENT + "parameter: {}\n",
        "env.yaml:7:1: error: 'parameter' is not a property of an Environment. "
        "Did you mean 'parameters'?",
    ),
    (
        "tenant that is not a GUID",
        ENVIRONMENT.replace(TENANT, "contoso.com"),
        "env.yaml:5:11: error: 'tenantId': String should match pattern "
        "'^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'.",
    ),
    (
        "parameter that the blueprint does not have",
        ENVIRONMENT + "parameters: {prefix: x}\n",
        "env.yaml:7:22: error: there is no parameter 'prefix'. None is known here.",
    ),
]


@pytest.mark.parametrize(("_id", "text", "said"), ENVIRONMENTS, ids=[r[0] for r in ENVIRONMENTS])
def test_a_mistake_in_an_environment_is_told_with_its_place(_id, text, said):
    sources = Memory({"env.yaml": text, "blueprint.yaml": BLUEPRINT})
    assert _told(lambda: compose(load_environment("env.yaml", sources), CATALOG, sources)) == said
