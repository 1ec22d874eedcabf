"""Checks the arguments of function calls in expressions, before a function gets them.

The accepted kinds are the annotations of the function. A wrong call is a ValueError whose message
`blueprint.expression` reports at the expression.

Called by `blueprint.expression`.
"""

import inspect
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

_KINDS: Mapping[type, str] = {
    str: "a text",
    int: "a whole number",
    list: "a list",
    Mapping: "a map",
}


def call_function(
    name: str, function: Callable[..., object], arguments: tuple[object, ...]
) -> object:
    """Call a function of expressions.

    What the function raises is passed on.

    Raises:
        ValueError: For the wrong number or kind of arguments, with a message for the author of the
            file.
    """
    signature = _signature(function)
    try:
        bound = signature.bind(*arguments)
    except TypeError:
        raise ValueError(
            f"{name} takes {_parameters(signature)}; it is given {len(arguments)} arguments"
        ) from None
    hints = _hints(function)
    for parameter, given in bound.arguments.items():
        is_many = signature.parameters[parameter].kind is inspect.Parameter.VAR_POSITIONAL
        for one in given if is_many else (given,):
            if not _accepts(hints.get(parameter, object), one):
                raise ValueError(
                    f"{name} takes {_parameters(signature)}; {_word(parameter)!r} is "
                    f"{_kind_of(one)}, expected {_expected(hints[parameter])}"
                )
    return function(*arguments)


@lru_cache(maxsize=256)
def _signature(function: Callable[..., object]) -> inspect.Signature:
    return inspect.signature(function)


@lru_cache(maxsize=256)
def _hints(function: Callable[..., object]) -> Mapping[str, Any]:
    return get_type_hints(function)


def _word(parameter: str) -> str:
    return parameter.replace("_", " ")


def _parameters(signature: inspect.Signature) -> str:
    words = []
    for parameter in signature.parameters.values():
        word = _word(parameter.name)
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            word += " …"
        words.append(f"[{word}]" if parameter.default is not inspect.Parameter.empty else word)
    return f"({', '.join(words)})"


def _alternatives(hint: Any) -> list[Any]:  # noqa: ANN401
    """Return the plain types that an annotation accepts; none, where it accepts everything."""
    parts = get_args(hint) if isinstance(hint, UnionType) else (hint,)
    return [get_origin(part) or part for part in parts if part is not object]


def _accepts(hint: Any, value: object) -> bool:  # noqa: ANN401
    kinds = _alternatives(hint)
    if not kinds:
        return True
    return any(
        isinstance(value, kind) and not (kind is int and isinstance(value, bool)) for kind in kinds
    )


def _expected(hint: Any) -> str:  # noqa: ANN401
    kinds = [_KINDS[kind] for kind in _alternatives(hint) if kind is not NoneType]
    return " or ".join(kinds)


def _kind_of(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    for kind, words in _KINDS.items():
        if isinstance(value, kind):
            return words
    return "a number" if isinstance(value, float) else f"a {type(value).__name__}"
