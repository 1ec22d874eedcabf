"""What belongs to the repository: its files, as git sees them."""

import subprocess
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROVISIONER = ROOT / "provisioner"


@lru_cache(maxsize=1)
def repository_files() -> tuple[Path, ...]:
    """Every file that is committed or would be: what .gitignore names is left out."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    paths = (ROOT / name for name in listed.stdout.split("\0") if name)
    return tuple(sorted(path for path in paths if path.is_file()))


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def modules() -> tuple[Path, ...]:
    """Every module of the package."""
    return tuple(
        path
        for path in repository_files()
        if path.suffix == ".py" and path.is_relative_to(PROVISIONER)
    )
