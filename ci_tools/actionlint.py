"""Where actionlint is, and how it is built from the Go module proxy.

`go.mod` names its release, and `go.sum` has the hash of every module: `-mod=readonly` builds
nothing else.
"""

import os
import re
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
CACHE = "AZSEC_CI_TOOLS"
"""The variable that names another folder for what is built."""

_COMMAND = "github.com/rhysd/actionlint/cmd/actionlint"


def actionlint_path() -> Path:
    """Return the path of actionlint, which may not be built; it outlives a clone."""
    found = re.search(r"rhysd/actionlint v(\S+)", (HERE / "go.mod").read_text(encoding="utf-8"))
    if found is None:
        raise ValueError("go.mod names no release of actionlint")
    named = os.environ.get(CACHE)
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(named) if named else Path(cache) / "azsec-ci-tools"
    return folder / f"actionlint-{found[1]}"


def build() -> None:
    """Build actionlint. Raises CalledProcessError where Go fails.

    It is built beside its place and renamed: a build that is interrupted leaves nothing behind.
    """
    path = actionlint_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    environ = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -buildvcs=false"}
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        made = Path(folder) / path.name
        command = ["go", "build", "-trimpath", "-ldflags", "-s -w", "-o", str(made), _COMMAND]
        subprocess.run(command, cwd=HERE, env=environ, check=True)
        made.rename(path)
