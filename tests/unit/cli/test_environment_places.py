"""Through which places a path leads: a change of any of them changes what is read."""

from pathlib import Path

import pytest

from provisioner.cli.ci_environments import find_places


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "v2").mkdir()
    (tmp_path / "v2" / "app.yaml").touch()
    (tmp_path / "current").symlink_to("v2")
    (tmp_path / "main.yaml").symlink_to("current/app.yaml")
    (tmp_path / "circle").symlink_to("circle")
    return tmp_path


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("v2/app.yaml", {"v2", "v2/app.yaml"}, id="a file, and its folder"),
        pytest.param(
            "current/app.yaml", {"current", "v2", "v2/app.yaml"}, id="a folder that is a link"
        ),
        pytest.param(
            "main.yaml",
            {"main.yaml", "current", "v2", "v2/app.yaml"},
            id="a link to a file behind a link",
        ),
        pytest.param(
            "current/../main.yaml",
            {"main.yaml", "current", "v2", "v2/app.yaml"},
            id="back through a link",
        ),
        pytest.param("missing/app.yaml", {"missing", "missing/app.yaml"}, id="a file to be"),
        pytest.param("circle/app.yaml", set(), id="a link to itself leads nowhere"),
    ],
)
def test_the_places_of_a_path(here: Path, path: str, expected: set[str]) -> None:
    root = here.resolve()
    found = (Path(place) for place in find_places(path))
    assert {p.relative_to(root).as_posix() for p in found if root in p.parents} == expected


def test_what_is_not_in_the_working_copy_changes_with_the_lock_or_with_azsec(here: Path) -> None:
    assert find_places("azsec:modules/hub.yaml") == ()
    (lock,) = find_places("git::https://git.contoso.example/modules//network.yaml?ref=v1")
    assert lock == str(here.resolve() / "azsec.lock")
