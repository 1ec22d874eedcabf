"""That every fact of the catalog is about a property that Azure has: one with a slip in its path
would hold for nothing, and nobody would notice."""

import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest

from provisioner.catalog.policies import METADATA
from provisioner.catalog.registry import Catalog, all_types
from provisioner.catalog.resource_type import ResourceType


@pytest.mark.parametrize("resource_type", all_types(), ids=lambda t: t.name)
def test_every_fact_is_about_a_property_that_exists(
    resource_type: ResourceType, catalog: Catalog, corpus: Path
) -> None:
    # What only other api versions than the pinned one have is no property of its model.
    recorded = read_paths(corpus).get(resource_type.name.lower(), frozenset())
    unknown = [
        path
        for path in resource_type.fields
        if catalog.schemas.find(resource_type.name, path.replace("[]", ".[]").split(".")) is None
        and path.lower() not in recorded
        # What holds for all policies was recorded of some.
        and path not in METADATA
    ]

    assert unknown == []


@lru_cache(maxsize=1)
def read_paths(corpus: Path) -> dict[str, frozenset[str]]:
    """Return the paths of all recorded bodies, by type; both in lower case."""
    found: dict[str, set[str]] = {}
    for file in corpus.rglob("pairs/*.jsonl"):
        for line in file.read_text(encoding="utf-8").splitlines():
            pair = json.loads(line)
            paths = found.setdefault(pair["type"].lower(), set())
            for body in (pair["request"], pair["response"]):
                paths.update(_walk(body, ""))
    return {name: frozenset(paths) for name, paths in found.items()}


def _walk(value: object, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            here = f"{path}.{key}" if path else key
            yield here.lower()
            yield from _walk(item, here)
    elif isinstance(value, list):
        for item in value:
            yield from _walk(item, f"{path}[]")
