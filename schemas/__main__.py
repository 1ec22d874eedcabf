"""Reads the packages of `schemas/requirements.lock`; writes docs/schemas.md.

The PUT operations are counted twice: by azsec, and as the texts that name the method in the sources
of the package. It ends with 1 where both differ, where a PUT that names a type gave none, and where
the model of a type cannot be read.
"""

import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from provisioner.azure.type_index import InstalledTypes
from provisioner.catalog.sdk_operations import SkippedOperation

_ROOT = Path(__file__).parents[1]
_PACKAGES = _ROOT / ".schemas"
_PAGE = _ROOT / "docs" / "schemas.md"
_PUT = re.compile(r"""method\s*=\s*["']PUT["']""")
_MARK = "<!-- make schemas -->\n"


@dataclass(frozen=True, slots=True)
class Row:
    """What came of one package: how many PUT operations its sources have and azsec found, the
    types, how many of them have a model, and how many of these were read; what gave no type."""

    package: str
    version: str
    stated: int
    found: int
    types: int
    modelled: int
    read: int
    passed: tuple[SkippedOperation, ...]


def main() -> None:
    """Read, print, write, judge."""
    sys.path.append(str(_PACKAGES))
    with tempfile.TemporaryDirectory() as cache:
        directory = InstalledTypes(Path(cache), [str(_PACKAGES)])
        rows = [read_package(name, directory) for name in directory.packages]
    table = "\n".join(_table(rows))
    print(table)
    before, mark, _ = _PAGE.read_text(encoding="utf-8").partition(_MARK)
    _PAGE.write_text(f"{before}{mark}\n{table}\n", encoding="utf-8")
    problems = [problem for row in rows for problem in _problems(row)]
    for problem in problems:
        print(problem, file=sys.stderr)
    sys.exit(1 if problems or not rows else 0)


def read_package(name: str, directory: InstalledTypes) -> Row:
    """Return what came of one package."""
    findings = directory.index(name)
    names = sorted({each.name.lower() for each in findings.types})
    types = [found for each in names if (found := directory.find(each)) is not None]
    modelled = [each for each in types if each.written.model is not None]
    schemas = directory.read_schemas(modelled)
    read = [each for each in modelled if schemas.root(each.written.name).properties]
    texts = (path.read_text(encoding="utf-8") for path in _operations(directory, name))
    return Row(
        name,
        str(directory.version_of(name)),
        sum(len(_PUT.findall(text)) for text in texts),
        findings.puts,
        len(types),
        len(modelled),
        len(read),
        findings.passed,
    )


def _operations(directory: InstalledTypes, package: str) -> Iterator[Path]:
    for file in directory.packages[package].files or ():
        if file.suffix == ".py" and "operations" in file.parts[-2] and "aio" not in file.parts:
            yield Path(str(directory.packages[package].locate_file(file)))


def _table(rows: list[Row]) -> Iterator[str]:
    yield "| package | PUT operations | of these name a type | types | with a model | models read |"
    yield "|---|---|---|---|---|---|"
    for row in rows:
        yield (
            f"| {row.package} {row.version} | {row.stated} | {row.found - len(row.passed)} "
            f"| {row.types} | {row.modelled} | {row.read} |"
        )
    stated, found = sum(row.stated for row in rows), sum(row.found for row in rows)
    passed = [(row.package, each) for row in rows for each in row.passed]
    totals = [sum(getattr(row, name) for row in rows) for name in ("types", "modelled", "read")]
    shown = " | ".join(map(str, (stated, found - len(passed), *totals)))
    yield f"| {len(rows)} packages | {shown} |"
    yield ""
    yield "PUT operations that name no type:"
    yield ""
    yield "| package | URL | why |"
    yield "|---|---|---|"
    for package, each in passed:
        yield f"| {package} | `{each.url}` | {each.reason} |"


def _problems(row: Row) -> Iterator[str]:
    if row.stated != row.found:
        yield f"{row.package}: {row.found} of {row.stated} PUT operations were found"
    if row.read != row.modelled:
        yield f"{row.package}: {row.read} of {row.modelled} models were read"
    if not row.types:
        yield f"{row.package}: no type was found"


if __name__ == "__main__":
    main()
