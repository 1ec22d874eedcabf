"""Where the tools are, and how they are built from the Go module proxy.

`v1.35/go.mod` names the release of Kubernetes and of etcd, and `go.sum` beside it has the hash of
every module: `-mod=readonly` builds nothing else. k8s.io/kubernetes takes its own parts from a
folder of its repository (`replace k8s.io/api => ./staging/...`), which Go heeds in the main module
alone; so go.mod replaces them by the published modules of the same release.
"""

import os
import re
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
MINORS = tuple(sorted((p.name.removeprefix("v") for p in HERE.glob("v*")), reverse=True))
"""The minor versions of Kubernetes that can be built, the newest first."""

CACHE = "AZSEC_CLUSTER_TOOLS"
"""The variable that names another folder for what is built."""

_SERVER = "k8s.io/kubernetes/cmd/kube-apiserver"
_ETCD = "go.etcd.io/etcd/server/v3"
_VERSION = "k8s.io/component-base/version"


def cache_folder() -> Path:
    """Return the folder of the tools; it outlives a clone."""
    named = os.environ.get(CACHE)
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(named) if named else Path(cache) / "azsec-cluster-tools"


def release_of(minor: str) -> str:
    """Return the release that is built of a minor version: 1.35.4 of 1.35."""
    found = re.search(r"k8s\.io/kubernetes v(\S+)", (HERE / f"v{minor}/go.mod").read_text())
    if found is None:
        raise ValueError(f"v{minor}/go.mod names no release of k8s.io/kubernetes")
    return found[1]


def server_path(minor: str) -> Path:
    """Return the path of a minor version's kube-apiserver, which may not be built."""
    return cache_folder() / f"kube-apiserver-{release_of(minor)}"


def etcd_path() -> Path:
    """Return the path of etcd, which may not be built; one serves every version."""
    found = re.search(rf"{_ETCD} v(\S+)", (HERE / f"v{MINORS[0]}/go.mod").read_text())
    if found is None:
        raise ValueError(f"v{MINORS[0]}/go.mod names no release of etcd")
    return cache_folder() / f"etcd-{found[1]}"


def is_built(minor: str) -> bool:
    """Tell whether a minor version's API server and etcd are there."""
    return server_path(minor).is_file() and etcd_path().is_file()


def build(minor: str) -> None:
    """Build what is missing for a minor version. Raises CalledProcessError where Go fails."""
    cache_folder().mkdir(parents=True, exist_ok=True)
    release = release_of(minor)
    major, number = minor.split(".")
    stamps = {"gitVersion": f"v{release}", "gitMajor": major, "gitMinor": number}
    flags = " ".join(("-s -w", *(f"-X {_VERSION}.{k}={v}" for k, v in stamps.items())))
    if not etcd_path().is_file():
        _build(MINORS[0], _ETCD, etcd_path(), "-s -w")
    if not server_path(minor).is_file():
        _build(minor, _SERVER, server_path(minor), flags)


def _build(minor: str, package: str, path: Path, flags: str) -> None:
    """Build beside the target and rename: a build that is interrupted leaves nothing behind."""
    environ = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -buildvcs=false"}
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        made = Path(folder) / path.name
        command = ["go", "build", "-trimpath", "-ldflags", flags, "-o", str(made), package]
        subprocess.run(command, cwd=HERE / f"v{minor}", env=environ, check=True)
        made.rename(path)
