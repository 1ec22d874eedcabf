"""Where actionlint is, and how it is built from the Go module proxy.

`go.mod` names its release, and `go.sum` has the hash of every module: `-mod=readonly` builds
nothing else. It shares the cache and the Go of the cluster's tools.
"""

import os
import re
import subprocess
import tempfile
from pathlib import Path

from cluster_tools.cache import cache_folder
from cluster_tools.go_toolchain import find_go

HERE = Path(__file__).parent
_COMMAND = "github.com/rhysd/actionlint/cmd/actionlint"
_OLDEST_GO = (1, 25)


def actionlint_path() -> Path:
    """Return the path of actionlint, which may not be built; it outlives a clone."""
    found = re.search(r"rhysd/actionlint v(\S+)", (HERE / "go.mod").read_text(encoding="utf-8"))
    if found is None:
        raise ValueError("go.mod names no release of actionlint")
    return cache_folder() / f"actionlint-{found[1]}"


def build() -> None:
    """Build actionlint. Raises BuildError where there is no Go, and CalledProcessError where Go
    fails.

    It is built beside its place and renamed: a build that is interrupted leaves nothing behind.
    """
    path = actionlint_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    go = find_go(_OLDEST_GO)
    environ = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -buildvcs=false"}
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        made = Path(folder) / path.name
        command = [str(go), "build", "-trimpath", "-ldflags", "-s -w", "-o", str(made), _COMMAND]
        subprocess.run(command, cwd=HERE, env=environ, check=True)
        made.rename(path)
