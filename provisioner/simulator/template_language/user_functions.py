"""User-defined functions of a template (`functions`; the Bicep compiler's namespace is `__bicep`).

A function sees its own parameters, the template's other functions and what depends on arguments
alone: no variables, no resources. Source: "User-defined functions in ARM template".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.simulator.template_language.expressions import (
    Functions,
    arity,
    check_count,
    evaluate,
    overlay,
)
from provisioner.simulator.template_language.functions import PLAIN_FUNCTIONS
from provisioner.simulator.template_language.parameter_types import check_value
from provisioner.simulator.template_language.syntax import calls_in
from provisioner.simulator.template_language.template_errors import (
    ExpressionError,
    InvalidTemplateError,
    Path,
    UnknownFunctionError,
    Value,
)

_DEEPEST = 50


@dataclass(frozen=True, slots=True)
class UserFunction:
    """A user-defined function: `namespace.name`, its parameters and its output."""

    name: str
    parameters: tuple[Mapping[str, Any], ...]
    output: Mapping[str, Any]
    path: Path

    @property
    def arity(self) -> tuple[int, int]:
        """The least and greatest number of its arguments, which are equal."""
        return len(self.parameters), len(self.parameters)

    def check(self, known: Mapping[str, tuple[int, int | None]]) -> None:
        """Check that the body calls only what a user-defined function sees.

        Raises:
            InvalidTemplateError: it names a parameter that is not its own.
        """
        own = {str(one.get("name", "")).lower() for one in self.parameters}
        for call in calls_in(self.output.get("value")):
            name = call.function.lower()
            if name in PLAIN_FUNCTIONS:
                check_count(call, *arity(PLAIN_FUNCTIONS[name]))
            elif "." in name and name in known:
                check_count(call, *known[name])
            elif name == "parameters":
                named = getattr(call.arguments[0], "value", None) if call.arguments else None
                if str(named).lower() not in own:
                    raise InvalidTemplateError(
                        f"The template parameter '{named}' is not found in the function "
                        f"'{self.name}'",
                        self.path,
                    )
            elif name not in _VISIBLE_FUNCTIONS:
                refusal = UnknownFunctionError(call.function)
                refusal.path = self.path
                raise refusal


_VISIBLE_FUNCTIONS = frozenset(
    {
        "deployment", "environment", "extensionresourceid", "lambdavariables",
        "managementgroupresourceid", "resourcegroup", "resourceid", "subscription",
        "subscriptionresourceid", "tenant", "tenantresourceid",
    }
)  # fmt: skip


def read_user_functions(groups: Value, path: Path) -> Mapping[str, UserFunction]:
    """Return the functions of a template by `namespace.name` in lower case.

    Raises:
        InvalidTemplateError: a group or function is malformed.
    """
    found: dict[str, UserFunction] = {}
    if not isinstance(groups, list):
        raise InvalidTemplateError("'functions' must be a list", path)
    for index, group in enumerate(groups):
        members = group.get("members") if isinstance(group, Mapping) else None
        namespace = group.get("namespace") if isinstance(group, Mapping) else None
        if not isinstance(members, Mapping) or not isinstance(namespace, str):
            raise InvalidTemplateError(
                "A group of functions has no 'namespace' and 'members'", path
            )
        for name, body in members.items():
            qualified_name = f"{namespace}.{name}"
            at = (*path, index, "members", name)
            output = body.get("output") if isinstance(body, Mapping) else None
            if not isinstance(output, Mapping) or "value" not in output:
                raise InvalidTemplateError(f"The function '{qualified_name}' has no output", at)
            parameters = body.get("parameters") or []
            if not isinstance(parameters, list) or not all(_is_named(one) for one in parameters):
                raise InvalidTemplateError(f"A parameter of '{qualified_name}' has no 'name'", at)
            found[qualified_name.lower()] = UserFunction(
                qualified_name, tuple(parameters), output, at
            )
    return found


def _is_named(parameter: Value) -> bool:
    return isinstance(parameter, Mapping) and isinstance(parameter.get("name"), str)


def bind_functions(
    functions: Mapping[str, UserFunction],
    definitions: Mapping[str, Mapping[str, Any]],
    outer: Functions,
) -> Functions:
    """Return the functions of a template as `evaluate` calls them.

    `outer` are the functions that they see beside each other. Recursion ends at 50 calls.
    """
    bound: dict[str, Callable[..., Value]] = {}
    visible: Functions = overlay(bound, outer)
    depth = 0

    def bind(function: UserFunction) -> Callable[..., Value]:
        def call(*values: Value) -> Value:
            nonlocal depth
            arguments: dict[str, Value] = {}
            if len(values) != len(function.parameters):
                raise ExpressionError(f"expects {len(function.parameters)} argument(s).")
            for parameter, value in zip(function.parameters, values, strict=True):
                name = str(parameter.get("name", ""))
                check_value(parameter, value, definitions, f"the parameter '{name}'")
                arguments[name.lower()] = value
            if depth >= _DEEPEST:
                raise ExpressionError(f"functions call each other more than {_DEEPEST} times deep.")
            depth += 1
            try:
                inner = overlay({"parameters": lambda name: arguments[str(name).lower()]}, visible)
                return evaluate(function.output["value"], inner, function.path)
            finally:
                depth -= 1

        return call

    for key, function in functions.items():
        bound[key] = bind(function)
    return bound
