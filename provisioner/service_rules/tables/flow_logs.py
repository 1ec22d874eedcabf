"""Flow logs ("Virtual network flow logs overview", "Traffic analytics")."""

from collections.abc import Iterator

from provisioner.service_rules.partial_bodies import id_at, is_silent, number_at, value_at
from provisioner.service_rules.public_addresses import find_neighbour
from provisioner.service_rules.rule import Refusal, ServiceRule, Write
from provisioner.service_rules.same_region import region_in, region_of

_LOG = "Microsoft.Network/networkWatchers/flowLogs"
_DOCS = "learn.microsoft.com/azure/network-watcher/vnet-flow-logs-overview"
_TARGET, _STORAGE = "properties.targetResourceId", "properties.storageId"
_DAYS = "properties.retentionPolicy.days"
_ANALYTICS = "properties.flowAnalyticsConfiguration.networkWatcherFlowAnalyticsConfiguration"


def _judge_target(write: Write) -> Iterator[Refusal]:
    target = id_at(write.after, _TARGET)
    if target is None:
        return
    for other in write.others(write.neighbours.referring_to(target, _LOG)):
        if id_at(other.body, _TARGET) == target:
            yield Refusal(
                _TARGET, f"{target} has the flow log {other.label} already, and takes one"
            )
            return


def _judge_storage_region(write: Write) -> Iterator[Refusal]:
    for path in (_TARGET, _STORAGE):
        named = id_at(write.after, path)
        # A subnet or an interface is in the region of its network.
        found = find_neighbour(write.neighbours, named) if named else None
        if found is not None and region_of(found) is None and named and named.parent:
            found = find_neighbour(write.neighbours, named.parent)
        mine, theirs = region_in(write.after), region_of(found)
        if mine and theirs and mine != theirs:
            yield Refusal(
                path, f"{named and named.name} is in {theirs}, and the flow log in {mine}"
            )


def _judge_days(write: Write) -> Iterator[Refusal]:
    days = number_at(write.after, _DAYS)
    if days is not None and not 0 <= days <= 365:
        yield Refusal(_DAYS, f"flow logs are kept for 0 (for ever) to 365 days, and not {days}")


def _judge_interval(write: Write) -> Iterator[Refusal]:
    path = f"{_ANALYTICS}.trafficAnalyticsInterval"
    minutes = number_at(write.after, path)
    if minutes is not None and minutes not in (10, 60):
        yield Refusal(
            path, f"traffic analytics runs every 10 or 60 minutes, and not every {minutes}"
        )


def _judge_workspace(write: Write) -> Iterator[Refusal]:
    if value_at(write.after, f"{_ANALYTICS}.enabled") is True and all(
        is_silent(write.after, f"{_ANALYTICS}.{name}")
        for name in ("workspaceResourceId", "workspaceId")
    ):
        yield Refusal(_ANALYTICS, "traffic analytics needs a workspace (workspaceResourceId)")


RULES = (
    ServiceRule(
        id="flow-log-of-one-target", type=_LOG, code=None,
        source=f"{_DOCS}: one flow log for a target", judge=_judge_target,
    ),
    ServiceRule(
        id="flow-log-in-other-region", type=_LOG, code=None,
        source=f"{_DOCS} (considerations): the storage account is in the region of the target",
        judge=_judge_storage_region,
    ),
    ServiceRule(
        id="flow-log-retention", type=_LOG, code=None,
        source="REST reference of flow logs (retentionPolicy)", judge=_judge_days,
    ),
    ServiceRule(
        id="flow-log-interval", type=_LOG, code=None,
        source="learn.microsoft.com/azure/network-watcher/traffic-analytics: 10 or 60 minutes",
        judge=_judge_interval,
    ),
    ServiceRule(
        id="flow-log-without-workspace", type=_LOG, code=None,
        source="learn.microsoft.com/azure/network-watcher/traffic-analytics (prerequisites)",
        judge=_judge_workspace,
    ),
)  # fmt: skip
