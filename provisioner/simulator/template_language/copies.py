"""Copy loops: of resources, properties, variables and outputs; and how a body with some is read.

Facts: "Resource iteration", "Property iteration", "Variable iteration" and "Output iteration in ARM
templates".
"""

from collections import ChainMap
from collections.abc import Mapping
from typing import Any, TypeGuard

from provisioner.catalog.deployment import DEPLOYMENT_TYPE
from provisioner.simulator.template_language.expressions import Functions, evaluate
from provisioner.simulator.template_language.syntax import is_expression
from provisioner.simulator.template_language.template_errors import (
    ExpressionError,
    Path,
    Value,
    invalid_template,
)

MOST_COPIES = 800
_COPY_INDEX = "copyindex"


def in_loop(functions: Functions, name: str, index: int) -> Functions:
    """Return the functions with a `copyIndex` of one round of a loop; those around it keep their
    names."""
    outer = functions.get(_COPY_INDEX)

    def copy_index(first: Value = None, second: Value = None) -> int:
        named = first if isinstance(first, str) else None
        offset = first if isinstance(first, int) else second
        if named is not None and named.lower() != name.lower():
            if outer is None:
                raise ExpressionError(f"there is no copy loop of the name '{named}'.")
            return int(outer(named, offset))
        return index + (offset if isinstance(offset, int) else 0)

    return ChainMap({_COPY_INDEX: copy_index}, functions)  # type: ignore[arg-type]


def loop_count(loop: Mapping[str, Any], functions: Functions, path: Path) -> int:
    """Return how often a loop runs. Raises TemplateError."""
    count = evaluate(loop.get("count"), functions, (*path, "count"))
    if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= MOST_COPIES:
        raise invalid_template(
            f"The template copy definition '{loop.get('name', '')}' has the count '{count}'. It "
            f"must be an integer between 0 and {MOST_COPIES}",
            path,
        )
    return count


def run_loop(loop: Value, functions: Functions, path: Path) -> list[Value]:
    """Return what the `input` of a loop comes to in each of its rounds."""
    if not is_object(loop) or "input" not in loop:
        raise invalid_template("The template copy definition has no 'input'", path)
    name = str(loop.get("name", ""))
    return [
        evaluate_body(loop["input"], in_loop(functions, name, index), (*path, "input"))
        for index in range(loop_count(loop, functions, path))
    ]


def evaluate_body(value: Value, functions: Functions, path: Path = ()) -> Value:
    """Return a value with its expressions evaluated and its loops run.

    A nested template keeps what is evaluated in its own scope.
    """
    if isinstance(value, list):
        return [evaluate_body(item, functions, (*path, i)) for i, item in enumerate(value)]
    if not isinstance(value, Mapping):
        return evaluate(value, functions, path)
    found: dict[str, Value] = {}
    for key, item in value.items():
        if key.lower() == "copy" and _is_loops(item):
            for place, loop in enumerate(item):
                found[loop["name"]] = run_loop(loop, functions, (*path, key, place))
            continue
        name = evaluate(key, functions, path) if is_expression(key) else key
        found[name] = evaluate_body(item, functions, (*path, key))
    return found


def _is_loops(value: Value) -> bool:
    return isinstance(value, list) and all(
        isinstance(loop, Mapping) and isinstance(loop.get("name"), str) and "count" in loop
        for loop in value
    )


def is_deployment(entry: Mapping[str, Any]) -> bool:
    """Tell whether a resource of a template is a nested deployment."""
    return str(entry.get("type", "")).lower() == DEPLOYMENT_TYPE.lower()


def has_inner_scope(entry: Mapping[str, Any]) -> bool:
    """Tell whether the expressions of a nested template are evaluated in its own scope."""
    properties = entry.get("properties")
    options = properties.get("expressionEvaluationOptions") if is_object(properties) else None
    return is_object(options) and str(options.get("scope")).lower() == "inner"


def is_object(value: Value) -> TypeGuard[Mapping[str, Any]]:
    """Tell whether a JSON value is an object."""
    return isinstance(value, Mapping)


def evaluate_outer(value: Value, functions: Functions, path: Path = ()) -> Value:
    """Return a nested template with its expressions evaluated in the outer scope. What they come to
    is text to the nested deployment, and so is what was escaped."""
    if isinstance(value, str) and not is_expression(value):
        return value
    if isinstance(value, str):
        return _escaped(evaluate(value, functions, path))
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


def _escaped(value: Value) -> Value:
    if isinstance(value, str):
        return f"[{value}" if value.startswith("[") and value.endswith("]") else value
    if isinstance(value, list):
        return [_escaped(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _escaped(item) for key, item in value.items()}
    return value
