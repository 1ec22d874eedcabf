"""What the code may not do, whoever writes it: layers, names, and the purity of the core."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.repository import PROVISIONER, ROOT, modules, relative, repository_files

PURE = (
    "model", "documents", "catalog", "blueprint", "diff", "plan", "network", "preflight", "export",
    "access", "manifests", "controls", "service_rules",
)  # fmt: skip
VAGUE = {"util", "utils", "helper", "helpers", "common", "base", "manager", "managers", "misc"}

NAMES_ARM_TYPES = (
    # The text of a first blueprint names ARM types, as every blueprint does.
    "provisioner/cli/scaffold.py",
    # Bodies are read into the neutral models of the network there.
    "provisioner/network/",
    # Controls are about types, and about no more of them than their rules declare.
    "provisioner/controls/",
    # What a service refuses is said of its types.
    "provisioner/service_rules/",
    # And into the facts of a cluster there.
    "provisioner/manifests/cluster_facts.py",
)


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def calls_in(path: Path) -> Iterator[tuple[str, int]]:
    """Yield what the module calls (`open`, `datetime.now`), with the line."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node.lineno


def test_import_contracts_hold():
    result = subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command; lint_imports_command()",
            "--no-logo",
            "--no-cache",
        ],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert re.search(r"[1-9]\d* kept, 0 broken", result.stdout)


def test_only_the_catalog_names_resource_providers():
    catalog = PROVISIONER / "catalog"
    found = [
        f"{relative(path)}:{number}"
        for path in modules()
        if not path.is_relative_to(catalog) and not relative(path).startswith(NAMES_ARM_TYPES)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if "Microsoft." in line
    ]
    assert found == [], "ask the catalog instead"


def test_modules_are_named_after_what_they_hold():
    names = {part for path in modules() for part in path.relative_to(PROVISIONER).parts}
    assert {name for name in names if name.removesuffix(".py") in VAGUE} == set()


def test_every_module_says_what_it_is():
    silent = [relative(path) for path in modules() if not ast.get_docstring(tree_of(path))]
    assert silent == []


def test_nothing_prints_past_the_reports():
    found = [
        f"{relative(path)}:{line}"
        for path in modules()
        for name, line in calls_in(path)
        if name in ("print", "pprint", "pprint.pprint")
    ]
    assert found == []


@pytest.mark.parametrize("package", PURE)
def test_the_core_reads_no_file_clock_or_dice(package):
    # Import contracts see modules; these calls need none, or one with innocent uses.
    impure = re.compile(
        r"(open|input|exec|eval|breakpoint)"
        r"|(.*\.)?(now|utcnow|today|getenv|uuid1|uuid4)"
    )
    found = [
        f"{relative(path)}:{line} {name}()"
        for path in modules()
        if path.is_relative_to(PROVISIONER / package)
        for name, line in calls_in(path)
        if impure.fullmatch(name)
    ]
    assert found == []


# Each is written so that it does not find itself.
LEAKS = {
    # Where Azure puts an administrator's public key is part of the body of a machine.
    "a folder of one machine": re.compile(
        r"(?<![\w.$})~/-])/(work|root|home(?!/azureuser/\.ssh/authorized_keys)|Users|tmp)/\w"
    ),
    "a package index": re.compile(
        r"(?<!no-emit-)(index[-]url|find[-]links)\b|\b(pypi|pythonhosted|npmjs|crates)\.(org|io)\b"
    ),
    "the address of a package": re.compile(r"https?://\S+\.(whl|tar\.gz|tgz)\b"),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_no_file_points_to_one_machine(leak):
    found = [
        f"{relative(path)}:{number}: {line.strip()[:100]}"
        for path in repository_files()
        for number, line in enumerate(
            path.read_text(encoding="utf-8", errors="ignore").splitlines(), 1
        )
        if LEAKS[leak].search(line)
    ]
    assert found == []
