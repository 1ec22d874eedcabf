"""`python -m cluster_tools [MINOR...]`: builds what is missing, and says where it is."""

import argparse
import shutil
import sys

from cluster_tools.binaries import MINORS, build, cache_folder, is_built


def main() -> int:
    """Build the tools of each minor version of Kubernetes; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("minors", nargs="*", default=list(MINORS), metavar="MINOR")
    parser.add_argument("--check", action="store_true", help="build nothing: exit 1 if missing")
    options = parser.parse_args()
    for minor in options.minors:
        if not is_built(minor) and options.check:
            print(f"Kubernetes {minor} is not built: make cluster-tools", file=sys.stderr)
            return 1
        if not is_built(minor) and shutil.which("go") is None:
            print("cluster-tools needs Go 1.25 or newer, and there is none.", file=sys.stderr)
            return 1
        if not is_built(minor):
            print(f"Building etcd and kube-apiserver {minor} (once, 10 to 20 minutes) ...")
            build(minor)
    print(f"The tools are in {cache_folder()}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
