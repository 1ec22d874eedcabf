"""Regions: whether this cloud offers the type of a resource in the region that it states.

Source: the REST reference of Resources ("Providers - List": `resourceTypes[].locations`, display
names, none for a type without a region).
"""

from collections.abc import Iterator

from provisioner.catalog.endpoints import PROVIDERS
from provisioner.catalog.regions import GLOBAL, same_region
from provisioner.model.diagnostic import Diagnostic, error, nearest
from provisioner.model.resource_id import RESOURCE_GROUP
from provisioner.model.values import lookup
from provisioner.preflight.azure_queries import AzureQuery, Replies, Reply, ask_subscription
from provisioner.preflight.check import Check
from provisioner.preflight.planned_changes import PlannedChanges, Write


def _queries_for(intent: PlannedChanges) -> Iterator[AzureQuery]:
    return (_providers_query(write) for write, _region in _new_regional_writes(intent))


def _diagnostics_for(intent: PlannedChanges, replies: Replies) -> Iterator[Diagnostic]:
    for write, region in _new_regional_writes(intent):
        reply = replies[_providers_query(write)]
        if reply.refused is not None:
            continue
        offered = _regions_offered(write, reply)
        if offered and same_region(region) not in map(same_region, offered):
            kind = "Group" if write.id.type == RESOURCE_GROUP else "Type"
            yield error(
                "no-such-region",
                f"{write.address}: {write.type.name} is not offered in the region {region!r} "
                f"(Azure answers 400 LocationNotAvailableForResource{kind}).",
                write.span,
                nearest(region, [same_region(name) for name in offered]),
            )


CHECK = Check("which regions have which types", _queries_for, _diagnostics_for)


def _new_regional_writes(intent: PlannedChanges) -> Iterator[tuple[Write, str]]:
    """Yield the resources that a plan creates, with their region."""
    for write in intent.writes:
        region = write.body.get("location")
        stands = write.is_new and write.id.subscription is not None
        if stands and isinstance(region, str) and same_region(region) != GLOBAL:
            yield write, region


def _providers_query(write: Write) -> AzureQuery:
    return ask_subscription(PROVIDERS, (write.id.subscription or "").lower(), is_list=True)


def _regions_offered(write: Write, reply: Reply) -> list[str]:
    """Return the regions that the cloud lists for the type of a write; none where it lists none."""
    namespace, _, kind = write.type.name.lower().partition("/")
    for provider in reply.items:
        entries = provider.get("resourceTypes")
        if str(provider.get("namespace")).lower() != namespace:
            continue
        for entry in entries if isinstance(entries, (list, tuple)) else ():
            if str(lookup(entry, ("resourceType",))).lower() == kind:
                found = lookup(entry, ("locations",))
                texts = found if isinstance(found, (list, tuple)) else ()
                return [text for text in texts if isinstance(text, str)]
    return []
