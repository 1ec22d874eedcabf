"""The executor: threads, a fake writer, and how each step ends."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from provisioner.documents.apply import (
    Event,
    Outcome,
    StepFailed,
    StepProgressed,
    StepSkipped,
    StepStarted,
    StepSucceeded,
)
from provisioner.engine.executor import INTERRUPTED, Executor, Run
from provisioner.engine.ports import Creation, Refresh
from provisioner.model.azure_error import AzureError
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body
from provisioner.plan.steps import DELETE, Step
from tests.unit.engine.steps import draw_steps, refers_to, step

CHAIN = """
    group 1
    network 1 after group
    cluster 1 after network
    vault 1 after group
"""


class Writer:
    """A writer that keeps what it is sent. `refuse` names what it refuses; `hold` waits."""

    def __init__(self, refuse: str = "") -> None:
        self.refuse = refuse
        self.sent: list[tuple[str, Body]] = []
        self.etags: dict[str, str | None] = {}
        self.most_at_once = 0
        self._running = 0
        self._lock = threading.Lock()
        self.on_put: Callable[[str], None] = lambda _name: None

    def put(
        self,
        resource: ResourceId,
        api_version: str,
        body: Body,
        if_match: str | None,
        on_status: Callable[[str], None],
        mode: Creation | Refresh | None = None,
    ) -> Body:
        with self._lock:
            self._running += 1
            self.most_at_once = max(self.most_at_once, self._running)
            self.sent.append((resource.name, body))
            self.etags[resource.name] = if_match
        self.on_put(resource.name)
        on_status("InProgress")
        with self._lock:
            self._running -= 1
        if resource.name == self.refuse:
            raise AzureError(400, "BadRequest", "the size is not offered", "c0ffee")
        return {"properties": {"address": f"10.0.0.{len(self.sent)}"}}

    def delete(
        self,
        resource: ResourceId,
        api_version: str,
        if_match: str | None,
        on_status: Callable[[str], None],
    ) -> None:
        raise AssertionError("nothing is deleted here")


def run(
    steps: tuple[Step, ...],
    writer: Writer,
    *,
    parallelism: int = 4,
    etags: dict[str, str] | None = None,
    on_event: Callable[[Event], None] = lambda _event: None,
) -> Run:
    executor = Executor(writer, {}, etags or {}, lambda _step: None, on_event, clock=lambda: 0.0)
    return executor.run(steps, parallelism)


def outcomes(result: Run) -> dict[str, tuple[Outcome, str | None]]:
    return {entry.key: (entry.outcome, entry.message) for entry in result.outcomes}


def test_every_step_is_sent_once_after_what_it_waits_for() -> None:
    writer = Writer()

    result = run(draw_steps(CHAIN), writer)

    order = [name for name, _body in writer.sent]
    assert sorted(order) == ["cluster", "group", "network", "vault"]
    assert order.index("group") < order.index("network") < order.index("cluster")
    assert all(outcome is Outcome.SUCCEEDED for outcome, _ in outcomes(result).values())


def test_references_are_filled_in_with_what_azure_answered() -> None:
    writer = Writer()
    route = step("route", after=("firewall",))
    body = {"properties": {"nextHop": refers_to("firewall", "properties", "address")}}
    route = Step(**{**{f: getattr(route, f) for f in Step.__slots__}, "body": body})

    run((step("firewall"), route), writer)

    assert dict(writer.sent)["route"] == {"properties": {"nextHop": "10.0.0.1"}}


def test_a_reference_that_azure_does_not_answer_fails_the_step_alone() -> None:
    writer = Writer()
    route = step("route", after=("firewall",))
    body = {"nextHop": refers_to("firewall", "properties", "nothing")}
    route = Step(**{**{f: getattr(route, f) for f in Step.__slots__}, "body": body})

    result = run((step("firewall"), route), writer)

    assert outcomes(result)["firewall"] == (Outcome.SUCCEEDED, None)
    assert outcomes(result)["route"] == (
        Outcome.FAILED,
        "still (known after apply: firewall.properties.nothing): Azure did not answer with it",
    )


def test_a_failure_skips_its_dependents_and_nothing_else() -> None:
    result = run(draw_steps(CHAIN), Writer(refuse="network"))

    assert outcomes(result) == {
        "group": (Outcome.SUCCEEDED, None),
        "network": (
            Outcome.FAILED,
            "BadRequest: the size is not offered (correlation id c0ffee)",
        ),
        "cluster": (Outcome.SKIPPED, "network"),
        "vault": (Outcome.SUCCEEDED, None),
    }


def test_no_more_run_at_once_than_allowed() -> None:
    writer = Writer()
    barrier = threading.Barrier(3, timeout=5)
    writer.on_put = lambda _name: barrier.wait() and None
    steps = tuple(step(f"s{number}") for number in range(9))

    run(steps, writer, parallelism=3)

    assert writer.most_at_once == 3


def test_a_guarded_step_sends_the_etag_read_last() -> None:
    writer = Writer()
    plain, guarded = step("plain"), step("guarded")
    guarded = Step(**{**{f: getattr(guarded, f) for f in Step.__slots__}, "guarded": True})
    etags = {plain.id.key: "one", guarded.id.key: "two"}

    run((plain, guarded), writer, etags=etags)

    assert writer.etags == {"plain": None, "guarded": "two"}


def test_an_interrupt_lets_what_runs_end_and_starts_nothing_more() -> None:
    writer = Writer()
    seen: list[Event] = []

    def interrupt_once(event: Event) -> None:
        seen.append(event)
        if isinstance(event, StepSucceeded) and event.key == "group":
            raise KeyboardInterrupt

    result = run(draw_steps(CHAIN), writer, on_event=interrupt_once)

    assert result.interrupted
    assert [name for name, _ in writer.sent] == ["group"]
    assert outcomes(result)["group"] == (Outcome.SUCCEEDED, None)
    for key in ("network", "cluster", "vault"):
        assert outcomes(result)[key] == (Outcome.SKIPPED, INTERRUPTED)


def test_the_events_tell_the_whole_story() -> None:
    seen: list[Event] = []

    run(draw_steps(CHAIN), Writer(refuse="network"), parallelism=1, on_event=seen.append)

    told = [(type(event), event.key) for event in seen]
    assert told[:3] == [
        (StepStarted, "group"),
        (StepProgressed, "group"),
        (StepSucceeded, "group"),
    ]
    assert (StepFailed, "network") in told
    assert (StepSkipped, "cluster") in told


class Exploding(Writer):
    """A writer that raises `problem` where it writes or deletes `refuse`."""

    def __init__(self, refuse: str, problem: BaseException) -> None:
        super().__init__(refuse)
        self.problem = problem

    def put(
        self,
        resource: ResourceId,
        api_version: str,
        body: Body,
        if_match: str | None,
        on_status: Callable[[str], None],
        mode: Creation | Refresh | None = None,
    ) -> Body:
        if resource.name == self.refuse:
            raise self.problem
        return super().put(resource, api_version, body, if_match, on_status)

    def delete(
        self,
        resource: ResourceId,
        api_version: str,
        if_match: str | None,
        on_status: Callable[[str], None],
    ) -> None:
        raise self.problem


@pytest.mark.parametrize(
    "problem",
    [
        KeyError("properties"),
        TypeError("'NoneType' object is not iterable"),
        RecursionError("maximum recursion depth exceeded"),
        MemoryError(),
        OSError(24, "Too many open files"),
        UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"),
        SystemExit(3),
        AssertionError("one\ntwo"),
    ],
    ids=lambda problem: type(problem).__name__,
)
def test_what_is_raised_in_a_step_is_its_outcome_and_the_rest_goes_on(
    problem: BaseException,
) -> None:
    result = run(draw_steps(CHAIN), Exploding("network", problem))

    ends = outcomes(result)
    assert ends["group"] == ends["vault"] == (Outcome.SUCCEEDED, None)
    assert ends["cluster"] == (Outcome.SKIPPED, "network")
    outcome, message = ends["network"]
    assert outcome is Outcome.FAILED
    assert message is not None
    assert message.startswith(f"internal error: {type(problem).__name__}: ")
    assert "Traceback" not in message
    assert "\n" not in message
    assert "test_executor.py:" in message, "where it was raised"


def test_what_is_raised_in_a_delete_is_its_outcome_too() -> None:
    gone = step("gone")
    gone = Step(**{**{f: getattr(gone, f) for f in Step.__slots__}, "verb": DELETE, "body": None})

    result = run((gone, step("other")), Exploding("", ValueError("no such thing")))

    assert outcomes(result)["other"] == (Outcome.SUCCEEDED, None)
    message = outcomes(result)["gone"][1]
    assert message is not None
    assert message.startswith("internal error: ValueError: no such thing at ")


@pytest.mark.parametrize("answer", [None, [], "text", 7], ids=str)
def test_a_writer_that_answers_with_no_body_fails_its_step_alone(answer: object) -> None:
    class Silent(Writer):
        def put(self, *arguments: Any) -> Any:
            body = super().put(*arguments)
            return answer if arguments[0].name == "network" else body

    result = run(draw_steps(CHAIN), Silent())

    message = outcomes(result)["network"][1]
    assert message is not None
    assert message.startswith("internal error: TypeError")
    assert outcomes(result)["vault"] == (Outcome.SUCCEEDED, None)


def test_a_display_that_breaks_in_a_step_is_the_step_s_outcome() -> None:
    def break_once(event: Event) -> None:
        if isinstance(event, StepProgressed) and event.key == "network":
            raise ValueError("no such style")

    result = run(draw_steps(CHAIN), Writer(), on_event=break_once)

    assert outcomes(result)["network"][0] is Outcome.FAILED
    assert outcomes(result)["vault"] == (Outcome.SUCCEEDED, None)
