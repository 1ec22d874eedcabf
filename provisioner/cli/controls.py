"""`azsec controls`: what azsec's controls are."""

from provisioner.cli.output import print_controls
from provisioner.controls.control import Control
from provisioner.controls.registry import all_controls, controls_by_id
from provisioner.controls.telling import control_document
from provisioner.documents.controls import ControlsDocument
from provisioner.model.diagnostic import DiagnosticError, error, nearest


def print_all_controls(output: str) -> None:
    """Print every control."""
    print_controls(_document(all_controls()), output)


def print_one_control(name: str, output: str) -> None:
    """Print a control by its id. Raises DiagnosticError where there is none, with the nearest."""
    found = controls_by_id().get(name.upper())
    if found is None:
        known = list(controls_by_id())
        raise DiagnosticError(
            error("unknown-control", f"there is no control {name!r}.", None, nearest(name, known))
        )
    print_controls(_document((found,)), output)


def _document(controls: tuple[Control, ...]) -> ControlsDocument:
    return ControlsDocument(controls=tuple(control_document(control) for control in controls))
