"""Sets of resources of which Azure refuses one, and what refuses them here.

A set is one row of `bodies/*.yaml`: `resources` as a blueprint has them; `live`, what others have
in Azure already; the address that is `wrong`; the `code` of Azure (null where no source says it)
and where the refusal is known from (`source`); and `sound`, a merge patch over `resources` that
gives what nobody may refuse (`live` stays).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from provisioner.blueprint.memory_files import MemoryFiles
from provisioner.catalog.registry import Catalog
from provisioner.workflow.plan import Desired, load_desired
from tests.environments import BLUEPRINT, ENVIRONMENT, TODAY

BESIDE = """\
  beside: {subscription: workload, name: rg-beside, location: westeurope}
resources:
"""
BODIES = Path(__file__).parent / "bodies"
GROUP_TYPE = "Microsoft.Resources/resourceGroups"


@dataclass(frozen=True)
class Row:
    id: str
    source: str
    code: str | None
    wrong: str
    resources: Mapping[str, Any]
    sound: Mapping[str, Any]
    live: Mapping[str, Any] = field(default_factory=dict)
    status: int = 400

    @property
    def neighbour(self) -> Mapping[str, Any]:
        """The resources that nobody may refuse."""
        patched = merged(self.resources, self.sound)
        assert isinstance(patched, dict)
        return patched


def rows() -> Iterator[Row]:
    """Yield the rows of all files. Keys that begin with `_` hold what a file repeats."""
    for file in sorted(BODIES.glob("*.yaml")):
        for row in yaml.safe_load(file.read_text(encoding="utf-8"))["rows"]:
            yield Row(**row)


def merged(value: Any, patch: Any) -> Any:
    """Return a value with a merge patch made to it (RFC 7396)."""
    if not isinstance(patch, Mapping):
        return patch
    result = dict(value) if isinstance(value, Mapping) else {}
    for name, item in patch.items():
        if item is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), item)
    return result


def compose(resources: Mapping[str, Any], catalog: Catalog) -> Desired:
    """Compose an environment of these resources; there is a second resource group, `beside`."""
    placed = {
        address: body if {"parent", "scope", "resourceGroup"} & set(body) else in_main(body)
        for address, body in resources.items()
    }
    lines = "".join(f"  {address}: {json.dumps(body)}\n" for address, body in placed.items())
    files = {
        "environment.yaml": ENVIRONMENT,
        "blueprint.yaml": BLUEPRINT.replace("resources:\n", BESIDE) + lines,
    }
    return load_desired("environment.yaml", catalog, MemoryFiles(files), TODAY)


def in_main(body: Mapping[str, Any]) -> dict[str, Any]:
    return {**body, "resourceGroup": "main"}
