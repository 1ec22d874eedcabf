"""The schema index on disk: never stale, never needed, never trusted blindly."""

import importlib.metadata
import json

import pytest

from provisioner.azure.schema_cache import load_catalog
from provisioner.catalog.resource_type import NameRule, ResourceType, SdkModel
from provisioner.catalog.schema import Kind, Model, Property, Shape

VAULT = ResourceType(
    name="Microsoft.KeyVault/vaults",
    api_version="2026-05-15",
    sdk=SdkModel("azure.mgmt.keyvault", "Vault"),
    rule=NameRule(".*", "anything"),
)


def handwritten(*properties):
    model = Model("own.Body", {name: Property(name, Shape(Kind.STRING)) for name in properties})
    return ResourceType(
        name="Microsoft.Test/things",
        api_version="1",
        sdk=None,
        rule=NameRule(".*", "anything"),
        models=(model,),
    )


def mark(folder):
    """Leave a mark in the kept indexes: a catalog that has it was read from a file."""
    for file in folder.rglob("*.json"):
        content = json.loads(file.read_text())
        content["roots"]["Microsoft.Test/mark"] = next(iter(content["models"]))
        file.write_text(json.dumps(content))


def is_from_file(catalog):
    return "Microsoft.Test/mark" in catalog.schemas.roots


def test_the_second_load_reads_the_file(tmp_path):
    first = load_catalog(tmp_path / "new" / "dir", types=[VAULT])
    assert load_catalog(tmp_path / "new" / "dir", types=[VAULT]).schemas == first.schemas
    mark(tmp_path)

    second = load_catalog(tmp_path / "new" / "dir", types=[VAULT])

    assert is_from_file(second)
    path = ("properties", "networkAcls", "ipRules", "[]", "value")
    assert second.schemas.find(VAULT.name, path).shape.kind is Kind.STRING
    assert second.get("microsoft.keyvault/VAULTS") == VAULT


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b'{"roots": {', id="cut off"),
        pytest.param(b"[]", id="not an object"),
        pytest.param(b'{"roots": {}, "models": {"a": {"properties": [[1]]}}}', id="another shape"),
        pytest.param(b"\x80\x04\x95", id="not text"),
    ],
)
def test_a_file_that_cannot_be_read_is_made_anew(tmp_path, content):
    load_catalog(tmp_path, types=[VAULT])
    (file,) = tmp_path.iterdir()
    good = file.read_bytes()
    file.write_bytes(content)

    load_catalog(tmp_path, types=[VAULT])

    assert file.read_bytes() == good


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param([VAULT], [VAULT, handwritten("a")], id="another type"),
        pytest.param([handwritten("a")], [handwritten("a", "b")], id="another handwritten model"),
    ],
)
def test_an_index_of_other_types_is_not_read(tmp_path, before, after):
    load_catalog(tmp_path, types=before)
    mark(tmp_path)

    assert not is_from_file(load_catalog(tmp_path, types=after))


def test_an_upgraded_sdk_package_is_read_again(tmp_path, monkeypatch):
    load_catalog(tmp_path, types=[VAULT])
    mark(tmp_path)
    # No other version of the package is installed here: Python is made to say so.
    monkeypatch.setattr(importlib.metadata, "version", lambda _: "99.0")

    assert not is_from_file(load_catalog(tmp_path, types=[VAULT]))


def test_old_indexes_are_dropped(tmp_path):
    for number in range(8):
        load_catalog(tmp_path, types=[handwritten(f"p{number}")])

    assert len(list(tmp_path.iterdir())) == 4


def test_a_directory_that_cannot_be_written_is_no_error(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")

    assert load_catalog(blocked / "cache", types=[handwritten("a")]).find("microsoft.test/things")


def test_the_file_is_plain_json(tmp_path):
    load_catalog(tmp_path, types=[handwritten("a")])
    (file,) = tmp_path.iterdir()

    assert json.loads(file.read_text())["roots"] == {"Microsoft.Test/things": "own.Body"}
