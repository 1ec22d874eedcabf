"""The documents of a cluster's plan: its changes and its steps.

Called by `workflow.cluster_plan`.
"""

from collections.abc import Iterable, Iterator

from provisioner.catalog.field import Disruption
from provisioner.cluster.decisions import Decision
from provisioner.cluster.object_kinds import stage_of
from provisioner.documents.cluster import ClusterStepDocument
from provisioner.documents.plan import Action, PlanSummary, ResourceChangeDocument
from provisioner.plan.plan import digest_json


def describe_change(decision: Decision) -> ResourceChangeDocument:
    """Return the document of an object's change."""
    return ResourceChangeDocument(
        address=decision.key.address,
        id=decision.path,
        type=decision.type,
        resource_group=decision.key.namespace or None,
        action=decision.action,
        reason=decision.reason,
        disruption=_find_disruption(decision),
        fields=decision.fields,
    )


def _find_disruption(decision: Decision) -> Disruption:
    """Return the disruption by a change: deleting a namespace deletes all objects in it."""
    is_deleted = decision.action in (Action.DELETE, Action.REPLACE)
    return Disruption.DATA if is_deleted and decision.key.kind == "Namespace" else Disruption.NONE


def describe_steps(decisions: Iterable[Decision]) -> Iterator[ClusterStepDocument]:
    """Yield the requests that an apply sends: none, one, or two for a replacement."""
    for decision in decisions:
        stage = stage_of(decision.key.kind)
        address, path = decision.key.address, decision.path
        named = path or address
        if decision.action in (Action.DELETE, Action.REPLACE):
            # Deletes come after all stages, in reverse order; a replacement stays in its stage.
            late = 100 - stage if decision.action is Action.DELETE else stage
            yield ClusterStepDocument(
                key=f"DELETE {named}", verb="DELETE", address=address, path=path, stage=late
            )
        if decision.action in (Action.CREATE, Action.UPDATE, Action.ADOPT, Action.REPLACE):
            yield ClusterStepDocument(
                key=f"APPLY {named}",
                verb="APPLY",
                address=address,
                path=path,
                stage=stage,
                body=digest_json(decision.body),
            )


def summarize(decisions: Iterable[Decision]) -> PlanSummary:
    """Return the number of objects by change."""
    counts: dict[str, int] = {}
    for decision in decisions:
        name = "unchanged" if decision.action is Action.NO_OP else decision.action.value
        counts[name] = counts.get(name, 0) + 1
    return PlanSummary(**counts)
