"""The text of an export: what is written of values, waits, scopes, and what cannot be written."""

import json
from dataclasses import replace

import jsonschema
import pytest

from provisioner.catalog.registry import Catalog
from provisioner.export.placement import place
from provisioner.model.diagnostic import DiagnosticError
from provisioner.workflow.export import ExportFormat, export_environment
from tests.environments import ENVIRONMENTS, Bench, compose_small, load_shipped
from tests.export.bicep_compiling import compile_bicep
from tests.export.deploying import deploy

SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"
_RESOURCE = {
    "type": "object",
    "required": ["type", "apiVersion", "name"],
    "properties": {
        "type": {"type": "string", "pattern": r"^[A-Za-z.]+(/[A-Za-z]+)+$"},
        "apiVersion": {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}(-preview)?$"},
        "name": {"type": "string", "minLength": 1},
        "comments": {"type": "string"},
        "scope": {"type": "string", "pattern": "^/"},
        "dependsOn": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
    },
}
_VALUES = {"type": "object", "additionalProperties": {"type": "object", "required": ["type"]}}
SHAPE = {
    "$defs": {
        "template": {
            "type": "object",
            "required": ["$schema", "contentVersion", "resources"],
            "additionalProperties": False,
            "properties": {
                "$schema": {"type": "string"},
                "contentVersion": {"const": "1.0.0.0"},
                "metadata": {"type": "object"},
                "parameters": {**_VALUES, "maxProperties": 256},
                "outputs": {**_VALUES, "maxProperties": 64},
                "resources": {
                    "type": "array",
                    "maxItems": 800,
                    "items": {"anyOf": [{"$ref": "#/$defs/deployment"}, _RESOURCE]},
                },
            },
        },
        "deployment": {
            **_RESOURCE,
            "properties": {
                **_RESOURCE["properties"],
                "type": {"const": "Microsoft.Resources/deployments"},
                "name": {"type": "string", "pattern": r"^[\w.()-]{1,64}$"},
                "properties": {
                    "type": "object",
                    "required": ["mode", "template"],
                    "properties": {"template": {"$ref": "#/$defs/template"}},
                },
            },
        },
    },
    "$ref": "#/$defs/template",
}
"""The outer structure of a template, in words of our own, after its documentation."""

NETWORK = """
vnet:
  type: Microsoft.Network/virtualNetworks
  name: vnet
  resourceGroup: main
  tags: {note: "%s"}
  properties: {addressSpace: {addressPrefixes: [10.0.0.0/16]}}
"""
IDENTITY = """
identity:
  type: Microsoft.ManagedIdentity/userAssignedIdentities
  name: id-main
  resourceGroup: main
"""


def template_of(resources: str, catalog: Catalog) -> dict:
    files = export_environment(compose_small(resources, catalog), catalog, ExportFormat.ARM)
    return json.loads(files["main.json"])


def inner(template: dict, number: int = -1) -> list[dict]:
    return template["resources"][number]["properties"]["template"]["resources"]


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.stem)
def test_a_template_has_the_documented_shape(catalog: Catalog, path):
    files = export_environment(load_shipped(path.stem, catalog), catalog, ExportFormat.ARM)
    template = json.loads(files["main.json"])
    jsonschema.Draft202012Validator(SHAPE).validate(template)
    assert "azsec-" not in files["main.json"]
    ids = {r["name"] for r in template["resources"]}
    assert len(ids) == len(template["resources"])


def said(template: dict) -> dict[str, dict]:
    """Return what the nested templates of one say, with all that each resource comes after."""
    found = {}
    for deployment in template["resources"]:
        known: dict[str, set[str]] = {}
        inside = deployment["properties"]["template"]
        ids = {_id_of(deployment, resource): resource for resource in inside["resources"]}

        def after(key: str, ids=ids, known=known) -> set[str]:
            if key not in known:
                direct = set(ids[key].get("dependsOn", []))
                known[key] = direct.union(*(after(on) for on in direct))
            return known[key]

        for key, resource in ids.items():
            body = {k: v for k, v in resource.items() if k not in ("comments", "dependsOn")}
            found[key] = {"body": body, "after": after(key)}
        found[deployment["name"]] = {
            "parameters": deployment["properties"].get("parameters") or {},
            "outputs": inside.get("outputs") or {},
        }
    return found


