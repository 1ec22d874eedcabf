"""Errors for what a forge refused, where the work goes on without it.

Called by the workflows of `azsec ci` and by `cli`.
"""

from provisioner.model.diagnostic import Diagnostic, error
from provisioner.model.forge_error import ForgeError


def describe_unwritten(what: str, refusal: ForgeError) -> Diagnostic:
    """Return the error for a write that the forge refused."""
    return error("not-told", f"{what} was not written: {refusal.message}", None, refusal.hint)
