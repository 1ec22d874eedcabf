"""JSON of an answer: one object within bounds, or an error that names what is wrong.

Azure Resource Manager answers with one JSON object. What comes from a proxy, a gateway or a
broken connection may be anything: it is refused here, so that no later code gets a document that
cannot be traversed, compared, printed or serialized again.
"""

import json
import math
from typing import Any, NoReturn

MAX_DEPTH = 100
"""The maximum nesting of objects and lists in an answer; those of Azure stay below 30."""


class AnswerError(ValueError):
    """An answer is no JSON object within the bounds; the text names what is wrong with it."""


def read_object(content: bytes) -> dict[str, Any]:
    """Return the JSON object in `content` (UTF-8, with or without a byte order mark).

    Raises:
        AnswerError: for anything else: other JSON, more than MAX_DEPTH levels, numbers that JSON
            does not have (NaN, 1e999), text that has no encoding (half of a surrogate pair).
    """
    try:
        document = json.loads(
            content.decode("utf-8-sig"), parse_constant=_refuse_number, parse_float=_read_float
        )
    except AnswerError:
        raise
    except RecursionError as cause:
        raise AnswerError(_TOO_DEEP) from cause
    except ValueError as cause:
        raise AnswerError("no JSON") from cause
    if not isinstance(document, dict):
        raise AnswerError(f"JSON that is {_kind_of(document)}, no object")
    if content.count(b"[") + content.count(b"{") > MAX_DEPTH and _is_deeper(document, MAX_DEPTH):
        raise AnswerError(_TOO_DEEP)
    if rb"\ud" in content.lower() and not _is_encodable(document):
        raise AnswerError("JSON with half of a surrogate pair")
    return document


_TOO_DEEP = f"JSON that nests more than {MAX_DEPTH} levels"


def _read_float(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _refuse_number(text)


def _refuse_number(text: str) -> NoReturn:
    raise AnswerError(f"JSON with the number {text[:20]}")


def _is_deeper(document: dict[str, Any], levels: int) -> bool:
    """Return whether objects and lists nest deeper than `levels`, without recursion."""
    level: list[Any] = [document]
    for _ in range(levels):
        level = [
            child
            for node in level
            for child in (node.values() if type(node) is dict else node)
            if type(child) is dict or type(child) is list
        ]
        if not level:
            return False
    return True


def _is_encodable(document: object) -> bool:
    try:
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _kind_of(document: object) -> str:
    names = {list: "a list", str: "text", bool: "a boolean", type(None): "null"}
    return names.get(type(document), "a number")
