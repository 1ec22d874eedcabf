"""The list of all checks of preflight, and the functions that run them."""

from collections.abc import Iterable

from provisioner.model.diagnostic import Diagnostic
from provisioner.preflight import (
    assignments,
    global_names,
    permissions,
    policies,
    quota,
    regions,
    registrations,
    roles,
    versions,
    vm_sizes,
)
from provisioner.preflight.azure_queries import AzureQuery, Replies
from provisioner.preflight.check import Check
from provisioner.preflight.planned_changes import PlannedChanges

CHECKS: tuple[Check, ...] = (
    registrations.CHECK,
    regions.CHECK,
    permissions.CHECK,
    global_names.CHECK,
    versions.CHECK,
    vm_sizes.CHECK,
    quota.CHECK,
    assignments.CHECK,
    roles.CHECK,
    policies.CHECK,
)
"""Every check, in the order in which they are reported."""


def inquiries_for(intent: PlannedChanges) -> tuple[AzureQuery, ...]:
    """Return all requests that an intent needs, each once."""
    asked: Iterable[AzureQuery] = (inquiry for check in CHECKS for inquiry in check.ask(intent))
    return tuple(dict.fromkeys(asked))


def judge_replies(intent: PlannedChanges, replies: Replies) -> tuple[Diagnostic, ...]:
    """Return what would fail at apply, and what could not be checked.

    `replies` holds one for each of `inquiries_for`.
    """
    return tuple(found for check in CHECKS for found in check.run(intent, replies))
