"""What is installed is what was reviewed: the lock is complete, and the package ships its files."""

import re
import subprocess
import tomllib
from fnmatch import fnmatch

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from provisioner import __version__
from tests.architecture.repository import PROVISIONER, ROOT, relative, repository_files

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
DECLARED = [
    Requirement(text)
    for text in (
        *PROJECT["project"]["dependencies"],
        *PROJECT["project"]["optional-dependencies"]["dev"],
    )
]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
RUNTIME = (ROOT / "runtime.lock").read_text(encoding="utf-8")


def pins(lock=LOCK):
    """The entries of a lock: name -> version and the lines below it."""
    entries = re.split(r"^(?=[A-Za-z0-9])", lock, flags=re.MULTILINE)[1:]
    found = {}
    for entry in entries:
        head = re.match(r"([A-Za-z0-9._-]+)==(\S+)", entry)
        assert head, f"not pinned: {entry.splitlines()[0]}"
        found[canonicalize_name(head[1])] = (head[2], entry)
    return found


@pytest.mark.parametrize("requirement", DECLARED, ids=lambda requirement: requirement.name)
def test_the_lock_satisfies_what_the_project_declares(requirement):
    version, _ = pins()[canonicalize_name(requirement.name)]
    assert requirement.specifier.contains(version, prereleases=True), "run `make lock`"


def test_every_pin_has_a_hash():
    assert len(pins()) >= len(DECLARED)
    assert [name for name, (_, entry) in pins().items() if "--hash=sha256:" not in entry] == []


def test_what_ci_jobs_install_is_what_is_tested():
    needed = [Requirement(text).name for text in PROJECT["project"]["dependencies"]]
    runtime, tested = pins(RUNTIME), pins()

    assert {canonicalize_name(name) for name in needed} <= runtime.keys()
    assert {name: version for name, (version, _) in runtime.items()}.items() <= {
        name: version for name, (version, _) in tested.items()
    }.items(), "run `make lock`"
    assert [name for name, (_, entry) in runtime.items() if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("lock", [LOCK, RUNTIME], ids=["clone", "CI jobs"])
def test_a_lock_names_no_address(lock):
    assert not re.search(r"://|^-|^\s*--(?!hash)", lock, flags=re.MULTILINE)


def test_a_tagged_commit_has_the_version_of_its_tag():
    told = subprocess.run(
        ["git", "tag", "--points-at", "HEAD", "--list", "v[0-9]*"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    assert set(told.stdout.split()) <= {f"v{__version__}"}
    assert "version" in PROJECT["project"]["dynamic"]


def test_every_file_of_the_package_is_shipped():
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["provisioner"]
    lost = [
        relative(path)
        for path in repository_files()
        if path.is_relative_to(PROVISIONER)
        and path.suffix != ".py"
        and not any(
            fnmatch(path.relative_to(PROVISIONER).as_posix(), pattern.replace("**/", "*"))
            for pattern in patterns
        )
    ]
    assert lost == [], "name it under [tool.setuptools.package-data]"
