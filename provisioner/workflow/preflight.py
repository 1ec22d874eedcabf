"""Preflight of a plan: asks Azure what would fail at apply, without changing anything.

The findings become part of the plan. Called by `cli`, `workflow.plan` and
`workflow.adoption_proof`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from provisioner.access.needs import Need, delete_needs, step_needs, write_needs
from provisioner.blueprint.graph import DesiredGraph
from provisioner.catalog.registry import Catalog
from provisioner.engine.ports import AzureQuerier
from provisioner.model.actual import ActualState
from provisioner.model.diagnostic import Diagnostic, warning
from provisioner.model.resource_id import ResourceId
from provisioner.plan.plan import Plan
from provisioner.preflight.azure_queries import AzureQuery, Reply
from provisioner.preflight.checks import inquiries_for, judge_replies
from provisioner.preflight.planned_changes import (
    Permission,
    PlannedChanges,
    intent_from_nothing,
    read_planned_changes,
)
from provisioner.preflight.policy_fields import (
    InspectedFields,
    ask_assignments,
    ask_definitions,
    read_inspected_fields,
    subscriptions_of,
)

_FEW_WRITES = 10


@dataclass(frozen=True, slots=True)
class Preflight:
    """The checks of a plan against Azure for what would fail at apply.

    `inquirer` is None for a plan without them (`--offline`). `applies` is true where the caller is
    about to apply the plan: a missing permission is an error then.
    """

    inquirer: AzureQuerier | None
    applies: bool = False

    def check(
        self, plan: Plan, graph: DesiredGraph, state: ActualState, catalog: Catalog
    ) -> tuple[tuple[Diagnostic, ...], int]:
        """Return what would fail, and the number of requests.

        A plan without writes takes none. Raises AzureError where no request can be made.
        """
        if not plan.steps:
            return (), 0
        if self.inquirer is None:
            return (_warn_skipped(),), 0
        permissions = permissions_of(step_needs(plan.steps, catalog, state))
        intent = read_planned_changes(
            plan.steps, graph, state, catalog, permissions, applies=self.applies
        )
        inspected, calls = _inspect_policies(intent, self.inquirer)
        intent = replace(intent, inspected=inspected)
        replies = self.inquirer.ask(inquiries_for(intent))
        diagnostics = judge_replies(intent, {reply.inquiry: reply for reply in replies})
        return diagnostics, calls + sum(reply.calls for reply in replies)


def _inspect_policies(
    intent: PlannedChanges, inquirer: AzureQuerier
) -> tuple[Mapping[str, InspectedFields], int]:
    """Return what policies can see in each written subscription, and the number of requests.

    That is the assignments, the definitions they name, and those in sets. For few writes it is
    cheaper to check each one alone.
    """
    if len(intent.writes) < _FEW_WRITES:
        return {}, 0
    subscriptions = subscriptions_of(_written_ids(intent))
    # An assignment names a definition or a set, and a set names definitions: each takes a round of
    # requests.
    replies = _ask_for_replies(inquirer, ask_assignments(subscriptions))
    replies |= _ask_for_replies(inquirer, ask_definitions(replies))
    replies |= _ask_for_replies(inquirer, ask_definitions(replies))
    calls = sum(reply.calls for reply in replies.values())
    return read_inspected_fields(subscriptions, replies), calls


def _ask_for_replies(
    inquirer: AzureQuerier, inquiries: Sequence[AzureQuery]
) -> dict[AzureQuery, Reply]:
    return {reply.inquiry: reply for reply in inquirer.ask(inquiries)} if inquiries else {}


def permissions_of(needs: Iterable[Need]) -> tuple[Permission, ...]:
    """Return needs as the preflight takes them, in a stable order."""
    ordered = sorted(needs, key=lambda need: (need.scope.key, need.action))
    return tuple(Permission(need.action, need.scope) for need in ordered)


def preflight_needs(graph: DesiredGraph, catalog: Catalog) -> frozenset[Need]:
    """Return the permissions for the requests of the preflight of any plan of an environment."""
    needs = write_needs(graph, catalog) | delete_needs(graph, catalog)
    intent = intent_from_nothing(graph, permissions_of(needs))
    inquiries = [*inquiries_for(intent), *ask_assignments(subscriptions_of(_written_ids(intent)))]
    return frozenset(Need(inquiry.action, inquiry.scope) for inquiry in inquiries)


def _written_ids(intent: PlannedChanges) -> list[ResourceId]:
    return [write.id for write in intent.writes]


def _warn_skipped() -> Diagnostic:
    return warning(
        "preflight-skipped",
        "the preflight was skipped (--offline): names, quotas, registrations, policies and "
        "permissions were not checked against Azure.",
        None,
        "Plan without --offline before the apply.",
    )
