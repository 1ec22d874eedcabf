"""What Azure refuses is refused by `validate` (or by `plan`, where it takes what stands in Azure)
and by the built-in Azure alike, and what stands beside it is refused by neither."""

from collections.abc import Iterator, Mapping

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.documents.plan import Action
from provisioner.model.diagnostic import DiagnosticError, Severity
from provisioner.service_rules.registry import all_rules
from provisioner.workflow.network import Siblings, validate_environment
from provisioner.workflow.plan import Desired
from tests.environments import Bench, open_bench
from tests.service_rules.verdicts import Row, compose, rows
from tests.simulator.setting import Caller, Reply

ROWS = list(rows())
OLDER = "2022-07-01"
"""An api version that is not the catalog's: rules hold whatever a request says."""


@pytest.fixture(scope="module")
def azure(catalog: Catalog) -> Iterator[Bench]:
    with open_bench(catalog) as opened:
        yield opened


@pytest.fixture
def call(azure: Bench) -> Iterator[Caller]:
    caller = Caller(azure.server.endpoint)
    yield caller
    caller.close()


def refused_by_validate(desired: Desired, catalog: Catalog) -> list[str]:
    """Return what `azsec validate` prints as errors."""
    try:
        validate_environment(desired, catalog, Siblings(()))
    except DiagnosticError as problem:
        found = [d for d in problem.diagnostics if d.severity is Severity.ERROR]
        assert all(d.span is not None and d.span.line > 0 for d in found)
        return [str(diagnostic) for diagnostic in found]
    return []


def refused_by_plan(desired: Desired, azure: Bench) -> list[str]:
    """Return what `azsec plan` blocks, and its errors."""
    document = azure.plan(desired).document
    blocked = [f"{c.address} {c.reason}" for c in document.changes if c.action is Action.BLOCKED]
    wrong = [d for d in document.diagnostics if d.severity is Severity.ERROR]
    return [*blocked, *(f"{d.location}: {d.message}" for d in wrong)]


def send_all(desired: Desired, call: Caller, version: str | None = None) -> Mapping[str, Reply]:
    """PUT each resource as the blueprint has it, and return the answers by address."""
    call.close()  # a server closes a connection on which nothing came for a while
    return {
        resource.address: call(
            "PUT",
            f"{resource.id}?api-version={version or resource.type.api_version}",
            dict(resource.body),
        )
        for resource in desired.graph.ordered
        if resource.managed
    }


def stand(row: Row, azure: Bench, call: Caller, group: str) -> None:
    """Make what stands in Azure before, as somebody else."""
    if row.live:
        answers = send_all(compose(row.live, azure.catalog, group), call)
        assert {a: r.body for a, r in answers.items() if r.status >= 400} == {}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_what_azure_refuses_is_refused_alike(row: Row, azure: Bench, call: Caller) -> None:
    group = f"rg-{row.id}"
    stand(row, azure, call, group)
    desired = compose(row.resources, azure.catalog, group)
    foreseen = (
        refused_by_plan(desired, azure) if row.live else refused_by_validate(desired, azure.catalog)
    )
    assert any(row.code in text and row.wrong in text for text in foreseen), foreseen
    for version in (None, OLDER):
        answers = dict(send_all(desired, call, version))
        refused = answers.pop(row.wrong)
        assert (refused.status, refused.code) == (row.status, row.code), refused.body
        assert {a: r.body for a, r in answers.items() if r.status >= 400} == {}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_what_stands_beside_it_is_refused_by_neither(row: Row, azure: Bench, call: Caller) -> None:
    group = f"rg-{row.id}-sound"
    stand(row, azure, call, group)
    desired = compose(row.neighbour, azure.catalog, group)
    foreseen = (
        refused_by_plan(desired, azure) if row.live else refused_by_validate(desired, azure.catalog)
    )
    assert foreseen == []
    answers = send_all(desired, call)
    assert {a: r.body for a, r in answers.items() if r.status >= 400} == {}


def test_every_rule_has_a_source() -> None:
    assert [rule.id for rule in all_rules() if len(rule.source) < 10] == []
