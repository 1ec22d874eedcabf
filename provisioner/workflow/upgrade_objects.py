"""Upgrade findings in an observation of a cluster: removed API versions, and blocked drains.

Called by `workflow.upgrade`.
"""

from collections.abc import Iterator
from datetime import datetime

from provisioner.catalog.removed_apis import LAST_KNOWN
from provisioner.cluster.disruption import DrainedObjects, find_drain_blockers
from provisioner.cluster.objects import Object, group_of
from provisioner.cluster.observation import describe_age, taken_at
from provisioner.cluster.removed_apis import ApiUse, find_unobserved, find_uses
from provisioner.documents.observation import ObservationDocument
from provisioner.documents.upgrade import ApiUseDocument, HindranceDocument, ObjectsDocument

_POD, _BUDGET = ("", "Pod"), ("policy", "PodDisruptionBudget")
_WORKLOADS = (("apps", "Deployment"), ("apps", "StatefulSet"), ("apps", "ReplicaSet"))
_DRAIN_KINDS = (_POD, _BUDGET, *_WORKLOADS[:2])
"""Kinds without which nothing can be stated about drains."""


def describe_upgrade_objects(
    observation: ObservationDocument, source: str, now: datetime, current: int, target: int
) -> ObjectsDocument:
    """Return the findings in an observation about an upgrade from 1.`current` to 1.`target`."""
    lists = {
        (group_of(each.api_version), each.kind): each
        for each in observation.lists
        if each.refused is None
    }

    def items(*kinds: tuple[str, str]) -> tuple[Object, ...]:
        return tuple(item for kind in kinds if kind in lists for item in lists[kind].items)

    drained = DrainedObjects(items(_POD), items(_BUDGET), items(*_WORKLOADS))
    return ObjectsDocument(
        source=source,
        observed=observation.observed,
        age=describe_age(now - taken_at(observation)),
        version=observation.cluster.version.removeprefix("v"),
        objects=sum(each.count for each in lists.values()),
        pods=lists[_POD].count if _POD in lists else 0,
        budgets=len(drained.budgets),
        apis=tuple(
            _api_document(use)
            for use in find_uses(
                ((each.api_version, each.kind, each.items) for each in lists.values()), target
            )
        ),
        hindrances=tuple(
            HindranceDocument(
                kind=each.kind.value, address=each.address, reason=each.reason, hint=each.hint
            )
            for each in find_drain_blockers(drained)
        ),
        unobserved=tuple(find_unobserved(lists, current, target)),
        unreadable=tuple(_describe_unobserved(observation, target)),
    )


def _describe_unobserved(observation: ObservationDocument, target: int) -> Iterator[str]:
    """Yield what an observation lacks.

    That is refused lists, missing lists that decide on drains, and versions beyond azsec's own
    table.
    """
    if target > LAST_KNOWN:
        yield f"API versions: what goes after 1.{LAST_KNOWN} is not known to this version of azsec"
    for each in observation.lists:
        if each.refused is not None:
            yield f"{each.resource}: {each.refused}"
    named = {(group_of(each.api_version), each.kind) for each in observation.lists}
    for group, kind in _DRAIN_KINDS:
        if (group, kind) not in named:
            yield f"{kind}: the observation has no list of them"


def _api_document(use: ApiUse) -> ApiUseDocument:
    return ApiUseDocument(
        api_version=use.api.api_version,
        kind=use.kind,
        deprecated=f"1.{use.api.deprecated}",
        removed=f"1.{use.api.removed}",
        successor=use.api.successor,
        how=use.how,
        objects=use.objects,
    )
