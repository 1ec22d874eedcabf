"""What is taken from the composition cache, what is composed again, and what never gets into it.

`composed` of this folder's tests composes every blueprint with a cache and without, and compares.
"""

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from provisioner.blueprint.cached_values import NotCacheableError, decode_value, encode_value
from provisioner.blueprint.composition import compose
from provisioner.blueprint.composition_cache import CompositionCache
from provisioner.blueprint.declared_types import read_stated_types
from provisioner.blueprint.environment import load_environment
from provisioner.blueprint.graph import DesiredGraph
from provisioner.catalog.registry import Catalog
from provisioner.model.diagnostic import DiagnosticError
from provisioner.model.values import ResourceValue, Sensitive, Unknown
from tests.environments import ShippedFiles
from tests.unit.blueprint.invented_catalog import (
    BLUEPRINT,
    CATALOG,
    ENVIRONMENT,
    MODULE,
    Memory,
    MemoryStore,
)
from tests.unit.blueprint.test_shipped_environments import ENVIRONMENTS, catalog

NETWORK = """\
parameters: {name: {type: string}}
resources:
  net:
    type: Invented.Network/networks
    name: ${name}
    properties: {addressSpace: {addressPrefixes: [10.0.0.0/16]}}
outputs: {id: "${net.id}"}
"""
USES = """\
modules:
  one: {source: one.yaml, resourceGroup: main, parameters: {name: first}}
  two: {source: two.yaml, resourceGroup: main, parameters: {name: second}, dependsOn: [one]}
"""
FILES = {
    "env.yaml": ENVIRONMENT,
    "blueprint.yaml": BLUEPRINT + USES + 'outputs: {id: "${one.id}"}\n',
    "one.yaml": MODULE + NETWORK,
    "two.yaml": MODULE + NETWORK,
}


class Counted(MemoryStore):
    """A store that tells what was composed because it had no entry of it."""

    def compose(
        self, files: Mapping[str, str] = FILES, catalog: Catalog = CATALOG
    ) -> tuple[DesiredGraph, list[str]]:
        """Compose; return the graph, and the addresses in the entries that are new."""
        sources = Memory(files)
        cache, added = CompositionCache(self), []
        environment = load_environment("env.yaml", sources)
        before = set(self.entries)
        read_stated_types(environment, sources, cache)
        graph = compose(environment, catalog, sources, cache)
        cache.close()
        for key in set(self.entries) - before:
            entry = json.loads(self.entries[key])
            if "resources" in entry:
                added += [each[0] for each in entry["resources"]]
        return graph, sorted(added)


def test_what_did_not_change_is_not_composed_again():
    store = Counted()
    graph, composed = store.compose()
    assert composed == ["one.net", "two.net"]
    again, composed = store.compose()
    assert (again, composed, store.writes) == (graph, [], 1)
    assert [edge.on for edge in again.resources["two.net"].edges] == [
        "one.net",
        "resourceGroups.main",
    ]
    assert again.outputs == {"id": graph.resources["one.net"].id.text}


