"""The census of one read of a cluster: kinds that were looked at, and kinds that were not.

The API server's discovery states which kinds it serves; an observation holds the
CustomResourceDefinitions and APIServices. So the custom kinds are known even where azsec has no
facts about their objects. Called by `workflow.cluster_drift`.
"""

from collections.abc import Iterator

from provisioner.cluster.decisions import DeclaredObject
from provisioner.cluster.hidden_values import hide_values
from provisioner.cluster.object_kinds import decides_on_security
from provisioner.cluster.system_objects import Bootstrap
from provisioner.documents.census import NotCoveredDocument
from provisioner.documents.cluster import ClusterCensusDocument
from provisioner.model.cluster_contents import Kind
from provisioner.workflow.cluster_reader import ClusterState


def describe_census(state: ClusterState, bootstrap: Bootstrap) -> ClusterCensusDocument:
    """Return the census of a cluster: kinds that were looked at, and kinds that were not."""
    not_covered = []
    if not bootstrap.is_exact:
        not_covered.append(
            NotCoveredDocument(
                what="the rules of Kubernetes' own roles",
                count=sum(key.startswith("rbac") for key in bootstrap.objects),
                reason=f"azsec knows those of {bootstrap.version}, not of {state.minor}",
            )
        )
    not_covered += [
        NotCoveredDocument(
            what=f"the list of {each.kind.resource}: which service accounts have tokens that never "
            "expire (SA-03)",
            count=1,
            reason="a role for observers leaves it out on purpose, and so did who looked",
        )
        for each in state.left_out
    ]
    if state.unstated:
        not_covered.append(
            NotCoveredDocument(
                what="kinds of add-ons without a list in the observation",
                count=len(state.unstated),
                reason="its observer does not state which kinds the API server serves",
            )
        )
    return ClusterCensusDocument(
        objects=sum(len(each.bodies) for each in state.lists) + state.pods,
        kinds=tuple(f"{each.kind.api_version}/{each.kind.kind}" for each in state.lists),
        not_looked_at=tuple(kind.text for kind in _find_unread(state)),
        unreadable=state.unreadable,
        not_covered=tuple(not_covered),
    )


def _find_unread(state: ClusterState) -> list[Kind]:
    """Return the custom kinds of a cluster that were not listed, security-relevant ones first."""
    read = {Kind(each.kind.group, each.kind.kind) for each in state.lists if each.refusal is None}
    found = {kind for kind in _custom_kinds(state) if kind not in read}
    return sorted(found, key=lambda kind: (not decides_on_security(kind), kind.text))


def _custom_kinds(state: ClusterState) -> Iterator[Kind]:
    aggregated = set()
    for body in state.objects.values():
        spec = body.get("spec") or {}
        if body["kind"] == "CustomResourceDefinition":
            yield Kind(str(spec.get("group")), str((spec.get("names") or {}).get("kind")))
        if body["kind"] == "APIService" and spec.get("service"):
            aggregated.add(str(spec.get("group")))
    named = {kind.group for kind in state.served.kinds.values()}
    yield from (
        Kind(kind.group, kind.kind)
        for kind in state.served.kinds.values()
        if kind.group in aggregated and "list" in kind.verbs
    )
    # An observation lacks the kinds of those; it has only the APIService of the group.
    yield from (Kind(group, "*") for group in aggregated - named)


def with_hidden(
    census: ClusterCensusDocument, declared: tuple[DeclaredObject, ...]
) -> ClusterCensusDocument:
    """Return a census that names the declared objects whose values an observation does not hold."""
    found = sum(hide_values(each.body) != each.body for each in declared)
    if not found:
        return census
    hidden = NotCoveredDocument(
        what="env, args and command of declared containers",
        count=found,
        of="objects",
        reason="an observation holds no literal values",
    )
    return census.model_copy(update={"not_covered": (*census.not_covered, hidden)})
