"""One plan over Azure and the cluster: its digest, and whether the cluster's part still holds.

The cluster's part is planned again once Azure's is applied. Called by `cli`.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from provisioner.cluster.decisions import Decision
from provisioner.cluster.object_kinds import is_made_by_kubernetes
from provisioner.cluster.objects import Key
from provisioner.documents.cluster import ClusterPlanDocument
from provisioner.documents.plan import Action, PlanDocument
from provisioner.manifests.cluster_facts import ClusterFacts
from provisioner.model.diagnostic import Diagnostic, error
from provisioner.workflow.cluster_plan import ClusterPlan

_MOST_NAMED = 5
_CREATING_ACTIONS = (Action.CREATE, Action.REPLACE)


def combine_digests(azure: str, cluster: str) -> str:
    """Return the digest of two plans that are approved as one."""
    return f"sha256:{hashlib.sha256(f'{azure} {cluster}'.encode()).hexdigest()}"


def makes_cluster(plan: PlanDocument, facts: ClusterFacts) -> bool:
    """Return whether a plan creates the cluster, so that no API server exists before it."""
    return facts.id.lower() in _created_ids(plan)


def made_namespaces(plan: PlanDocument, facts: ClusterFacts) -> frozenset[str]:
    """Return the namespaces that a plan creates through Azure Resource Manager."""
    made = _created_ids(plan)
    return frozenset(
        name for name, namespace in facts.managed.items() if namespace.id.lower() in made
    )


def _created_ids(plan: PlanDocument) -> frozenset[str]:
    return frozenset(
        change.id.lower() for change in plan.changes if change.action in _CREATING_ACTIONS
    )


def find_moved(approved: ClusterPlan, now: ClusterPlan) -> Iterator[Diagnostic]:
    """Yield why a fresh plan, after Azure's part, is not the approved one.

    Changes that had a dry run before must be the same, to the field. Those that awaited Azure must
    be a creation of the same object, or of one that Kubernetes puts into each new namespace: no
    adoption, update, delete or conflict was approved there.
    """
    before, after = approved.document.cluster, now.document.cluster
    if before is not None and after is not None and before.uid != after.uid:
        yield error(
            "another-cluster",
            f"{after.server} is the cluster {after.uid}, and the plan is of {before.uid}.",
            None,
            "Plan again.",
        )
        return
    ones, others = _decisions_by_key(approved), _decisions_by_key(now)
    for key in sorted({*ones, *others}):
        if not _is_as_approved(ones.get(key), others.get(key)):
            yield error(
                "plan-moved",
                f"{key.address}: {_describe_decision(ones.get(key))} was approved, and it is "
                f"{_describe_decision(others.get(key))} now.",
                None,
                "Have the cluster's plan reviewed: azsec cluster plan "
                f"{now.document.environment.name}.",
            )


def _decisions_by_key(plan: ClusterPlan) -> Mapping[Key, Decision]:
    return {decision.key: decision for decision in plan.decisions}


def _is_as_approved(approved: Decision | None, now: Decision | None) -> bool:
    if approved is None or now is None:
        return (approved or now) is None
    if not approved.awaited:
        return _effect_of(approved) == _effect_of(now)
    # A creation that could not be tried before was approved as this body: nobody saw what else
    # stands there (ADR 0030).
    if approved.body != now.body or approved.body is None:
        return False
    harmless = (Action.CREATE, Action.UPDATE, Action.NO_OP)
    return now.action is Action.CREATE or (
        is_made_by_kubernetes(approved.body) and now.action in harmless
    )


def _effect_of(decision: Decision) -> tuple[object, ...]:
    fields = tuple(field.to_json() for field in decision.fields)
    return decision.action, decision.body, json.dumps(fields, sort_keys=True)


def _describe_decision(decision: Decision | None) -> str:
    if decision is None:
        return "nothing"
    paths = ", ".join(field.path for field in decision.fields[:_MOST_NAMED])
    text = f"{decision.action}" + (f" ({paths})" if decision.action is Action.UPDATE else "")
    return f"{text} ({decision.reason})" if decision.action is Action.BLOCKED else text


def describe_moved(saved: Mapping[str, Any], now: ClusterPlanDocument) -> str:
    """Return the differences of a saved and a fresh plan of a cluster, in a few words."""
    before = {str(c["address"]): c for c in saved.get("changes", ())}
    after = {change.address: change.to_json() for change in now.changes}
    differences = []
    for address in sorted({*before, *after}):
        one, other = before.get(address), after.get(address)
        if one != other:
            was = "unchanged" if one is None else str(one["action"])
            differences.append(
                f"{address}: {was} -> {'unchanged' if other is None else other['action']}"
            )
    shown = "; ".join(differences[:_MOST_NAMED])
    return shown + (
        f" and {len(differences) - _MOST_NAMED} more" if len(differences) > _MOST_NAMED else ""
    )
