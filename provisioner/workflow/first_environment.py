"""`azsec init --from`: the first environment file for an existing blueprint.

Called by `cli`.
"""

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from provisioner.adoption.yaml_text import Yaml, render_yaml
from provisioner.blueprint.file_schemas import BlueprintFile, Parameter, Sources
from provisioner.blueprint.module_closure import load_composable
from provisioner.model.diagnostic import DiagnosticError, error

_WIDTH = 100
_TENANT = "00000000-0000-0000-0000-000000000000"


def load_blueprint(location: str, sources: Sources) -> BlueprintFile:
    """Return the blueprint at a location.

    Raises DiagnosticError for one that cannot be read.

    Raises:
        DiagnosticError: Where it is a module (`wrong-kind`).
    """
    file, node = load_composable(location, sources)
    if isinstance(file, BlueprintFile):
        return file
    raise DiagnosticError(
        error(
            "wrong-kind",
            f"{location} is a module; an environment is made of a blueprint.",
            node.span,
            "`azsec modules list` names the blueprints; a module is used by one of your own.",
        )
    )


def missing_values(file: BlueprintFile) -> tuple[str, ...]:
    """Return the names of the parameters that the user has to give."""
    return tuple(name for name, each in file.parameters.items() if _has_to_be_given(each))


def first_environment(
    name: str, environment_id: str, reference: str, shown: str, file: BlueprintFile
) -> str:
    """Return the text of an environment of a blueprint.

    `reference` is the blueprint's path from the environment's file, `shown` the one on the command
    line. Values come from the `example` of each parameter that has one; a required one without is
    null until the user fills it in.
    """
    subscriptions = dict.fromkeys(
        group.subscription
        for group in file.resource_groups.values()
        if "${" not in group.subscription
    )
    lines = [
        "apiVersion: azsec/v1",
        "kind: Environment",
        "# The id is what azsec marks its resources with. No two environments share one; never "
        "change it.",
        *_yaml_lines({"metadata": {"name": name, "id": environment_id}, "blueprint": reference}),
        "cloud: AzureCloud                # `--cloud local` rehearses it on the built-in Azure",
        f"tenantId: {_TENANT}",
        "subscriptions:",
        *(
            f"  {alias}: {digit * 8}-{digit * 4}-{digit * 4}-{digit * 4}-{digit * 12}"
            for alias, digit in zip(subscriptions, "123456789", strict=False)
        ),
        "# Without this line, what newly fails at `high` is refused too: "
        f"`azsec check {name}` lists the open findings.",
        "gates: {controls: critical}",
        *_parameter_lines(shown, file.parameters),
    ]
    return "\n".join(lines) + "\n"


def _yaml_lines(document: Mapping[str, Yaml]) -> list[str]:
    return render_yaml(document, {}).splitlines()


def _parameter_lines(source: str, parameters: Mapping[str, Parameter]) -> Iterator[str]:
    shown = {
        name: each for name, each in parameters.items() if each.is_required or _has_example(each)
    }
    yield f"# All parameters: `azsec modules show {source}`"
    yield "parameters:" if shown else "parameters: {}"
    for name, each in shown.items():
        if each.description:
            yield from textwrap.wrap(
                " ".join(each.description.split()),
                _WIDTH,
                initial_indent="  # ",
                subsequent_indent="  # ",
            )
        if _has_to_be_given(each):
            # Until the value is given, errors have the location of this line.
            yield f"  {name}: null    # {each.type}, has to be given"
        else:
            yield from (f"  {line}" for line in _entry_lines({name: each.example}))


def _has_to_be_given(parameter: Parameter) -> bool:
    """Return whether the user has to supply the value."""
    return parameter.is_required and not _has_example(parameter)


def _has_example(parameter: Parameter) -> bool:
    return "example" in parameter.model_fields_set


def _entry_lines(entry: Mapping[str, Any]) -> list[str]:
    import yaml

    # Collections in one line where they hold nothing but scalars, and an entry always as a block.
    is_scalar = not any(isinstance(value, dict | list) for value in entry.values())
    text: str = yaml.safe_dump(
        entry, default_flow_style=False if is_scalar else None, sort_keys=False, width=_WIDTH
    )
    return text.splitlines()
