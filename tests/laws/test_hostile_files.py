"""Whatever a file says, it is read within its bounds or refused with a diagnostic.

Files of a small environment are mutated: in their structure (another value, key or text anywhere)
and in their bytes. What reads them is what the commands use.
"""

import json
from contextlib import suppress
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioner.blueprint.memory_files import MemoryFiles
from provisioner.blueprint.yaml_source import parse_documents
from provisioner.catalog.registry import Catalog
from provisioner.cli.workspace import FileSources
from provisioner.model.diagnostic import DiagnosticError
from provisioner.plan.plan_file import read_plan_file, write_plan_file
from provisioner.workflow.compare import compare_lines
from provisioner.workflow.network import Siblings, validate_environment
from provisioner.workflow.plan import load_desired
from tests.environments import TODAY, open_bench

HOSTILE_TEXTS = [
    "", "${", "${}", "${a}", "${p}", "${n}", "${m.o}", "${one.id}", "${one.properties}",
    "${one}", "${m}", "${each.key}", "${each.value}", "${environment}", "${resourceGroups}",
    "${[p, p].map(x, [x, x].map(y, x + y))}", "${[1].map(x, x, x)}", "${1/0}", "${0.0/0.0}",
    '${timestamp("2020-01-01T00:00:00Z")}', "${{1: 2}}", '${{"a": 1}}', "${b'x'}",
    "${9223372036854775807 + 1}", '${cidrsubnet("10.0.0.0/8", 99999999999, 1)}',
    '${cidrhost("::/0", 9223372036854775807)}', '${replace("aaaa", "", "bbbb")}',
    "${concat([1], 2)}", "${merge({}, [])}", '${"a".matches("(a")}', '${"a".matches("(a+)+$")}',
    '${roleDefinitionId(1, 2)}', "${guid(p, {})}", "${lower(1)}", "${uniqueString()}",
    "${[1, 2, 3].filter(x, x > 1)[7]}", "${has(one.x)}", '${r"\\"}', "${'''a'''}", "$${x}",
    "(a+)+", "(?=a)", "[", "../..", "/dev/zero", "\u202e", "a" * 3000, "x.y[0]", "-", "NaN",
    "Microsoft.Network/virtualNetworks", "Microsoft.Network/virtualNetworks/subnets", "list",
    "object", "any", "string", "0001-01-01",
]  # fmt: skip
SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(HOSTILE_TEXTS),
    st.text(max_size=8),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=True, allow_infinity=True),
    st.booleans(),
    st.none(),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(HOSTILE_TEXTS) | st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)

NETWORK = "Microsoft.Network/virtualNetworks"
BLUEPRINT: dict[str, Any] = {
    "apiVersion": "azsec/v1",
    "kind": "Blueprint",
    "metadata": {"name": "small"},
    "tags": {"team": "${p}"},
    "parameters": {
        "p": {"type": "string", "default": "a", "pattern": "[a-z]*", "minLength": 0},
        "n": {"type": "list", "default": [{"name": "net-x", "size": 1}], "items": {"type": "any"}},
    },
    "resourceGroups": {
        "main": {"subscription": "workload", "name": "rg", "location": "westeurope"}
    },
    "resources": {
        "one": {
            "type": NETWORK,
            "resourceGroup": "main",
            "name": "one",
            "when": True,
            "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}},
            "tags": {"${p}x": "${p}", "y": "${n[0].name}"},
        },
        "many": {
            "type": NETWORK,
            "resourceGroup": "main",
            "forEach": "${n}",
            "name": "${each.key}",
            "dependsOn": ["one"],
            "tags": {"of": "${one.id}"},
            "properties": {
                "addressSpace": {"addressPrefixes": ['${cidrsubnet("10.1.0.0/16", 8, 1)}']}
            },
        },
    },
    "modules": {"m": {"source": "m.yaml", "resourceGroup": "main", "parameters": {"q": "${p}"}}},
    "outputs": {"o": "${m.o}"},
}
MODULE: dict[str, Any] = {
    "apiVersion": "azsec/v1",
    "kind": "Module",
    "parameters": {"q": {"type": "string", "enum": ["a", "b"]}},
    "resources": {
        "inner": {
            "type": NETWORK,
            "name": "inner",
            "location": "${q}",
            "properties": {"addressSpace": {"addressPrefixes": ["10.2.0.0/16"]}},
        }
    },
    "outputs": {"o": "${inner.id}"},
}
ENVIRONMENT_FILE: dict[str, Any] = {
    "apiVersion": "azsec/v1",
    "kind": "Environment",
    "metadata": {"name": "small"},
    "blueprint": "blueprint.yaml",
    "cloud": "local",
    "tenantId": "00000000-0000-0000-0000-000000000000",
    "subscriptions": {"workload": "11111111-1111-1111-1111-111111111111"},
    "parameters": {"p": "a"},
    "gates": {"controls": "none", "proofs": "warn"},
    "ignore": [
        {"path": "tags.x", "scope": "one", "reason": "r", "owner": "o", "expires": "2999-01-01"}
    ],
    "egress": [{"fqdns": ["example.org"], "ports": [443], "reason": "r"}],
    "kubernetes": {"namespaces": [{"name": "billing"}]},
}
FILES = {"env.yaml": ENVIRONMENT_FILE, "blueprint.yaml": BLUEPRINT, "m.yaml": MODULE}


