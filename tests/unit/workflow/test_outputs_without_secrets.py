"""What the catalog calls sensitive is in no output: of a plan, an apply, `output` or `console`."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from provisioner.blueprint.expression import resolve
from provisioner.blueprint.graph import DesiredGraph
from provisioner.cli.inventory import print_raw
from provisioner.model.diagnostic import DiagnosticError
from provisioner.model.values import ResourceValue, Sensitive, Unknown
from provisioner.plan.value_text import mask_output
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

    assert isinstance(resolve(address, found.body_at), Sensitive)
    assert [(each.value, each.sensitive) for each in outputs.outputs] == [("(sensitive)", True)]
    with pytest.raises(DiagnosticError, match="the output 'hook' holds a secret"):
        print_raw(outputs, "hook")
    assert SIGNED not in render_json(plan.document)
    assert SIGNED not in str(plan.outputs)
    assert SIGNED not in render_json(applied)


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        pytest.param("alerts.properties.webhookReceivers[0].serviceUri", "(sensitive)", id="it"),
        pytest.param(
            "base64Encode(alerts.properties.webhookReceivers[0].serviceUri)",
            "(sensitive)",
            id="its base64",
        ),
        pytest.param(
            "alerts.properties.webhookReceivers[0].serviceUri == '(sensitive)'",
            "(sensitive)",
            id="whether it is a text",
        ),
        pytest.param(
            "alerts.properties.webhookReceivers[0]",
            {
                "name": "chat",
                "serviceUri": "(sensitive)",
                "useAadAuth": False,
                "useCommonAlertSchema": True,
            },
            id="what it is in",
        ),
        pytest.param("alerts.properties.webhookReceivers[0].name", "chat", id="beside it"),
    ],
)
def test_nothing_is_calculated_with_a_secret(bench: Bench, expression: str, shown: object) -> None:
    desired = bench.compose(GROUP)
    bench.apply(bench.plan(desired))
    receiver = {"name": "chat", "serviceUri": SIGNED, "useCommonAlertSchema": True}
    bench.tamper("ag-main", webhookReceivers=[receiver])
    found, _ = read_resources(desired, bench.catalog, bench.client)
    value = Unknown(expression, {"alerts": ResourceValue("alerts")}, ("a",))
    assert mask_output(resolve(value, found.body_at), "hook") == shown
