"""The file of an environment's compositions: whole, private, bounded, and nobody else's."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from provisioner.sources.composition_files import CompositionFiles

ENTRIES = {"b" * 64: '{"resources": []}', "a" * 64: "[1]"}


def file_of(folder: Path) -> Path:
    (path,) = (folder / "compositions").iterdir()
    return path


def test_what_was_written_is_read(tmp_path: Path) -> None:
    CompositionFiles(tmp_path, "/repo/environments/prod.yaml").write(ENTRIES)
    read = CompositionFiles(tmp_path, "/repo/environments/prod.yaml").read()
    assert list(read.items()) == list(ENTRIES.items()), "in their order: the newest are first"
    assert CompositionFiles(tmp_path, "/repo/environments/dev.yaml").read() == {}


def test_only_its_user_can_read_it(tmp_path: Path) -> None:
    CompositionFiles(tmp_path, "prod").write(ENTRIES)
    path = file_of(tmp_path)
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


@pytest.mark.parametrize(
    "damage", [b"", b"{}", b"\xff\xfe", b"0" * 64 + b"\n" + b"c" * 64 + b" {}"]
)
def test_a_file_that_is_not_whole_is_none(tmp_path: Path, damage: bytes) -> None:
    store = CompositionFiles(tmp_path, "prod")
    store.write(ENTRIES)
    path = file_of(tmp_path)
    path.write_bytes(damage or path.read_bytes()[:-1])
    assert store.read() == {}
    store.write(ENTRIES)
    assert store.read() == ENTRIES


def test_a_file_that_others_can_write_is_none(tmp_path: Path) -> None:
    store = CompositionFiles(tmp_path, "prod")
    store.write(ENTRIES)
    file_of(tmp_path).chmod(0o666)
    assert store.read() == {}


def test_a_link_in_its_place_is_none(tmp_path: Path) -> None:
    store = CompositionFiles(tmp_path, "prod")
    store.write(ENTRIES)
    path = file_of(tmp_path)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert store.read() == {}


def test_a_folder_that_cannot_be_written_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "compositions").write_text("a file in the way")
    store = CompositionFiles(tmp_path, "prod")
    store.write(ENTRIES)
    assert store.read() == {}


@pytest.mark.parametrize("bounds", [{"most_files": 2}, {"most_bytes": 350}])
def test_what_was_written_first_goes_first(tmp_path: Path, bounds: dict[str, int]) -> None:
    stores = [CompositionFiles(tmp_path, str(number), **bounds) for number in range(4)]
    for second, store in enumerate(stores):
        before = set((tmp_path / "compositions").glob("*"))
        store.write({"a" * 64: "[1]"})
        (path,) = set((tmp_path / "compositions").iterdir()) - before
        os.utime(path, (second, second))
    assert [bool(store.read()) for store in stores] == [False, False, True, True]


def test_writers_side_by_side_leave_a_whole_file(tmp_path: Path) -> None:
    def write(number: int) -> None:
        CompositionFiles(tmp_path, "prod").write({f"{number:064}": f"[{number}]"})

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(write, range(32)))
    ((key, value),) = CompositionFiles(tmp_path, "prod").read().items()
    assert value == f"[{int(key)}]"
    assert len(list((tmp_path / "compositions").iterdir())) == 1


def test_the_stamp_is_that_of_the_installed_files() -> None:
    store = CompositionFiles(Path(), "prod")
    assert store.stamp == CompositionFiles(Path(), "dev").stamp
    assert len(store.stamp) == 64
