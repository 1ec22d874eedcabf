"""Runs every story, and compares what it prints with what is written in it."""

import os
import shutil
from pathlib import Path

import pytest

from provisioner.catalog.registry import Catalog
from tests.scenarios.story import tell

_HERE = Path(__file__).parent
_ROOT = _HERE.parents[1]
_STORIES = sorted(path for path in _HERE.glob("*.md") if path.name != "README.md")


@pytest.mark.parametrize("path", _STORIES, ids=lambda path: path.stem)
def test_story(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, catalog: Catalog
) -> None:
    for folder in ("blueprints", "environments"):
        shutil.copytree(_ROOT / folder, tmp_path / folder)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("AZSEC_LOCAL_STATE", raising=False)
    written = path.read_text(encoding="utf-8")

    told = tell(written, catalog)

    if os.environ.get("AZSEC_REWRITE_GOLDEN"):
        path.write_text(told, encoding="utf-8")
        return
    assert told == written, "run `make golden` and review the difference"
