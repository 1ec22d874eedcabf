"""Encodes the values of a composition as JSON and decodes them exactly.

Only what comes back equal and of the same class is taken, so that a body from the cache cannot
differ from a composed one; what JSON does not hold is refused. So is a `Sensitive`: what no
document shows is not written to disk either.

Called by `blueprint.cached_instances` and `blueprint.composition_cache`.
"""

import math
from collections.abc import Mapping
from typing import Any, cast

from provisioner.model.values import Bound, Json, ResourceValue, Sensitive, Unknown

_MARK = "\x00"
"""The only key of an object that stands for something else. YAML has no such character, and an
expression that makes such a key is refused here."""
MARK_IN_JSON = r'"\u0000"'
"""How the mark is written: a text without it holds plain values only."""


class NotCacheableError(ValueError):
    """A value that is kept nowhere."""


def encode_value(value: object) -> Json:
    """Return a value as JSON.

    Raises NotCacheableError for what JSON would not give back as it was.
    """
    kind = value.__class__
    if value is None or kind is bool or kind is int:
        return cast(Json, value)
    if isinstance(value, dict) and kind is dict and _MARK not in value:
        return {key: encode_value(item) for key, item in value.items()}
    if kind is list:
        return [encode_value(item) for item in cast("list[object]", value)]
    if isinstance(value, str) and kind is str and _is_encodable(value):
        return value
    if isinstance(value, float) and kind is float and math.isfinite(value):
        return value
    return _encode_mark(value)


def _encode_mark(value: object) -> Json:
    if isinstance(value, Unknown) and not isinstance(value, Sensitive):
        where = {name: encode_value(bound) for name, bound in value.where.items()}
        return {_MARK: ["unknown", value.expression, where, list(value.paths)]}
    if isinstance(value, ResourceValue):
        return {_MARK: ["resource", value.address]}
    raise NotCacheableError


def _is_encodable(text: str) -> bool:
    """Return whether a text has no half of a surrogate pair: JSON would join two of them."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def decode_value(value: Any) -> Bound:  # noqa: ANN401
    """Return the value that JSON stands for.

    Raises ValueError, KeyError or TypeError where `encode_value` has not written it.
    """
    if isinstance(value, dict):
        marked = value.get(_MARK)
        if marked is None:
            return {key: decode_value(item) for key, item in value.items()}
        kind, *parts = marked
        if kind == "resource":
            (address,) = parts
            return ResourceValue(str(address))
        expression, where, paths = parts
        bound: Mapping[str, Bound] = {name: decode_value(each) for name, each in where.items()}
        return Unknown(str(expression), bound, tuple(map(str, paths)))
    if isinstance(value, list):
        return [decode_value(item) for item in value]
    return cast(Bound, value)
