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
    signature = _signature_of(function)
    try:
        bound = signature.bind(*arguments)
    except TypeError:
        raise ValueError(
            f"{name} takes {_parameter_list(signature)}; it is given {len(arguments)} arguments"
        ) from None
    hints = _type_hints_of(function)
    for parameter, given in bound.arguments.items():
        is_many = signature.parameters[parameter].kind is inspect.Parameter.VAR_POSITIONAL
        for one in given if is_many else (given,):
            if not _accepts_value(hints.get(parameter, object), one):
                raise ValueError(
                    f"{name} takes {_parameter_list(signature)}; "
                    f"{_words_of_parameter(parameter)!r} is {_kind_of(one)}, "
                    f"expected {_expected_types(hints[parameter])}"
                )
    return function(*arguments)


@lru_cache(maxsize=256)
def _signature_of(function: Callable[..., object]) -> inspect.Signature:
    return inspect.signature(function)


@lru_cache(maxsize=256)
def _type_hints_of(function: Callable[..., object]) -> Mapping[str, Any]:
    return get_type_hints(function)


def _words_of_parameter(parameter: str) -> str:
    return parameter.replace("_", " ")


def _parameter_list(signature: inspect.Signature) -> str:
    words = []
    for parameter in signature.parameters.values():
        word = _words_of_parameter(parameter.name)
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            word += " …"
        words.append(f"[{word}]" if parameter.default is not inspect.Parameter.empty else word)
    return f"({', '.join(words)})"


@lru_cache(maxsize=256)
def _accepted_types(hint: Any) -> list[Any]:  # noqa: ANN401
    """Return the plain types that an annotation accepts; none, where it accepts everything."""
    parts = get_args(hint) if isinstance(hint, UnionType) else (hint,)
    return [get_origin(part) or part for part in parts if part is not object]


def _accepts_value(hint: Any, value: object) -> bool:  # noqa: ANN401
    kinds = _accepted_types(hint)
    if not kinds:
        return True
    return any(
        isinstance(value, kind) and not (kind is int and isinstance(value, bool)) for kind in kinds
    )


def _expected_types(hint: Any) -> str:  # noqa: ANN401
    kinds = [_KINDS[kind] for kind in _accepted_types(hint) if kind is not NoneType]
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
