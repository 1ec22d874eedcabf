"""Modules that differ in a few values are one, with parameters."""

from provisioner.adoption.shared_modules import share_modules
from provisioner.adoption.yaml_text import Yaml

MODULE = {"apiVersion": "azsec/v1", "kind": "Module"}


def network(team: str, number: int, **more: Yaml) -> dict[str, Yaml]:
    properties: dict[str, Yaml] = {"range": f"10.{number}.0.0/16", "nodes": number, **more}
    resource: dict[str, Yaml] = {"name": f"vnet-${{prefix}}-{team}", "properties": properties}
    return {**MODULE, "parameters": {"prefix": {"type": "string"}}, "resources": {"net": resource}}


def test_what_differs_becomes_a_parameter_and_each_use_gives_its_own() -> None:
    shared = share_modules(
        {"netRed": network("red", 1), "netBlue": network("blue", 2)},
        {"netRed": "net", "netBlue": "net"},
    )

    assert list(shared.files) == ["net"]
    assert shared.files["net"]["parameters"] == {
        "name": {"type": "string"},
        "number": {"type": "string"},
        "nodes": {"type": "integer"},
        "prefix": {"type": "string"},
    }
    assert shared.files["net"]["resources"] == {
        "net": {
            "name": "vnet-${prefix}-${name}",
            "properties": {"range": "10.${number}.0.0/16", "nodes": "${nodes}"},
        }
    }
    assert shared.uses["netBlue"].parameters == {"name": "blue", "number": "2", "nodes": 2}


def test_modules_of_another_shape_and_expressions_that_differ_stay_apart() -> None:
    modules = {
        "a": network("red", 1),
        "b": network("blue", 2, extra=True),
        "c": network("green", 3, zone="${zones.one}"),
        "d": network("white", 4, zone="${zones.two}"),
    }

    shared = share_modules(modules, dict.fromkeys(modules, "net"))

    assert {name: use.file for name, use in shared.uses.items()} == {name: name for name in "abcd"}
    assert shared.files == modules


def test_a_guid_is_never_taken_apart() -> None:
    one, other = (f"bbbbbbbb-0000-4000-8000-00000000000{n}" for n in (1, 2))

    shared = share_modules(
        {"x": network("red", 1, id=one), "y": network("red", 1, id=other)}, {"x": "n", "y": "n"}
    )

    assert shared.uses["y"].parameters == {"id": other}
