"""Planned maintenance windows of a cluster.

Three names have a meaning: `default` (AKS releases), `aksManagedAutoUpgradeSchedule` and
`aksManagedNodeOSUpgradeSchedule`. AKS validates the start date of every write against the current
day, so a date that it filled in itself must not be sent back later.

Facts: guidelines.md CLU-06.4 and §3.6, and the recorded pairs.
"""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.error_codes import RefusalCodes
from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.resource_type import (
    ComputationContext,
    DeleteFlow,
    ListRead,
    NameRule,
    ResourceType,
    SdkModel,
    WriteFlow,
)
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json, lookup


def _computed_values(
    _resource: ResourceId, body: Body, context: ComputationContext
) -> Mapping[str, Json]:
    window = lookup(body, ("properties", "maintenanceWindow"))
    if not isinstance(window, Mapping) or window.get("startDate"):
        return {}
    return {"properties": {"maintenanceWindow": {"startDate": context.current_date()}}}


_NAMES = ("default", "aksManagedAutoUpgradeSchedule", "aksManagedNodeOSUpgradeSchedule")
_SCHEDULE = "properties.maintenanceWindow.schedule"
_CADENCES = ("daily", "weekly", "absoluteMonthly", "relativeMonthly")

TYPE = ResourceType(
    name="Microsoft.ContainerService/managedClusters/maintenanceConfigurations",
    api_version=api_versions.CONTAINER_SERVICE,
    sdk=SdkModel("azure.mgmt.containerservice", "MaintenanceConfiguration"),
    rule=NameRule(r"\w+", f"one of {', '.join(_NAMES)}", fixed=_NAMES),
    lists=ListRead.PARENT,
    taggable=False,
    serialise_on="",
    write=WriteFlow.SYNC,
    delete=DeleteFlow.SYNC,
    # PUT is synchronous and answers 200 to a creation as well (guidelines.md §3.1).
    created=200,
    flat_errors=True,
    seconds=2,
    loss=Disruption.NONE,
    codes=RefusalCodes(not_found="NotFound", busy="OperationNotAllowed"),
    computed=_computed_values,
    adds="decides when it is upgraded",
    fields={
        "properties.maintenanceWindow.durationHours": Field(default=24),
        "properties.maintenanceWindow.utcOffset": Field(default="+00:00"),
        # Without one, the window starts on the day on which it was set (recorded). AKS checks the
        # date of every write against the current one, so that the day that it filled in itself is
        # refused the day after (hashicorp/terraform-provider-azurerm#23985, MicrosoftDocs/
        # azure-docs#114302).
        "properties.maintenanceWindow.startDate": Field(compare=Compare.EXACT, refilled=True),
        # A schedule has exactly one of these ("Use planned maintenance"): a write of another kind
        # must not send back the one that was read.
        **{
            f"{_SCHEDULE}.{name}": Field(
                follows=tuple(f"{_SCHEDULE}.{other}" for other in _CADENCES if other != name)
            )
            for name in _CADENCES
        },
        "properties.maintenanceWindow.notAllowedDates": Field(default=(), compare=Compare.SET),
        "properties.timeInWeek": Field(default=(), keys=("day",)),
        "properties.timeInWeek[].hourSlots": Field(compare=Compare.SET),
        "properties.notAllowedTime": Field(default=()),
    },
)
