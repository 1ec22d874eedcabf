"""Reads the recordings: pairs of a body and its settled answer, conversations, refusals."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioner.model.resource_id import ResourceId, parse_resource_id


@dataclass(frozen=True, slots=True)
class Pair:
    """A body that was PUT, and the one that GET answered once the write had settled."""

    type: str
    api_version: str
    id: str
    request: Mapping[str, Any]
    answer: Mapping[str, Any]
    source: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request of a conversation and its answer. `headers` are the answer's, in lower case."""

    method: str
    uri: str
    status: int
    headers: Mapping[str, str]
    request: Any
    answer: Any
    request_headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Conversation:
    """What one client said and heard, in order."""

    name: str
    type: str
    source: str
    exchanges: tuple[Exchange, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A write that Azure refused."""

    type: str
    api_version: str
    id: str
    method: str
    status: int
    code: str
    request: Mapping[str, Any] | None
    source: str


def read_pairs(corpus: Path) -> list[Pair]:
    """Return every recorded pair, in the order of the recordings."""
    return [
        Pair(
            row["type"],
            row["api_version"] or "",
            row["id"],
            row["request"],
            row["response"],
            row["source"],
        )
        for file in sorted((corpus / "pairs").glob("*.jsonl"))
        for row in map(_with_name_that_fits, _lines(file))
    ]


_PLACEHOLDER = re.compile(r"[a-z]\d{6}")


def _with_name_that_fits(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a row with a name of six characters where the recorder put one of seven in its place:
    a pool of Windows nodes had, and may have, no longer one (WindowsAgentPoolNameTooLong)."""
    name = row["id"].rpartition("/")[2]
    if not _PLACEHOLDER.fullmatch(name):
        return row
    found: Mapping[str, Any] = json.loads(json.dumps(row).replace(name, name[0] + name[2:]))
    return found


def read_conversations(corpus: Path) -> list[Conversation]:
    """Return every recorded conversation; one that is recorded under two types comes once."""
    found: dict[str, Conversation] = {}
    for file in sorted((corpus / "wire").glob("*.json")):
        flow = json.loads(file.read_text(encoding="utf-8"))
        if flow["source"] not in found:
            found[flow["source"]] = Conversation(
                file.stem, flow["type"], flow["source"], _exchanges(flow["steps"])
            )
    return list(found.values())


def _exchanges(steps: Sequence[Mapping[str, Any]]) -> tuple[Exchange, ...]:
    return tuple(
        Exchange(
            step["method"],
            step["uri"],
            step["status"],
            {name.lower(): value for name, value in step["headers"].items()},
            step["request"],
            step["response"],
            step["request_headers"],
        )
        for step in steps
    )


def read_refusals(corpus: Path) -> list[Refusal]:
    """Return every recorded refusal, with the code that Azure gave."""
    refusals = []
    for row in _lines(corpus / "errors.jsonl"):
        error = row["error"]
        inner = error.get("error", error) if isinstance(error, dict) else {}
        code = inner.get("code") if isinstance(inner, dict) else None
        refusals.append(
            Refusal(
                row["type"],
                row["api_version"] or "",
                row["id"],
                row["method"],
                row["status"],
                str(code or ""),
                row["request"],
                row["source"],
            )
        )
    return refusals


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    if not file.exists():
        return  # recordings of one sort need none of another
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def ids_in(value: Any) -> Iterator[ResourceId]:  # noqa: ANN401 (JSON)
    """Yield every ARM id that stands in a body."""
    if isinstance(value, str):
        found = parse_resource_id(value) if value.startswith("/subscriptions/") else None
        if found is not None:
            yield found
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from ids_in(key)
            yield from ids_in(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from ids_in(item)
