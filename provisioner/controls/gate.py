"""Gate of an environment (`gates:`): failures of controls that refuse an apply.

Called by `workflow.security_evaluation`, `workflow.adoption_proof` and `documents`.
"""

from dataclasses import dataclass

from provisioner.blueprint.environment import Environment
from provisioner.controls.control import Control, Severity

CONTROLS_GATE = "controls"
PROOFS_GATE = "proofs"


@dataclass(frozen=True, slots=True)
class Gate:
    """Settings of `gates:`.

    `least` is the least severity at which a control that fails refuses (None where none does);
    `proofs` is whether a network proof that fails does, whatever its severity.
    """

    least: Severity | None
    proofs: bool

    def refusing(self, control: Control) -> str | None:
        """Return the name in `gates:` by which a failure of a control refuses, or None."""
        # A proof has a gate of its own, whatever its severity: an environment may refuse broken
        # paths and still tolerate single settings.
        if control.proof is not None:
            return PROOFS_GATE if self.proofs else None
        refuses = self.least is not None and control.severity.rank <= self.least.rank
        return CONTROLS_GATE if refuses else None


def gate_of(environment: Environment) -> Gate:
    """Return the gate that an environment states."""
    least = Severity(environment.controls_gate) if environment.controls_gate else None
    return Gate(least, environment.proofs_block)
