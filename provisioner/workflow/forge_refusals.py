"""What is said where the forge does not take something, and the work goes on."""

from provisioner.model.diagnostic import Diagnostic, error
from provisioner.model.forge_error import ForgeError


def not_told(what: str, refusal: ForgeError) -> Diagnostic:
    """Return the error for something that the forge does not take."""
    return error("not-told", f"{what} was not written: {refusal.message}", None, refusal.hint)
