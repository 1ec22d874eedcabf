"""All checks of preflight, and the two functions that run them."""

from collections.abc import Iterable

from provisioner.model.diagnostic import Diagnostic
from provisioner.preflight import (
    assignments,
    machines,
    names,
    permissions,
    policies,
    quota,
    regions,
    registrations,
    roles,
    versions,
)
from provisioner.preflight.check import Check
from provisioner.preflight.inquiry import Inquiry, Replies
from provisioner.preflight.intent import Intent

CHECKS: tuple[Check, ...] = (
    registrations.CHECK,
    regions.CHECK,
    permissions.CHECK,
    names.CHECK,
    versions.CHECK,
    machines.CHECK,
    quota.CHECK,
    assignments.CHECK,
    roles.CHECK,
    policies.CHECK,
)
"""Every check, in the order in which they are told."""


def inquiries_for(intent: Intent) -> tuple[Inquiry, ...]:
    """Return everything that Azure has to be asked about an intent, each once."""
    asked: Iterable[Inquiry] = (inquiry for check in CHECKS for inquiry in check.ask(intent))
    return tuple(dict.fromkeys(asked))


def judge_replies(intent: Intent, replies: Replies) -> tuple[Diagnostic, ...]:
    """Return what would fail at apply, and what could not be checked.

    `replies` holds one for each of `inquiries_for`.
    """
    return tuple(told for check in CHECKS for told in check.run(intent, replies))
