"""The differences of two plans, for reviewers who approved the first (`azsec diff`).

Compared is what a reviewer sees, so that the difference reads like a plan. Two plans with one
digest do the same; whatever differs then (a warning, an addition of others) is beside the approval.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, TypeVar

from provisioner.documents.cluster import ClusterPlanDocument
from provisioner.documents.controls import SecurityDeltaDocument
from provisioner.documents.plan import (
    FieldChangeDocument,
    FieldKind,
    PlanDocument,
    ResourceChangeDocument,
    StepDocument,
)
from provisioner.documents.plan_diff import (
    ChangeDifferenceDocument,
    DifferenceKind,
    FieldDifferenceDocument,
    GateDifferenceDocument,
    PlanDiffDocument,
    PlannedDocument,
    PlanSideDocument,
    ProofDifferenceDocument,
    StepDifferenceDocument,
    TurnDifferenceDocument,
)
from provisioner.documents.proof import GateDocument
from provisioner.plan.json_differences import ABSENT, json_differences
from provisioner.plan.plan import BESIDE, Plan, content_of, step_to_json
from provisioner.plan.request import request_to_json

_Key = TypeVar("_Key")
_Entry = TypeVar("_Entry")

_TOLD = frozenset(
    {"kind", "formatVersion", "digest", "summary"}
    | {"changes", "steps", "proofs", "security", "gates"}
)
"""The parts of a plan's document that are compared by themselves, or are no content of it."""


def compare_plans(before: Plan, after: Plan) -> PlanDiffDocument:
    """Return the differences of a plan from an earlier one, and which inputs differ.

    The comparison covers the bodies of the requests.
    """
    told = compare_documents(before.document, after.document)
    one, other = content_of(before), content_of(after)
    observed = tuple(_observed_differently(one, other))
    return told.model_copy(
        update={
            "inputs": tuple(_differing_inputs(before, after, moved=bool(observed))),
            "steps": _compare_requests(
                {step.key: step_to_json(step) for step in before.steps},
                {step.key: step_to_json(step) for step in after.steps},
            ),
            "observed": observed,
            "parts": tuple(
                [
                    *_other_parts(one["plan"], other["plan"]),
                    *_differing_parts({"inputs": one["inputs"]}, {"inputs": other["inputs"]}),
                ]
            ),
        }
    )


def compare_documents(before: PlanDocument, after: PlanDocument) -> PlanDiffDocument:
    """Return the differences of a plan from an earlier one, by their documents.

    That is everything but the bodies of the requests.
    """
    known = {entry.id.lower() for entry in before.additions}
    warned = set(before.diagnostics)
    return PlanDiffDocument(
        same=before.digest == after.digest,
        before=_side_document(before),
        after=_side_document(after),
        changes=tuple(_compare_changes(before.changes, after.changes)),
        steps=_compare_requests(
            {step.key: _step_as_json(step) for step in before.steps},
            {step.key: _step_as_json(step) for step in after.steps},
        ),
        controls=tuple(_compare_turns(before.security, after.security)),
        proofs=tuple(_compare_proofs(before, after)),
        gates=tuple(_compare_gates(before.gates, after.gates)),
        parts=tuple(_other_parts(before.to_json(), after.to_json())),
        additions=tuple(e.id for e in after.additions if e.id.lower() not in known),
        diagnostics=tuple(told for told in after.diagnostics if told not in warned),
    )


def compare_cluster_plans(
    before: ClusterPlanDocument, after: ClusterPlanDocument
) -> PlanDiffDocument:
    """Return the differences of a plan of cluster objects from an earlier one."""
    warned = set(before.diagnostics)
    return PlanDiffDocument(
        scope="cluster",
        same=before.digest == after.digest,
        before=_side_document(before),
        after=_side_document(after),
        inputs=tuple(_cluster_inputs(before, after)),
        changes=tuple(
            _compare_changes(map(_by_leaf, before.changes), map(_by_leaf, after.changes))
        ),
        steps=_compare_requests(
            {step.key: step.to_json() for step in before.steps},
            {step.key: step.to_json() for step in after.steps},
        ),
        diagnostics=tuple(told for told in after.diagnostics if told not in warned),
    )


