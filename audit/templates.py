"""The templates that are scanned: one for each environment of the repository and of its pages."""

import copy
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from provisioner.catalog.registry import Catalog
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.workflow.export import ExportFormat, export_environment
from provisioner.workflow.plan import load_desired

_BLOCK = re.compile(r"^```yaml (environments/\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Scanned:
    """A template with a name of its own for each resource, and its addresses by that name.

    checkov knows a resource by type and name, and takes two of one name (the role assignments and
    diagnostic settings of several resources) for one. So the later ones get a number here.
    """

    name: str
    template: Mapping[str, Any]
    addresses: Mapping[str, str]


class Files:
    """The files of the repository, below `root`, and those that pages of the documentation hold."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._held: dict[str, str] = {}

    def hold(self, page: Path) -> list[str]:
        """Take up the environments of a page; return their paths."""
        found = dict(_BLOCK.findall(page.read_text(encoding="utf-8")))
        self._held.update(found)
        return list(found)

    def read_text(self, path: str) -> str:
        """Return the text of a file. Raises DiagnosticError where there is none."""
        file = self._root / path
        if path not in self._held and not file.is_file():
            raise DiagnosticError(error("file-not-found", f"there is no file {path!r}."))
        return self._held.get(path) or file.read_text(encoding="utf-8")


def export_all(root: Path, catalog: Catalog, today: date) -> Iterator[Scanned]:
    """Yield the template of every environment. Raises DiagnosticError for what is wrong in one."""
    files = Files(root)
    paths = [path.relative_to(root).as_posix() for path in (root / "environments").glob("*.yaml")]
    for page in (root / "docs" / "blueprints").glob("*.md"):
        paths += files.hold(page)
    for path in sorted(set(paths)):
        desired = load_desired(path, catalog, files, today)
        (text,) = export_environment(desired, catalog, ExportFormat.ARM).values()
        blueprint = Path(desired.environment.blueprint).stem
        yield _tell_apart(f"{desired.environment.name}, of {blueprint}", json.loads(text))


def _tell_apart(name: str, template: dict[str, Any]) -> Scanned:
    seen: Counter[str] = Counter()
    addresses: dict[str, str] = {}
    for resource in resources_of(template):
        key = f"{resource['type']}.{resource['name']}"
        seen[key] += 1
        if seen[key] > 1:
            resource["name"] = f"{resource['name']}-{seen[key]}"
        addresses[f"{resource['type']}.{resource['name']}"] = resource["comments"]
    return Scanned(name, template, addresses)


def resources_of(template: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the resources in the nested templates of one."""
    for deployment in template["resources"]:
        yield from deployment["properties"]["template"]["resources"]


def weaken(scanned: Scanned, type_name: str, path: tuple[str, ...], value: object) -> Scanned:
    """Return a template with one property changed in every resource of a type."""
    template = copy.deepcopy(dict(scanned.template))
    for resource in resources_of(template):
        if resource["type"] == type_name:
            found = resource
            for step in path[:-1]:
                found = found[step]
            found[path[-1]] = value
    return Scanned(scanned.name, template, scanned.addresses)
