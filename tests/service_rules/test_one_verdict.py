"""What Azure refuses is refused by `validate` (or by `plan`, where it takes what stands in Azure)
and by the built-in Azure alike, and what stands beside it is refused by neither."""

from collections.abc import Mapping

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.documents.plan import Action
from provisioner.model.diagnostic import DiagnosticError, Severity
from provisioner.model.values import Value
from provisioner.service_rules.registry import all_rules
from provisioner.service_rules.rule import UNCONFIRMED
from provisioner.workflow.network import Siblings, validate_environment
from provisioner.workflow.plan import Desired
from tests.environments import Bench
from tests.service_rules.verdicts import Row, compose, rows
from tests.simulator.setting import Caller, Reply

ROWS = list(rows())
OLDER = "2022-07-01"
"""An api version that is not the catalog's: rules hold whatever a request says."""


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
    return [*blocked, *(f"{d.message}" for d in wrong)]


def send_all(desired: Desired, azure: Bench, version: str | None = None) -> Mapping[str, Reply]:
    """PUT each resource as the blueprint has it, without marks; return the answers by address."""
    call = Caller(azure.server.endpoint)
    answers = {
        resource.address: call(
            "PUT",
            f"{resource.id}?api-version={version or resource.type.api_version}",
            unmarked(resource.body),
        )
        for resource in desired.graph.ordered
        if resource.managed
    }
    call.close()
    return answers


def unmarked(body: Mapping[str, Value]) -> dict[str, Value]:
    """Return a body without azsec's own tags: what somebody else sends."""
    tags = body.get("tags")
    kept = {
        name: value
        for name, value in (tags.items() if isinstance(tags, Mapping) else ())
        if not name.startswith("azsec-")
    }
    rest = {name: value for name, value in body.items() if name != "tags"}
    return {**rest, "tags": kept} if kept else rest


def stand(row: Row, azure: Bench) -> None:
    """Make what stands in Azure before, as somebody else."""
    if row.live:
        answers = send_all(compose(row.live, azure.catalog), azure)
        assert {a: r.body for a, r in answers.items() if r.status >= 400} == {}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_what_azure_refuses_is_refused_alike(row: Row, bench: Bench) -> None:
    stand(row, bench)
    desired = compose(row.resources, bench.catalog)
    foreseen = (
        refused_by_plan(desired, bench) if row.live else refused_by_validate(desired, bench.catalog)
    )
    answer = f"{row.status} {row.code}" if row.code else f"{row.status}"
    named = f"(Azure answers {answer})"
    assert any(named in text and row.wrong in text for text in foreseen), foreseen
    for version in (None, OLDER):
        answers = dict(send_all(desired, bench, version))
        refused = answers.pop(row.wrong)
        assert (refused.status, refused.code) == (row.status, row.code or UNCONFIRMED), refused.body
        assert {a: r.body for a, r in answers.items() if r.status >= 400} == {}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_what_stands_beside_it_is_refused_by_neither(row: Row, bench: Bench) -> None:
    stand(row, bench)
    desired = compose(row.neighbour, bench.catalog)
    foreseen = (
        refused_by_plan(desired, bench) if row.live else refused_by_validate(desired, bench.catalog)
    )
    assert foreseen == []
    answers = send_all(desired, bench)
    assert {a: r.body for a, r in answers.items() if r.status >= 400} == {}


def test_every_rule_has_a_source() -> None:
    assert [rule.id for rule in all_rules() if len(rule.source) < 10] == []
