"""Resources of one type as one statement: by their names, and with what only some of them have."""

import pytest

from provisioner.adoption.expression_templates import Call, Ref, Template, Tree, text_of, write
from provisioner.adoption.references import Entry
from provisioner.adoption.repetition import fold_entries
from provisioner.adoption.resource_tables import ForEachStatement
from provisioner.model.resource_id import ResourceId

GROUP = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg"
NETWORK = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet"
SUBNETS = "Microsoft.Network/virtualNetworks/subnets"


def tree(value: object) -> Tree:
    """Return a body as entries hold it; `@x` refers to the resource with the key `x`."""
    if isinstance(value, str):
        return Template.of(Ref(value[1:]) if value.startswith("@") else value)
    if isinstance(value, dict):
        return {Template.of(key): tree(item) for key, item in value.items()}
    if isinstance(value, list):
        return tuple(map(tree, value))
    assert value is None or isinstance(value, (bool, int, float))
    return value


def subnet(name: str, **properties: object) -> Entry:
    body = tree({"properties": properties})
    assert isinstance(body, dict)
    resource = ResourceId.parse(f"{NETWORK}/subnets/snet-{name}")
    parent = Template.of(Ref("network"))
    return Entry(resource, SUBNETS, Template.of(resource.name), None, parent, None, None, body)


def folds_of(*entries: Entry, apart: tuple[Entry, ...] = ()) -> tuple[ForEachStatement, ...]:
    files = {entry.key: "network" for entry in entries}
    return fold_entries(entries, files, {}, {entry.key for entry in apart})


def plain(value: Tree) -> object:
    return text_of(value, lambda text: write(text, lambda ref: f"{ref.key}.{ref.attribute}"))


def rows(fold: ForEachStatement) -> dict[str, object]:
    assert fold.rows is not None
    return {key: {t: plain(c) for t, c in row.items()} for key, row in fold.rows.items()}


ENTRIES = (
    subnet("apps", addressPrefix="10.0.1.0/24", routes={"id": "@rt"}, endpoints=["a", "b"]),
    subnet("data", addressPrefix="10.0.2.0/24", routes={"id": "@rt"}),
    subnet("jobs", addressPrefix="10.0.3.0/24", routes={"id": "@other"}, policies="Disabled"),
    subnet("web", addressPrefix="10.0.4.0/24"),
)


def test_what_only_some_have_is_a_column_that_the_others_leave_out() -> None:
    (fold,) = folds_of(*ENTRIES)

    assert plain(fold.entry.name) == "snet-${each.key}"
    assert plain(fold.entry.body) == {
        "properties": {
            "addressPrefix": "${each.value.addressPrefix}",
            "routes": '${lookup(each.value, "routes", null)}',
            "endpoints": "${each.value.endpoints}",
            "policies": '${lookup(each.value, "policies", null)}',
        }
    }
    assert rows(fold)["apps"] == {
        "addressPrefix": "10.0.1.0/24",
        "routes": {"id": "${rt.id}"},
        "endpoints": ["a", "b"],
    }
    assert rows(fold)["web"] == {"addressPrefix": "10.0.4.0/24", "endpoints": []}
    assert {ref.key for ref in fold.row_refs()} == {"rt", "other"}


def test_what_a_table_said_wrong_of_is_stated_by_itself() -> None:
    """A plan told that the table changes it: the proof asks for it apart."""
    folds = folds_of(*ENTRIES, apart=ENTRIES[:1])
    alone = [fold for fold in folds if not fold.repeats]
    assert ENTRIES[0] in [fold.entry for fold in alone]


def test_true_is_not_one_and_a_column_that_says_the_same_is_one() -> None:
    (fold,) = folds_of(
        subnet("a", first="x", second="x", flag=True),
        subnet("b", first="y", second="y", flag=1),
        subnet("c", first="z", second="z", flag=True),
    )
    assert rows(fold)["b"] == {"first": "y", "flag": 1}


def test_arguments_of_a_call_are_columns() -> None:
    def grant(name: str, role: str) -> Entry:
        call = Call("roleDefinitionId", (Ref("network"), role))
        entry = subnet(name)
        body: dict[Template, Tree] = {Template.of("role"): Template.of(call)}
        return Entry(entry.id, SUBNETS, entry.name, None, entry.parent, None, None, body)

    (fold,) = folds_of(grant("a", "Reader"), grant("b", "Owner"), grant("c", "Contributor"))

    assert plain(fold.entry.body) == {"role": "${roleDefinitionId(network.id, each.value)}"}
    assert rows(fold)["b"] == {"role": "Owner"}


@pytest.mark.parametrize("count", [2, 20])
def test_many_statements_of_different_shapes_become_one(count: int) -> None:
    entries = [
        subnet(f"s{n}", addressPrefix=f"10.0.{n}.0/24", **({"policies": "x"} if n % 2 else {}))
        for n in range(count * 2)
    ]
    assert len(folds_of(*entries)) == 1
