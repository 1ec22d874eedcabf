"""`python -m ci_tools`: builds actionlint, if it is missing, and says where it is."""

import sys

from ci_tools.actionlint import actionlint_path, build
from cluster_tools.build_error import BuildError


def main() -> int:
    """Build what is missing; return the exit code."""
    path = actionlint_path()
    if not path.is_file():
        print("Building actionlint (once, about a minute) ...")
        try:
            build()
        except BuildError as problem:
            print(problem, file=sys.stderr)
            return 1
    print(f"actionlint is {path}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
