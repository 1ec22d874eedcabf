"""Runs every story, and compares what it prints with what is written in it."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from provisioner.catalog.registry import Catalog
from tests.forges.life import GitHubHost, Host, Life
from tests.scenarios.story import tell

_HERE = Path(__file__).parent
_ROOT = _HERE.parents[1]
_STORIES = sorted(path for path in _HERE.glob("*.md") if path.name != "README.md")


_HOSTS: dict[str, Callable[[Path], Host]] = {"pull-request": GitHubHost}
"""The stories that begin with an empty repository, and who hosts it."""


def _tell_of_repository(written: str, catalog: Catalog, host: Host) -> str:
    try:
        return tell(written, catalog, Life(host))
    finally:
        host.stop()


@pytest.mark.parametrize("path", _STORIES, ids=lambda path: path.stem)
def test_story(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, catalog: Catalog
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.delenv("AZSEC_LOCAL_STATE", raising=False)
    written = path.read_text(encoding="utf-8")

    if path.stem in _HOSTS:
        told = _tell_of_repository(written, catalog, _HOSTS[path.stem](tmp_path))
    else:
        for folder in ("blueprints", "environments"):
            shutil.copytree(_ROOT / folder, tmp_path / folder)
        told = tell(written, catalog)

    if os.environ.get("AZSEC_REWRITE_GOLDEN"):
        path.write_text(told, encoding="utf-8")
        return
    assert told == written, "run `make golden` and review the difference"
