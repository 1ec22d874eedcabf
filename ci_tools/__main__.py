"""`python -m ci_tools`: builds actionlint, if it is missing, and says where it is."""

import shutil
import sys

from ci_tools.actionlint import actionlint_path, build


def main() -> int:
    """Build what is missing; return the exit code."""
    path = actionlint_path()
    if not path.is_file() and shutil.which("go") is None:
        print("actionlint needs Go 1.25 or newer, and there is none.", file=sys.stderr)
        return 1
    if not path.is_file():
        print("Building actionlint (once, about a minute) ...")
        build()
    print(f"actionlint is {path}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
