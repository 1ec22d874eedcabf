"""Small intents and the replies to what they ask, for the tests of preflight."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from provisioner.catalog.registry import Catalog
from provisioner.model.actual import Found
from provisioner.model.azure_error import AzureError
from provisioner.model.diagnostic import Diagnostic
from provisioner.model.resource_id import ResourceId
from provisioner.preflight.azure_queries import Reply
from provisioner.preflight.check import Check
from provisioner.preflight.planned_changes import Permission, PlannedChanges, Write

SUBSCRIPTION = "/subscriptions/11111111-1111-1111-1111-111111111111"
GROUP = f"{SUBSCRIPTION}/resourceGroups/rg-main"
CLUSTER = f"{GROUP}/providers/Microsoft.ContainerService/managedClusters/aks"
POOL = f"{CLUSTER}/agentPools/apps"
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv-main"
DENIED = AzureError(403, "AuthorizationFailed", "The client may not.")


class Intents:
    """Builds intents over the types of a catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog

    def write(
        self, text: str, body: Mapping[str, Any], found: Mapping[str, Any] | None = None
    ) -> Write:
        """Return the write of one resource at the address of its own name."""
        resource = ResourceId.parse(text)
        resource_type = self.catalog.of(resource)
        assert resource_type is not None, text
        return Write(resource.name, resource, resource_type, body, found, found is None, None)

    def pool(self, found: Mapping[str, Any] | None = None, **properties: Any) -> PlannedChanges:
        """Return the intent to write one pool of a cluster in westeurope."""
        held = None if found is None else {"properties": found}
        write = self.write(POOL, {"properties": properties}, held)
        return make_intent(write, found={CLUSTER: {"location": "westeurope"}})


def make_intent(
    *writes: Write,
    found: Mapping[str, Mapping[str, Any]] | None = None,
    deleted: Sequence[str] = (),
    permissions: Sequence[tuple[str, str]] = (),
    applies: bool = False,
) -> PlannedChanges:
    """Return an intent; `found` are bodies by id."""
    hits = {ResourceId.parse(text): body for text, body in (found or {}).items()}
    regions = {i.key: b["location"] for i, b in hits.items() if "location" in b}
    regions |= {w.id.key: str(w.body["location"]) for w in writes if "location" in w.body}
    return PlannedChanges(
        writes,
        frozenset(ResourceId.parse(text).key for text in deleted),
        {i.key: Found(i, body) for i, body in hits.items()},
        regions,
        tuple(Permission(action, ResourceId.parse(scope)) for action, scope in permissions),
        applies,
    )


def judge(
    check: Check, intent: PlannedChanges, answers: Mapping[str, Sequence[Any] | AzureError]
) -> list[Diagnostic]:
    """Return what a check says; `answers` are items or a refusal, by a pattern of the path."""
    replies = {}
    for inquiry in check.ask(intent):
        (answer,) = [value for part, value in answers.items() if re.search(part, inquiry.path)]
        if isinstance(answer, AzureError):
            replies[inquiry] = Reply(inquiry, refused=answer)
        else:
            replies[inquiry] = Reply(inquiry, tuple(answer))
    return list(check.run(intent, replies))


def codes(told: Sequence[Diagnostic]) -> list[str]:
    return [f"{diagnostic.severity}: {diagnostic.code}" for diagnostic in told]
