"""The JSON Schemas that editors use accept what azsec accepts, and refuse what it refuses."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from provisioner.blueprint.json_schema import json_schemas
from provisioner.blueprint.yaml_source import parse_yaml
from provisioner.catalog.registry import Catalog
from tests.environments import BLUEPRINT, ENVIRONMENT, ROOT

_SHIPPED = [
    *sorted((ROOT / "blueprints").rglob("*.yaml")),
    *sorted((ROOT / "environments").glob("*.yaml")),
]


@pytest.fixture(scope="module")
def schemas(catalog: Catalog) -> Mapping[str, Mapping[str, Any]]:
    return json_schemas(catalog)


def problems(text: str, schemas: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return what the schema of its kind says of a file."""
    document: Any = parse_yaml(text, "file.yaml").plain()
    validator = jsonschema.Draft202012Validator(schemas[document["kind"].lower()])
    return [error.message for error in validator.iter_errors(document)]


@pytest.mark.parametrize("path", _SHIPPED, ids=lambda path: path.name)
def test_a_shipped_file_is_accepted(path: Path, schemas: Mapping[str, Mapping[str, Any]]) -> None:
    assert problems(path.read_text(encoding="utf-8"), schemas) == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param("enablePurgeProtecton: true", "enablePurgeProtecton", id="a misspelt name"),
        pytest.param("enableSoftDelete: 3", "3", id="a wrong type"),
        pytest.param("vaultUri: ${other.id}", "", id="an expression is a value of any type"),
    ],
)
def test_a_body_is_checked(body: str, said: str, schemas: Mapping[str, Mapping[str, Any]]) -> None:
    resource = (
        "  vault:\n    type: Microsoft.KeyVault/vaults\n    name: kv-one\n    properties:\n"
        f"      tenantId: x\n      sku: {{family: A, name: standard}}\n      {body}\n"
    )

    found = problems(BLUEPRINT + resource, schemas)

    assert any(said in message for message in found) if said else found == []


def test_an_environment_names_its_cloud(schemas: Mapping[str, Mapping[str, Any]]) -> None:
    assert problems(ENVIRONMENT, schemas) == []
    assert problems(ENVIRONMENT.replace("cloud: local", "cloud: Azure"), schemas) != []
