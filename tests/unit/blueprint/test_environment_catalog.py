"""Types that the catalog lacks, and api versions that files state: what is taken, what refused."""

import pytest

from provisioner.blueprint.memory_files import MemoryFiles
from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import Scope, Tier
from provisioner.model.diagnostic import DiagnosticError
from provisioner.workflow.plan import Desired, load_desired
from tests.environments import BLUEPRINT, ENVIRONMENT, TODAY, compose_small

BAR = """\
bar:
  type: Fabrikam.Foo/bars
  apiVersion: 2024-05-01-Preview
  resourceGroup: main
  name: one
  location: westeurope
  properties: {anything: {goes: [1, {x: null}]}}
"""
GROUP = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-main"


def refusal(resources: str, catalog: Catalog) -> str:
    with pytest.raises(DiagnosticError) as refused:
        compose_small(resources, catalog)
    return str(refused.value)


def load(environment: str, resources: str, catalog: Catalog) -> Desired:
    indented = "".join(f"  {line}\n" for line in resources.splitlines())
    files = {
        "environment.yaml": ENVIRONMENT + environment,
        "blueprint.yaml": BLUEPRINT + (indented or "  {}\n"),
    }
    return load_desired("environment.yaml", catalog, MemoryFiles(files), TODAY)


def test_a_raw_type_is_what_its_name_and_its_body_say(catalog: Catalog) -> None:
    desired = compose_small(BAR, catalog)
    bar = desired.graph.resources["bar"]
    assert (bar.type.tier, bar.type.api_version) == (Tier.RAW, "2024-05-01-preview")
    assert bar.id.text == f"{GROUP}/providers/Fabrikam.Foo/bars/one"
    assert bar.body["location"] == "westeurope"
    assert "azsec-mark" in bar.body["tags"]
    assert desired.catalog.find("fabrikam.foo/BARS") is bar.type
    assert catalog.find("Fabrikam.Foo/bars") is None


def test_what_states_no_location_and_no_tags_is_marked_on_what_it_stands_in(
    catalog: Catalog,
) -> None:
    desired = compose_small(BAR.replace("  location: westeurope\n", ""), catalog)
    assert "tags" not in desired.graph.resources["bar"].body
    assert "location" not in desired.graph.resources["bar"].body
    group = desired.graph.resources["resourceGroups.main"]
    assert any(name.startswith("azsec-below") for name in group.body["tags"])


def test_children_and_extension_resources_stand_where_they_say(catalog: Catalog) -> None:
    desired = compose_small(
        BAR
        + """\
door:
  type: fabrikam.foo/Bars/doors
  apiVersion: 2024-05-01-preview
  parent: ${bar.id}
  name: front
  properties: {opens: "${bar.properties.hours}"}
elsewhere:
  type: Fabrikam.Foo/rooms/doors
  apiVersion: 2023-01-01
  parent: ${resourceGroups.main.id + "/providers/Fabrikam.Foo/rooms/r"}
  name: back
  existing: true
guard:
  type: Fabrikam.Guards/guards
  apiVersion: 2024-01-01
  scope: ${bar.id}
  name: g
  properties: {door: "${door.id}"}
wide:
  type: Fabrikam.Guards/guards
  apiVersion: 2024-01-01
  scope: /subscriptions/11111111-1111-1111-1111-111111111111
  name: all
  properties: {}
""",
        catalog,
    )
    placed = {resource.address: resource for resource in desired.graph}
    assert placed["door"].id.text == f"{GROUP}/providers/fabrikam.foo/Bars/one/doors/front"
    assert placed["guard"].id.scope == placed["bar"].id
    assert placed["guard"].type.scope is Scope.EXTENSION
    assert placed["wide"].id.scope.type == "subscriptions"
    order = [resource.address for resource in desired.graph.ordered]
    assert order.index("bar") < order.index("door") < order.index("guard")


