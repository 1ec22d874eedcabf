"""Virtual machine scale sets (jump boxes, build agents).

A change of the virtual machine profile applies to new instances: with `upgradePolicy.mode: Manual`
existing ones keep the old model. Azure fills in `orchestrationMode`, `overprovision` and the like
by client and api version, so they are presets, compared only where a blueprint states them. The
scale sets of AKS node pools belong to AKS and are not declared here.

Facts: `provisioner/catalog/vm_profiles.py`, "Orchestration modes for Virtual Machine Scale Sets",
"Modify a Virtual Machine Scale Set", and the recorded conversation that has one.
"""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.field import Answered, Compare, Disruption, Field, Owner
from provisioner.catalog.resource_type import (
    ComputationContext,
    DeleteFlow,
    NameRule,
    ResourceType,
)
from provisioner.catalog.stated_models import (
    FLAG,
    IDENTITY_FIELDS,
    NUMBER,
    OPEN,
    TEXT,
    TEXTS,
    choice,
    identity_models,
    list_of,
    models_of,
)
from provisioner.catalog.vm_profiles import (
    disk,
    interface_fields,
    operating_system,
    profile_fields,
    profile_models,
)
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json

_model, _object = models_of("compute.scaleset")
_PROFILE = "properties.virtualMachineProfile"
_INTERFACES = f"{_PROFILE}.networkProfile.networkInterfaceConfigurations"
_EXTENSIONS = f"{_PROFILE}.extensionProfile.extensions"
_EXTENSION = f"{_EXTENSIONS}[].properties"
_UPGRADE = "properties.upgradePolicy"


def _computed_values(
    resource: ResourceId, _body: Body, context: ComputationContext
) -> Mapping[str, Json]:
    unique = context.guid(resource.text)
    return {"properties": {"uniqueId": unique, "provisioningState": "Succeeded"}}


