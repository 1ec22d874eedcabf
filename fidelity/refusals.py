"""Replays the writes that Azure refused, where what made it refuse can be set up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fidelity.recordings import Pair, Refusal, ids_in
from fidelity.replay import Replay, Surroundings, group_of
from provisioner.catalog.registry import Catalog
from provisioner.model.resource_id import ResourceId

# What is missing in these; everything else that a request needs is there.
_WITHOUT_GROUP = frozenset({"ResourceGroupNotFound"})
_WITHOUT_PARENT = frozenset({"ResourceNotFound", "ParentResourceNotFound"})
_WITHOUT_REFERENCES = frozenset(
    {
        "InvalidResourceReference",
        "NetworkSecurityGroupNotFoundForFlowLog",
        "NotFound",
        "WorkspaceNotFound",
    }
)
# What a body points to is still being created, and takes as long as it takes.
_NOT_READY = frozenset({"ReferencedResourceNotProvisioned"})
# A condition of the request did not hold. Which one it was is not recorded.
_UNMET = {"PUT": {"if-none-match": "*"}, "PATCH": {"if-match": '"another"'}}

# The same is there already, under another name.
_TWICE = frozenset({"RoleAssignmentExists"})
_TWIN = "00000000-0000-0000-0000-00000000abcd"

_IN_USE = 400
_PRECONDITION_FAILED = 412

_CAUSES = {
    "PrincipalNotFound": "the directory had not heard of the principal yet",
    "ServicePrincipalNotFound": "the directory had not heard of the principal yet",
    "InvalidPrincipalId": "the directory knows what kind of thing a principal is",
    "AuthorizationFailed": "the permissions of the recorded caller are not known",
    "AnotherOperationInProgress": "what else was being written is not recorded",
    "RetryableError": "Azure was busy",
    "InternalServerError": "Azure failed",
    "GatewayTimeout": "Azure failed",
    "StorageProvisioningStateNotSucceeded": "how long a storage account takes is not recorded",
}


@dataclass(frozen=True, slots=True)
class Retrial:
    """A refusal, and what ours answered; `left_out` says why it was not tried."""

    refusal: Refusal
    ours: str = ""
    left_out: str | None = None

    @property
    def recorded(self) -> str:
        """Status and code of Azure's refusal."""
        return f"{self.refusal.status} {self.refusal.code}"

    @property
    def agrees(self) -> bool:
        """Whether ours refused it with the same status and code."""
        return self.left_out is None and self.ours == self.recorded


def retry_refusal(
    refusal: Refusal, catalog: Catalog, surroundings: Surroundings, pairs: Sequence[Pair]
) -> Retrial:
    """Set up what made Azure refuse a write, send it, and return what ours answers."""
    resource_type = catalog.find(refusal.type)
    if resource_type is None:
        return Retrial(refusal, left_out=f"{refusal.type} is not in the catalog")
    if refusal.code in _CAUSES or refusal.status == 429 or refusal.status >= 500:
        return Retrial(refusal, left_out=_CAUSES.get(refusal.code, "Azure failed"))
    pace = 1.0 if refusal.code in _NOT_READY else None
    replay = Replay(catalog, surroundings, refusal.source, pace)
    mine = [pair for pair in pairs if pair.source == refusal.source]
    if refusal.status == _IN_USE and refusal.method == "DELETE" and not _users(refusal, mine):
        return Retrial(refusal, left_out="what still used it is not recorded")
    _set_up(replay, refusal, mine)
    answer = replay.ask(
        refusal.method,
        f"{refusal.id}?api-version={refusal.api_version}",
        refusal.request,
        _UNMET[refusal.method] if refusal.status == _PRECONDITION_FAILED else None,
    )
    error = answer.body.get("error", answer.body) if isinstance(answer.body, Mapping) else {}
    code = error.get("code") if isinstance(error, Mapping) and answer.status >= 400 else None
    return Retrial(refusal, f"{answer.status} {code}" if code else str(answer.status))


def _set_up(replay: Replay, refusal: Refusal, pairs: Sequence[Pair]) -> None:
    resource = ResourceId.parse(refusal.id)
    if refusal.code in _WITHOUT_GROUP:
        return
    if refusal.code in _WITHOUT_PARENT:
        group = group_of(resource)
        if group is not None:
            replay.place(group)
        return
    replay.furnish(resource)
    _set_up_references(replay, refusal, resource)
    if refusal.method == "DELETE" or refusal.status == _PRECONDITION_FAILED:
        replay.place(resource)
    if refusal.method != "DELETE":
        _place_others(replay, resource, pairs)
        return
    for child in _children(resource, pairs):
        replay.place(ResourceId.parse(child.id), child.answer)
    for user in _users(refusal, pairs):
        replay.furnish(ResourceId.parse(user.id))
        replay.write(ResourceId.parse(user.id), user)


def _set_up_references(replay: Replay, refusal: Refusal, resource: ResourceId) -> None:
    """Make what a body points to exist, as far as it did, and what stands in the way of it."""
    if refusal.code in _NOT_READY:
        for target in ids_in(refusal.request):
            replay.furnish(target)
            replay.create(target)
    elif refusal.code not in _WITHOUT_REFERENCES:
        replay.furnish_references(resource, refusal.request)
    if refusal.code in _TWICE:
        twin = ResourceId(resource.type, (*resource.names[:-1], _TWIN), resource.scope)
        replay.ask("PUT", f"{twin.text}?api-version={refusal.api_version}", refusal.request)


def _children(resource: ResourceId, pairs: Sequence[Pair]) -> list[Pair]:
    """Return what was recorded to stand in a resource."""
    return [
        pair
        for pair in pairs
        if ResourceId.parse(pair.id).is_within(resource) and ResourceId.parse(pair.id) != resource
    ]


def _users(refusal: Refusal, pairs: Sequence[Pair]) -> list[Pair]:
    """Return what was recorded to point to a resource, or to something in it."""
    resource = ResourceId.parse(refusal.id)
    return [
        pair
        for pair in pairs
        if not ResourceId.parse(pair.id).is_within(resource)
        and any(target.is_within(resource) for target in ids_in(pair.request))
    ]


def _place_others(replay: Replay, resource: ResourceId, pairs: Sequence[Pair]) -> None:
    """Place what was there before under the same name, and its siblings of one kind."""
    for pair in pairs:
        other = ResourceId.parse(pair.id)
        if other.type.lower() == resource.type.lower() and other.scope == resource.scope:
            replay.place(other, pair.answer)