def _by_leaf(change: ResourceChangeDocument) -> ResourceChangeDocument:
    """Return a change of a Kubernetes object with its fields split into leaf values.

    A creation states `spec` as a whole, and the difference of two creations is one value in it.
    """
    fields = tuple(
        field.model_copy(update={"path": path, "after": value})
        for field in change.fields
        if field.kind is FieldKind.ADDED
        for path, value in _leaf_paths(field.path, field.after)
    )
    kept = tuple(field for field in change.fields if field.kind is not FieldKind.ADDED)
    return change.model_copy(update={"fields": (*kept, *fields)})


def _leaf_paths(path: str, value: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401  any JSON
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _leaf_paths(f"{path}.{key}", item)
    elif isinstance(value, list) and value:
        for number, item in enumerate(value):
            yield from _leaf_paths(f"{path}[{number}]", item)
    else:
        yield path, value


def _cluster_inputs(before: ClusterPlanDocument, after: ClusterPlanDocument) -> Iterator[str]:
    one, other = before.cluster, after.cluster
    if (one and one.uid) != (other and other.uid):
        yield "cluster"
    asked = [(each.adopt, each.force_conflicts) for each in (before, after)]
    if asked[0] != asked[1]:
        yield "request"


def _side_document(document: PlanDocument | ClusterPlanDocument) -> PlanSideDocument:
    return PlanSideDocument(
        environment=document.environment,
        digest=document.digest,
        destroys=isinstance(document, PlanDocument) and document.destroys,
        summary=document.summary,
    )


def _differing_pairs(
    before: Mapping[_Key, _Entry], after: Mapping[_Key, _Entry]
) -> Iterator[tuple[_Entry | None, _Entry | None, DifferenceKind]]:
    """Yield the entries that differ: those of the second plan in its order, then removed ones."""
    for key, entry in after.items():
        if before.get(key) is None:
            yield None, entry, DifferenceKind.ADDED
        elif before[key] != entry:
            yield before[key], entry, DifferenceKind.CHANGED
    for key, entry in before.items():
        if key not in after:
            yield entry, None, DifferenceKind.REMOVED


def _compare_changes(
    before: Iterable[ResourceChangeDocument], after: Iterable[ResourceChangeDocument]
) -> Iterator[ChangeDifferenceDocument]:
    # A resource that moves has two changes at one address: the old one goes, a new one is made.
    one = {(change.address, change.id.lower()): change for change in before}
    other = {(change.address, change.id.lower()): change for change in after}
    for earlier, later, kind in _differing_pairs(one, other):
        shown = later or earlier
        assert shown is not None
        yield ChangeDifferenceDocument(
            address=shown.address,
            id=shown.id,
            type=shown.type,
            resource_group=shown.resource_group,
            kind=kind,
            before=_planned_document(earlier),
            after=_planned_document(later),
            fields=tuple(_compare_fields(earlier, later)),
        )


def _planned_document(change: ResourceChangeDocument | None) -> PlannedDocument | None:
    if change is None:
        return None
    return PlannedDocument(
        action=change.action,
        reason=change.reason,
        disruption=change.disruption,
        seconds=change.seconds,
    )


def _compare_fields(
    before: ResourceChangeDocument | None, after: ResourceChangeDocument | None
) -> Iterator[FieldDifferenceDocument]:
    one = _by_path(before.fields if before else ())
    other = _by_path(after.fields if after else ())
    for earlier, later, kind in _differing_pairs(one, other):
        shown = later or earlier
        assert shown is not None
        yield FieldDifferenceDocument(path=shown.path, kind=kind, before=earlier, after=later)


def _by_path(fields: Iterable[FieldChangeDocument]) -> dict[str, FieldChangeDocument]:
    return {field.path: field for field in fields}


def _step_as_json(step: StepDocument) -> dict[str, Any]:
    return step.to_json()


def _compare_requests(
    before: Mapping[str, dict[str, Any]], after: Mapping[str, dict[str, Any]]
) -> tuple[StepDifferenceDocument, ...]:
    return tuple(
        StepDifferenceDocument(
            key=shown["key"],
            verb=shown["verb"],
            address=shown["address"],
            kind=kind,
            parts=tuple(_differing_parts(one, other)) if one and other else (),
        )
        for one, other, kind in _differing_pairs(before, after)
        if (shown := other or one) is not None
    )


def _differing_parts(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    for found in json_differences(before, after):
        yield found.path


def _compare_turns(
    before: SecurityDeltaDocument | None, after: SecurityDeltaDocument | None
) -> Iterator[TurnDifferenceDocument]:
    one, other = dict(_turned_controls(before)), dict(_turned_controls(after))
    for key, turn in other.items():
        if key not in one:
            yield turn
    for key, turn in one.items():
        if key not in other:
            yield turn.model_copy(update={"kind": DifferenceKind.REMOVED})


def _turned_controls(
    delta: SecurityDeltaDocument | None,
) -> Iterator[tuple[tuple[str, str, str], TurnDifferenceDocument]]:
    turned: tuple[tuple[Literal["fail", "pass"], Any], ...] = (
        ("fail", delta.failing if delta else ()),
        ("pass", delta.passing if delta else ()),
    )
    for verdict, entries in turned:
        for turn in entries:
            told = TurnDifferenceDocument(
                control=turn.control,
                title=turn.title,
                severity=turn.severity,
                address=turn.address,
                turns=verdict,
                kind=DifferenceKind.ADDED,
                gate=turn.gate,
            )
            yield (turn.control, turn.address, verdict), told


def _compare_proofs(before: PlanDocument, after: PlanDocument) -> Iterator[ProofDifferenceDocument]:
    names = {proof.control: proof.name for proof in (*before.proofs, *after.proofs)}
    one = {proof.control: proof.verdict for proof in before.proofs}
    other = {proof.control: proof.verdict for proof in after.proofs}
    for control, name in names.items():
        if one.get(control) != other.get(control):
            yield ProofDifferenceDocument(
                control=control, name=name, before=one.get(control), after=other.get(control)
            )


def _compare_gates(
    before: Iterable[GateDocument], after: Iterable[GateDocument]
) -> Iterator[GateDifferenceDocument]:
    one = {gate.gate: gate.reason for gate in before}
    other = {gate.gate: gate.reason for gate in after}
    for name in dict.fromkeys((*other, *one)):
        if one.get(name) != other.get(name):
            yield GateDifferenceDocument(gate=name, before=one.get(name), after=other.get(name))


def _differing_inputs(before: Plan, after: Plan, *, moved: bool) -> Iterator[str]:
    if request_to_json(before.request) != request_to_json(after.request):
        yield "request"
    differing = [
        name
        for name in ("environment", "controls", "modules", "blueprint", "catalog", "state")
        if before.digests.get(name) != after.digests.get(name)
    ]
    for name in differing:
        # The digest of the state is over the desired resources: where there are others, it differs
        # although nothing moved.
        if name != "state" or moved or "blueprint" not in differing:
            yield name


def _observed_differently(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    """Yield the addresses of resources that both plans read, and not alike."""
    one = {entry["address"]: entry for entry in before["observed"]}
    for entry in after["observed"]:
        earlier = one.get(entry["address"])
        if earlier is not None and earlier["body"] != entry["body"]:
            yield entry["address"]


def _other_parts(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """Yield the parts of a plan's document that differ and that no section is about."""
    for name in sorted((before.keys() | after.keys()) - _TOLD - set(BESIDE)):
        yield from _differing_parts(
            {name: before.get(name, ABSENT)}, {name: after.get(name, ABSENT)}
        )
