"""Copy loops of resources, properties, variables and outputs, and bodies with loops.

Source: "Resource iteration", "Property iteration", "Variable iteration" and "Output iteration in
ARM templates".
"""

from collections.abc import Mapping
from typing import Any, TypeGuard

from provisioner.catalog.deployment import DEPLOYMENT_TYPE
from provisioner.simulator.template_language.expressions import Functions, evaluate, overlay
from provisioner.simulator.template_language.syntax import is_expression
from provisioner.simulator.template_language.template_errors import (
    ExpressionError,
    InvalidTemplateError,
    Path,
    Value,
)

MOST_COPIES = 800
"""Iterations of a copy loop ("Resource iteration in ARM templates": copy limits)."""
_COPY_INDEX = "copyindex"


def with_copy_index(functions: Functions, name: str, index: int) -> Functions:
    """Return the functions with the `copyIndex` of one iteration of a loop.

    A loop inside of another still reaches the outer one's index by name (`copyIndex('outer')`).
    """
    outer = functions.get(_COPY_INDEX)

    def copy_index(first: Value = None, second: Value = None) -> int:
        named = first if isinstance(first, str) else None
        offset = first if isinstance(first, int) else second
        if named is not None and named.lower() != name.lower():
            if outer is None:
                raise ExpressionError(f"there is no copy loop of the name '{named}'.")
            return int(outer(named, offset))
        return index + (offset if isinstance(offset, int) else 0)

    return overlay({_COPY_INDEX: copy_index}, functions)


def loop_count(loop: Mapping[str, Any], functions: Functions, path: Path) -> int:
    """Return the number of iterations of a loop, 0 to 800.

    Raises:
        InvalidTemplateError: the count is no integer in this range.
    """
    count = evaluate(loop.get("count"), functions, (*path, "count"))
    if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= MOST_COPIES:
        raise InvalidTemplateError(
            f"The template copy definition '{loop.get('name', '')}' has the count '{count}'. It "
            f"must be an integer between 0 and {MOST_COPIES}",
            path,
        )
    return count


def run_loop(loop: Value, functions: Functions, path: Path) -> list[Value]:
    """Return the value of a loop's `input` in each of its iterations.

    Raises:
        InvalidTemplateError: the loop has no `input`.
    """
    if not is_object(loop) or "input" not in loop:
        raise InvalidTemplateError("The template copy definition has no 'input'", path)
    name = str(loop.get("name", ""))
    return [
        evaluate_body(loop["input"], with_copy_index(functions, name, index), (*path, "input"))
        for index in range(loop_count(loop, functions, path))
    ]


def evaluate_body(value: Value, functions: Functions, path: Path = ()) -> Value:
    """Return a value with its expressions evaluated and its copy loops run.

    A nested template of inner scope is returned as it is written: it is evaluated when its own
    deployment runs.
    """
    if isinstance(value, list):
        return [evaluate_body(item, functions, (*path, i)) for i, item in enumerate(value)]
    if not isinstance(value, Mapping):
        return evaluate(value, functions, path)
    found: dict[str, Value] = {}
    for key, item in value.items():
        if key.lower() == "copy" and _is_loop_list(item):
            for index, loop in enumerate(item):
                found[loop["name"]] = run_loop(loop, functions, (*path, key, index))
            continue
        name = evaluate(key, functions, path) if is_expression(key) else key
        found[name] = evaluate_body(item, functions, (*path, key))
    return found


def _is_loop_list(value: Value) -> bool:
    return isinstance(value, list) and all(
        isinstance(loop, Mapping) and isinstance(loop.get("name"), str) and "count" in loop
        for loop in value
    )


def is_deployment(entry: Mapping[str, Any]) -> bool:
    """Return whether a resource of a template is a nested deployment."""
    return str(entry.get("type", "")).lower() == DEPLOYMENT_TYPE.lower()


def has_inner_scope(entry: Mapping[str, Any]) -> bool:
    """Return whether a nested template is evaluated in its own scope.

    The default is the outer scope, where `parameters` and `variables` are those of the parent
    ("Using linked and nested templates": expression evaluation scope).
    """
    properties = entry.get("properties")
    options = properties.get("expressionEvaluationOptions") if is_object(properties) else None
    return is_object(options) and str(options.get("scope")).lower() == "inner"


def is_object(value: Value) -> TypeGuard[Mapping[str, Any]]:
    """Return whether a JSON value is an object."""
    return isinstance(value, Mapping)


def evaluate_outer(value: Value, functions: Functions, path: Path = ()) -> Value:
    """Return a nested template with its expressions evaluated in the outer scope.

    The results are literal text to the nested deployment. One that looks like an expression is
    escaped, or the nested deployment would evaluate it a second time.
    """
    if isinstance(value, str) and not is_expression(value):
        return value
    if isinstance(value, str):
        return _escape_expressions(evaluate(value, functions, path))
    if isinstance(value, list):
        return [evaluate_outer(item, functions, (*path, i)) for i, item in enumerate(value)]
    if isinstance(value, Mapping):
        if is_deployment(value) and has_inner_scope(value):
            properties: dict[str, Value] = dict(value["properties"])
            kept = {"template": properties.pop("template")} if "template" in properties else {}
            outer = {**value, "properties": properties}
            found = {k: evaluate_outer(v, functions, (*path, k)) for k, v in outer.items()}
            found["properties"] |= kept
            return found
        return {k: evaluate_outer(item, functions, (*path, k)) for k, item in value.items()}
    return value


def _escape_expressions(value: Value) -> Value:
    if isinstance(value, str):
        return f"[{value}" if value.startswith("[") and value.endswith("]") else value
    if isinstance(value, list):
        return [_escape_expressions(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _escape_expressions(item) for key, item in value.items()}
    return value