@pytest.mark.parametrize(
    ("resource", "told"),
    [
        pytest.param(
            BAR.replace("Fabrikam.Foo/bars", "bars"),
            "blueprint.yaml:8:5: error: 'bars' is not the name of a type. Expected a namespace",
            id="a type without a namespace",
        ),
        pytest.param(
            BAR.replace("  apiVersion: 2024-05-01-Preview\n", "").replace(
                "Fabrikam.Foo/bars", "Network/virtualNetworks"
            ),
            "'Network/virtualNetworks' is not the name of a type",
            id="a namespace without a dot, and no version",
        ),
        pytest.param(
            BAR.replace("2024-05-01-Preview", "May 2024"),
            "blueprint.yaml:9:17: error: `apiVersion` is 'May 2024'. Expected a day",
            id="a version that is not a day",
        ),
        pytest.param(
            BAR.replace("2024-05-01-Preview", "${bar.version}"),
            "An expression has no place here.",
            id="a version that is an expression",
        ),
        pytest.param(
            BAR.replace("2024-05-01-Preview", "2024"),
            "'resources.bar.apiVersion' is 2024, which is not a string. Quote it",
            id="a version that is a number",
        ),
        pytest.param(
            BAR.replace("  apiVersion: 2024-05-01-Preview\n", ""),
            "error: azsec's catalog does not have the type 'Fabrikam.Foo/bars'. State "
            "`apiVersion:` to have it sent as it stands (docs/types.md).",
            id="no tier at all: nothing unrelated is proposed",
        ),
        pytest.param(
            BAR.replace("  apiVersion: 2024-05-01-Preview\n", "").replace(
                "Fabrikam.Foo/bars", "Microsoft.Network/virtualNetwork"
            ),
            "Did you mean 'Microsoft.Network/virtualNetworks'? Else install the package that has "
            "its models (pip install azure-mgmt-network), or state `apiVersion:`",
            id="a letter is missing",
        ),
        pytest.param(
            BAR + "\ntwo:\n  type: fabrikam.foo/bars\n  apiVersion: 2023-01-01\n  "
            "resourceGroup: main\n  name: two\n",
            "error: `apiVersion` of fabrikam.foo/bars is 2023-01-01, and 2024-05-01-preview at "
            "blueprint.yaml:9:17. State one",
            id="two versions of one type",
        ),
        pytest.param(
            BAR + "  id: /subscriptions/s\n",
            "error: id is read-only: Azure sets it. Remove it.",
            id="a body with an id",
        ),
        pytest.param(
            BAR.replace("properties: {", "properties: {provisioningState: Succeeded, "),
            "properties.provisioningState is read-only: Azure sets it",
            id="a state",
        ),
        pytest.param(
            BAR.replace("properties: {", "properties: {adminPassword: hunter2hunter2, "),
            "properties.adminPassword is a secret, and no file may hold one.",
            id="a secret by its name",
        ),
        pytest.param(
            BAR.replace("properties: {", "properties: {anythinG: 1, "),
            "is 'anythinG' in a different case",
            id="a name twice, but for its case",
        ),
        pytest.param(
            BAR.replace("name: one", "name: a/b"), "'a/b' is not a name for a", id="a name with a /"
        ),
        pytest.param(
            BAR.replace("  resourceGroup: main\n", ""),
            "bar is in no resource group. Add `resourceGroup:`",
            id="nowhere",
        ),
        pytest.param(
            BAR.replace("resourceGroup: main", "scope: /"),
            "bar is at the tenant, above the environment's subscriptions.",
            id="the tenant as a scope",
        ),
        pytest.param(
            BAR.replace("Foo/bars", "Foo/bars/doors"),
            "Fabrikam.Foo/bars/doors needs `parent:`. Add it, with the id of Fabrikam.Foo/bars.",
            id="a child without its parent",
        ),
        pytest.param(
            BAR.replace("Foo/bars", "Foo/bars/doors").replace(
                "resourceGroup: main", f"parent: {GROUP}/providers/Fabrikam.Foo/pubs/p"
            ),
            "the parent is a Fabrikam.Foo/pubs. Expected a Fabrikam.Foo/bars.",
            id="a parent of another type",
        ),
    ],
)
def test_what_no_tier_takes_is_told_with_its_place(
    resource: str, told: str, catalog: Catalog
) -> None:
    assert told in refusal(resource, catalog)


def test_a_known_type_keeps_its_facts_in_the_version_that_is_stated(catalog: Catalog) -> None:
    desired = compose_small(
        """\
asg:
  type: Microsoft.Network/applicationSecurityGroups
  apiVersion: 2024-05-01
  resourceGroup: main
  name: asg
""",
        catalog,
    )
    asg = desired.graph.resources["asg"]
    assert (asg.type.tier, asg.type.api_version) == (Tier.KNOWN, "2024-05-01")
    assert asg.type.fields == catalog.get(asg.type.name).fields


def test_an_environment_states_versions_for_all_resources_of_a_type(catalog: Catalog) -> None:
    without = BAR.replace("  apiVersion: 2024-05-01-Preview\n", "")
    desired = load("types: {Fabrikam.Foo/bars: 2025-01-01}\n", without, catalog)
    assert desired.graph.resources["bar"].type.api_version == "2025-01-01"
    left = load("types: {Fabrikam.Foo/bars: 2025-01-01}\n", "", catalog).catalog
    assert left.get("Fabrikam.Foo/bars").taggable

    for wrong, told in {
        "types: {Fabrikam.Foo/bars: 2025-01-02}\n": "`apiVersion` of Fabrikam.Foo/bars is 2025",
        "types: {bars: 2025-01-02}\n": "environment.yaml:11:9: error: 'bars' is not the name of",
        "types: {Fabrikam.Foo/bars: soon}\n": "`types.Fabrikam.Foo/bars` is 'soon'. Expected a day",
    }.items():
        with pytest.raises(DiagnosticError) as refused:
            load(wrong, BAR, catalog)
        assert told in str(refused.value)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        pytest.param("Microsoft.Resources/deployments", "deploys the resources", id="a template"),
        pytest.param("microsoft.resources/DEPLOYMENTS", "deploys the resources", id="any case"),
        pytest.param("Microsoft.Resources/deploymentStacks", "deploys the resources", id="a stack"),
        pytest.param("Microsoft.Resources/tags", "State the tags in the resource", id="tags"),
        pytest.param("Microsoft.Resources/deploymentScripts", "runs a script", id="a script"),
    ],
)
def test_what_writes_other_resources_is_refused_but_can_be_read(
    name: str, told: str, catalog: Catalog
) -> None:
    resource = BAR.replace("Fabrikam.Foo/bars", name)
    refused = refusal(resource, catalog)
    assert "blueprint.yaml:8:5: error: " in refused
    assert told in refused
    read = compose_small(
        "it:\n  type: "
        + name
        + "\n  apiVersion: 2024-03-01\n  resourceGroup: main\n  name: d\n  existing: true\n",
        catalog,
    )
    assert read.graph.resources["it"].managed is False