@st.composite
def mutated(draw: st.DrawFn, value: Any, times: int) -> Any:
    """Return a copy of JSON data with some of its values or keys replaced, added or left out."""
    copy = json.loads(json.dumps(value, default=str))
    for _ in range(draw(st.integers(1, times))):
        holder, key = draw(st.sampled_from(list(_places(copy))))
        what = draw(st.sampled_from(["value", "value", "key", "none", "twice"]))
        if what == "value":
            holder[key] = draw(VALUES)
        elif what == "none":
            del holder[key]
        elif isinstance(holder, dict):
            name = draw(st.sampled_from(HOSTILE_TEXTS)) if what == "key" else str(key).upper()
            holder[name] = holder[key]
        if not list(_places(copy)):
            break
    return copy


def _places(value: Any) -> Any:
    if isinstance(value, dict):
        for key, item in value.items():
            yield value, key
            yield from _places(item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield value, index
            yield from _places(item)


@st.composite
def bytes_of(draw: st.DrawFn, text: str) -> bytes:
    """Return a text with some of its bytes replaced, doubled or left out."""
    content = bytearray(text.encode("utf-8", "surrogatepass"))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, max(0, len(content) - 1)))
        size = draw(st.integers(0, 12))
        piece = draw(st.binary(max_size=4) | st.sampled_from([b"&a ", b"*a", b"{", b"[", b"\xff"]))
        content[at : at + size] = piece
    return bytes(content)


def load(files: dict[str, str], catalog: Catalog) -> None:
    desired = load_desired("env.yaml", catalog, MemoryFiles(files), TODAY)
    validate_environment(desired, catalog, Siblings(()))


def refused_or_read(act: Any, *arguments: Any) -> None:
    with suppress(DiagnosticError):
        act(*arguments)


def written(value: Any) -> str:
    return str(yaml.safe_dump(value, allow_unicode=True, sort_keys=False))


many = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def test_the_files_that_are_mutated_are_right(catalog: Catalog) -> None:
    load({file: written(value) for file, value in FILES.items()}, catalog)


@many
@given(st.data(), st.sampled_from(sorted(FILES)))
def test_files_of_another_structure_are_read_or_refused(
    catalog: Catalog, data: st.DataObject, name: str
) -> None:
    texts = {file: written(value) for file, value in FILES.items()}
    texts[name] = written(data.draw(mutated(FILES[name], 3)))
    refused_or_read(load, texts, catalog)


@many
@given(st.data(), st.sampled_from(sorted(FILES)))
def test_files_of_other_bytes_are_read_or_refused(
    tmp_path_factory, catalog: Catalog, data: st.DataObject, name: str
) -> None:
    texts = {file: written(value) for file, value in FILES.items()}
    folder = tmp_path_factory.mktemp("bytes", numbered=True)
    file = folder / "file.yaml"
    file.write_bytes(data.draw(bytes_of(texts[name])))

    def act() -> None:
        text = FileSources(folder.resolve()).read_text(str(file))
        refused_or_read(parse_documents, text, str(file))
        load({**texts, name: text}, catalog)

    refused_or_read(act)


@pytest.fixture(scope="module")
def plan_text(catalog: Catalog) -> str:
    texts = {file: written(value) for file, value in FILES.items()}
    desired = load_desired("env.yaml", catalog, MemoryFiles(texts), TODAY)
    with open_bench(catalog) as bench:
        return write_plan_file(bench.plan(desired))


@many
@given(data=st.data())
def test_plan_files_are_read_or_refused(plan_text: str, data: st.DataObject) -> None:
    content = data.draw(mutated(json.loads(plan_text), 2))
    refused_or_read(read_plan_file, json.dumps(content), "saved.azplan")
    text = data.draw(bytes_of(plan_text)).decode("utf-8", "replace")
    refused_or_read(read_plan_file, text, "saved.azplan")


LINE: dict[str, Any] = {
    "key": 1,
    "type": "Microsoft.Network/virtualNetworks",
    "desired": {"properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}},
    "actual": {"properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "a": [1]}},
}


@many
@given(data=st.data())
def test_lines_to_compare_are_answered(catalog, data: st.DataObject) -> None:
    line = json.dumps(data.draw(mutated(LINE, 3)))
    other = data.draw(bytes_of(json.dumps(LINE))).decode("utf-8", "replace").replace("\n", " ")
    for answer in compare_lines([line, other], catalog, show_unknown=True):
        json.dumps(answer)
