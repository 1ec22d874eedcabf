"""The values of parameters (given, or by default) and of variables (computed when asked for)."""

from collections import ChainMap
from collections.abc import Callable, Mapping
from typing import Any

from provisioner.simulator.template_language.copies import evaluate_body, run_loop
from provisioner.simulator.template_language.expressions import Functions, evaluate
from provisioner.simulator.template_language.parameter_types import check_value, resolve
from provisioner.simulator.template_language.template_errors import (
    ExpressionError,
    Path,
    Value,
    invalid_template,
)
from provisioner.simulator.template_language.templates import Template

_PARAMETERS: Path = ("parameters",)


def parameter_values(
    template: Template, given: Mapping[str, Any], functions: Functions
) -> dict[str, Value]:
    """Return the values of all parameters by name in lower case. Raises TemplateError.

    `given` has `{"value": …}` by name. A null counts as not given, as in Azure.
    """
    declared = {name.lower() for name in template.parameters}
    unknown = [name for name in given if name.lower() not in declared]
    if unknown:
        raise invalid_template(
            f"The template parameters '{', '.join(unknown)}' in the parameters file are not valid; "
            "they are not present in the original template and can therefore not be provided at "
            f"deployment time. The only supported parameters for this template are "
            f"'{', '.join(template.parameters)}'"
        )
    stated = {name.lower(): entry.get("value") for name, entry in given.items()}
    values: dict[str, Value] = {k: v for k, v in stated.items() if v is not None}
    pending: list[str] = []

    def value_of(name: Value) -> Value:
        key = str(name).lower()
        if key not in values:
            values[key] = _default(template, key, pending, inner)
        return values[key]

    inner: Functions = ChainMap({"parameters": value_of}, functions)  # type: ignore[arg-type]
    for name, definition in template.parameters.items():
        try:
            value = value_of(name)
            check_value(definition, value, template.definitions, f"the template parameter '{name}'")
        except ExpressionError as problem:
            raise invalid_template(str(problem), (*_PARAMETERS, name)) from None
    return values


def _default(template: Template, key: str, pending: list[str], functions: Functions) -> Value:
    name = next((name for name in template.parameters if name.lower() == key), None)
    if name is None:
        raise ExpressionError(f"The template parameter '{key}' is not found.")
    definition = template.parameters[name]
    if "defaultValue" not in definition:
        if resolve(definition, template.definitions).get("nullable") is True:
            return None
        raise invalid_template(
            f"The value for the template parameter '{name}' is not provided. Please see "
            "https://aka.ms/arm-create-parameter-file for usage details",
            (*_PARAMETERS, name),
        )
    if key in pending:
        raise invalid_template(
            f"Circular dependency detected in the default value of the parameter '{name}'",
            (*_PARAMETERS, name),
        )
    pending.append(key)
    try:
        return evaluate(definition["defaultValue"], functions, (*_PARAMETERS, name, "defaultValue"))
    finally:
        pending.pop()


def variable_function(
    template: Template, functions: Callable[[], Functions]
) -> Callable[[Value], Value]:
    """Return the function `variables`: each is computed when it is first asked for, with the
    functions that `functions` gives (this one among them)."""
    loops = {
        str(loop["name"]).lower(): (loop, ("variables", key, place))
        for key, value in template.variables.items()
        if key.lower() == "copy" and isinstance(value, list)
        for place, loop in enumerate(value)
    }
    names = {name.lower(): name for name in template.variables if name.lower() != "copy"}
    values: dict[str, Value] = {}
    pending: list[str] = []

    def value_of(name: Value) -> Value:
        key = str(name).lower()
        if key in values:
            return values[key]
        if key in pending:
            raise ExpressionError(f"Circular dependency detected in the variable '{name}'.")
        pending.append(key)
        try:
            if key in loops:
                loop, path = loops[key]
                values[key] = run_loop(loop, functions(), path)
            elif key in names:
                stated = template.variables[names[key]]
                values[key] = evaluate_body(stated, functions(), ("variables", names[key]))
            else:
                raise ExpressionError(f"The template variable '{name}' is not found.")
        finally:
            pending.pop()
        return values[key]

    return value_of