TYPE = ResourceType(
    name="Microsoft.Compute/virtualMachineScaleSets",
    api_version=api_versions.COMPUTE,
    sdk=None,
    rule=NameRule(
        r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9_-])?",
        "1 to 64 letters, digits, periods, underscores and hyphens, starting with a letter or "
        "digit and not ending with a period",
    ),
    delete=DeleteFlow.ASYNC_OPERATION,
    seconds=90,
    loss=Disruption.DATA,
    computed=_computed_values,
    # Only its body tells which subnets and pools its instances are in: no list has their
    # interfaces.
    looked_into=True,
    models=(
        _model(
            "ScaleSet",
            location=TEXT,
            tags=TEXTS,
            zones=list_of(TEXT),
            sku=_object("Sku"),
            plan=_object("Plan"),
            identity=_object("Identity"),
            extendedLocation=_object("ExtendedLocation"),
            properties=_object("Properties"),
            etag=TEXT,
        ),
        _model("Sku", name=TEXT, tier=TEXT, capacity=NUMBER),
        *identity_models(_model, _object),
        _model(
            "Properties",
            upgradePolicy=_object("Upgrade"),
            automaticRepairsPolicy=_object("Repairs"),
            virtualMachineProfile=_object("Profile"),
            overprovision=FLAG,
            doNotRunExtensionsOnOverprovisionedVMs=FLAG,
            singlePlacementGroup=FLAG,
            zoneBalance=FLAG,
            platformFaultDomainCount=NUMBER,
            proximityPlacementGroup=_object("Reference"),
            hostGroup=_object("Reference"),
            additionalCapabilities=_object("Capabilities"),
            scaleInPolicy=_object("ScaleIn"),
            orchestrationMode=choice("Uniform", "Flexible"),
            spotRestorePolicy=OPEN,
            priorityMixPolicy=OPEN,
            constrainedMaximumCapacity=FLAG,
            resiliencyPolicy=OPEN,
            skuProfile=OPEN,
            uniqueId=TEXT,
            timeCreated=TEXT,
            provisioningState=TEXT,
        ),
        _model(
            "Upgrade",
            mode=choice("Automatic", "Manual", "Rolling"),
            rollingUpgradePolicy=OPEN,
            automaticOSUpgradePolicy=_object("SystemUpgrade"),
        ),
        _model(
            "SystemUpgrade",
            enableAutomaticOSUpgrade=FLAG,
            disableAutomaticRollback=FLAG,
            useRollingUpgradePolicy=FLAG,
            osRollingUpgradeDeferral=FLAG,
        ),
        _model("Repairs", enabled=FLAG, gracePeriod=TEXT, repairAction=TEXT),
        _model("ScaleIn", rules=list_of(TEXT), forceDeletion=FLAG, prioritizeUnhealthyVMs=FLAG),
        _model(
            "Profile",
            osProfile=_object("System"),
            storageProfile=_object("Storage"),
            networkProfile=_object("Network"),
            securityProfile=_object("Security"),
            diagnosticsProfile=_object("Diagnostics"),
            extensionProfile=_object("Extensions"),
            licenseType=TEXT,
            priority=TEXT,
            evictionPolicy=TEXT,
            billingProfile=_object("Billing"),
            scheduledEventsProfile=_object("Events"),
            userData=TEXT,
            capacityReservation=_object("Reservation"),
            applicationProfile=_object("Applications"),
            hardwareProfile=OPEN,
            serviceArtifactReference=_object("Reference"),
            securityPostureReference=OPEN,
            timeCreated=TEXT,
        ),
        _model("System", computerNamePrefix=TEXT, **operating_system(_object)),
        _model(
            "Storage",
            imageReference=_object("Image"),
            osDisk=_object("SystemDisk"),
            dataDisks=list_of(_object("DataDisk")),
            diskControllerType=TEXT,
        ),
        _model(
            "SystemDisk",
            **disk(_object),
            osType=TEXT,
            image=_object("Blob"),
            vhdContainers=list_of(TEXT),
            diffDiskSettings=_object("EphemeralDisk"),
        ),
        _model(
            "DataDisk",
            **disk(_object),
            lun=NUMBER,
            diskIOPSReadWrite=NUMBER,
            diskMBpsReadWrite=NUMBER,
        ),
        _model(
            "Network",
            healthProbe=_object("Reference"),
            networkInterfaceConfigurations=list_of(_object("Interface")),
            networkApiVersion=TEXT,
        ),
        _model("Extensions", extensions=list_of(_object("Extension")), extensionsTimeBudget=TEXT),
        _model(
            "Extension", id=TEXT, name=TEXT, type=TEXT, properties=_object("ExtensionProperties")
        ),
        _model(
            "ExtensionProperties",
            forceUpdateTag=TEXT,
            publisher=TEXT,
            type=TEXT,
            typeHandlerVersion=TEXT,
            autoUpgradeMinorVersion=FLAG,
            enableAutomaticUpgrade=FLAG,
            settings=OPEN,
            protectedSettings=OPEN,
            protectedSettingsFromKeyVault=OPEN,
            provisionAfterExtensions=list_of(TEXT),
            suppressFailures=FLAG,
            provisioningState=TEXT,
        ),
        *profile_models(_model, _object),
    ),
    fields={
        **dict(profile_fields(_PROFILE, fixed=False)),
        **dict(interface_fields(_INTERFACES)),
        "sku.name": Field(compare=Compare.CASELESS, disruption=Disruption.CONNECTIONS),
        "sku.tier": Field(default="Standard"),
        # A set can be extended to further zones in place, so no `create_only`.
        "zones": Field(compare=Compare.SET, definite=True),
        "plan": Field(default=None, create_only=True),
        "extendedLocation": Field(default=None, create_only=True),
        "extendedLocation.name": Field(compare=Compare.LOCATION, create_only=True),
        **IDENTITY_FIELDS,
        "etag": Field(read_only=True),
        # Chosen at creation; the mode that Azure fills in differs by client and api version
        # ("Orchestration modes").
        "properties.orchestrationMode": Field(owner=Owner.PRESET, create_only=True),
        # Azure fills these in by orchestration mode.
        "properties.overprovision": Field(owner=Owner.PRESET),
        "properties.doNotRunExtensionsOnOverprovisionedVMs": Field(default=False),
        "properties.singlePlacementGroup": Field(owner=Owner.PRESET),
        "properties.platformFaultDomainCount": Field(owner=Owner.PRESET, create_only=True),
        "properties.zoneBalance": Field(default=False, answered=Answered.STATED),
        "properties.constrainedMaximumCapacity": Field(default=False, answered=Answered.STATED),
        "properties.proximityPlacementGroup": Field(default=None, create_only=True),
        "properties.proximityPlacementGroup.id": Field(compare=Compare.RESOURCE_ID),
        "properties.hostGroup": Field(default=None, create_only=True),
        "properties.hostGroup.id": Field(compare=Compare.RESOURCE_ID),
        "properties.additionalCapabilities": Field(default=None),
        "properties.scaleInPolicy": Field(default=None),
        "properties.automaticRepairsPolicy": Field(default=None),
        "properties.automaticRepairsPolicy.gracePeriod": Field(
            default="PT10M", compare=Compare.DURATION
        ),
        "properties.resiliencyPolicy": Field(default=None),
        "properties.spotRestorePolicy": Field(default=None),
        "properties.priorityMixPolicy": Field(default=None),
        "properties.skuProfile": Field(default=None),
        f"{_UPGRADE}.mode": Field(default="Manual"),
        f"{_UPGRADE}.rollingUpgradePolicy": Field(owner=Owner.PRESET),
        f"{_UPGRADE}.automaticOSUpgradePolicy": Field(default=None),
        f"{_UPGRADE}.automaticOSUpgradePolicy.enableAutomaticOSUpgrade": Field(
            default=False, security=True
        ),
        f"{_UPGRADE}.automaticOSUpgradePolicy.disableAutomaticRollback": Field(default=False),
        f"{_UPGRADE}.automaticOSUpgradePolicy.useRollingUpgradePolicy": Field(default=False),
        f"{_UPGRADE}.automaticOSUpgradePolicy.osRollingUpgradeDeferral": Field(default=False),
        # Azure takes the name of the set.
        f"{_PROFILE}.osProfile.computerNamePrefix": Field(owner=Owner.PRESET, create_only=True),
        f"{_PROFILE}.networkProfile.healthProbe": Field(default=None),
        f"{_PROFILE}.networkProfile.healthProbe.id": Field(compare=Compare.RESOURCE_ID),
        # Required with Flexible orchestration, and not answered.
        f"{_PROFILE}.networkProfile.networkApiVersion": Field(write_only=True),
        _INTERFACES: Field(keys=("name",), security=True, disruption=Disruption.CONNECTIONS),
        f"{_PROFILE}.hardwareProfile": Field(default=None),
        f"{_PROFILE}.serviceArtifactReference": Field(default=None),
        f"{_PROFILE}.securityPostureReference": Field(default=None),
        f"{_PROFILE}.timeCreated": Field(read_only=True),
        f"{_PROFILE}.extensionProfile": Field(default={}),
        f"{_PROFILE}.extensionProfile.extensionsTimeBudget": Field(
            default=None, compare=Compare.DURATION
        ),
        _EXTENSIONS: Field(default=(), keys=("name",), security=True),
        f"{_EXTENSIONS}[].id": Field(read_only=True),
        f"{_EXTENSIONS}[].type": Field(read_only=True),
        f"{_EXTENSION}.typeHandlerVersion": Field(compare=Compare.VERSION, security=True),
        f"{_EXTENSION}.autoUpgradeMinorVersion": Field(default=False, security=True),
        f"{_EXTENSION}.enableAutomaticUpgrade": Field(default=False, answered=Answered.STATED),
        f"{_EXTENSION}.settings": Field(default={}, closed=True, security=True),
        # Never answered.
        f"{_EXTENSION}.protectedSettings": Field(write_only=True, secret=True),
        f"{_EXTENSION}.protectedSettingsFromKeyVault": Field(default=None, security=True),
        f"{_EXTENSION}.provisionAfterExtensions": Field(default=()),
        f"{_EXTENSION}.suppressFailures": Field(default=False, answered=Answered.STATED),
        f"{_EXTENSION}.provisioningState": Field(read_only=True),
        **{
            f"properties.{name}": Field(read_only=True)
            for name in ("uniqueId", "timeCreated", "provisioningState")
        },
    },
)
