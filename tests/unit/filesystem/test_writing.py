"""What azsec writes: whole, for its owner alone, and never through what it did not make."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from provisioner.filesystem.atomic_write import write_atomically
from provisioner.filesystem.protection import ProtectedPathError, make_folder

pytestmark = pytest.mark.skipif(os.name != "posix", reason="modes and links of POSIX")


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_private_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    write_atomically(tmp_path / "plan", b"layout")
    assert _mode(tmp_path / "plan") == 0o600
    assert (tmp_path / "plan").read_bytes() == b"layout"
    assert [path.name for path in tmp_path.iterdir()] == ["plan"]


def test_a_file_that_was_open_to_others_is_tightened(tmp_path: Path) -> None:
    plan = tmp_path / "plan"
    plan.write_text("old")
    plan.chmod(0o664)
    write_atomically(plan, b"new")
    assert (_mode(plan), plan.read_bytes()) == (0o600, b"new")


def test_a_public_file_has_the_mode_of_any_other_and_keeps_its_own(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_atomically(tmp_path / "new", b"", private=False)
    finally:
        os.umask(before)
    assert _mode(tmp_path / "new") == 0o640
    (tmp_path / "new").chmod(0o604)
    write_atomically(tmp_path / "new", b"", private=False)
    assert _mode(tmp_path / "new") == 0o604


def test_a_hard_link_is_replaced_and_its_other_name_keeps_the_content(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("kept")
    (tmp_path / "plan").hardlink_to(tmp_path / "precious")
    write_atomically(tmp_path / "plan", b"new")
    assert (tmp_path / "precious").read_text() == "kept"
    assert (tmp_path / "plan").read_text() == "new"


def _make(kind: str, path: Path) -> None:
    if kind == "link":
        (path.parent / "precious").write_text("kept")
        path.symlink_to("precious")
    elif kind == "dangling link":
        path.symlink_to("nowhere")
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        path.mkdir()


@pytest.mark.parametrize("kind", ["link", "dangling link", "fifo", "directory"])
def test_what_is_no_regular_file_is_left_as_it_is(tmp_path: Path, kind: str) -> None:
    _make(kind, tmp_path / "plan")
    before = (tmp_path / "plan").lstat()
    names = {path.name for path in tmp_path.iterdir()}
    with pytest.raises(ProtectedPathError, match="left as it is"):
        write_atomically(tmp_path / "plan", b"new")
    after = (tmp_path / "plan").lstat()
    assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode)
    assert {path.name for path in tmp_path.iterdir()} == names


def test_a_device_is_left_as_it_is() -> None:
    with pytest.raises(ProtectedPathError, match="a device"):
        write_atomically(Path("/dev/zero"), b"new")


def test_dev_null_takes_everything() -> None:
    write_atomically(Path("/dev/null"), b"new")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


@pytest.mark.parametrize(
    ("path", "stream"), [("/dev/stdout", 0), ("/dev/fd/1", 0), ("/dev/stderr", 1)]
)
def test_the_streams_are_written_through(path: str, stream: int) -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from provisioner.filesystem.atomic_write import write_atomically\n"
        "print('first ', end=''); write_atomically(Path(sys.argv[1]), b'second')"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, path],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    written = (done.stdout, done.stderr)[stream]
    assert written == ("first second", "second")[stream]


def test_a_descriptor_that_a_shell_hands_over_is_written(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    write_atomically(Path(f"/dev/fd/{writer}"), b"through")
    os.close(writer)
    assert os.read(reader, 100) == b"through"
    os.close(reader)


def test_a_folder_that_leads_out_of_the_one_the_command_runs_in_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "clone").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "clone" / "plans").symlink_to("../elsewhere")
    (tmp_path / "clone" / "inside").symlink_to("real")
    (tmp_path / "clone" / "real").mkdir()
    monkeypatch.chdir(tmp_path / "clone")
    with pytest.raises(ProtectedPathError, match="is outside of this folder: plans is a symbolic"):
        write_atomically(Path("plans/a"), b"")
    with pytest.raises(ProtectedPathError, match="is outside of this folder"):
        make_folder(Path("plans/deep/er"), private=True)
    write_atomically(Path("inside/a"), b"stays inside")
    assert [path.name for path in (tmp_path / "elsewhere").iterdir()] == []
    # Who names it in full means it.
    write_atomically(tmp_path / "clone" / "plans" / "a", b"named")
    assert (tmp_path / "elsewhere" / "a").read_bytes() == b"named"


def test_a_failure_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "plan").write_text("old")

    def fail(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(tmp_path / "plan", b"new")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"plan": "old"}


def test_private_folders_are_for_their_owner_alone(tmp_path: Path) -> None:
    make_folder(tmp_path / "a" / "b", private=True)
    assert (_mode(tmp_path / "a"), _mode(tmp_path / "a" / "b")) == (0o700, 0o700)
