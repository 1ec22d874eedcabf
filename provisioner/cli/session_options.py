"""The session of a command, from the values of its options."""

from typing import TYPE_CHECKING

from provisioner.cli.options import CloudChoice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provisioner.blueprint.parameter_values import ParameterValue
    from provisioner.cli.session import Session


def open_session(
    *,
    cloud: CloudChoice | None = None,
    local_state: str | None = None,
    parallelism: int = 10,
    realistic: float | None = None,
    quiet: bool = False,
    values: "Sequence[ParameterValue]" = (),
) -> "Session":
    """Return a session that is not connected to Azure yet; `realistic` is a factor of durations."""
    from provisioner.cli.session import Session, SessionContext

    return Session(
        cloud=cloud.value if cloud else None,
        local_state=local_state,
        parallelism=parallelism,
        realistic=realistic,
        quiet=quiet,
        surroundings=SessionContext(values=values),
    )


def read_parameter_options(
    assigned: list[str] | None, from_files: list[str] | None, files: list[str] | None
) -> "Sequence[ParameterValue]":
    """Return the parameter values of `--set`, `--set-file` and `--parameters`."""
    from provisioner.cli.parameter_values import read_values

    return read_values(assigned or (), from_files or (), files or ())
