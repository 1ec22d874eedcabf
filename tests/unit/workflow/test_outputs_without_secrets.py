"""What the catalog calls sensitive is in no output: of a plan, an apply, `output` or `console`."""

from collections.abc import Mapping
from dataclasses import replace

from provisioner.blueprint.expression import resolve
from provisioner.blueprint.graph import DesiredGraph
from provisioner.model.values import ResourceValue, Unknown
from provisioner.reports.json_text import render_json
from provisioner.workflow.inventory import read_outputs, read_resources
from tests.environments import Bench

SIGNED = "https://hooks.example.com/services/T0000/hunter2"
GROUP = """\
alerts:
  type: Microsoft.Insights/actionGroups
  name: ag-main
  resourceGroup: main
  location: global
  properties:
    groupShortName: main
    enabled: true
"""
NETWORK = """\
vnet:
  type: Microsoft.Network/virtualNetworks
  resourceGroup: main
  name: vnet
  properties: {addressSpace: {addressPrefixes: [10.0.0.0/16]}}
"""


def test_a_signed_address_is_in_no_output(bench: Bench) -> None:
    desired = bench.compose(GROUP + NETWORK)
    bench.apply(bench.plan(desired))
    receiver = {"name": "chat", "serviceUri": SIGNED, "useCommonAlertSchema": True}
    bench.tamper("ag-main", webhookReceivers=[receiver])
    names: Mapping[str, ResourceValue] = {"alerts": ResourceValue("alerts")}
    address = Unknown("'=> ' + alerts.properties.webhookReceivers[0].serviceUri", names, ("a",))
    graph = replace(desired.graph, outputs={"hook": address}, output_sources={"hook": ("alerts",)})
    assert isinstance(graph, DesiredGraph)
    desired = replace(desired, graph=graph)

    found, _ = read_resources(desired, bench.catalog, bench.client)
    outputs = read_outputs(desired, bench.catalog, lambda: bench.client)
    plan = bench.plan(desired)
    applied = bench.apply(plan)

    assert resolve(address, found.body_at) == "=> (sensitive)"
    assert [each.value for each in outputs.outputs] == ["=> (sensitive)"]
    assert SIGNED not in render_json(plan.document)
    assert SIGNED not in str(plan.outputs)
    assert SIGNED not in render_json(applied)
