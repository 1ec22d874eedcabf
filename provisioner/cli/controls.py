"""Run `azsec controls`: list azsec's controls and the custom controls of an environment."""

from provisioner.cli.output import print_controls
from provisioner.controls.control import Control
from provisioner.controls.documents import control_document
from provisioner.controls.registry import all_controls
from provisioner.controls.search import near_words, search_controls
from provisioner.documents.controls import ControlsDocument
from provisioner.model.diagnostic import DiagnosticError, error, nearest


def print_all_controls(environment: str | None, search: str, output: str) -> None:
    """Print every control, or those that match a search.

    With a named environment, its custom controls are included. Raises DiagnosticError for an
    environment or a control file that cannot be read.
    """
    known = _controls_of(environment)
    found = search_controls(known, search)
    near = () if found else near_words(known, search)
    print_controls(
        ControlsDocument(
            controls=tuple(map(control_document, found)),
            search=search.strip(),
            total=len(known),
            near=near,
        ),
        output,
    )


def print_one_control(name: str, environment: str | None, output: str) -> None:
    """Print a control by its id.

    Raises:
        DiagnosticError: Where there is none; the hint has the nearest id.
    """
    known = {control.id: control for control in _controls_of(environment)}
    found = known.get(name.upper())
    if found is None:
        hint = nearest(name, list(known))
        if environment is None:
            hint += " A custom control takes `--environment ENV`."
        raise DiagnosticError(
            error("unknown-control", f"there is no control {name!r}.", None, hint)
        )
    document = ControlsDocument(controls=(control_document(found),), total=len(known))
    print_controls(document, output)


def _controls_of(environment: str | None) -> tuple[Control, ...]:
    if environment is None:
        return all_controls()
    from provisioner.blueprint.environment import load_environment
    from provisioner.cli.workspace import find_environment, open_sources
    from provisioner.controls.custom import check_controls, controls_with

    path = find_environment(environment)
    stated = load_environment(path, open_sources(path)).controls
    check_controls(stated)
    return controls_with(stated)
