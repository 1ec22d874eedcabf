"""A value that is known only after apply may become a sound one: no hole in a sound body is
refused, wherever it is, and neither is what stands beside it: by no service rule, and by none of
the checks of addresses and of what points to what in a network."""

from collections.abc import Iterator, Mapping

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.model.diagnostic import Severity
from provisioner.model.estate import Estate, Resource
from provisioner.model.values import Unknown, Value
from provisioner.network.addresses.checks import check_addresses
from provisioner.network.model.topology_reader import topology_of
from provisioner.network.paths.route_checks import check_routes
from provisioner.plan.estates import expand
from provisioner.service_rules.evaluation import judge_write
from provisioner.service_rules.rule import Write
from provisioner.service_rules.rule_context import EstateContext
from tests.service_rules.verdicts import Row, compose, rows

LATER = Unknown("later", {}, ("later.properties.value",))


def with_holes(value: Value) -> Iterator[Value]:
    """Yield a value once for each part of it, with that part unknown."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield {**value, key: LATER}
            yield from ({**value, key: inner} for inner in with_holes(item))
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            for inner in (LATER, *with_holes(item)):
                yield [*value[:index], inner, *value[index + 1 :]]


@pytest.mark.parametrize("row", list(rows()), ids=lambda row: row.id)
def test_no_hole_is_refused(row: Row, catalog: Catalog) -> None:
    graph = compose(row.neighbour, catalog).graph
    stated = [Resource(r.id, r.type.name, r.body) for r in graph]
    made = {r.id.key for r in graph if r.managed}
    for holed in stated:
        for body in with_holes({k: v for k, v in holed.body.items() if k != "tags"}):
            assert isinstance(body, Mapping)
            others = [r for r in stated if r.id != holed.id]
            now = [*others, Resource(holed.id, holed.type, body)]
            around = EstateContext(
                Estate.of(expand(now, catalog)),
                is_absent=lambda _resource: False,
                is_whole=lambda container, _type: container.key in made,
            )
            for resource in now:
                if resource.id.key in made:
                    write = Write(resource.type, resource.id, None, resource.body, around, "2026")
                    found = judge_write(write, catalog)
                    assert [(f.rule.id, str(f), body) for f in found] == []


@pytest.mark.parametrize("row", list(rows()), ids=lambda row: row.id)
def test_no_hole_is_refused_in_a_network(row: Row, catalog: Catalog) -> None:
    desired = compose(row.neighbour, catalog)
    stated = [Resource(r.id, r.type.name, r.body) for r in desired.graph]
    for holed in stated:
        if not any(each in holed.type for each in ("Microsoft.Network/", "ContainerService/")):
            continue
        others = [r for r in stated if r.id != holed.id]
        for body in with_holes({k: v for k, v in holed.body.items() if k != "tags"}):
            assert isinstance(body, Mapping)
            estate = Estate.of(expand([*others, Resource(holed.id, holed.type, body)], catalog))
            told = (
                *check_addresses(estate),
                *check_routes(topology_of(estate, desired.environment)),
            )
            assert [(str(d), body) for d in told if d.severity is Severity.ERROR] == []
