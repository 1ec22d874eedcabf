"""Maintenance windows of a cluster. Facts: guidelines.md CLU-06.4 and §3.6, recorded pairs."""

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.refusals import RefusalCodes
from provisioner.catalog.resource_type import (
    DeleteFlow,
    ListRead,
    NameRule,
    ResourceType,
    SdkModel,
    WriteFlow,
)

_NAMES = ("default", "aksManagedAutoUpgradeSchedule", "aksManagedNodeOSUpgradeSchedule")

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
    created=200,
    flat_errors=True,
    seconds=2,
    loss=Disruption.NONE,
    codes=RefusalCodes(not_found="NotFound", busy="OperationNotAllowed"),
    adds="decides when it is upgraded",
    fields={
        "properties.maintenanceWindow.durationHours": Field(default=24),
        "properties.maintenanceWindow.utcOffset": Field(default="+00:00"),
        # Without one, the window starts on the day on which it was set.
        "properties.maintenanceWindow.startDate": Field(compare=Compare.EXACT),
        "properties.maintenanceWindow.notAllowedDates": Field(default=(), compare=Compare.SET),
        "properties.timeInWeek": Field(default=(), keys=("day",)),
        "properties.timeInWeek[].hourSlots": Field(compare=Compare.SET),
        "properties.notAllowedTime": Field(default=()),
    },
)
