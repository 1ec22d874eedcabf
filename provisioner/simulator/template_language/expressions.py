"""Evaluation of template expressions such as `[concat('a', parameters('b').c[0])]`.

The caller passes the functions; the language itself has none. Names of functions and properties are
matched without case, as ARM does. Source: "ARM template syntax and expressions".
"""

import inspect
from collections import ChainMap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias
from weakref import WeakKeyDictionary

from provisioner.simulator.template_language.syntax import (
    Call,
    Expression,
    Literal,
    Member,
    is_expression,
    parse_expression,
)
from provisioner.simulator.template_language.template_errors import (
    ExpressionError,
    InvalidTemplateError,
    Path,
    TemplateError,
    UnknownFunctionError,
    Value,
    check_size,
)

Functions: TypeAlias = Mapping[str, Callable[..., Value]]
"""Functions by their name in lower case. A `Form` gets its arguments unevaluated."""


def overlay(*functions: Functions) -> Functions:
    """Return the functions of several mappings; of one name the first mapping's.

    The mappings are not copied: a function that is added to one later is seen.
    """
    # ChainMap writes to its first mapping, and so wants it mutable; nothing writes here.
    return ChainMap(*functions)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class SpecialForm:
    """A function that decides which of its arguments are evaluated, such as `if` or `lambda`.

    `least` and `most` are the number of arguments it takes; `most` is None for any number.
    """

    apply: Callable[[tuple[Expression, ...], Functions], Value]
    least: int
    most: int | None

    def __call__(self, *_arguments: Value) -> Value:
        """Not supported: `evaluate` hands a form its arguments unevaluated, through `apply`.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError


def unescape(text: str) -> str:
    """Return the meaning of a literal text: `[[x]` is `[x]`."""
    return text[1:] if text.startswith("[[") and text.endswith("]") else text


def evaluate(value: Value, functions: Functions, path: Path = ()) -> Value:
    """Return a JSON value with its expressions evaluated, in keys and values.

    `path` is the position of the value in its template, for the error. A function that reads
    resources may raise a RefusalError of its own.

    Raises:
        InvalidTemplateError: an expression has no value.
        TemplateError: an expression is malformed, or calls a function that does not exist.
    """
    if isinstance(value, str):
        try:
            found = parse_expression(value)
            if found is None:
                return unescape(value)
            result = evaluate_expression(found, functions)
            check_size(result)
            return result
        except ExpressionError as problem:
            raise InvalidTemplateError(str(problem), path) from None
        except TemplateError as problem:
            problem.path = problem.path or path
            raise
    if isinstance(value, Mapping):
        return {
            key if not is_expression(key) else evaluate(key, functions, (*path, key)): evaluate(
                item, functions, (*path, key)
            )
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [evaluate(item, functions, (*path, index)) for index, item in enumerate(value)]
    return value


def evaluate_expression(expression: Expression, functions: Functions) -> Value:
    """Return the value of an expression.

    Raises:
        ExpressionError: a function refuses its arguments, or a property or index does not exist.
        UnknownFunctionError: a function does not exist.
    """
    if isinstance(expression, Literal):
        return expression.value
    if isinstance(expression, Member):
        found = evaluate_expression(expression.of, functions)
        return member(found, evaluate_expression(expression.key, functions))
    function = functions.get(expression.function.lower())
    if function is None:
        raise UnknownFunctionError(expression.function)
    if isinstance(function, SpecialForm):
        _check_count(expression, function.least, function.most)
        return function.apply(expression.arguments, functions)
    least, most = arity(function)
    _check_count(expression, least, most)
    arguments = [evaluate_expression(argument, functions) for argument in expression.arguments]
    try:
        return function(*arguments)
    except ExpressionError as problem:
        raise ExpressionError(
            f"The template language function '{expression.function}': {problem} Please see "
            f"https://aka.ms/arm-functions#{expression.function} for usage details."
        ) from None
    except (ArithmeticError, RecursionError, TypeError, ValueError) as problem:
        # What a function does not look at itself: an argument of another type than it takes.
        raise ExpressionError(
            f"Unable to evaluate template language function '{expression.function}': {problem}."
        ) from None


_ARITIES: WeakKeyDictionary[Callable[..., Value], tuple[int, int | None]] = WeakKeyDictionary()


def arity(function: Callable[..., Value]) -> tuple[int, int | None]:
    """Return the least and greatest number of arguments of a function; None is any number.

    Signatures are cached: `inspect.signature` takes five times as long as a call of `concat`.
    """
    if isinstance(function, SpecialForm):
        return function.least, function.most
    found = _ARITIES.get(function)
    if found is None:
        found = _ARITIES[function] = _read_arity(function)
    return found


def _read_arity(function: Callable[..., Value]) -> tuple[int, int | None]:
    parameters = inspect.signature(function).parameters.values()
    if any(one.kind is inspect.Parameter.VAR_POSITIONAL for one in parameters):
        most = None
    else:
        most = len(parameters)
    required = [
        one
        for one in parameters
        if one.default is inspect.Parameter.empty
        and one.kind is not inspect.Parameter.VAR_POSITIONAL
    ]
    return len(required), most


def check_count(call: Call, least: int, most: int | None) -> None:
    """Check the number of arguments of a call.

    Raises:
        InvalidTemplateError: there are too few or too many.
    """
    try:
        _check_count(call, least, most)
    except ExpressionError as problem:
        raise InvalidTemplateError(str(problem)) from None


def _check_count(call: Call, least: int, most: int | None) -> None:
    count = len(call.arguments)
    if count < least or (most is not None and count > most):
        expected = (
            f"{least}"
            if most == least
            else f"{least} to {'any number of' if most is None else most}"
        )
        raise ExpressionError(
            f"Unable to evaluate template language function '{call.function}': function requires "
            f"{expected} argument(s) while {count} were provided. Please see "
            f"https://aka.ms/arm-functions#{call.function} for usage details."
        )


def member(found: Value, key: Value) -> Value:
    """Return a property of an object (its name in any case), or an item of an array.

    Raises:
        ExpressionError: the property or index does not exist.
    """
    if isinstance(found, Mapping) and isinstance(key, str):
        if key in found:
            return found[key]
        for name, item in found.items():
            if name.lower() == key.lower():
                return item
        raise ExpressionError(
            f"The language expression property '{key}' doesn't exist, available properties are "
            f"'{', '.join(found)}'."
        )
    if isinstance(found, list) and isinstance(key, int) and not isinstance(key, bool):
        if 0 <= key < len(found):
            return found[key]
        raise ExpressionError(
            f"The language expression property array index '{key}' is out of bounds."
        )
    raise ExpressionError(
        f"The language expression property '{key}' can't be evaluated, property name must be a "
        "string of an object or an index of an array."
    )
