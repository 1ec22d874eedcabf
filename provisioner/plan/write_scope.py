"""The write scope of a plan: the environment's subscriptions and nothing else.

The blueprint's own resources were checked when it was composed, and deletes are of what was read in
these subscriptions, so that nothing is found in a plan that azsec derived soundly. The ids of the
steps are checked all the same, alone: whatever else is wrong, no request leaves the environment.
"""

from collections.abc import Iterable

from provisioner.model.diagnostic import Diagnostic, error
from provisioner.plan.steps import Step


def find_outside(steps: Iterable[Step], subscriptions: Iterable[str]) -> tuple[Diagnostic, ...]:
    """Return an error for each step whose id lies outside of an environment's subscriptions.

    `subscriptions` are GUIDs. Outside is another subscription, a management group, or the tenant.
    """
    guids = frozenset(guid.lower() for guid in subscriptions)
    return tuple(
        error(
            "outside-environment",
            f"the step {step.key!r} would write to {step.id}, which is in none of the "
            "environment's subscriptions.",
            None,
            "Add its subscription to the environment's `subscriptions:`, or take it out of the "
            "blueprint.",
        )
        for step in steps
        if (step.id.subscription or "").lower() not in guids
    )
