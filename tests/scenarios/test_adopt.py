"""`azsec adopt` on estates that others made: files that plan to nothing, and marks by a review."""

from pathlib import Path

import pytest

from provisioner.blueprint.ownership import is_ownership_tag
from provisioner.catalog import api_versions
from provisioner.catalog.registry import Catalog
from provisioner.cli.application import app
from provisioner.cli.failure import run_guarded
from provisioner.model.resource_id import RESOURCE_GROUP, ResourceId
from provisioner.plan.reads import INVENTORY, Read
from tests.environments import Bench, load_shipped
from tests.estates import put_estate

_SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"


@pytest.fixture
def azure(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A built-in Azure that the commands of this process reach, and an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AZSEC_CLOUD", "local")
    monkeypatch.setenv("AZSEC_LOCAL_ENDPOINT", bench.server.endpoint)
    monkeypatch.setenv("COLUMNS", "120")
    return bench


def files_in(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*.yaml"))
    }


def marked(bench: Bench) -> list[str]:
    """Return the ids of what carries a tag of azsec, as the lists of all subscriptions show it."""
    ids = [ResourceId.parse(text) for text in bench.server.resource_ids()]
    groups = [each for each in ids if each.type == RESOURCE_GROUP]
    lists = [
        Read(f"{g}/resources", api_versions.RESOURCES, INVENTORY, is_list=True) for g in groups
    ]
    return [
        str(item["id"])
        for answer in bench.client.read(lists)
        for item in answer.items
        for name in item.get("tags") or {}
        if is_ownership_tag(name)
    ]


def test_a_reference_architecture_is_adopted_planned_marked_and_watched(
    azure: Bench, catalog: Catalog, capsys: pytest.CaptureFixture[str]
) -> None:
    """117 resources and groups in three subscriptions, made by plain PUTs."""
    shipped = load_shipped("prod", catalog)
    put_estate(azure, shipped)
    groups = [r.id for r in shipped.graph if r.id.type == RESOURCE_GROUP]
    options = [word for g in groups for word in ("--group", f"{g.subscription}/{g.name}")]

    assert run_guarded(app, ["adopt", "prod", *options]) == 0
    told = capsys.readouterr().out
    assert not marked(azure)
    assert "proven: the plan of these files changes nothing but azsec's marks" in told

    assert run_guarded(app, ["plan", "prod", "--out", "plan.json"]) == 0
    plan = capsys.readouterr().out
    assert not {"create", "update", "delete", "replace"} & set(plan.split())
    assert run_guarded(app, ["apply", "plan.json"]) == 0
    capsys.readouterr()
    assert marked(azure)
    assert run_guarded(app, ["plan", "prod", "--detailed-exitcode"]) == 0
    assert "No changes" in capsys.readouterr().out
