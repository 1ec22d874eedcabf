"""The roles that azsec writes are enough, and nothing in them is too much."""

from functools import cache

import pytest

from provisioner.catalog.registry import Catalog, all_types, build_catalog
from provisioner.catalog.sdk_models import read_schema_index
from provisioner.documents.apply import Outcome
from provisioner.documents.roles import Purpose
from provisioner.model.azure_error import AzureError
from provisioner.model.diagnostic import DiagnosticError
from provisioner.workflow.plan import Desired
from provisioner.workflow.roles import needs_of
from provisioner.workflow.upgrade_reader import find_clusters, read_clusters
from tests.environments import Bench, open_bench
from tests.laws.test_blueprints import BLUEPRINTS, PAGES, load_pages


def actions_for(purpose: Purpose, desired: Desired, catalog: Catalog) -> frozenset[str]:
    return frozenset(need.action for need in needs_of(purpose, desired, catalog))


def reads(desired: Desired, catalog: Catalog) -> frozenset[str]:
    return actions_for(Purpose.PLAN, desired, catalog)


def writes(desired: Desired, catalog: Catalog) -> frozenset[str]:
    return actions_for(Purpose.APPLY, desired, catalog)


def deletes(desired: Desired, catalog: Catalog) -> frozenset[str]:
    return actions_for(Purpose.DELETE, desired, catalog)


def load(name: str, catalog: Catalog) -> list[Desired]:
    pages = [PAGES["hub"], PAGES[name]] if name == "spoke-aks" else [PAGES[name]]
    return load_pages("AzureCloud", catalog, *pages)


def apply(bench: Bench, desired: Desired) -> bool:
    """Tell whether an environment can be planned and applied to its end."""
    try:
        plan = bench.preflight(desired, applies=True)
        if not plan.can_apply() or plan.document.diagnostics:
            return False
        done = bench.apply(plan)
    except (AzureError, DiagnosticError):
        return False
    return all(step.outcome is Outcome.SUCCEEDED for step in done.steps)


@pytest.mark.parametrize("name", BLUEPRINTS)
def test_the_roles_are_enough_and_nothing_in_them_is_unused(catalog: Catalog, name: str) -> None:
    *others, desired = load(name, catalog)
    with open_bench(catalog) as bench:
        for other in others:
            assert apply(bench, other)
        before = bench.server.required_actions
        bench.server.allowed_actions = writes(desired, catalog)
        assert apply(bench, desired)
        assert bench.plan(desired).steps == ()
        # `azsec upgrade` asks with the roles of a plan, which those of an apply hold.
        for reading in read_clusters(find_clusters(desired.graph), catalog, bench.client):
            assert not reading.unreadable
        applied = bench.server.required_actions

        bench.server.allowed_actions = reads(desired, catalog)
        assert bench.plan(desired).steps == ()

        bench.server.allowed_actions = deletes(desired, catalog)
        gone = bench.apply(bench.plan_destroy(desired), allow_delete=True)
        assert all(step.outcome is Outcome.SUCCEEDED for step in gone.steps)
        destroyed = bench.server.required_actions
    # Each action of the roles was asked for, so each of them would be refused if it were missing.
    assert writes(desired, catalog) <= applied
    assert applied - before <= writes(desired, catalog)
    assert deletes(desired, catalog) <= destroyed


@cache
def removable() -> tuple[str, ...]:
    catalog = build_catalog(all_types(), read_schema_index(all_types()))
    (desired,) = load("hub", catalog)
    return tuple(sorted(writes(desired, catalog)))


@pytest.mark.parametrize("action", removable())
def test_without_any_one_of_its_actions_an_apply_fails(catalog: Catalog, action: str) -> None:
    (desired,) = load("hub", catalog)
    with open_bench(catalog) as bench:
        bench.server.allowed_actions = writes(desired, catalog) - {action}
        applied = apply(bench, desired)
        # What only shows once there is something: the next plan has to read it.
        assert not applied or bench.plan(desired).document.diagnostics


def test_a_link_that_is_refused_is_told_as_azure_tells_it(catalog: Catalog) -> None:
    (desired,) = load("hub", catalog)
    with open_bench(catalog) as bench:
        join = "Microsoft.Network/networkSecurityGroups/join/action"
        bench.server.allowed_actions = writes(desired, catalog) - {join}
        done = bench.apply(bench.plan(desired))
    (failed, *_) = [step for step in done.steps if step.outcome is Outcome.FAILED]
    assert "LinkedAuthorizationFailed" in str(failed.message)
    assert join in str(failed.message)