_CHANGES = {
    "a module's file": ({"two.yaml": MODULE + NETWORK.replace("/16", "/17")}, ["two.net"]),
    "an argument": ({"blueprint.yaml": FILES["blueprint.yaml"].replace("second", "third")},
                    ["two.net"]),
    "a line above in the blueprint": ({"blueprint.yaml": "# ...\n" + FILES["blueprint.yaml"]}, []),
    "the resource group": (
        {"blueprint.yaml": FILES["blueprint.yaml"].replace("rg-main", "rg-other")},
        ["one.net", "two.net"],
    ),
    "tags of the blueprint": (
        {"blueprint.yaml": FILES["blueprint.yaml"] + "tags: {team: core}\n"},
        ["one.net", "two.net"],
    ),
    "the environment's name": (
        {"env.yaml": ENVIRONMENT.replace("metadata: {name: ", "metadata: {name: x")},
        ["one.net", "two.net"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", _CHANGES)
def test_what_changed_is_composed_again_and_nothing_else(what: str) -> None:
    changed, composed = _CHANGES[what]
    assert FILES.items() != {**FILES, **changed}.items()
    store = Counted()
    store.compose()
    graph, found = store.compose({**FILES, **changed})
    assert found == composed
    assert graph == Counted().compose({**FILES, **changed})[0]


def test_a_store_grows_to_twice_what_one_composition_needs():
    store = Counted()
    store.compose()
    needed = len("".join(store.entries.values()))
    branch = {**FILES, **_CHANGES["a module's file"][0]}
    store.compose(branch)
    assert store.compose()[1] == store.compose(branch)[1] == []  # both are kept
    for upgrade in range(1, 6):
        store.stamp = f"{upgrade}"
        store.compose()
        assert len("".join(store.entries.values())) <= 2 * needed
    assert store.compose(branch)[1] == ["two.net"]
    assert store.compose()[1] == [], "the newest is what stays"


@pytest.mark.parametrize("change", ["schemas", "api version"])
def test_other_facts_of_types_are_another_entry(change: str) -> None:
    store = Counted()
    store.compose()
    other = replace(CATALOG, schema_digest="another SDK")
    if change == "api version":
        known = CATALOG.get("Invented.Network/networks")
        other = CATALOG.extended([replace(known, api_version="2099-01-01")], CATALOG.schemas)
    assert store.compose(catalog=other)[1] == ["one.net", "two.net"]


def test_a_catalog_of_which_the_schemas_are_not_known_keeps_nothing():
    assert Counted().compose(catalog=replace(CATALOG, schema_digest=None))[1] == []


@pytest.mark.parametrize(
    "damage", ["{", "{}", "[]", '{"resources": [[]], "names": {}, "outputs": {}}']
)
def test_an_entry_that_is_damaged_is_composed_again_and_written_anew(damage: str) -> None:
    store = Counted()
    graph, _ = store.compose()
    sound = store.entries
    store.entries = {
        key: damage if "resources" in json.loads(raw) else raw for key, raw in sound.items()
    }
    assert store.compose()[0] == graph
    assert store.entries == sound


def test_a_mistake_is_told_alike_with_a_warm_cache():
    store = Counted()
    store.compose()
    wrong = {**FILES, "two.yaml": MODULE + NETWORK.replace("addressSpace", "adressSpace")}
    with pytest.raises(DiagnosticError) as cold:
        Counted().compose(wrong)
    with pytest.raises(DiagnosticError) as warm:
        store.compose(wrong)
    assert warm.value.diagnostics == cold.value.diagnostics
    assert [str(each.span) for each in warm.value.diagnostics] == ["two.yaml:8:18"]


def test_the_place_of_a_property_is_known_of_a_module_that_was_not_parsed():
    store = Counted()
    first, _ = store.compose()
    second, _ = store.compose()
    path = ("properties", "addressSpace")
    cold, warm = (graph.resources["one.net"].node.find(path).span for graph in (first, second))
    assert cold == warm


def test_a_sensitive_value_is_not_kept():
    with pytest.raises(NotCacheableError):
        encode_value({"a": [Sensitive("vault.key", {"vault": ResourceValue("vault")}, ("key",))]})


def test_what_json_does_not_hold_exactly_is_not_kept():
    for value in (float("nan"), float("inf"), (1, 2), {"\x00": "mark"}, "\ud83d\ude00"):
        with pytest.raises(NotCacheableError):
            encode_value(value)


def test_a_value_comes_back_as_it_was():
    unknown = Unknown("a.b", {"a": ResourceValue("x.a"), "n": [1, 1.0, True]}, ("a.b",))
    value = {"z": [1, 1.0, True, None, 2**70, 0.1, "😀"], "a": {"unknown": unknown}}
    back = decode_value(json.loads(json.dumps(encode_value(value))))
    assert back == value
    assert json.dumps(back["z"]) == json.dumps(value["z"])  # 1 is not 1.0
    assert list(back) == ["z", "a"]


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_an_environment_of_the_repository_comes_to_the_same(name: str) -> None:
    path, sources = f"environments/{name}.yaml", ShippedFiles()
    known = replace(catalog(), schema_digest="that of the installed packages")
    environment = load_environment(path, sources)
    alone, store = compose(environment, known, sources), MemoryStore()
    for _ in range(2):
        cache = CompositionCache(store)
        read_stated_types(environment, sources, cache)
        assert compose(environment, known, sources, cache) == alone
        cache.close()
    assert store.writes == 1
    assert any("resources" in json.loads(raw) for raw in store.entries.values())
