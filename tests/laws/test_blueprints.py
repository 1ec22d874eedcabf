"""Every blueprint of the library, in the settings of each cloud, from nothing to nothing.

The environments are those of the pages in docs/blueprints/, so the pages are tested with them.
"""

import re
from pathlib import Path

import pytest
import yaml

from provisioner.catalog.registry import Catalog
from provisioner.documents.apply import ApplyDocument, Outcome
from provisioner.documents.plan import Action
from provisioner.model.resource_id import ResourceId
from provisioner.network.proofs.proof import Verdict
from provisioner.workflow.drift import check_drift
from provisioner.workflow.plan import Desired, load_desired
from tests.environments import ROOT, TODAY, Bench, ShippedFiles
from tests.scenarios.story import read_blocks

PAGES = {page.stem: page for page in sorted((ROOT / "docs" / "blueprints").glob("*.md"))}
BLUEPRINTS = sorted(path.stem for path in (ROOT / "blueprints").glob("*.yaml"))
REGIONS = {
    "AzureCloud": "westeurope",
    "AzureUSGovernment": "usgovvirginia",
    "AzureChinaCloud": "chinanorth3",
}


NOT_IN_CHINA = re.compile(r"  - control: (CLU-04\.2|WRK-01\.3)\n(    .*\n)+")
"""What is waived of Defender, which China does not have: a waiver of nothing is an error."""


class Page:
    """The files of the repository, and those of pages; `cloud` with a region of its own."""

    def __init__(self, cloud: str, *pages: Path) -> None:
        self._repository = ShippedFiles()
        unneeded = NOT_IN_CHINA if cloud == "AzureChinaCloud" else re.compile("$^")
        self._files = {
            block.words: unneeded.sub("", block.text)
            .replace("cloud: AzureCloud", f"cloud: {cloud}")
            .replace("location: westeurope", f"location: {REGIONS[cloud]}")
            for page in pages
            for block in read_blocks(page.read_text(encoding="utf-8"))
            if block.language == "yaml" and block.words
        }

    @property
    def environments(self) -> list[str]:
        return list(self._files)

    def read_text(self, path: str) -> str:
        return self._files.get(path) or self._repository.read_text(path)


def load_pages(cloud: str, catalog: Catalog, *pages: Path) -> list[Desired]:
    files = Page(cloud, *pages)
    return [load_desired(path, catalog, files, TODAY, "local") for path in files.environments]


def verdicts_of(document) -> set[str]:
    return {proof.verdict for proof in document.proofs}


def failed(applied: ApplyDocument) -> list[object]:
    return [step for step in applied.steps if step.outcome is not Outcome.SUCCEEDED]


def left(bench: Bench, catalog: Catalog) -> list[str]:
    """Return what is there and is somebody's: a plan of Defender is there for ever, and so are the
    watchers that Azure makes in the regions that are used, with their group."""
    ids = [ResourceId.parse(text) for text in bench.server.resource_ids()]
    return [found.text for found in ids if not is_azures_own(found, catalog)]


def is_azures_own(found: ResourceId, catalog: Catalog) -> bool:
    groups = {kind.regional.group.lower() for kind in catalog if kind.regional}
    if found.is_container:
        return found.name.lower() in groups
    kind = catalog.of(found)
    return kind is not None and (not kind.deletable or kind.regional is not None)


HOLDS = {Verdict.HOLDS.value, Verdict.NOT_APPLICABLE.value}


def test_every_blueprint_has_its_page():
    assert sorted(PAGES) == BLUEPRINTS


@pytest.mark.parametrize("name", BLUEPRINTS)
def test_a_page_lists_every_parameter(name):
    text = PAGES[name].read_text(encoding="utf-8")
    parameters = yaml.safe_load((ROOT / "blueprints" / f"{name}.yaml").read_text())["parameters"]
    assert [p for p in parameters if f"\n| `{p}` |" not in text] == []


@pytest.mark.parametrize("cloud", REGIONS)
@pytest.mark.parametrize("name", BLUEPRINTS)
def test_a_blueprint_from_nothing_to_nothing(bench: Bench, catalog: Catalog, name, cloud):
    # A cluster that joins a hub has to find one.
    pages = [PAGES["hub"], PAGES[name]] if name == "spoke-aks" else [PAGES[name]]
    environments = load_pages(cloud, catalog, *pages)

    for desired in environments:
        first = bench.preflight(desired, applies=True)
        assert first.document.diagnostics == ()
        assert verdicts_of(first.document) <= HOLDS, first.document.proofs
        assert failed(bench.apply(first)) == []

        again = bench.plan(desired)
        assert [c for c in again.document.changes if c.action is not Action.NO_OP] == []
        assert verdicts_of(again.document) <= HOLDS

        drift = check_drift(desired, catalog, bench.client)
        assert not drift.found
        assert not drift.diagnostics

    for desired in reversed(environments):
        gone = bench.apply(bench.plan_destroy(desired), allow_delete=True)
        assert failed(gone) == []
    assert left(bench, catalog) == []
