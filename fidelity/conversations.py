"""Replays whole conversations, and tells where ours takes another course.

The client says the same in the same order. What was there before the recording began is put
there: what the first answer about a resource shows to have existed. Time stands still while the
recorded operation was running, and passes before the poll that saw its end. Requests that Azure
answered with a failure of its own (429, 5xx) are left out: they are no behaviour.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from fidelity.recordings import Conversation, Exchange
from fidelity.replay import Replay, Surroundings, leave_out_retired, state_choices
from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import ResourceType
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.simulator.protocol.http_messages import Answer

_POLL = re.compile(r"/(operations|operationresults|operationstatuses)/", re.IGNORECASE)
_PACE = 1.0
_PRECONDITION_FAILED = 412
_LONG = 86_400
# Retry-After is a hint: one type answers it in one recording, and not in the next.
_HEADERS = ("azure-asyncoperation", "location", "etag")
_DELAYS = frozenset(
    {
        "AnotherOperationInProgress",
        "AuthorizationFailed",
        "PrincipalNotFound",
        "ServicePrincipalNotFound",
        "StorageProvisioningStateNotSucceeded",
    }
)
_ENDED = frozenset({"succeeded", "failed", "canceled"})


@dataclass(frozen=True, slots=True)
class Difference:
    """One request that was answered otherwise: what it was, Azure's answer, and ours."""

    request: str
    type: str
    recorded: str
    ours: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a write: the next answer to a GET of it, whether its operation failed, and
    whether what it was to delete was gone afterwards."""

    settled: Any = None
    fails: bool = False
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Course:
    """How a conversation went. `asked` counts the requests that were compared, `left_out` those
    about types that the catalog does not have, and Azure's own failures. `requests` counts those
    that were compared and are no polls, by method and type as `Difference.request` names them."""

    conversation: Conversation
    asked: int
    requests: Mapping[str, int]
    left_out: int
    differences: tuple[Difference, ...]
    states: tuple[Difference, ...]
    headers: tuple[Difference, ...]


def replay_conversation(
    conversation: Conversation, catalog: Catalog, surroundings: Surroundings
) -> Course:
    """Say all that a client said to a built-in Azure, and compare what is answered."""
    replay = Replay(catalog, surroundings, conversation.source, _PACE)
    talk = _Talk(replay, catalog, _regions_of(conversation.exchanges, catalog))
    for exchange, outcome in _with_outcome(conversation.exchanges):
        talk.place_what_was_there(exchange)
        talk.repeat(exchange, outcome)
    return Course(
        conversation,
        talk.asked,
        talk.requests,
        talk.left_out,
        tuple(talk.differences),
        tuple(talk.states),
        tuple(talk.headers),
    )


def _regions_of(exchanges: tuple[Exchange, ...], catalog: Catalog) -> Mapping[str, object]:
    """Return the regions that the client writes resources to, by the keys of their ids."""
    regions: dict[str, object] = {}
    for exchange in exchanges:
        resource = parse_resource_id(urlsplit(exchange.uri).path.rstrip("/"))
        if resource is not None and exchange.method == "PUT" and catalog.of(resource) is not None:
            body = exchange.request
            region = body.get("location") if isinstance(body, Mapping) else None
            regions.setdefault(resource.key, region)
    return regions


def _with_outcome(exchanges: tuple[Exchange, ...]) -> list[tuple[Exchange, Outcome]]:
    """Return each exchange with what came of it."""
    return [
        (exchange, _outcome_of(exchange, exchanges[index + 1 :]))
        for index, exchange in enumerate(exchanges)
    ]


def _outcome_of(exchange: Exchange, later: tuple[Exchange, ...]) -> Outcome:
    """Return what a write led to, and whether its operation failed in the end."""
    if exchange.method not in ("PUT", "DELETE"):
        return Outcome()
    path = _bare(exchange.uri)
    polled = _bare(exchange.headers.get("azure-asyncoperation", ""))
    answers = (
        other.answer
        for other in later
        if other.method == "GET" and other.status == 200 and _bare(other.uri) == path
    )
    fails = any(_bare(other.uri) == polled and _state(other.answer) == "Failed" for other in later)
    ends = (other.status for other in later if _bare(other.uri) == path)
    gone = exchange.method == "DELETE" and next(ends, None) in (204, 404)
    return Outcome(next(answers, None), bool(polled) and fails, gone)


class _Talk:
    def __init__(self, replay: Replay, catalog: Catalog, regions: Mapping[str, object]) -> None:
        self._regions = regions
        self.asked = 0
        self.requests: Counter[str] = Counter()
        self.left_out = 0
        self.differences: list[Difference] = []
        self.states: list[Difference] = []
        self.headers: list[Difference] = []
        self._replay = replay
        self._catalog = catalog
        self._met: set[str] = set()
        self._leaving: list[ResourceId] = []
        self._polls: dict[str, str | None] = {}

    def place_what_was_there(self, exchange: Exchange) -> None:
        """Put a resource there that the first answer about it shows to have existed."""
        resource, resource_type = self._about(exchange)
        if resource is None or resource_type is None or resource.key in self._met:
            return
        self._met.add(resource.key)
        creates = exchange.method == "PUT" and exchange.status in (201, resource_type.created)
        gone = exchange.status == 204 and exchange.method != "HEAD"
        absent = gone or exchange.status >= 400
        if creates or absent or (exchange.method == "PUT" and exchange.status == 202):
            self._replay.take_away(resource)
            if _outcome(exchange.status, exchange.answer) != "404 ResourceGroupNotFound":
                self._replay.furnish(resource)
            return
        self._replay.furnish(resource)
        body = exchange.answer if exchange.method == "GET" else exchange.request
        self._replay.place(resource, body if isinstance(body, Mapping) else None)

    def repeat(self, exchange: Exchange, outcome: Outcome) -> None:
        """Say what the client said, and note what is answered otherwise."""
        if _is_failure(exchange):
            self.left_out += 1
            if outcome.gone:
                self._replay.ask(exchange.method, exchange.uri)
            return
        if _POLL.search(urlsplit(exchange.uri).path):
            self._poll(exchange)
            return
        resource, resource_type = self._about(exchange)
        if resource is None or resource_type is None:
            self.left_out += 1
            self._remember_polls(exchange, None)
            return
        if _shows_time_passed(exchange) and not self._is_leaving(exchange, resource):
            self._replay.clock.move(_LONG)
        body = exchange.request
        if body is None and exchange.method == "PUT":
            body = exchange.answer  # recorded without the request, which led to this
        if exchange.method == "PUT" and exchange.status < 400:
            body = state_choices(body, outcome.settled or exchange.answer)
            body = leave_out_retired(resource_type, self._replay.rename(resource, body))
            # Not every write waits for what it points to: an alert may come before.
            self._replay.furnish_references(resource, body, self._regions)
        if outcome.fails:
            path = urlsplit(exchange.uri).path
            self._replay.cloud.faults.fail_operation(path, "OperationFailed", "As recorded.")
        answer = self._replay.ask(exchange.method, exchange.uri, body, _conditions(exchange))
        self._remember_polls(exchange, answer)
        self._compare(exchange, answer, resource_type)

    def _is_leaving(self, exchange: Exchange, resource: ResourceId) -> bool:
        """Tell whether a DELETE found what it was about, although it, or what it stands in, was
        being deleted already: so that had not ended."""
        if exchange.method != "DELETE" or exchange.status >= 300:
            return False
        found = any(resource.is_within(left) for left in self._leaving)
        if exchange.status == 202:
            self._leaving.append(resource)
        return found and exchange.status != 204

    def _poll(self, exchange: Exchange) -> None:
        """Poll our own operation where the client polled the recorded one."""
        url = self._polls.get(_polled(exchange.uri))
        if url is None:
            self.left_out += 1
            return
        if not _is_running(exchange):
            self._replay.clock.move(_LONG)
        answer = self._replay.ask("GET", url)
        self._remember_polls(exchange, answer)
        self._compare(exchange, answer, None)

    def _remember_polls(self, exchange: Exchange, answer: Answer | None) -> None:
        """Note which of our addresses stands for each that Azure gave."""
        ours = {name.lower(): value for name, value in answer.headers.items()} if answer else {}
        for name in ("azure-asyncoperation", "location"):
            theirs = exchange.headers.get(name)
            if theirs is None:
                continue
            other = "location" if name == "azure-asyncoperation" else "azure-asyncoperation"
            url = ours.get(name) or ours.get(other)
            if url is not None or _polled(theirs) not in self._polls:
                self._polls[_polled(theirs)] = url

    def _compare(
        self, exchange: Exchange, answer: Answer, resource_type: ResourceType | None
    ) -> None:
        self.asked += 1
        name = resource_type.name if resource_type else "polls"
        said = f"{exchange.method} {name}"
        if resource_type is None and _is_running(exchange) and answer.status == 200:
            return  # polled more often than ours had to be
        if resource_type is not None:
            self.requests[said] += 1
        if exchange.status != answer.status:
            self.differences.append(
                Difference(
                    said,
                    name,
                    _outcome(exchange.status, exchange.answer),
                    _outcome(answer.status, answer.body),
                )
            )
            return
        state, ours = _state(exchange.answer), _state(answer.body)
        if (state or "").lower() != (ours or "").lower():
            self.states.append(Difference(said, name, state or "none", ours or "none"))
        have = {key.lower() for key in answer.headers}
        wanted = [key for key in _HEADERS if key in exchange.headers]
        given = [key for key in _HEADERS if key in have]
        if wanted != given:
            self.headers.append(
                Difference(
                    f"{said} {exchange.status}",
                    name,
                    ", ".join(wanted) or "none",
                    ", ".join(given) or "none",
                )
            )

    def _about(self, exchange: Exchange) -> tuple[ResourceId | None, ResourceType | None]:
        resource = parse_resource_id(urlsplit(exchange.uri).path.rstrip("/"))
        if resource is None or exchange.method == "POST":
            return None, None
        known = (
            self._catalog.of(scope)
            for scope in (resource, *resource.ancestors)
            if not scope.is_container or scope is resource
        )
        if any(found is None for found in known):
            return None, None  # it is, or stands on, something that azsec does not know
        return resource, self._catalog.of(resource)


def _conditions(exchange: Exchange) -> dict[str, str]:
    """Return what a request was made conditional on; a recorded ETag that held is any of ours."""
    held = exchange.status != _PRECONDITION_FAILED
    return {
        name: "*" if name.lower() == "if-match" and held else value
        for name, value in exchange.request_headers.items()
    }


def _is_failure(exchange: Exchange) -> bool:
    """Tell whether Azure failed for reasons that no recording shows: it was throttled or broken,
    the directory had not heard yet of a new principal, somebody else was writing, or the caller
    lacked a permission."""
    code = _outcome(exchange.status, exchange.answer).partition(" ")[2]
    return exchange.status == 429 or exchange.status >= 500 or code in _DELAYS


def _shows_time_passed(exchange: Exchange) -> bool:
    """Tell whether an answer was only possible once what was running had ended. A write that was
    refused may have been so for what had not."""
    if exchange.method == "GET":
        return exchange.status == 404 or (_state(exchange.answer) or "") == "Succeeded"
    return exchange.status < 400 or (exchange.method == "DELETE" and exchange.status == 404)


def _polled(url: str) -> str:
    """Return what tells one address of an operation from others: its path, and whether it waits
    for the outcome (the compute provider has both addresses at one path)."""
    monitors = "monitor=true" in urlsplit(url).query.lower()
    return f"{_bare(url)}?monitor" if monitors else _bare(url)


def _bare(uri: str) -> str:
    return urlsplit(uri).path.lower()


def _is_running(exchange: Exchange) -> bool:
    if exchange.status == 202:
        return True
    status = exchange.answer.get("status") if isinstance(exchange.answer, Mapping) else None
    return isinstance(status, str) and status.lower() not in _ENDED


def _state(body: Any) -> str | None:  # noqa: ANN401 (JSON)
    """Return the state that an answer tells: of a resource, or of an operation."""
    if not isinstance(body, Mapping):
        return None
    properties = body.get("properties")
    state = properties.get("provisioningState") if isinstance(properties, Mapping) else None
    found = state or body.get("status")
    return found if isinstance(found, str) else None


def _outcome(status: int, body: Any) -> str:  # noqa: ANN401 (JSON)
    if status < 400 or not isinstance(body, Mapping):
        return str(status)
    error = body.get("error", body)
    # Metric alerts answer it with a capital letter.
    code = (error.get("code") or error.get("Code")) if isinstance(error, Mapping) else None
    return f"{status} {code}" if code else str(status)
