"""`python -m interop AZ`: runs az, the Go SDK and the shared cases against the built-in Azure.

A line for each command, a summary last; exits with 1 where anything was not right. `--only PART`
runs the parts of that name: az, go, requests, session.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from cluster_tools.build_error import BuildError
from cluster_tools.go_toolchain import find_go
from interop.azure_cli import run_session
from interop.commands import SESSION
from interop.served import serve

_ROOT = Path(__file__).parents[1]
_CASES = _ROOT.parent / "shared" / "cases" / "interop"
_GO = _ROOT / "tests" / "clients" / "go"
_GO_VERSION = (1, 26)
"""The least that its go.mod takes."""


def main() -> int:
    """Run the clients; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("az", type=Path, help="the az to run")
    parser.add_argument("--only", choices=_PARTS, help="run one part alone")
    options = parser.parse_args()
    failed = []
    with tempfile.TemporaryDirectory(prefix="azsec-interop-") as named:
        folder = Path(named)
        with serve(folder) as variables:
            for name, part in _PARTS.items():
                if options.only in (None, name) and not _timed(part, options.az, variables, folder):
                    failed.append(name)
    print(f"interop: {', '.join(failed)} failed" if failed else "interop: all clients are right")
    return 1 if failed else 0


def _timed(
    part: Callable[[Path, Mapping[str, str], Path], bool],
    az: Path,
    variables: Mapping[str, str],
    folder: Path,
) -> bool:
    begun = time.monotonic()
    good = part(az, variables, folder)
    print(f"({time.monotonic() - begun:.0f} s)", flush=True)
    return good


def _run_az(az: Path, variables: Mapping[str, str], folder: Path) -> bool:
    wrong = 0
    for outcome in run_session(az, SESSION, variables, folder):
        wrong += outcome.problem is not None
        said = "right" if outcome.problem is None else "WRONG"
        told = "" if outcome.problem is None else f"\n       {outcome.problem}"
        print(f"{said}  {outcome.line} ({outcome.seconds:.1f} s){told}", flush=True)
    print(f"az: {len(SESSION) - wrong} right, {wrong} wrong, of {len(SESSION)} commands")
    return wrong == 0


def _run_go(_az: Path, variables: Mapping[str, str], folder: Path) -> bool:
    """Build and run the program of the Go SDK: its modules are pinned by go.sum."""
    environ = {**os.environ, "GOFLAGS": "-mod=readonly"}
    program = folder / "go-clients"
    try:
        go = find_go(_GO_VERSION)
    except BuildError as problem:
        print(problem)
        return False
    built = subprocess.run(
        [str(go), "build", "-o", str(program), "."], cwd=_GO, env=environ, check=False
    )
    if built.returncode != 0:
        return False
    return subprocess.run([program], env={**os.environ, **variables}, check=False).returncode == 0


def _run_requests(_az: Path, variables: Mapping[str, str], _folder: Path) -> bool:
    """Run the recorded requests of the shared cases, where these lie beside this clone."""
    script = _CASES / "requests.py"
    if not script.exists():
        print(f"skipped: {script} is not here")
        return True
    environ = {**os.environ, **variables}
    return subprocess.run([sys.executable, script], env=environ, check=False).returncode == 0


def _run_shared_session(az: Path, variables: Mapping[str, str], _folder: Path) -> bool:
    script = _CASES / "az-session.sh"
    if not script.exists():
        print(f"skipped: {script} is not here")
        return True
    environ = {
        **os.environ,
        "AZ": str(az),
        "AZSEC_LOCAL_ENDPOINT": variables["AZSEC_LOCAL_ENDPOINT"],
        "AZSEC_LOCAL_CA": variables["SSL_CERT_FILE"],
    }
    return subprocess.run(["bash", script], env=environ, check=False).returncode == 0


_PARTS = {
    "requests": _run_requests,
    "go": _run_go,
    "az": _run_az,
    "session": _run_shared_session,
}


if __name__ == "__main__":
    sys.exit(main())
