"""What a template deploys is what an apply makes: every blueprint, by Azure's own client."""

import json

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.documents.plan import Action
from provisioner.workflow.export import ExportFormat, export_environment
from provisioner.workflow.plan import Desired
from tests.environments import Bench, open_bench
from tests.export.bicep_compiling import compile_bicep
from tests.export.deploying import deploy
from tests.laws.test_blueprints import BLUEPRINTS, PAGES, load_pages


def export_and_deploy(bench: Bench, desired: Desired, form: ExportFormat) -> dict:
    files = export_environment(desired, bench.catalog, form)
    subscription = next(iter(desired.environment.subscriptions.values()))
    if form is ExportFormat.BICEP:
        template = compile_bicep(files, subscription)
    else:
        template = json.loads(files["main.json"])
    return deploy(bench.server.endpoint, subscription, template)


@pytest.mark.parametrize("form", ExportFormat)
@pytest.mark.parametrize("name", BLUEPRINTS)
def test_a_template_deploys_what_an_apply_makes(bench: Bench, catalog: Catalog, name, form):
    pages = [PAGES["hub"], PAGES[name]] if name == "spoke-aks" else [PAGES[name]]
    environments = load_pages("AzureCloud", catalog, *pages)
    with open_bench(catalog) as applied:
        for desired in environments:
            applied.apply(applied.plan(desired))
        expected = {text.lower() for text in applied.server.resource_ids()}

    for desired in environments:
        done = export_and_deploy(bench, desired, form)
        assert set(done["properties"]["outputs"]) == set(desired.graph.outputs)

    assert {text.lower() for text in bench.server.resource_ids()} == expected
    for desired in environments:
        changes = bench.plan(desired).document.changes
        assert {change.action for change in changes} == {Action.ADOPT}
        assert not [(c.address, f.path) for c in changes for f in c.fields]
