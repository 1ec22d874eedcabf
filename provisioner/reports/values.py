"""Formats values, property paths and durations for readers, without colour or columns.

All renderers of text and Markdown call it; `plain` makes untrusted text safe for a terminal.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ELLIPSIS = "…"

_BREAKS = re.compile(r"[ ]*[\t\n\v\f\r\x85\u2028\u2029]+[ ]*")
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)
_MARK = re.compile(r"(\[[^\[\]]*\])")
_INNER = re.compile(r"(^|\.)properties\.")
_CONTEXT = 8


def plain(text: str) -> str:
    """Return untrusted text on one line, without control or reordering characters.

    Line breaks and tabs become a space; other control and invisible characters become U+FFFD, so
    that they are not removed silently.
    """
    if text.isprintable():
        return text
    return _UNSAFE.sub("\ufffd", _BREAKS.sub(" ", text))


def show_path(path: str) -> str:
    """Return a property path without the `properties` that ARM wraps everything in.

    `properties.routes[default].properties.nextHopType` reads `routes[default].nextHopType`.
    """
    if path.startswith("tags."):
        return plain(path)
    parts = _MARK.split(path)
    parts[::2] = [_INNER.sub(r"\1", part) for part in parts[::2]]
    return plain("".join(parts))


def show_value(value: Any) -> str:  # noqa: ANN401  any JSON
    """Return a JSON value on one line: text bare where that cannot be misread, else quoted."""
    if isinstance(value, str):
        return _show_text(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{plain(str(k))}: {show_value(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(show_value(item) for item in value) + "]"
    return json.dumps(value)


def _show_text(value: str) -> str:
    text = plain(value)
    if text.strip() != text or text in ("", "true", "false", "null"):
        return json.dumps(text, ensure_ascii=False)
    return text


def show_pair(before: Any, after: Any) -> tuple[str, str]:  # noqa: ANN401  any JSON
    """Return two values in distinguishable forms: 1 and "1" are not the same."""
    shown = show_value(before), show_value(after)
    if shown[0] != shown[1]:
        return shown
    return plain(json.dumps(before)), plain(json.dumps(after))


def shorten(text: str, room: int) -> str:
    """Return `text` in at most `room` characters: of an ARM id the end, of others both ends."""
    if len(text) <= room:
        return text
    if text.startswith("/"):
        for match in re.finditer("/", text):
            if len(text) - match.start() + 1 <= room:
                return ELLIPSIS + text[match.start() :]
    tail = max(1, (room - 1) // 3)
    return text[: max(1, room - 1 - tail)] + ELLIPSIS + text[-tail:]


def shorten_pair(before: str, after: str, room: int) -> tuple[str, str]:
    """Return two texts in at most `room` characters each, cut where they are the same."""
    if max(len(before), len(after)) <= room:
        return before, after
    start = _common_length(before, after)
    limit = min(len(before), len(after)) - start
    end = min(_common_length(before[::-1], after[::-1]), limit)
    if before.startswith("/"):
        start = before.rfind("/", 0, start + 1)
        end = max(0, end - _to_slash(before, end))
    else:
        start, end = max(0, start - _CONTEXT), max(0, end - _CONTEXT)
    return _text_window(before, start, end, room), _text_window(after, start, end, room)


def _common_length(one: str, other: str) -> int:
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count


def _to_slash(text: str, end: int) -> int:
    """Return the length of a common end to show, shortened to begin at a slash where it has one."""
    position = text.find("/", len(text) - end)
    return position - (len(text) - end) if position >= 0 else end


def _text_window(text: str, start: int, end: int, room: int) -> str:
    left = ELLIPSIS if start > 1 else text[:start]
    right = ELLIPSIS if end > 1 else text[len(text) - end :]
    middle = text[start : len(text) - end]
    space = max(8, room - len(left) - len(right))
    if len(middle) > space:
        middle = middle[: space * 2 // 3] + ELLIPSIS + middle[len(middle) - space // 3 + 1 :]
    return left + middle + right


@dataclass(frozen=True, slots=True)
class ListDifference:
    """The removed and added entries of a list, each in its own order, and the count of the rest."""

    removed: tuple[Any, ...]
    added: tuple[Any, ...]
    kept: int


def list_difference(before: Sequence[Any], after: Sequence[Any]) -> ListDifference:
    """Return the removed and added entries; neither for a list of which only the order changes."""
    removed, added = _entries_without(before, after), _entries_without(after, before)
    return ListDifference(removed, added, len(after) - len(added))


def _entries_without(entries: Sequence[Any], others: Sequence[Any]) -> tuple[Any, ...]:
    left = Counter(_comparison_key(other) for other in others)
    result = []
    for entry in entries:
        key = _comparison_key(entry)
        if left[key]:
            left[key] -= 1
        else:
            result.append(entry)
    return tuple(result)


def _comparison_key(value: Any) -> str:  # noqa: ANN401  any JSON
    return json.dumps(value, sort_keys=True)


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:  # noqa: ANN401  any JSON
    """Yield the displayed path and value of everything in a JSON value that is no object."""
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            inner = path if key == "properties" else f"{path}.{key}" if path else str(key)
            yield from leaves(item, inner)
    else:
        yield plain(path), value


def show_duration(seconds: float) -> str:
    """Return a measured duration: 0.4s, 12s, 2m10s, 1h05m."""
    if seconds < 1:
        return f"{seconds:.1f}s"
    whole = int(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02d}m"


def show_estimate(seconds: float) -> str:
    """Return an estimated duration, no more exact than an estimate can be: ~20 s, ~6 min."""
    if seconds < 60:
        return f"~{max(1, round(seconds))} s"
    if seconds < 5400:
        return f"~{round(seconds / 60)} min"
    return f"~{seconds / 3600:.1f} h"


def show_digest(digest: str) -> str:
    """Return a digest short enough to read aloud: sha256:5f1c09ab…e012."""
    name, _, text = plain(digest).rpartition(":")
    short = text if len(text) <= 16 else f"{text[:8]}{ELLIPSIS}{text[-4:]}"
    return f"{name}:{short}" if name else short


def plural(count: int, noun: str) -> str:
    """Return a count with its noun: 1 step, 2 steps, 2 properties, 2 resources of others."""
    if count == 1:
        return f"1 {noun}"
    head, of, tail = noun.partition(" of ")
    many = f"{head[:-1]}ies" if head.endswith("y") else f"{head}s"
    return f"{count:,} {many}{of}{tail}"
