"""The uniqueness of an environment's id, on which azsec's deletes and overwrites depend.

Called by `cli`.
"""

import re
from collections.abc import Mapping

from provisioner.blueprint.environment import Environment
from provisioner.blueprint.file_schemas import span_of
from provisioner.blueprint.yaml_source import parse_yaml
from provisioner.model.diagnostic import DiagnosticError, error

NEW_ID = "`openssl rand -hex 16` prints a new one."


def check_unique_id(environment: Environment, beside: Mapping[str, str]) -> None:
    """Check that no other file states the id of an environment.

    `beside` holds the texts of the other files of its directory, by path. One that cannot be read
    as YAML is skipped: its own commands report what is wrong with it.

    Raises:
        DiagnosticError: Where another file states the id (`id-taken`).
    """
    if not environment.states_id:
        return
    for path, text in sorted(beside.items()):
        # Parsing every other environment would take longer than the command: a file without the
        # text cannot state the id.
        if environment.id not in text:
            continue
        try:
            node = parse_yaml(text, path)
        except DiagnosticError:
            continue
        if node.find(("metadata", "id")).value == environment.id:
            raise DiagnosticError(
                error(
                    "id-taken",
                    f"{path} has this id too: each of the two environments would delete what the "
                    "other one made.",
                    span_of(environment.node, "metadata", "id"),
                    f"Give the newer one an id of its own. {NEW_ID}",
                )
            )


def read_id(text: str) -> str:
    """Return the id of an environment as it was given.

    Raises:
        DiagnosticError: Where it is not 32 lower-case hexadecimal digits (`wrong-id`).
    """
    if not re.fullmatch(r"[0-9a-f]{32}", text):
        raise DiagnosticError(
            error("wrong-id", f"{text!r} is not an id: expected 32 lower-case hexadecimal digits.")
        )
    return text
