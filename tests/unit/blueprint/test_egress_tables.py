"""Tables of egress: hosts that several environments open, in files of their own."""

import pytest

from provisioner.blueprint.composition import compose
from provisioner.blueprint.environment import load_environment
from provisioner.blueprint.json_schema import json_schemas
from provisioner.model.diagnostic import DiagnosticError
from tests.unit.blueprint.invented_catalog import BLUEPRINT, CATALOG, ENVIRONMENT, Memory

TABLE = """\
apiVersion: azsec/v1
kind: EgressTable
egress:
  - {fqdns: [a.example, b.example], reason: agents}
  - {fqdns: [c.example], ports: [443, 8443], reason: artifacts}
"""
OWN = "egress: [{fqdns: [own.example], reason: own}]\n"
OUTPUT = "outputs: {hosts: '${flatten(environment.egress.map(e, e.fqdns))}'}\n"


def _load(environment: str, **files: str):
    texts = {"env.yaml": ENVIRONMENT + environment, "blueprint.yaml": BLUEPRINT + OUTPUT}
    texts |= {f"{name.replace('__', '/')}.yaml": text for name, text in files.items()}
    sources = Memory(texts)
    loaded = load_environment("env.yaml", sources)
    return loaded, compose(loaded, CATALOG, sources)


def test_what_tables_open_is_opened_after_what_the_environment_does():
    loaded, graph = _load(OWN + "egressTables: [t/one.yaml]\n", t__one=TABLE)
    assert [(one.fqdns, one.ports, one.reason) for one in loaded.egress] == [
        (("own.example",), (443,), "own"),
        (("a.example", "b.example"), (443,), "agents"),
        (("c.example",), (443, 8443), "artifacts"),
    ]
    assert graph.outputs["hosts"] == ["own.example", "a.example", "b.example", "c.example"]


def test_a_table_of_a_base_is_named_relative_to_the_base():
    base = "apiVersion: azsec/v1\nkind: EnvironmentBase\negressTables: [table.yaml]\n"
    loaded, _ = _load("extends: bases/b.yaml\n", bases__b=base, bases__table=TABLE)
    assert len(loaded.egress) == 2


REFUSED = [
    (
        "no file",
        "egressTables: [no.yaml]\n",
        {},
        "env.yaml:7:16: error: there is no file 'no.yaml'",
    ),
    (
        "named twice",
        "egressTables:\n  - t.yaml\n  - ./t.yaml\n",
        {"t": TABLE},
        "env.yaml:9:5: error: t.yaml is named twice.",
    ),
    (
        "another kind",
        "egressTables: [t.yaml]\n",
        {"t": BLUEPRINT},
        "t.yaml:2:7: error: 'kind' is 'Blueprint'. Expected 'EgressTable'.",
    ),
    (
        "no reason",
        "egressTables: [t.yaml]\n",
        {"t": TABLE.replace(", reason: agents", "")},
        "t.yaml:4:5: error: 'egress.0.reason' is required.",
    ),
    *(
        (
            f"the host {host!r}",
            "egressTables: [t.yaml]\n",
            {"t": TABLE.replace("a.example", f"'{host}'")},
            f"t.yaml:4:14: error: 'egress.0.fqdns.0': {host!r} is not a host",
        )
        for host in (
            *("*", "", "https://b.example", "203.0.113.7", "10.0.0.0/8", "a b", "localhost"),
            *("*.*.example", "a*.example", "${environment.name}.example", "a.example/path"),
        )
    ),
    (
        "a port that is none",
        "egressTables: [t.yaml]\n",
        {"t": TABLE.replace("8443", "70000")},
        "t.yaml:5:39: error: 'egress.1.ports.1'",
    ),
    (
        "no list",
        "egressTables: t.yaml\n",
        {"t": TABLE},
        "env.yaml:7:15: error: 'egressTables'",
    ),
]


@pytest.mark.parametrize(
    ("environment", "files", "said"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED]
)
def test_what_is_no_table_is_refused_with_its_place(environment, files, said):
    with pytest.raises(DiagnosticError) as problem:
        _load(environment, **files)
    assert said in str(problem.value)


@pytest.mark.parametrize("host", ["*.blob.core.windows.net", "A-1.example.", "_x.a.example"])
def test_hosts_and_domains_are_taken(host):
    loaded, _ = _load("egressTables: [t.yaml]\n", t=TABLE.replace("a.example", f"'{host}'"))
    assert loaded.egress[0].fqdns[0] == host


def test_an_editor_knows_tables():
    schema = json_schemas(CATALOG)["egresstable"]
    assert schema["required"] == ["apiVersion", "kind", "egress"]
