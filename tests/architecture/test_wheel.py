"""The distribution alone: built, installed into a fresh virtual environment, and used.

`make test` lends the new environment the packages that azsec depends on. With AZSEC_FRESH_INSTALL
(`.ci/run` sets it) they are installed into it from runtime.lock, by their hashes.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from zipfile import ZipFile

import pytest

from provisioner import __version__
from tests.architecture.repository import ROOT, relative, repository_files

FIVE_COMMANDS = (
    ("init", "--from", "azsec:secure-aks"),
    ("validate", "dev"),
    ("plan", "dev", "--out", "dev.azplan"),
    ("apply", "dev.azplan"),
    ("drift", "dev"),
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the files of the repository and from nothing that lies beside them."""
    folder = tmp_path_factory.mktemp("wheel")
    kept = (ROOT / "provisioner", ROOT / "blueprints")
    for file in repository_files():
        if file.parent == ROOT or any(file.is_relative_to(each) for each in kept):
            target = folder / "source" / relative(file)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
    run(
        [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", folder, "source"],
        folder,
    )
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def azsec(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command in a virtual environment that has the wheel, and no clone beside it."""
    folder = tmp_path_factory.mktemp("installed")
    run([sys.executable, "-m", "venv", "--without-pip", folder], folder)
    python = folder / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps"]
    if os.environ.get("AZSEC_FRESH_INSTALL"):
        lock = ROOT / "runtime.lock"
        run([*install, "--require-hashes", "--requirement", lock], folder)
    else:
        # A path in a .pth file brings its packages, and not the .pth files that it holds: the
        # editable azsec of this clone stays out.
        lent = run([python, "-c", "import site; print(site.getsitepackages()[0])"], folder).strip()
        Path(lent, "lent.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    run([*install, "--no-index", wheel], folder)
    where = run([python, "-c", "import provisioner; print(provisioner.__file__)"], folder)
    assert Path(where).is_relative_to(folder)
    return folder / "bin" / "azsec"


def run(command: list[str | Path], folder: Path, code: int = 0) -> str:
    """Run a command without what this process has of azsec in its environment."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AZSEC_", "PYTHON", "COV_"))
    }
    done = subprocess.run(
        list(map(str, command)),
        cwd=folder,
        env=clean | {"AZSEC_CLOUD": "local", "AZSEC_CACHE": str(folder / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def test_the_wheel_holds_the_library(wheel: Path) -> None:
    held = {name for name in ZipFile(wheel).namelist() if name.startswith("provisioner/library/")}
    library = ROOT / "blueprints"
    assert held == {
        f"provisioner/library/{path.relative_to(library).as_posix()}"
        for path in repository_files()
        if path.is_relative_to(library)
    }
    assert wheel.name == f"azsec-{__version__}-py3-none-any.whl"


def test_five_commands_in_an_empty_repository(azsec: Path, tmp_path: Path) -> None:
    printed = [run([azsec, *command], tmp_path) for command in FIVE_COMMANDS]

    assert "Next: azsec plan dev --cloud local" in printed[0]
    assert "environments/dev.yaml is valid" in printed[1]
    assert "Apply  122 succeeded" in printed[3]
    assert "Drift  122 in sync" in printed[4]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".azsec", ".gitignore", "cache", "dev.azplan", "environments",
    ]  # fmt: skip

    assert run([azsec, "--version"], tmp_path) == f"azsec {__version__}\n"
    assert run([azsec, "--version"], tmp_path) == f"azsec {__version__}\n"
