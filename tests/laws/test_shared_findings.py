"""What a plan judges once for two states is what it would judge of each by itself.

For the shipped environments and every page of a blueprint: one random change of the state that they
describe. A control that reads what changed, and one that does not, must both end as they do afresh.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioner.catalog.registry import Catalog
from provisioner.controls import evaluation_context, shared_findings
from provisioner.controls.control import Control
from provisioner.controls.custom import controls_with
from provisioner.controls.evaluation import Result, judge
from provisioner.controls.evaluation_context import EvaluationContext, survey
from provisioner.model.estate import Estate, Resource
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Value
from provisioner.plan.estates import desired_estate
from provisioner.workflow.plan import Desired
from tests.environments import ENVIRONMENTS, load_shipped
from tests.laws.test_blueprints import PAGES, load_pages

NETWORK = "Microsoft.Network/virtualNetworks"
SUBNET = f"{NETWORK}/subnets"
VALUES: Sequence[Value] = (
    True, False, None, 0, 1, 443, "", "*", "0.0.0.0/0", "10.0.0.0/8", "Enabled", "Disabled",
    "Allow", "Deny", "Internet", "None", [], ["*"], {},
)  # fmt: skip


class Judged:
    """The states that one environment, or the environments of one page, describe."""

    def __init__(self, desired: Desired, catalog: Catalog) -> None:
        self.desired = desired
        self.catalog = catalog
        self.estate = desired_estate(desired.graph, catalog)
        self.controls: Sequence[Control] = controls_with(desired.environment.controls)
        self.ground = self.survey(self.estate)
        self.results = judge(self.controls, self.ground)

    def survey(self, estate: Estate) -> EvaluationContext:
        return survey(estate, self.desired.graph, self.catalog, self.desired.environment)

    def differs(self, estate: Estate) -> list[object]:
        """Return what ends otherwise when it is judged by what was judged before."""
        alone = _seen(judge(self.controls, self.survey(estate)))
        shared = _seen(judge(self.controls, replace(self.survey(estate), like=self.ground)))
        return [(one, other) for one, other in zip(alone, shared, strict=True) if one != other]

    def shares(self, estate: Estate) -> int:
        """Return how many controls find in a state what they found before, unasked."""
        ground = replace(self.survey(estate), like=self.ground)
        found = (
            shared_findings.shared_findings(control, ground) for control in self.judged_by_rules
        )
        return sum(each is not None for each in found)

    @property
    def judged_by_rules(self) -> list[Control]:
        return [control for control in self.controls if control.proof is None]


def _seen(results: Sequence[Result]) -> list[object]:
    """Return all that a report says of results: what else stands in a body is no part of it."""
    return [
        (
            result.control.id, result.verdict, result.why, result.outstanding,
            result.unknown_reason, result.proof,
            [(f.key, f.verdict, f.evidence, f.resource.label, f.resource.span)
             for f in (*result.findings, *result.breaches)],
        )
        for result in results
    ]  # fmt: skip


@pytest.fixture(scope="module")
def states(catalog: Catalog) -> Mapping[str, Judged]:
    loaded = {path.stem: load_shipped(path.stem, catalog) for path in ENVIRONMENTS}
    for name, page in PAGES.items():
        found = load_pages("AzureCloud", catalog, page)
        if found:
            loaded[f"page {name}"] = found[-1]
    return {name: Judged(desired, catalog) for name, desired in loaded.items()}


def _places(value: object, path: tuple[object, ...] = ()) -> Iterator[tuple[object, ...]]:
    """Yield the path of every value in a body."""
    if path:
        yield path
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _places(inner, (*path, key))
    elif isinstance(value, (list, tuple)):
        for index, inner in enumerate(value):
            yield from _places(inner, (*path, index))


def _with(body: object, path: tuple[object, ...], value: object) -> object:
    """Return a body with another value at a path; without what stands there for Ellipsis."""
    first, *rest = path
    inner = _with(body[first], tuple(rest), value) if rest else value  # type: ignore[index]
    if isinstance(body, Mapping):
        kept = {key: item for key, item in body.items() if key != first}
        return kept if inner is ... else {**body, first: inner}
    assert isinstance(body, (list, tuple))
    assert isinstance(first, int)
    put = [] if inner is ... else [inner]
    return [*body[:first], *put, *body[first + 1 :]]


@st.composite
def _changed(draw: st.DrawFn, estate: Estate) -> Estate:
    """Return an estate with one change: another value, a resource that is gone, or one more."""
    resources = dict(estate.resources)
    key = draw(st.sampled_from(sorted(resources)))
    resource = resources[key]
    what = draw(st.sampled_from(("value", "value", "value", "gone", "more", "named", "no facts")))
    places = list(_places(resource.body))
    if what == "gone" or not places:
        del resources[key]
    elif what == "more":
        name = (*resource.id.names[:-1], f"{resource.id.name}more")
        twin = replace(resource, id=ResourceId(resource.id.type, name, resource.id.scope))
        resources[twin.id.key] = replace(twin, address="more")
    elif what == "named":
        resources[key] = replace(resource, address="renamed")
    elif what == "no facts":
        resources[key] = replace(resource, has_facts=False)
    else:
        path = draw(st.sampled_from(places))
        body = _with(resource.body, path, draw(st.sampled_from((*VALUES, ...))))
        assert isinstance(body, Mapping)
        resources[key] = replace(resource, body=body)
    return Estate(resources, estate.unread)


@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_what_is_judged_by_what_was_judged_before_is_as_judged_afresh(
    states: Mapping[str, Judged], data: st.DataObject
) -> None:
    judged = states[data.draw(st.sampled_from(sorted(states)))]
    assert judged.differs(data.draw(_changed(judged.estate))) == []


def _changing(judged: Judged, kind: str, **properties: object) -> Estate:
    """Return an estate with other properties of its first resource of a type."""
    first: Resource = judged.estate.of_type(kind)[0]
    inner = first.body["properties"]
    assert isinstance(inner, Mapping)
    body = {**first.body, "properties": {**inner, **properties}}
    return Estate({**judged.estate.resources, first.id.key: replace(first, body=body)})


def test_what_reads_nothing_of_a_change_is_not_judged_again(states: Mapping[str, Judged]) -> None:
    judged = states["local"]
    vault = _changing(judged, "Microsoft.KeyVault/vaults", enablePurgeProtection=False)
    every = len(judged.judged_by_rules)
    assert judged.shares(judged.estate) == every
    assert every - 10 < judged.shares(vault) < every
    assert judged.differs(vault) == []


def _retagged(judged: Judged) -> Estate:
    first: Resource = judged.estate.of_type(NETWORK)[0]
    changed = replace(first, body={**first.body, "tags": {"owner": "payments"}})
    return Estate({**judged.estate.resources, first.id.key: changed})


def test_a_network_that_differs_in_tags_alone_is_read_once(states: Mapping[str, Judged]) -> None:
    judged = states["local"]
    ground = replace(judged.survey(_retagged(judged)), like=judged.ground)
    assert ground.topology is judged.ground.topology
    assert judged.differs(_retagged(judged)) == []


def _without_table(subnet: Resource) -> Mapping[str, Value]:
    inner = subnet.body["properties"]
    assert isinstance(inner, Mapping)
    return {name: value for name, value in inner.items() if name != "routeTable"}


def test_a_network_that_differs_in_more_is_read_again(
    states: Mapping[str, Judged], monkeypatch: pytest.MonkeyPatch
) -> None:
    judged = states["local"]
    bypass = Estate(
        {
            key: replace(each, body={**each.body, "properties": _without_table(each)})
            if each.type == SUBNET
            else each
            for key, each in judged.estate.resources.items()
        }
    )
    assert judged.differs(bypass) == []
    # One that takes every body for the same is found out.
    monkeypatch.setattr(evaluation_context, "_has_same_but_tags", lambda *_bodies: True)
    assert judged.differs(bypass) != []


@pytest.mark.parametrize("blinded", ["_reads_other_value", "_compare"])
def test_the_law_would_see_a_change_that_is_overlooked(
    states: Mapping[str, Judged], blinded: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A comparison that takes bodies, or lists of resources, for the same is found out."""
    judged = states["local"]
    vault = _changing(judged, "Microsoft.KeyVault/vaults", enablePurgeProtection=False)
    gone = Estate(
        {
            key: found
            for key, found in judged.estate.resources.items()
            if found.type != "Microsoft.KeyVault/vaults"
        }
    )
    seen: object = () if blinded == "_compare" else False
    monkeypatch.setattr(shared_findings.Difference, blinded, lambda *_args: seen)
    assert judged.differs(gone if blinded == "_compare" else vault) != []
