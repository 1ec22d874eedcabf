"""Where the tools are, and how they are built from the modules of the Go module proxy.

`v1.35/go.mod` names the release of Kubernetes and of etcd, and `go.sum` beside it has the hash of
every module: `-mod=readonly` builds nothing else. k8s.io/kubernetes takes its own parts from a
folder of its repository (`replace k8s.io/api => ./staging/...`), which Go heeds in the main module
alone; so go.mod replaces them by the published modules of the same release.
"""

import json
import os
import re
import subprocess
import tempfile
from pathlib import Path

from cluster_tools.build_error import BuildError
from cluster_tools.cache import cache_folder
from cluster_tools.go_toolchain import find_go

HERE = Path(__file__).parent
MINORS = tuple(sorted((p.name.removeprefix("v") for p in HERE.glob("v*")), reverse=True))
"""The minor versions of Kubernetes that can be built, the newest first."""

_SERVER = "k8s.io/kubernetes/cmd/kube-apiserver"
_ETCD = "go.etcd.io/etcd/server/v3"
_VERSION = "k8s.io/component-base/version"


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


def go_version_of(minor: str) -> tuple[int, int]:
    """Return the oldest Go that a minor version is built with: (1, 25) for 1.35."""
    found = re.search(r"^go (\d+)\.(\d+)", (HERE / f"v{minor}/go.mod").read_text(), re.MULTILINE)
    if found is None:
        raise ValueError(f"v{minor}/go.mod names no version of Go")
    return int(found[1]), int(found[2])


def build(minor: str) -> None:
    """Build what is missing for a minor version. Raises BuildError, in words for people."""
    cache_folder().mkdir(parents=True, exist_ok=True)
    release = release_of(minor)
    major, number = minor.split(".")
    stamps = {"gitVersion": f"v{release}", "gitMajor": major, "gitMinor": number}
    flags = " ".join(("-s -w", *(f"-X {_VERSION}.{k}={v}" for k, v in stamps.items())))
    if not etcd_path().is_file():
        _build(MINORS[0], _ETCD, etcd_path(), "-s -w")
    if not server_path(minor).is_file():
        _build(minor, _SERVER, server_path(minor), flags)


def module_folder(minor: str, module: str) -> Path:
    """Return the source of a module that a minor version is built from, downloaded if missing.

    Raises BuildError where there is no Go, or the module proxy does not give it.
    """
    done = _go(minor, "mod", "download", "-json", module, output=subprocess.PIPE)
    if done.returncode:
        raise _refused(module)
    return Path(json.loads(done.stdout)["Dir"])


def _build(minor: str, package: str, path: Path, flags: str) -> None:
    """Build beside the target and rename: a build that is interrupted leaves nothing behind."""
    # Downloads what is missing, so that a refusal of the proxy is told apart from a failed build.
    if _go(minor, "list", "-deps", package, output=subprocess.DEVNULL).returncode:
        raise _refused(path.name)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        made = Path(folder) / path.name
        if _go(minor, "build", "-trimpath", "-ldflags", flags, "-o", str(made), package).returncode:
            raise BuildError(f"{path.name} was not built: Go's message stands above.")
        made.rename(path)


def _go(minor: str, *arguments: str, output: int | None = None) -> subprocess.CompletedProcess[str]:
    """Run Go in the folder of a minor version; what it complains of goes to standard error."""
    environ = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -buildvcs=false"}
    return subprocess.run(
        [str(find_go(go_version_of(minor))), *arguments],
        cwd=HERE / f"v{minor}",
        env=environ,
        stdout=output,
        text=True,
        check=False,
    )


def _refused(what: str) -> BuildError:
    return BuildError(
        f"The Go module proxy did not provide the modules of {what}: Go's message stands above.\n"
        "Allow the connection to it, or name another proxy in the variable GOPROXY."
    )
