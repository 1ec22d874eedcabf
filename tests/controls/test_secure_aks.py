"""The shipped environment against its controls: in every state, and with each property changed."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, cast

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.controls.control import Control, Severity
from provisioner.controls.evaluation import Result
from provisioner.controls.evaluation_context import EvaluationContext, survey
from provisioner.controls.registry import all_controls
from provisioner.controls.resource_types import ASKED
from provisioner.controls.rule_findings import find
from provisioner.controls.subject import visible_part
from provisioner.controls.verdict import Verdict
from provisioner.documents.apply import Outcome
from provisioner.model.estate import Estate, Resource
from provisioner.model.property_path import set_at, split_steps
from provisioner.model.values import ABSENT, Absent, Value, lookup
from provisioner.plan.estates import actual_estate, desired_estate, planned_estate
from provisioner.workflow.drift import check_drift
from provisioner.workflow.plan import Desired, plan_environment
from provisioner.workflow.security_evaluation import evaluate_state
from tests.environments import ENVIRONMENTS, load_shipped, open_bench

JUDGED = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM)


def verdicts(results: tuple[Result, ...]) -> dict[str, str]:
    """The verdict of each control, but of those that only Azure can answer."""
    return {
        result.control.id: result.verdict.value
        for result in results
        if not any(rule.on in ASKED for rule in result.control.rules)
    }


@pytest.fixture(scope="module")
def desired(catalog: Catalog) -> Desired:
    return load_shipped("local", catalog)


@pytest.fixture(scope="module")
def states(catalog: Catalog, desired: Desired) -> dict[str, tuple[Estate, tuple[Result, ...]]]:
    """The estate and the results of each state: before an apply, and after it."""
    graph, environment = desired.graph, desired.environment
    with open_bench(catalog) as bench:
        before = plan_environment(desired, catalog, bench.client)
        done = bench.apply(before.plan)
        assert all(step.outcome is Outcome.SUCCEEDED for step in done.steps)
        after = plan_environment(desired, catalog, bench.client)
    estates = {
        "desired": (desired_estate(graph, catalog), None),
        "planned": (planned_estate(before.changes, before.state, graph, catalog), before.state),
        "actual": (actual_estate(after.state, graph, catalog), after.state),
    }
    return {
        name: (estate, evaluate_state(estate, graph, environment, catalog, state).results)
        for name, (estate, state) in estates.items()
    }


@pytest.mark.parametrize("state", ["planned", "actual"])
def test_every_state_is_judged_alike(
    states: dict[str, tuple[Estate, tuple[Result, ...]]], state: str
) -> None:
    stated, found = verdicts(states["desired"][1]), verdicts(states[state][1])
    assert {name: found[name] for name in stated if found[name] != stated[name]} == {}


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=[path.stem for path in ENVIRONMENTS])
def test_what_arm_can_answer_passes_or_is_waived(catalog: Catalog, path: Any) -> None:
    desired = load_shipped(path.stem, catalog)
    estate = desired_estate(desired.graph, catalog)
    results = evaluate_state(estate, desired.graph, desired.environment, catalog).results
    wrong = [
        (result.control.id, result.verdict.value, seen.resource.label, seen.evidence)
        for result in results
        if result.control.is_verifiable and result.control.severity in JUDGED
        for seen in result.findings
        if seen.verdict not in (Verdict.PASS, Verdict.WAIVED)
    ]
    assert wrong == []


def _tampered(resource: Resource, path: str, catalog: Catalog) -> Iterator[Resource]:
    """Yield a resource with another value at a path: gone, turned, emptied, made up, and all that
    the service knows."""
    steps = split_steps(path)
    assert steps is not None
    keys = [step[1:-1] if step.startswith("[") else step for step in steps]
    stated = lookup(resource.body, keys)
    known = catalog.find(resource.type)
    found = catalog.schemas.find(known.name, keys) if known else None
    for value in (ABSENT, *_others(stated), *(found.shape.enum[:12] if found else ())):
        if value != stated:
            changed = set_at(resource.body, steps, cast(Value | Absent, value))
            yield replace(resource, body=cast(Mapping[str, Value], changed))


def _others(value: object) -> tuple[object, ...]:
    if isinstance(value, bool):
        return (not value,)
    if isinstance(value, int):
        return (0, 100_000)
    if isinstance(value, (list, tuple)):
        return ([], [*value, "0.0.0.0/0"], value[:1], value[1:])
    if isinstance(value, Mapping):
        return ({},)
    if isinstance(value, str):
        return ("tampered", "/subscriptions/s/resourceGroups/g/providers/A.B/c/d")
    return (True, False, "tampered", ["0.0.0.0/0"], 1)


def _judged(
    ground: EvaluationContext, controls: Iterable[Control]
) -> Iterator[tuple[Control, frozenset[tuple[str, str, Verdict]]]]:
    """Yield what controls find, as far as it can turn."""
    for control in controls:
        yield (
            control,
            frozenset(
                (seen.resource.id.key, seen.path, seen.verdict) for seen in find(control, ground)
            ),
        )


def _sample(estate: Estate, kind: str) -> tuple[Resource, ...]:
    """Some resources of a type: four for each type of what they stand in, and each role given."""
    found: dict[tuple[str, str], list[Resource]] = {}
    for resource in estate.of_type(kind):
        place = resource.id.container.type if resource.id.container else ""
        role = lookup(resource.body, ("properties", "roleDefinitionId"))
        found.setdefault((place, str(role)), []).append(resource)
    return tuple(resource for alike in found.values() for resource in alike[:4])


def _worst(found: frozenset[tuple[str, str, Verdict]]) -> int:
    return min((verdict.rank for _, _, verdict in found), default=9)


def _worst(found: frozenset[tuple[str, str, Verdict]]) -> int:
    return min((verdict.rank for _, _, verdict in found), default=9)


def _overlap(path: str, other: str) -> bool:
    """Tell whether one property is a part of the other."""
    return path.startswith((f"{other}.", f"{other}[")) or other.startswith((f"{path}.", f"{path}["))


class Turning:
    """Looks which controls turn when the estate is another than it was."""

    def __init__(self, desired: Desired, estate: Estate, catalog: Catalog) -> None:
        self._desired = desired
        self._catalog = catalog
        self._ground = self._survey(estate)
        self.before = self._judge(self._ground, CHECKED)

    def _survey(self, estate: Estate) -> EvaluationContext:
        environment = self._desired.environment
        return survey(estate, self._desired.graph, self._catalog, environment)

    def _judge(self, ground: EvaluationContext, controls: Iterable[Control]) -> dict[str, int]:
        return {c.id: _worst(found) for c, found in _judged(ground, controls)}

    def turned(self, key: str, changed: Resource | None, controls: Iterable[Control]) -> set[str]:
        """Return which controls end otherwise with a resource changed, or gone."""
        stated = self._ground.estate.resources
        if changed is None:
            moved = self._survey(Estate({k: r for k, r in stated.items() if k != key}))
        else:
            moved = self._survey(Estate({**stated, key: changed}))
            moved.derived.update(self._kept(stated[key], changed))
        after = self._judge(moved, controls)
        return {name for name, verdict in after.items() if verdict != self.before[name]}

    def _kept(self, stated: Resource, changed: Resource) -> dict[object, object]:
        """Return what rules made of the whole state and would make again: what they made it of is
        the same, where nothing of it is what changed."""
        same = {
            seen
            for seen in self._ground.derived
            if isinstance(seen, frozenset)
            and visible_part(stated, dict(seen)) == visible_part(changed, dict(seen))
        }
        derived = self._ground.derived
        return {
            key: made
            for key, made in derived.items()
            if key in same or (isinstance(key, tuple) and key[1] in same)
        }


CHECKED = [control for control in all_controls() if control.rules]


def test_a_changed_property_turns_those_that_read_it_and_no_others(
    catalog: Catalog, desired: Desired, states: dict[str, tuple[Estate, tuple[Result, ...]]]
) -> None:
    estate, _ = states["actual"]
    turning = Turning(desired, estate, catalog)
    readers: dict[str, dict[str, set[str]]] = {}
    for control in CHECKED:
        for rule in control.rules:
            for kind, paths in rule.reads.items():
                inside = readers.setdefault(kind.lower(), {})
                for path in ("", *paths):
                    inside.setdefault(path, set()).add(control.id)
    turned_by_any: set[str] = set()
    for kind, inside in readers.items():
        looking = [control for control in CHECKED if control.id in inside[""]]
        for number, resource in enumerate(_sample(estate, kind)):
            for path, reading in inside.items():
                within = reading.union(
                    *(theirs for other, theirs in inside.items() if _overlap(path, other))
                )
                for changed in _tampered(resource, path, catalog) if path else (None,):
                    # All of them for the first resource of a type; then those that look at it.
                    asked = looking if number else CHECKED
                    turned = turning.turned(resource.id.key, changed, asked)
                    assert turned <= within, (path, resource.label, turned - within)
                    turned_by_any |= turned
    # What passes because there is none of something cannot be turned by changing one.
    touched = {c.id for c in CHECKED if any(estate.of_type(kind) for kind, _ in c.reads)}
    passing = {name for name, verdict in turning.before.items() if verdict == Verdict.PASS.rank}
    assert (passing & touched) - turned_by_any == set()


TAMPERED = (
    # What somebody does in the portal, and the control that says so.
    ("aks-contoso-local", {"disableLocalAccounts": False}, "CLU-01.5"),
    ("aks-contoso-local", {"apiServerAccessProfile": {"disableRunCommand": False}}, "CLU-01.4"),
)


@pytest.mark.parametrize(("name", "properties", "control"), TAMPERED)
def test_what_is_changed_in_azure_is_told_by_drift(
    catalog: Catalog, desired: Desired, name: str, properties: Any, control: str
) -> None:
    with open_bench(catalog) as bench:
        bench.apply(bench.plan(desired))
        body = bench.body_of(name)
        merged = {
            key: {**cast(Any, body["properties"])[key], **value}
            if isinstance(value, dict)
            else value
            for key, value in properties.items()
        }
        bench.tamper(name, **merged)
        document = check_drift(desired, catalog, bench.client)
    assert document.security is not None
    assert control in {turn.control for turn in document.security.failing}