def _id_of(deployment: dict, resource: dict) -> str:
    if resource["type"] == "Microsoft.Resources/resourceGroups":
        return f"/subscriptions/{deployment['subscriptionId']}/resourceGroups/{resource['name']}"
    group = f"/subscriptions/{deployment['subscriptionId']}"
    if "resourceGroup" in deployment:
        group += f"/resourceGroups/{deployment['resourceGroup']}"
    namespace, *kinds = resource["type"].split("/")
    names = resource["name"].split("/")
    tail = "/".join(f"{kind}/{name}" for kind, name in zip(kinds, names, strict=True))
    return f"{resource.get('scope', group)}/providers/{namespace}/{tail}"


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.stem)
def test_bicep_says_what_arm_says(catalog: Catalog, path):
    desired = load_shipped(path.stem, catalog)
    files = export_environment(desired, catalog, ExportFormat.BICEP)
    assert not any("azsec-" in text for text in files.values())
    arm = json.loads(export_environment(desired, catalog, ExportFormat.ARM)["main.json"])
    bicep = compile_bicep(files, next(iter(desired.environment.subscriptions.values())))
    assert said(bicep) == said(arm)
    assert bicep["outputs"] == arm["outputs"]


# Each text, and why it could go wrong.
TEXTS = [
    pytest.param("[concat('a')]", id="an expression of ARM"),
    pytest.param("[a] b", id="a bracket that closes early"),
    pytest.param("[[a]", id="two brackets"),
    pytest.param("it's", id="a quote"),
    pytest.param("$${x}", id="an interpolation of Bicep"),
    pytest.param(r"a\\b", id="a backslash"),
    pytest.param(r"one\ntwo\ttabs", id="several lines"),
    pytest.param("a ' ${'b'} '' c", id="quotes around an expression"),
    pytest.param("ü €", id="what is not ASCII"),
]


@pytest.mark.parametrize("form", ExportFormat)
@pytest.mark.parametrize("text", TEXTS)
def test_texts_arrive_as_they_are(bench: Bench, catalog: Catalog, text, form):
    desired = compose_small(NETWORK % text, catalog)
    files = export_environment(desired, catalog, form)
    if form is ExportFormat.ARM:
        template = json.loads(files["main.json"])
    else:
        template = compile_bicep(files, SUBSCRIPTION)
    deploy(bench.server.endpoint, SUBSCRIPTION, template)

    expected = desired.graph.resources["vnet"].body["tags"]["note"]
    assert bench.body_of("vnet")["tags"] == {"note": expected}


def test_writes_to_one_network_are_put_in_a_row(catalog: Catalog):
    subnets = "".join(
        f"{name}:\n  type: Microsoft.Network/virtualNetworks/subnets\n  name: {name}\n"
        f"  parent: ${{vnet.id}}\n  properties: {{addressPrefix: 10.0.{i}.0/24}}\n"
        for i, name in enumerate(["one", "two", "three"])
    )
    resources = inner(template_of(NETWORK % "" + subnets, catalog))
    waits = {r["name"]: [on.rpartition("/")[2] for on in r.get("dependsOn", [])] for r in resources}
    assert waits == {
        "vnet": [],
        "vnet/one": ["vnet"],
        "vnet/three": ["one"],
        "vnet/two": ["three"],
    }


TERMS = [
    pytest.param(
        "${identity.properties.principalId}",
        "[reference('ID', '2024-11-30').principalId]",
        "identity.properties.principalId",
        id="a property",
    ),
    pytest.param(
        "a-${identity.properties.clientId}-'b'",
        "[concat('a-', string(reference('ID', '2024-11-30').clientId), '-''b''')]",
        r"'a-${identity.properties.clientId}-\'b\''",
        id="a text around a property",
    ),
    pytest.param(
        '${lower(identity.properties.clientId.replace("-", ""))}',
        None,
        None,
        id="a method that templates do not have",
    ),
    pytest.param(
        '${replace(lower(identity.properties.clientId), "-", "_")}',
        "[replace(toLower(reference('ID', '2024-11-30').clientId), '-', '_')]",
        "replace(toLower(identity.properties.clientId), '-', '_')",
        id="functions that both have",
    ),
    pytest.param(
        '${environment.name == "test" ? identity.properties.clientId : ""}',
        "[reference('ID', '2024-11-30').clientId]",
        "identity.properties.clientId",
        id="a choice that is made by now",
    ),
    pytest.param(
        '${identity.properties.clientId == "a" ? "b" : "c"}', None, None, id="a choice that is not"
    ),
    pytest.param("${size(identity.properties.clientId) > 3}", None, None, id="a size"),
]


