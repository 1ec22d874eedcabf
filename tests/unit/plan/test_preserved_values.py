"""What an update sends beyond the blueprint is shown: in text, in Markdown and in JSON."""

import json

from provisioner.documents.plan import PlanDocument
from provisioner.reports.json_text import render_json
from provisioner.reports.steps_report import render_steps_markdown, render_steps_text
from tests.environments import Bench

SITE = """\
hub:
  type: Microsoft.Network/virtualNetworks
  resourceGroup: main
  name: vnet-hub
  tags: {team: one}
  properties: {addressSpace: {addressPrefixes: [10.1.0.0/16]}}
aks:
  type: Microsoft.ContainerService/managedClusters
  resourceGroup: main
  name: aks
  tags: {team: one}
  identity: {type: SystemAssigned}
  properties:
    dnsPrefix: aks
    agentPoolProfiles: [{name: system, mode: System, vmSize: Standard_D4s_v5, count: 3}]
"""
CHANGED = SITE.replace("team: one", "team: two")
SECRET = "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=" + "b3BlbnNlc2FtZQ" * 6 + "=="


def changed(bench: Bench) -> PlanDocument:
    bench.apply(bench.plan(bench.compose(SITE)))
    bench.tamper("vnet-hub", flowTimeoutInMinutes=10)
    return bench.plan(bench.compose(CHANGED)).document


def kept(document: PlanDocument, address: str) -> dict[str, object]:
    (step,) = (step for step in document.steps if step.address == address)
    return {entry.path: entry.value for entry in step.keeps}


def test_live_values_that_nobody_stated_are_listed(bench: Bench) -> None:
    document = changed(bench)
    assert kept(document, "hub")["properties.flowTimeoutInMinutes"] == 10
    cluster = kept(document, "aks")
    assert cluster["properties.agentPoolProfiles[system].maxPods"] == 250
    stated = ("tags.team", "properties.dnsPrefix", "properties.agentPoolProfiles[system].count")
    assert not {*stated} & {*cluster}
    assert not any("azsec" in path for path in cluster)


def test_a_creation_keeps_nothing(bench: Bench) -> None:
    assert all(step.keeps == () for step in bench.plan(bench.compose(SITE)).document.steps)


def test_every_output_shows_them(bench: Bench) -> None:
    document = changed(bench)
    text = "\n".join(str(row) for row in render_steps_text(document))
    assert "keeps" in text
    assert "flowTimeoutInMinutes 10" in text
    assert "flowTimeoutInMinutes" in render_steps_markdown(document, 60_000)
    steps = json.loads(render_json(document))["steps"]
    (hub,) = (step for step in steps if step["address"] == "hub")
    entry = {"path": "properties.flowTimeoutInMinutes", "value": 10, "sensitive": False}
    assert entry in hub["keeps"]


def test_a_secret_is_masked(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(SITE)))
    body = bench.body_of("vnet-hub")
    tags = body["tags"]
    assert isinstance(tags, dict)
    bench.send("PATCH", str(body["id"]), {"tags": {**tags, "backup": SECRET}})
    document = bench.plan(bench.compose(CHANGED)).document
    assert kept(document, "hub")["tags.backup"] == "(sensitive)"
    assert SECRET not in render_json(document)
