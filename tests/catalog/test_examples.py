"""The one test module for all types: each has a folder of example bodies, and each body holds."""

import json
from pathlib import Path
from typing import Any

import pytest

from provisioner.adoption.minimal_body import minimal_body
from provisioner.blueprint.body_check import check_body
from provisioner.blueprint.yaml_source import parse_yaml
from provisioner.catalog.registry import Catalog, all_types
from provisioner.catalog.resource_type import Scope
from provisioner.diff.comparison import compare
from provisioner.diff.merge import merge_for_write

_HERE = Path(__file__).parent
_EXAMPLES = sorted(_HERE.glob("*/*.json"))


def folder_of(type_name: str) -> str:
    return type_name.replace("/", ".")


def read_example(path: Path) -> tuple[str, str, dict[str, Any]]:
    """Return the type, the name and the body of an example."""
    content = json.loads(path.read_text(encoding="utf-8"))
    return path.parent.name, content["name"], content["body"]


every_example = pytest.mark.parametrize(
    "path", _EXAMPLES, ids=[f"{path.parent.name}/{path.stem}" for path in _EXAMPLES]
)


def test_every_type_has_a_folder_and_every_folder_a_type() -> None:
    types = {folder_of(resource_type.name) for resource_type in all_types()}
    folders = {path.parent.name for path in _EXAMPLES}

    assert types == folders


@every_example
def test_the_name_is_accepted(path: Path, catalog: Catalog) -> None:
    folder, name, _body = read_example(path)

    resource_type = next(t for t in catalog if folder_of(t.name) == folder)

    assert resource_type.accepts_name(name)
    assert not resource_type.accepts_name("")


@every_example
def test_the_body_is_one_that_azure_takes(path: Path, catalog: Catalog) -> None:
    folder, _name, body = read_example(path)
    resource_type = next(t for t in catalog if folder_of(t.name) == folder)

    problems = check_body(
        resource_type, catalog.schemas, body, parse_yaml(json.dumps(body), path.name)
    )

    assert [str(problem) for problem in problems] == []


@every_example
def test_a_body_does_not_differ_from_itself(path: Path, catalog: Catalog) -> None:
    folder, _name, body = read_example(path)
    resource_type = next(t for t in catalog if folder_of(t.name) == folder)

    assert compare(resource_type, catalog.schemas, body, body).changes == ()


@every_example
def test_what_was_written_can_be_written_again(path: Path, catalog: Catalog) -> None:
    folder, _name, body = read_example(path)
    resource_type = next(t for t in catalog if folder_of(t.name) == folder)

    merged = merge_for_write(resource_type, catalog.schemas, body, body)

    assert compare(resource_type, catalog.schemas, merged, body).changes == ()


def test_every_child_and_extension_says_what_one_of_others_does() -> None:
    """By construction: a type that nobody thought about cannot be overlooked by drift."""
    silent = [
        resource_type.name
        for resource_type in all_types()
        if (resource_type.parent is not None or resource_type.scope is Scope.EXTENSION)
        and (resource_type.adds is None) == (resource_type.harmless is None)
    ]

    assert silent == []


@every_example
def test_the_least_of_a_body_is_compared_as_all_of_it(path: Path, catalog: Catalog) -> None:
    """What `azsec adopt` leaves out is nothing that a comparison would miss."""
    folder, _name, body = read_example(path)
    resource_type = next(t for t in catalog if folder_of(t.name) == folder)

    least = minimal_body(resource_type, catalog.schemas, body)

    writable = merge_for_write(resource_type, catalog.schemas, {}, body)
    whole = compare(resource_type, catalog.schemas, writable, body)
    place = {name: body[name] for name in ("location",) if name in body}
    found = compare(resource_type, catalog.schemas, {**place, **least.body}, body)
    # A list that holds a secret is left out whole and named; an update sends what stands in Azure.
    held = {secret.partition("[")[0] for secret in least.secrets}
    told_apart = {change.path for change in whole.changes} | held
    assert {change.path for change in found.changes} <= told_apart
    beyond = set(found.unknown_defaults) - set(whole.unknown_defaults)
    assert beyond <= set(least.secrets)
    nowhere = parse_yaml("{}", path.name)
    before = check_body(resource_type, catalog.schemas, writable, nowhere)
    told = check_body(resource_type, catalog.schemas, least.body, nowhere)
    assert {str(problem) for problem in told} <= {str(problem) for problem in before}