@pytest.mark.parametrize(("text", "arm", "bicep"), TERMS)
def test_what_is_known_after_apply(catalog: Catalog, text, arm, bicep):
    resources = IDENTITY + (NETWORK % "").replace('note: ""', f"note: {json.dumps(text)}")
    desired = compose_small(resources, catalog)
    if arm is None:
        with pytest.raises(DiagnosticError) as refused:
            export_environment(desired, catalog, ExportFormat.ARM)
        (told,) = refused.value.diagnostics
        assert told.code == "not-exportable"
        assert "vnet: " in told.message
        assert told.span is not None
        return
    template = template_of(resources, catalog)
    network = next(r for r in inner(template) if r["name"] == "vnet")
    identity = desired.graph.resources["identity"].id.text
    assert network["tags"]["note"] == arm.replace("ID", identity)
    (module,) = (
        text
        for name, text in export_environment(desired, catalog, ExportFormat.BICEP).items()
        if name == "modules/rg-main.bicep"
    )
    assert f"note: {bicep}\n" in module


SHARED = """
hub:
  type: Microsoft.Network/azureFirewalls
  name: afw
  resourceGroup: main
  existing: true
"""
ROUTES = """
routes:
  type: Microsoft.Network/routeTables
  name: rt
  resourceGroup: main
  properties:
    routes:
      - name: out
        properties:
          addressPrefix: 0.0.0.0/0
          nextHopType: VirtualAppliance
          nextHopIpAddress: ${hub.properties.ipConfigurations[0].properties.privateIPAddress}
"""


def test_what_others_manage_is_read_and_not_written(catalog: Catalog):
    desired = compose_small(SHARED + ROUTES, catalog)
    (routes,) = [r for r in inner(template_of(SHARED + ROUTES, catalog)) if r["name"] == "rt"]
    hop = routes["properties"]["routes"][0]["properties"]["nextHopIpAddress"]
    firewall = desired.graph.resources["hub"]
    assert hop == (
        f"[reference('{firewall.id}', '{firewall.type.api_version}')"
        ".ipConfigurations[0].properties.privateIPAddress]"
    )
    files = export_environment(desired, catalog, ExportFormat.BICEP)
    module = files["modules/rg-main.bicep"]
    assert "resource hub 'Microsoft.Network/azureFirewalls@2026-03-01' existing = {" in module
    assert "hub.properties.ipConfigurations[0].properties.privateIPAddress" in module
    compiled = compile_bicep(files, SUBSCRIPTION)
    assert [r["name"] for r in inner(compiled)] == ["rt"]


LOCKED = """
lock:
  type: Microsoft.Authorization/locks
  name: keep
  scope: %s
  properties: {level: CanNotDelete}
"""


def test_a_scope_that_azsec_does_not_know(catalog: Catalog):
    search = "/providers/Microsoft.Search/searchServices/logs"
    resources = LOCKED % f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-logs{search}"
    template = template_of(resources, catalog)
    (lock,) = [r for i in (0, 1) for r in inner(template, i) if r["name"] == "keep"]
    assert lock["scope"].endswith(search)
    with pytest.raises(DiagnosticError, match="Use --output arm"):
        export_environment(compose_small(resources, catalog), catalog, ExportFormat.BICEP)


def test_what_stands_above_subscriptions_is_refused(catalog: Catalog):
    group = "/providers/Microsoft.Management/managementGroups/corp"
    with pytest.raises(DiagnosticError, match=f"lock is at {group}"):
        template_of(LOCKED % group, catalog)


def test_many_resources_are_several_deployments(catalog: Catalog):
    (identity,) = [r for r in compose_small(IDENTITY, catalog).graph if r.address == "identity"]
    many = [
        replace(identity, address=f"id[{i}]", id=replace(identity.id, names=(f"id-{i}",)))
        for i in range(1601)
    ]
    waits = {one.address: frozenset(o.address for o in many[:i]) for i, one in enumerate(many)}
    placed = place(many, waits, "test", {})
    assert [len(one.resources) for one in placed] == [800, 800, 1]
    assert [one.name for one in placed] == ["rg-main", "rg-main-2", "rg-main-3"]


def test_names_of_deployments(catalog: Catalog):
    (group,) = [r for r in compose_small(IDENTITY, catalog).graph if r.id.is_container]
    long = "rg-" + "n" * 87
    (identity,) = [r for r in compose_small(IDENTITY, catalog).graph if r.address == "identity"]
    scopes = [replace(group.id, names=(name,)) for name in (f"{long}a", f"{long}b", "rg(ü)")]
    placed = place(
        [replace(identity, address=s.name, id=replace(identity.id, scope=s)) for s in scopes],
        {s.name: frozenset() for s in scopes},
        "test",
        {},
    )
    names = [one.name for one in placed]
    assert len(set(names)) == 3
    assert [len(name) <= 64 for name in names] == [True] * 3
    assert names[2] == "rg-"
