"""Values of parameters (passed, or by default) and of variables (evaluated lazily)."""

from collections.abc import Callable, Mapping
from typing import Any

from provisioner.simulator.template_language.copies import evaluate_body, run_loop
from provisioner.simulator.template_language.expressions import Functions, evaluate, overlay
from provisioner.simulator.template_language.parameter_types import check_value, resolve
from provisioner.simulator.template_language.template_errors import (
    ExpressionError,
    InvalidTemplateError,
    Path,
    Value,
)
from provisioner.simulator.template_language.templates import Template

_PARAMETERS: Path = ("parameters",)


def parameter_values(
    template: Template, passed: Mapping[str, Any], functions: Functions
) -> dict[str, Value]:
    """Return the values of all parameters by name in lower case.

    `passed` is `{"value": …}` by name, as in a parameter file. A null counts as not passed, as in
    Azure. A default may use other parameters, so defaults are evaluated on demand.

    Raises:
        InvalidTemplateError: a value is missing, unknown or of another type, or defaults have a
            cycle.
    """
    declared = {name.lower() for name in template.parameters}
    unknown = [name for name in passed if name.lower() not in declared]
    if unknown:
        raise InvalidTemplateError(
            f"The template parameters '{', '.join(unknown)}' in the parameters file are not valid; "
            "they are not present in the original template and can therefore not be provided at "
            f"deployment time. The only supported parameters for this template are "
            f"'{', '.join(template.parameters)}'"
        )
    passed_values = {name.lower(): entry.get("value") for name, entry in passed.items()}
    values: dict[str, Value] = {k: v for k, v in passed_values.items() if v is not None}
    pending: list[str] = []

    def value_of(name: Value) -> Value:
        key = str(name).lower()
        if key not in values:
            values[key] = _default_value(template, key, pending, inner)
        return values[key]

    inner: Functions = overlay({"parameters": value_of}, functions)
    for name, definition in template.parameters.items():
        try:
            value = value_of(name)
            check_value(definition, value, template.definitions, f"the template parameter '{name}'")
        except ExpressionError as problem:
            raise InvalidTemplateError(str(problem), (*_PARAMETERS, name)) from None
    return values


def _default_value(template: Template, key: str, pending: list[str], functions: Functions) -> Value:
    name = next((name for name in template.parameters if name.lower() == key), None)
    if name is None:
        raise ExpressionError(f"The template parameter '{key}' is not found.")
    definition = template.parameters[name]
    if "defaultValue" not in definition:
        if resolve(definition, template.definitions).get("nullable") is True:
            return None
        raise InvalidTemplateError(
            f"The value for the template parameter '{name}' is not provided. Please see "
            "https://aka.ms/arm-create-parameter-file for usage details",
            (*_PARAMETERS, name),
        )
    if key in pending:
        raise InvalidTemplateError(
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
    """Return the template function `variables`; each variable is evaluated at its first use.

    `functions` returns the functions that variables see, this one among them.
    """
    loops = {
        str(loop["name"]).lower(): (loop, ("variables", key, index))
        for key, value in template.variables.items()
        if key.lower() == "copy" and isinstance(value, list)
        for index, loop in enumerate(value)
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
                passed_values = template.variables[names[key]]
                values[key] = evaluate_body(passed_values, functions(), ("variables", names[key]))
            else:
                raise ExpressionError(f"The template variable '{name}' is not found.")
        finally:
            pending.pop()
        return values[key]

    return value_of
