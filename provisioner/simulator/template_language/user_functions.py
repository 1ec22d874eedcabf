"""Functions that a template defines (`functions`; the Bicep compiler's namespace is `__bicep`).

A function sees its own parameters, the other functions and what depends on arguments alone: no
variables, no resources. Facts: "User-defined functions in ARM template".
"""

from collections import ChainMap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.simulator.template_language.expressions import (
    Functions,
    arity,
    check_count,
    evaluate,
)
from provisioner.simulator.template_language.functions import PLAIN_FUNCTIONS
from provisioner.simulator.template_language.parameter_types import check_value
from provisioner.simulator.template_language.syntax import calls_in
from provisioner.simulator.template_language.template_errors import (
    ExpressionError,
    Path,
    Value,
    invalid_template,
    unknown_function,
)

_DEEPEST = 50


@dataclass(frozen=True, slots=True)
class UserFunction:
    """A function of a template: `namespace.name`, its parameters and its output."""

    name: str
    parameters: tuple[Mapping[str, Any], ...]
    output: Mapping[str, Any]
    path: Path

    @property
    def arity(self) -> tuple[int, int]:
        """How many arguments it takes at least and at most."""
        return len(self.parameters), len(self.parameters)

    def check(self, known: Mapping[str, tuple[int, int | None]]) -> None:
        """Raise TemplateError where the body calls what it does not see."""
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
                    raise invalid_template(
                        f"The template parameter '{named}' is not found in the function "
                        f"'{self.name}'",
                        self.path,
                    )
            elif name not in _SEEN:
                refusal = unknown_function(call.function)
                refusal.path = self.path
                raise refusal


_SEEN = frozenset(
    {
        "deployment", "environment", "extensionresourceid", "lambdavariables",
        "managementgroupresourceid", "resourcegroup", "resourceid", "subscription",
        "subscriptionresourceid", "tenant", "tenantresourceid",
    }
)  # fmt: skip


def read_user_functions(groups: Value, path: Path) -> Mapping[str, UserFunction]:
    """Return the functions of a template by `namespace.name` in lower case. Raises
    TemplateError."""
    found: dict[str, UserFunction] = {}
    if not isinstance(groups, list):
        raise invalid_template("'functions' must be a list", path)
    for place, group in enumerate(groups):
        members = group.get("members") if isinstance(group, Mapping) else None
        namespace = group.get("namespace") if isinstance(group, Mapping) else None
        if not isinstance(members, Mapping) or not isinstance(namespace, str):
            raise invalid_template("A group of functions has no 'namespace' and 'members'", path)
        for name, body in members.items():
            whole = f"{namespace}.{name}"
            at = (*path, place, "members", name)
            output = body.get("output") if isinstance(body, Mapping) else None
            if not isinstance(output, Mapping) or "value" not in output:
                raise invalid_template(f"The function '{whole}' has no output", at)
            parameters = body.get("parameters") or []
            if not isinstance(parameters, list) or not all(_is_named(one) for one in parameters):
                raise invalid_template(f"A parameter of '{whole}' has no 'name'", at)
            found[whole.lower()] = UserFunction(whole, tuple(parameters), output, at)
    return found


def _is_named(parameter: Value) -> bool:
    return isinstance(parameter, Mapping) and isinstance(parameter.get("name"), str)


def bind_functions(
    functions: Mapping[str, UserFunction],
    definitions: Mapping[str, Mapping[str, Any]],
    outer: Functions,
) -> Functions:
    """Return the functions of a template as `evaluate` calls them; `outer` are those that they see
    beside each other."""
    bound: dict[str, Callable[..., Value]] = {}
    visible: Functions = ChainMap(bound, dict(outer))
    depth = 0

    def bind(function: UserFunction) -> Callable[..., Value]:
        def call(*values: Value) -> Value:
            nonlocal depth
            given: dict[str, Value] = {}
            if len(values) != len(function.parameters):
                raise ExpressionError(f"expects {len(function.parameters)} argument(s).")
            for parameter, value in zip(function.parameters, values, strict=True):
                name = str(parameter.get("name", ""))
                check_value(parameter, value, definitions, f"the parameter '{name}'")
                given[name.lower()] = value
            if depth >= _DEEPEST:
                raise ExpressionError(f"functions call each other more than {_DEEPEST} times deep.")
            depth += 1
            try:
                inner = ChainMap({"parameters": lambda name: given[str(name).lower()]}, visible)  # type: ignore[arg-type]
                return evaluate(function.output["value"], inner, function.path)
            finally:
                depth -= 1

        return call

    for key, function in functions.items():
        bound[key] = bind(function)
    return bound
