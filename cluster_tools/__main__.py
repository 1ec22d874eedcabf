"""`python -m cluster_tools [MINOR...]`: builds what is missing, and says where it is."""

import argparse
import sys

from cluster_tools.binaries import MINORS, build, is_built
from cluster_tools.build_error import BuildError
from cluster_tools.cache import cache_folder


def main() -> int:
    """Build the tools of each minor version of Kubernetes; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("minors", nargs="*", default=list(MINORS), metavar="MINOR")
    options = parser.parse_args()
    for minor in options.minors:
        if is_built(minor):
            continue
        print(f"Building etcd and kube-apiserver {minor} (once, 10 to 20 minutes) ...", flush=True)
        try:
            build(minor)
        except BuildError as failure:
            print(failure, file=sys.stderr)
            return 1
    print(f"The tools are in {cache_folder()}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
