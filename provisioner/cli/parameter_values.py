"""Values of a blueprint's parameters from options, files and environment variables."""

from collections.abc import Mapping, Sequence

from provisioner.blueprint.parameter_values import (
    ParameterValue,
    Source,
    check_unique,
    read_assignment,
    read_parameter_file,
    read_variables,
)
from provisioner.cli.workspace import FileSources


def read_values(
    assigned: Sequence[str], from_files: Sequence[str], parameter_files: Sequence[str]
) -> tuple[ParameterValue, ...]:
    """Return the values of `--set`, `--set-file` and `--parameters`, the one that counts most last.

    Raises DiagnosticError for a file that cannot be read or holds no values, and for a parameter
    that the command line sets twice.
    """
    files = [
        value
        for path in parameter_files
        for value in read_parameter_file(path, FileSources().read_text(path))
    ]
    assignments = [*_values_of_set(assigned), *_from_files(from_files)]
    check_unique(assignments)
    return (*files, *assignments)


def with_variables(
    values: Sequence[ParameterValue], variables: Mapping[str, str]
) -> tuple[ParameterValue, ...]:
    """Return values with those of environment variables, which count less."""
    return (*read_variables(variables), *values)


def _values_of_set(texts: Sequence[str]) -> list[ParameterValue]:
    read = [read_assignment(text, Source.SET) for text in texts]
    return [ParameterValue(name, value, Source.SET, f"--set {name}") for name, value in read]


def _from_files(texts: Sequence[str]) -> list[ParameterValue]:
    read = [read_assignment(text, Source.SET_FILE) for text in texts]
    return [
        ParameterValue(
            name, FileSources().read_text(path), Source.SET_FILE, f"--set-file {name}={path}"
        )
        for name, path in read
    ]
